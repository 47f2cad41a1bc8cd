/**
 * The only road by which items are written: dehydrated here, copied into `pgstac.items` as `pypgstac load` does it.
 * pgSTAC's own `create_items` costs 3 ms (0.10) to 20 ms (0.9.12) an item in `strip_jsonb` and drops nulls such as
 * `"datetime": null`; this costs a tenth of it and keeps them.
 */
import type { Geometry } from 'geojson';
import { from as copyFrom } from 'pg-copy-streams';
import { type ClientBase, escapeIdentifier, type Pool, type PoolClient } from 'pg';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { sqlState } from '../database/transaction.js';
import { notFound } from '../errors.js';
import { isObject, type JsonObject, sameJson, textOf } from '../json.js';
import { toEwkb } from './ewkb.js';
import { dehydrate } from './hydrate.js';

const copyInto = (table: string): string => `COPY pgstac.${table} (id, geometry, collection, datetime, end_datetime, content) FROM STDIN`;

/** A whole STAC Item: validated, with its `collection`. */
export type StacItem = JsonObject & { id: string; collection: string };

/** The base item that items are dehydrated against, and its number in pgSTAC 0.10's history. */
export interface Base {
  readonly item: JsonObject;
  readonly id: number | null;
}

/** The collection's base item now. @throws NotFound */
export async function currentBase(client: Pool | ClientBase, collection: string): Promise<Base> {
  const { rows } = await client.query<{ base_item: JsonObject; versions: boolean }>(
    `SELECT base_item, to_regprocedure('pgstac.current_base_item(text)') IS NOT NULL AS versions
       FROM pgstac.collections WHERE id = $1`,
    [collection],
  );
  const row = rows[0];
  if (row === undefined) throw notFound(`Collection ${collection}`);
  if (!row.versions) return { item: row.base_item, id: null };
  const current = await client.query<{ base_item_id: number | null }>(
    'SELECT base_item_id FROM pgstac.current_base_item($1)',
    [collection],
  );
  return { item: row.base_item, id: current.rows[0]?.base_item_id ?? null };
}

/** Whether rows that were made against a base item are still to be read with it. */
export async function isCurrentBase(client: ClientBase, collection: string, base: Base): Promise<boolean> {
  const now = await currentBase(client, collection);
  return base.id === now.id && sameJson(base.item, now.item);
}

/** The instants an item is filed under: `datetime`, or start and end (STAC Item specification, Properties Object). */
export function itemInstants(properties: JsonObject): { start: string; end: string } {
  const start = properties['start_datetime'] ?? properties['datetime'];
  const end = properties['end_datetime'] ?? properties['datetime'] ?? start;
  return { start: textOf(start), end: textOf(end) };
}

/** Text for one column of COPY's text format: backslash, tab, newline and return escaped (PostgreSQL, COPY, Text Format). */
const column = (text: string): string =>
  text.replace(/[\\\t\n\r]/g, (c) => (c === '\\' ? '\\\\' : c === '\t' ? '\\t' : c === '\n' ? '\\n' : '\\r'));

/** The columns of a row of `pgstac.items`: id, geometry, collection, datetime, end_datetime, content. */
export function columnsOf(item: StacItem, base: Base): [string, string, string, string, string, string] {
  const { start, end } = itemInstants(isObject(item['properties']) ? item['properties'] : {});
  const content = JSON.stringify(dehydrate(item, base.item, base.id));
  return [item.id, toEwkb(item['geometry'] as unknown as Geometry), item.collection, start, end, content];
}

/** An item as a row for COPY. */
export const itemRow = (item: StacItem, base: Base): string => `${columnsOf(item, base).map(column).join('\t')}\n`;

/** Every instant that RFC 3339 can write: a partition that allows all of it is never rebuilt (src/database/seed.ts). */
const ALL_TIME = "'[0001-01-01T00:00:00Z,9999-12-31T23:59:59.999999Z]'::tstzrange";

