/** A page of items of which many were sent before: their content is neither unpacked nor read again. */
import type { Pool } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { BASE_VERSION, baseItemsOf } from './base-items.js';
import { ITEM_COLUMNS, type ItemRow, ROW_VERSION, type StoredItem, SYSTEM_COLUMNS, withBases } from './items-read.js';
import { cutPage, type KeyRow, type Page, type PageRequest, pageSql, readRows } from './search.js';
import type { Visibility } from './selection.js';

/** What is kept of items, by the version of their row and of their collection's base items. */
export interface KnownItems<T> {
  get(version: string): T | undefined;
  /** Whether most of the items that come now are kept. */
  readonly isWarm: boolean;
  /** Told after each page, how many of its items were kept. */
  saw(kept: number, count: number): void;
}

/** An item that is kept, or one as it is stored with the name to keep it under. */
export type KnownItem<T> = { readonly known: T } | { readonly version: string; readonly stored: StoredItem };

interface VersionRow {
  readonly id: string;
  readonly collection: string;
  readonly version: string;
  readonly base_version: string | null;
}

const VERSION_COLUMNS = `i.id, i.collection, ${ROW_VERSION}, ${BASE_VERSION} AS base_version`;

/** As {@link readPage}. Where most items are known, content is read for the others alone, by a second statement. */
export async function readKnownPage<T>(pool: Pool, request: PageRequest, visibility: Visibility, resolver: PropertyResolver, known: KnownItems<T>): Promise<Page<KnownItem<T>>> {
  if (known.isWarm) {
    const rows = await readRows<VersionRow & KeyRow>(pool, pageSql(request, visibility, resolver, VERSION_COLUMNS));
    const page = await cutPage(request, rows, (cut) => completed(pool, cut, known));
    const { items } = page;
    const whole = items.filter((item) => item !== undefined);
    if (whole.length === items.length) return { ...page, items: whole };
  }
  const rows = await readRows<ItemRow & VersionRow & KeyRow>(pool, pageSql(request, visibility, resolver, `${ITEM_COLUMNS}, ${ROW_VERSION}`));
  return cutPage(request, rows, (cut) => named(pool, cut, known));
}

/** Each row with what is kept of it, or as it is stored. */
async function named<T>(pool: Pool, rows: readonly (ItemRow & VersionRow)[], known: KnownItems<T>): Promise<KnownItem<T>[]> {
  const bases = await baseItemsOf(pool, rows);
  let kept = 0;
  const items = withBases(rows, bases).map((stored, i): KnownItem<T> => {
    const version = `${rows[i]?.version} ${stored.bases.digest}`;
    const found = known.get(version);
    if (found === undefined) return { version, stored };
    kept += 1;
    return { known: found };
  });
  known.saw(kept, items.length);
  return items;
}

/** What is kept, completed by a look at the other rows; undefined for a row that another transaction has changed in between. */
async function completed<T>(pool: Pool, rows: readonly VersionRow[], known: KnownItems<T>): Promise<(KnownItem<T> | undefined)[]> {
  const bases = await baseItemsOf(pool, rows);
  const items = rows.map((row) => known.get(`${row.version} ${bases.get(row.collection)?.digest ?? ''}`));
  const missing = rows.filter((_, i) => items[i] === undefined);
  known.saw(rows.length - missing.length, rows.length);
  const read = missing.length === 0 ? [] : await readVersions(pool, missing);
  const byVersion = new Map((await named(pool, read, UNKNOWN)).map((item, i) => [read[i]?.version, item]));
  return rows.map((row, i) => {
    const item = items[i];
    return item === undefined ? byVersion.get(row.version) : { known: item };
  });
}

/** Keeps nothing and counts nothing. */
const UNKNOWN: KnownItems<never> = { get: () => undefined, isWarm: false, saw: () => {} };

const readVersions = (pool: Pool, rows: readonly VersionRow[]): Promise<(ItemRow & VersionRow)[]> =>
  readRows(pool, {
    text: `SELECT ${ITEM_COLUMNS}, ${ROW_VERSION} FROM (SELECT i.id, i.collection, i.geometry, i.content, ${SYSTEM_COLUMNS}
      FROM pgstac.items i WHERE i.collection = ANY($1::text[]) AND i.id = ANY($2::text[])) AS i`,
    values: [[...new Set(rows.map(({ collection }) => collection))], rows.map(({ id }) => id)],
  });
