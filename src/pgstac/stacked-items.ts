/** The items on a place in stacking order, until it is covered: what pgSTAC's `geometrysearch` answers, without the row that it writes. */
import type { Geometry } from 'geojson';
import type { Pool } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { compareReleases } from '../database/pgstac-release.js';
import { type ItemSelection, DEFAULT_SORT, type SortKey } from '../search/query.js';
import { ITEM_COLUMNS, type ItemRow, ROW_TYPES, type StoredItem, toItems } from './items-read.js';
import { RowStream } from './row-stream.js';
import { orderSql, sortKeys } from './search.js';
import { selectionSql, type Visibility } from './selection.js';

/** Limits of titiler-pgstac's tile routes. */
export interface AccessLimits {
  /** Items looked at. */
  readonly scan: number;
  readonly items: number;
  readonly seconds: number;
  /** Ends when the place is covered. */
  readonly exitWhenFull: boolean;
  /** Leaves out what earlier items cover. */
  readonly skipCovered: boolean;
}

export interface StackQuery {
  readonly selection: ItemSelection;
  readonly sortby: readonly SortKey[] | undefined;
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
  readonly place: Geometry;
  readonly limits: AccessLimits;
  /** Of pgSTAC, whose tie-breakers differ. */
  readonly release: string;
  /** Told when a limit ended the list although there may be more. */
  readonly onCut?: (limit: 'items_limit' | 'time_limit') => void;
}

/** Few, since most tiles are covered by the first of them. */
const BATCH = 16;

interface Row extends ItemRow {
  /** Of the place that the items up to this one cover; null where nobody asks. */
  readonly covered: number | null;
  readonly whole: number;
}

/** pgSTAC's order: 0.10 breaks ties by collection and id in the direction of the first key, 0.9 by id, the last first. */
function orderOf({ sortby, release }: StackQuery): SortKey[] {
  const keys = sortby === undefined || sortby.length === 0 ? DEFAULT_SORT : sortby;
  const direction = keys[0]?.direction ?? 'desc';
  const ties: SortKey[] = compareReleases(release, '0.10.0') >= 0 ? [{ field: 'collection', direction }, { field: 'id', direction }] : [{ field: 'id', direction: 'desc' }];
  return [...keys, ...ties.filter(({ field }) => !keys.some((key) => key.field === field))];
}

function statement(query: StackQuery, measured: boolean): { text: string; values: unknown[] } {
  const builder = new SqlBuilder();
  const where = selectionSql(query.selection, query.visibility, builder, query.resolver);
  const place = `ST_GeomFromGeoJSON(${builder.param(JSON.stringify(query.place), 'text')})`;
  const order = orderSql(sortKeys(orderOf(query), query.resolver, []), false);
  // The window reads row by row, so that what nobody fetches is never united.
  const covered = measured ? `ST_Area(stac_mosaic.running_union(ST_Intersection(${place}, i.geometry)) OVER (ROWS UNBOUNDED PRECEDING))` : 'NULL';
  const text = `SELECT ${ITEM_COLUMNS}, ${covered} AS covered, ST_Area(${place}) AS whole FROM (
    SELECT i.id, i.collection, i.geometry, i.content FROM pgstac.items i WHERE ${where} AND ST_Intersects(i.geometry, ${place})
     ORDER BY ${order} LIMIT ${builder.param(query.limits.scan, 'int')}) AS i`;
  return { text, values: [...builder.values] };
}

/** Rules of `geometrysearch`: an item that adds nothing to what is covered is passed over, and the one that fills the place is the last. */
export async function stackedItems(pool: Pool, query: StackQuery): Promise<StoredItem[]> {
  const { limits, place } = query;
  const isArea = place.type.endsWith('Polygon');
  const skip = isArea && limits.skipCovered;
  const measured = skip || (isArea && limits.exitWhenFull);
  const { text, values } = statement(query, measured);
  const until = Date.now() + limits.seconds * 1000;
  const rows: Row[] = [];
  const client = await pool.connect();
  let failed = true;
  try {
    const stream = client.query(new RowStream(client, text, values, { batchSize: BATCH, highWaterMark: BATCH, types: ROW_TYPES }));
    let before = 0;
    for await (const row of stream as AsyncIterable<Row>) {
      const covered = row.covered ?? 0;
      if (skip && covered === before) continue;
      before = covered;
      rows.push(row);
      if (measured && covered >= row.whole) break;
      const cut = rows.length >= limits.items ? 'items_limit' : Date.now() > until ? 'time_limit' : undefined;
      if (cut === undefined) continue;
      query.onCut?.(cut);
      break;
    }
    failed = false;
  } finally {
    client.release(failed ? true : undefined);
  }
  return toItems(pool, rows);
}
