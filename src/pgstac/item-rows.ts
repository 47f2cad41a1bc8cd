/** One item's row, read and written under its lock: what single-item transactions need, in as few round trips as it takes. */
import type { Pool, PoolClient } from 'pg';
import { notFound } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { StacCollection } from './collections.js';
import { currentOnly } from './base-items.js';
import { CONTENT_COLUMNS, type ContentRow, ITEM_COLUMNS, type ItemRow, ROW_TYPES, type StoredItem, toItems, withBases } from './items-read.js';
import type { Span } from '../stac/span.js';
import { type Base, columnsOf, copyItemRows, copyRows, preparePartitions, rowsOf, type StacItem } from './items-write.js';
import { lockCollectionItems, written } from './partitions.js';

/** Where items are written: the collection as it is now. */
export interface WriteTarget {
  readonly collection: StacCollection;
  readonly base: Base;
  /** Whether its items lie in partitions by time: pgSTAC keeps an id unique in each of them only. */
  readonly byTime: boolean;
}

interface TargetRow {
  readonly content: StacCollection;
  readonly base_item: JsonObject;
  readonly base_item_id: number | null;
  readonly by_time: boolean;
}

/** Whether a connection's pgSTAC keeps a history of base items (0.10). */
const histories = new WeakMap<PoolClient, boolean>();

async function hasHistory(client: PoolClient): Promise<boolean> {
  const known = histories.get(client);
  if (known !== undefined) return known;
  const { rows } = await client.query<{ yes: boolean }>("SELECT to_regprocedure('pgstac.current_base_item(text)') IS NOT NULL AS yes");
  const yes = rows[0]?.yes === true;
  histories.set(client, yes);
  return yes;
}

/**
 * Reads no items: who waits here must not keep a partition from being made (src/pgstac/partitions.ts).
 * @param use `insert` keeps the collection's extent from shrinking until the transaction ends (src/hooks/extents.ts);
 *   `upsert` leaves that to its caller; where ids have no index over all items, both wait for whoever else may add one
 * @throws NotFound
 */
