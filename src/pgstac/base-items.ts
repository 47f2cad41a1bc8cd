/** What pgSTAC takes out of stored items, by collection: read once for each version of a collection's row. */
import type { ClientBase, Pool } from 'pg';
import { LRUCache } from 'lru-cache';
import { ofEach } from '../database/of-each.js';
import { jsonDigest, type JsonObject } from '../json.js';

export type Queryable = Pool | ClientBase;

/** The version of a collection's row as a column of a query over alias `i`; NULL where there is no such collection. */
export const BASE_VERSION = '(SELECT c.xmin::text || c.ctid::text FROM pgstac.collections c WHERE c.id = i.collection)';

/** Base items of one collection; where pgSTAC keeps a history of them (0.10), the first is that of untagged items. */
export interface BaseItems {
  readonly current: JsonObject;
  readonly history: ReadonlyMap<number, JsonObject>;
  readonly untagged: JsonObject;
  /** The same for the same base items, whatever else of the collection changed. */
  readonly digest: string;
}

const NONE: BaseItems = { current: {}, history: new Map(), untagged: {}, digest: '' };

interface Row {
  readonly collection: string;
  readonly base_item: JsonObject;
  /** pgSTAC 0.10's earlier base items by id; null on 0.9 or when never edited. */
  readonly versions: { id: number; base_item: JsonObject }[] | null;
}

/** Base items are a few KB; a server of more collections reads the rarer ones again. */
const MAX_COLLECTIONS = 2000;

interface Known {
  readonly bases: LRUCache<string, BaseItems>;
  hasHistory: boolean | undefined;
}

const knownOf = ofEach<Known>(() => ({ bases: new LRUCache({ max: MAX_COLLECTIONS }), hasHistory: undefined }));

/**
 * Base items for rows that were read with {@link BASE_VERSION}, by collection. A row version names one state of the collection's
 * base items for ever, so nothing here goes stale.
 */
export async function baseItemsOf(db: Queryable, rows: Iterable<{ readonly collection: string; readonly base_version: string | null }>): Promise<Map<string, BaseItems>> {
  const { bases } = knownOf(db);
  const found = new Map<string, BaseItems>();
  const missing = new Map<string, string>();
  for (const { collection, base_version: version } of rows) {
    if (found.has(collection) || missing.has(collection)) continue;
    const base = version === null ? NONE : bases.get(`${version} ${collection}`);
    if (base !== undefined) found.set(collection, base);
    else missing.set(collection, version ?? '');
  }
  if (missing.size === 0) return found;
  for (const row of await readBaseItems(db, [...missing.keys()])) {
    const base = toBaseItems(row);
    bases.set(`${row.version} ${row.collection}`, base);
    found.set(row.collection, base);
  }
  for (const collection of missing.keys()) if (!found.has(collection)) found.set(collection, NONE);
  return found;
}

/** Base items of these collections, of all where undefined, as the client's transaction sees them. */
export async function readAllBaseItems(client: ClientBase, collections: readonly string[] | undefined): Promise<Map<string, BaseItems>> {
  const rows = await readBaseItems(client, collections);
  return new Map(rows.map((row) => [row.collection, toBaseItems(row)]));
}

async function readBaseItems(db: Queryable, collections: readonly string[] | undefined): Promise<(Row & { version: string })[]> {
  const state = knownOf(db);
  if (state.hasHistory === undefined) {
    const { rows } = await db.query<{ yes: boolean }>("SELECT to_regclass('pgstac.base_items') IS NOT NULL AS yes");
    state.hasHistory = rows[0]?.yes === true;
  }
  const versions = state.hasHistory
    ? `(SELECT jsonb_agg(jsonb_build_object('id', b.id, 'base_item', b.base_item) ORDER BY b.id)
          FROM pgstac.base_items b WHERE b.collection = c.id)`
    : 'NULL';
  const { rows } = await db.query<Row & { version: string }>(
    `SELECT c.id AS collection, c.xmin::text || c.ctid::text AS version, c.base_item, ${versions} AS versions FROM pgstac.collections c WHERE $1::text[] IS NULL OR c.id = ANY($1)`,
    [collections ?? null],
  );
  return rows;
}

function toBaseItems({ base_item: item, versions }: Row): BaseItems {
  const digest = jsonDigest([item, versions]);
  const current = withoutNulls(item);
  const history = new Map((versions ?? []).map(({ id, base_item: old }) => [id, withoutNulls(old)]));
  return { current, history, untagged: history.values().next().value ?? current, digest };
}

/** What an item that was just written was dehydrated against. */
export const currentOnly = (item: JsonObject): BaseItems => {
  const current = withoutNulls(item);
  return { current, history: new Map(), untagged: current, digest: jsonDigest([item, null]) };
};

/** `assets` of a base item is null where the collection has no `item_assets`. */
const withoutNulls = (base: JsonObject): JsonObject => Object.fromEntries(Object.entries(base).filter(([, value]) => value !== null));
