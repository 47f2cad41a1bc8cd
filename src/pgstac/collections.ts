/** Collections in `pgstac.collections`. */
import type { ClientBase, Pool, PoolClient } from 'pg';
import type { Bbox } from '../geojson.js';
import type { JsonObject } from '../json.js';

export type StacCollection = JsonObject & { id: string };

type Queryable = Pool | ClientBase;

export interface CollectionEntry {
  readonly id: string;
  readonly title: string | null;
}

/** All collections but the hidden ones, by id: what a list shows of them. Whole documents of 5,000 would cost 0.2 s. */
export async function listCollections(db: Queryable, hidden: readonly string[]): Promise<CollectionEntry[]> {
  const { rows } = await db.query<CollectionEntry>(
    "SELECT id, content->>'title' AS title FROM pgstac.collections WHERE id <> ALL($1) ORDER BY id",
    [hidden],
  );
  return rows;
}

/** One collection, or undefined. `lock` holds its row until the caller's transaction ends. */
export async function findCollection(db: Queryable, id: string, lock = false): Promise<StacCollection | undefined> {
  const { rows } = await db.query<{ content: StacCollection }>(
    `SELECT content FROM pgstac.collections WHERE id = $1${lock ? ' FOR UPDATE' : ''}`,
    [id],
  );
  return rows[0]?.content;
}

/** Raises 23505 where the id is taken. */
export async function createCollection(client: PoolClient, collection: StacCollection): Promise<void> {
  await client.query('SELECT pgstac.create_collection($1::jsonb)', [JSON.stringify(collection)]);
}

export async function updateCollection(client: PoolClient, collection: StacCollection): Promise<void> {
  await client.query('SELECT pgstac.update_collection($1::jsonb)', [JSON.stringify(collection)]);
}

/** Deletes the collection with its items. */
export async function deleteCollection(client: PoolClient, id: string): Promise<void> {
  await client.query('SELECT pgstac.delete_collection($1)', [id]);
}

/** The extent of a collection's items now; undefined where it has none. */
export async function itemsExtent(
  client: PoolClient,
  id: string,
): Promise<{ bbox: Bbox; interval: [string, string] } | undefined> {
  const { rows } = await client.query<{ w: number | null; s: number; e: number; n: number; first: Date; last: Date }>(
    `SELECT ST_XMin(x) AS w, ST_YMin(x) AS s, ST_XMax(x) AS e, ST_YMax(x) AS n, first, last
       FROM (SELECT ST_Extent(geometry) AS x, min(datetime) AS first, max(end_datetime) AS last
               FROM pgstac.items WHERE collection = $1) AS extent`,
    [id],
  );
  const row = rows[0];
  if (row === undefined || row.w === null) return undefined;
  return { bbox: [row.w, row.s, row.e, row.n], interval: [row.first.toISOString(), row.last.toISOString()] };
}

/** Whether a collection has items beside those named. */
export async function hasOtherItems(client: PoolClient, id: string, ids: readonly string[]): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pgstac.items WHERE collection = $1 AND id <> ALL($2) LIMIT 1', [id, ids]);
  return rowCount === 1;
}