export async function writeTarget(client: PoolClient, id: string, use: 'insert' | 'upsert' | 'update'): Promise<WriteTarget> {
  const baseItemId = (await hasHistory(client)) ? '(SELECT b.base_item_id FROM pgstac.current_base_item(c.id) b)' : 'NULL::int';
  const { rows } = await client.query<TargetRow>(
    `SELECT c.content, c.base_item, ${baseItemId} AS base_item_id, c.partition_trunc IS NOT NULL AS by_time
       FROM pgstac.collections c WHERE c.id = $1 ${use === 'insert' ? 'FOR KEY SHARE' : ''}`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw notFound(`Collection ${id}`);
  // Whoever may add an id is alone then, and its next look sees what others added.
  if (row.by_time && use !== 'update') await lockCollectionItems(client, id);
  return { collection: row.content, base: { item: row.base_item, id: row.base_item_id }, byTime: row.by_time };
}

/**
 * The item, kept from other writers until the transaction ends; undefined where there is none. Whoever has waited for a
 * writer that deleted the row and wrote another of the same id finds the other by its second look.
 */
export async function lockStoredItem(client: PoolClient, collection: string, id: string): Promise<StoredItem | undefined> {
  for (let look = 1; look <= 2; look += 1) {
    const { rows } = await client.query<ItemRow>({
      text: `SELECT ${ITEM_COLUMNS} FROM pgstac.items i WHERE i.collection = $1 AND i.id = $2 FOR UPDATE OF i`,
      values: [collection, id],
      types: ROW_TYPES,
    });
    const [stored] = await toItems(client, rows);
    if (stored !== undefined) return stored;
  }
  return undefined;
}

const storedAs = ([row]: readonly ContentRow[], { base }: WriteTarget): StoredItem | undefined =>
  row === undefined ? undefined : withBases([row], new Map([[row.collection, currentOnly(base.item)]]))[0];

/**
 * Inserts one item within {@link withPartitions} and answers it as it is stored, and whether the collection had items
 * before. A doubled id raises 23505.
 */
export async function insertItem(client: PoolClient, item: StacItem, target: WriteTarget): Promise<{ stored: StoredItem; filled: boolean }> {
  const insert = client.query<ContentRow & { filled: boolean }>({
    text: `INSERT INTO pgstac.items AS i (id, geometry, collection, datetime, end_datetime, content) VALUES ($1, $2, $3, $4, $5, $6)
      RETURNING ${CONTENT_COLUMNS}, EXISTS (SELECT 1 FROM pgstac.items other WHERE other.collection = $3) AS filled`,
    values: columnsOf(item, target.base),
    types: ROW_TYPES,
  });
  const { rows } = await written(item.collection, [item], insert);
  const stored = storedAs(rows, target);
  if (stored === undefined) throw new Error('INSERT answered no row.');
  return { stored, filled: rows[0]?.filled === true };
}

/** Inserts many items within {@link withPartitions}. A doubled id raises 23505. */
export const insertRows = (client: PoolClient, collection: string, items: readonly StacItem[], { base }: WriteTarget): Promise<void> =>
  written(collection, items, copyRows(client, items, base));

/** The same in a transaction that may make the partitions itself: its collection is nobody else's, or it does not mind to wait. */
export async function insertRowsWithin(client: PoolClient, collection: string, items: readonly StacItem[], { base, byTime }: WriteTarget): Promise<void> {
  if (!byTime) return copyItemRows(client, collection, rowsOf(items, base));
  await preparePartitions(client, collection, items);
  await copyRows(client, items, base);
}

/**
 * Writes another state of an item whose row the transaction holds ({@link lockStoredItem}); PostgreSQL moves the row where
 * its time belongs into another partition, and who waits for it is told (40001) and tried again.
 */
export async function updateItem(client: PoolClient, item: StacItem, target: WriteTarget): Promise<StoredItem> {
  const update = client.query<ContentRow>({
    text: `UPDATE pgstac.items AS i SET geometry = $2, datetime = $4, end_datetime = $5, content = $6 WHERE i.collection = $3 AND i.id = $1 RETURNING ${CONTENT_COLUMNS}`,
    values: columnsOf(item, target.base),
    types: ROW_TYPES,
  });
  const { rows } = await written(item.collection, [item], update);
  const stored = storedAs(rows, target);
  if (stored === undefined) throw new Error('UPDATE found no row although it was locked.');
  return stored;
}

/** The span of those of these items that exist, kept from other writers until the transaction ends; undefined where none does. */
export async function lockSpan(client: PoolClient, collection: string, ids: readonly string[]): Promise<{ span: Span } | undefined> {
  const { rows } = await client.query<{ w: number | null; s: number; e: number; n: number; first: Date; last: Date }>(
    `WITH held AS (SELECT geometry, datetime, end_datetime FROM pgstac.items WHERE collection = $1 AND id = ANY($2) ORDER BY id FOR UPDATE)
     SELECT ST_XMin(x) AS w, ST_YMin(x) AS s, ST_XMax(x) AS e, ST_YMax(x) AS n, first, last
       FROM (SELECT ST_Extent(geometry) AS x, min(datetime) AS first, max(end_datetime) AS last FROM held) AS spanned`,
    [collection, ids],
  );
  const [row] = rows;
  if (row === undefined || row.w === null) return undefined;
  return { span: { bbox: [row.w, row.s, row.e, row.n], first: row.first.getTime(), last: row.last.getTime() } };
}

/** One of these ids that the collection has already; undefined where it has none. */
export async function takenId(db: Pool | PoolClient, collection: string, ids: readonly string[]): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>('SELECT id FROM pgstac.items WHERE collection = $1 AND id = ANY($2) LIMIT 1', [collection, ids]);
  return rows[0]?.id;
}

/** Those of these ids that the collection has already. */
export async function existingIds(client: PoolClient, collection: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ id: string }>('SELECT id FROM pgstac.items WHERE collection = $1 AND id = ANY($2)', [collection, ids]);
  return new Set(rows.map(({ id }) => id));
}
