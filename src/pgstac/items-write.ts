/**
 * The only road by which items are written: dehydrated here, copied into `pgstac.items` as `pypgstac load` does it.
 * pgSTAC's own `create_items` costs 3 ms (0.10) to 20 ms (0.9.12) an item in `strip_jsonb` and drops nulls such as
 * `"datetime": null`; this costs a tenth of it and keeps them.
 */
import type { Geometry } from 'geojson';
import { from as copyFrom } from 'pg-copy-streams';
import type { PoolClient } from 'pg';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { notFound } from '../errors.js';
import { toEwkt } from '../geojson.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import { dehydrate } from './hydrate.js';

/** A whole STAC Item: validated, with its `collection`. */
export type StacItem = JsonObject & { id: string; collection: string };

/** The base item that items are dehydrated against, and its number in pgSTAC 0.10's history. */
export interface Base {
  readonly item: JsonObject;
  readonly id: number | null;
}

/** What an item is dehydrated against: the collection's base item now. */
async function currentBase(client: PoolClient, collection: string): Promise<Base> {
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
  return [item.id, toEwkt(item['geometry'] as unknown as Geometry), item.collection, start, end, content];
}

const row = (item: StacItem, base: Base): string => `${columnsOf(item, base).map(column).join('\t')}\n`;

/** Widens or creates the partitions that the items of one collection fall into; a no-op where they exist and are wide enough. */
export async function preparePartitions(client: PoolClient, collection: string, items: readonly StacItem[]): Promise<void> {
  const instants = items.map((item) => itemInstants(isObject(item['properties']) ? item['properties'] : {}));
  await client.query(
    `SELECT pgstac.check_partition($1, tstzrange(min(s), max(s), '[]'), tstzrange(min(e), max(e), '[]'))
       FROM (SELECT s, e, date_trunc((SELECT partition_trunc FROM pgstac.collections WHERE id = $1), s AT TIME ZONE 'UTC') AS bucket
               FROM unnest($2::timestamptz[], $3::timestamptz[]) AS t(s, e)) AS instants
      GROUP BY bucket ORDER BY bucket`,
    [collection, instants.map((i) => i.start), instants.map((i) => i.end)],
  );
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

/** Copies rows into `items` in pieces of about 1 MB, so that the text of all of them never stands in memory at once. */
async function copyRows(client: PoolClient, items: readonly StacItem[], base: Base): Promise<void> {
  const chunks = function* (): Generator<string> {
    let chunk = '';
    for (const item of items) {
      chunk += row(item, base);
      if (chunk.length > 1_000_000) {
        yield chunk;
        chunk = '';
      }
    }
    if (chunk !== '') yield chunk;
  };
  const sink = client.query(
    copyFrom('COPY pgstac.items (id, geometry, collection, datetime, end_datetime, content) FROM STDIN'),
  );
  await pipeline(Readable.from(chunks(), { objectMode: true }), sink);
}

/** Deletes items by id inside the caller's transaction; answers how many there were. */
export async function deleteItems(client: PoolClient, collection: string, ids: readonly string[]): Promise<number> {
  const { rowCount } = await client.query('DELETE FROM pgstac.items WHERE collection = $1 AND id = ANY($2)', [collection, ids]);
  return rowCount ?? 0;
}