/**
 * Copies rows of a collection that has one partition, as `system_tiles` has, inside the caller's transaction: straight into
 * the partition, as `pypgstac load` does, because the trigger on `items` would keep a second copy of all rows just to see
 * which partitions they are in. What it does then is done here.
 * @param rows pieces of text as {@link itemRow} writes it
 */
export async function copyItemRows(client: PoolClient, collection: string, rows: AsyncIterable<Buffer> | Iterable<string>): Promise<void> {
  const checked = await client.query<{ partition: string }>(`SELECT pgstac.check_partition($1, ${ALL_TIME}, ${ALL_TIME}) AS partition`, [collection]);
  const partition = checked.rows[0]?.partition ?? '';
  await pipeline(Readable.from(rows, { objectMode: true }), client.query(copyFrom(copyInto(escapeIdentifier(partition)))));
  await client.query('SELECT pgstac.update_partition_stats_q($1, true)', [partition]);
}

/**
 * Creates the partitions that the items of one collection fall into, or opens them for every instant; a no-op where they are.
 * Creating one takes an ACCESS EXCLUSIVE lock on `items`: see src/pgstac/partitions.ts for writers that hold locks on it.
 */
export async function preparePartitions(client: PoolClient, collection: string, items: readonly StacItem[]): Promise<void> {
  const starts = items.map((item) => itemInstants(isObject(item['properties']) ? item['properties'] : {}).start);
  const made = client.query(
    `SELECT pgstac.check_partition($1, CASE WHEN by_time THEN p.partition_range ELSE ${ALL_TIME} END, ${ALL_TIME})
       FROM (SELECT DISTINCT date_trunc(c.partition_trunc, s AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS bucket, c.partition_trunc IS NOT NULL AS by_time
               FROM pgstac.collections c, unnest($2::timestamptz[]) AS t(s) WHERE c.id = $1) AS buckets,
            pgstac.partition_name($1, coalesce(bucket, now())) AS p
      ORDER BY bucket`,
    [collection, starts],
  );
  try {
    await made;
  } catch (error) {
    // check_partition goes on after a deadlock with another maker, with the table that it has not made (undefined_table).
    if (sqlState(error) === '42P01') throw new HiddenDeadlock(collection, error);
    throw error;
  }
}

/** To be tried again as any deadlock is. */
class HiddenDeadlock extends Error {
  readonly code = '40P01';
  constructor(collection: string, cause: unknown) {
    super(`Two transactions waited for each other over a partition of ${collection}.`, { cause });
  }
}

/**
 * Inserts items of one collection inside the caller's transaction. A doubled id raises 23505 (a Conflict).
 * @throws NotFound where the collection does not exist
 */
export async function insertItems(client: PoolClient, collection: string, items: readonly StacItem[]): Promise<void> {
  if (items.length === 0) return;
  const base = await currentBase(client, collection);
  await preparePartitions(client, collection, items);
  await copyRows(client, items, base);
}

/** Copies rows into `items`. */
export async function copyRows(client: PoolClient, items: readonly StacItem[], base: Base): Promise<void> {
  await pipeline(Readable.from(rowsOf(items, base), { objectMode: true }), client.query(copyFrom(copyInto('items'))));
}

/** Rows in pieces of about 256 KB, so that the text of all of them never stands in memory at once, and PostgreSQL soon has some. */
export function* rowsOf(items: readonly StacItem[], base: Base): Generator<string, void, undefined> {
  let piece = '';
  for (const item of items) {
    piece += itemRow(item, base);
    if (piece.length <= 256 * 1024) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** Deletes items by id inside the caller's transaction; answers how many there were. */
export async function deleteItems(client: PoolClient, collection: string, ids: readonly string[]): Promise<number> {
  const { rowCount } = await client.query('DELETE FROM pgstac.items WHERE collection = $1 AND id = ANY($2)', [collection, ids]);
  return rowCount ?? 0;
}
