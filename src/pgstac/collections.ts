/** Collections in `pgstac.collections`. */
import type { ClientBase, Pool, PoolClient } from 'pg';
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

/**
 * How a collection's row is held until the transaction ends. Inserts of items hold it as `FOR KEY SHARE` by their foreign
 * key: they pass `FOR NO KEY UPDATE`, and wait at `FOR UPDATE`.
 */
export type RowLock = 'FOR UPDATE' | 'FOR NO KEY UPDATE' | 'FOR KEY SHARE';

/** One collection, or undefined. `lock` (true: `FOR UPDATE`) holds its row until the caller's transaction ends. */
export async function findCollection(db: Queryable, id: string, lock: boolean | RowLock = false): Promise<StacCollection | undefined> {
  const held = lock === true ? 'FOR UPDATE' : lock === false ? '' : lock;
  const { rows } = await db.query<{ content: StacCollection }>(`SELECT content FROM pgstac.collections WHERE id = $1 ${held}`, [id]);
  return rows[0]?.content;
}

/** Whether there is one, without reading it. */
export async function collectionExists(db: Queryable, id: string): Promise<boolean> {
  return (await db.query('SELECT FROM pgstac.collections WHERE id = $1', [id])).rowCount === 1;
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

/** Whether a collection has items beside those named. */
export async function hasOtherItems(client: PoolClient, id: string, ids: readonly string[]): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pgstac.items WHERE collection = $1 AND id <> ALL($2) LIMIT 1', [id, ids]);
  return rowCount === 1;
}
