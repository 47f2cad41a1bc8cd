/** The STAC transactions on items; those of `datasets` and `system_tiles` are guarded (API.md section 2). */
import type { PoolClient } from 'pg';
import { DATASETS } from '../datasets/collections.js';
import { lockDataset } from '../datasets/records.js';
import { deleteDataset } from '../datasets/write.js';
import { conflict, type DomainError, notFound } from '../errors.js';
import { holdExtent, isSettled, shrinkSpan, widenExtent } from '../hooks/extents.js';
import { followCount } from '../hooks/summaries.js';
import { isObject, type Json, type JsonObject, sameJson } from '../json.js';
import { findCollection } from '../pgstac/collections.js';
import { insertItem, lockStoredItem, takenId, updateItem, writeTarget } from '../pgstac/item-rows.js';
import { readItem, type StoredItem } from '../pgstac/items-read.js';
import { deleteItems, type StacItem } from '../pgstac/items-write.js';
import { withPartitions } from '../pgstac/partitions.js';
import type { Services } from '../services.js';
import { spanOfItems } from '../stac/span.js';
import { type Check, checkCollection, checkOf, complete, ofCollection, validate } from './complete.js';
import { guardComputed, guardTiles, guardWrites } from './guards.js';
import { type Patch, patched, type View } from './patch.js';
import { checkPreconditions, type Preconditions } from './preconditions.js';
import { itemVersion } from './versions.js';

export interface ItemPlace {
  readonly collection: string;
  readonly id: string;
}

const nowhere = (): string => '';

const taken = (collection: string, id: string): DomainError => conflict(`Item ${id} of collection ${collection} exists.`, [{ path: '/id', message: 'exists' }]);

interface Read {
  readonly item: StacItem;
  readonly unchecked: readonly string[];
}

/** The item of a body, completed and valid. @throws NotFound, InvalidInput, Conflict */
async function read(services: Services, { collection, id }: { collection: string; id?: string }, body: unknown): Promise<Read> {
  guardWrites(collection);
  return ofCollection(services, collection, async () => {
    const item = complete(body, collection, '', id);
    return { item, unchecked: await validate(services, [item], nowhere) };
  });
}

/** Everything of a POST but the writing. @throws as {@link postItem} */
export async function checkItem(services: Services, collection: string, body: unknown): Promise<Check> {
  const { item, unchecked } = await read(services, { collection }, body);
  const { pool } = services.database;
  await checkCollection(pool, collection);
  if ((await takenId(pool, collection, [item.id])) !== undefined) throw taken(collection, item.id);
  return checkOf(1, unchecked);
}

/** @throws NotFound where there is no such collection, InvalidInput, Conflict where the id is taken */
export async function postItem(services: Services, collection: string, body: unknown): Promise<StoredItem> {
  const { item } = await read(services, { collection }, body);
  return withPartitions(services.database.pool, async (client) => {
    // Held until the commit: whoever shrinks the extent waits for this item to be there.
    const target = await writeTarget(client, collection, 'insert');
    if (target.byTime && (await takenId(client, collection, [item.id])) !== undefined) throw taken(collection, item.id);
    const { stored, filled } = await insertItem(client, item, target);
    if (!filled || !isSettled(target.collection, [item])) await widenExtent(client, collection, [item]);
    await followCount(client, target.collection, 1);
    return stored;
  });
}

/**
 * The item, kept from other writers until the transaction ends. That of a dataset comes with its tiles: whoever writes
 * it locks the whole dataset. @throws NotFound, PreconditionFailed
 */
async function lockItem(client: PoolClient, { collection, id }: ItemPlace, preconditions: Preconditions): Promise<JsonObject> {
  if (collection === DATASETS) await lockDataset(client, id);
  const stored = await lockStoredItem(client, collection, id);
  if (stored === undefined) throw notFound(`Item ${id} of collection ${collection}`);
  checkPreconditions(preconditions, itemVersion(stored));
  return readItem(stored);
}

const INSTANTS = ['datetime', 'start_datetime', 'end_datetime'];

/** Whether an item lies where and when it did: then no extent follows. */
function staysInPlace(before: JsonObject, after: JsonObject): boolean {
  const instants = ({ properties }: JsonObject): (Json | undefined)[] => INSTANTS.map((name) => (isObject(properties) ? properties[name] : undefined));
  return sameJson(before['geometry'], after['geometry']) && instants(before).every((value, i) => sameJson(value, instants(after)[i]));
}

async function replaceItem(client: PoolClient, before: JsonObject, item: StacItem): Promise<StoredItem> {
  const target = await writeTarget(client, item.collection, 'update');
  if (staysInPlace(before, item)) return updateItem(client, item, target);
  const [gone, added] = [spanOfItems([before]), spanOfItems([item])];
  await holdExtent(client, target.collection, gone, added);
  const stored = await updateItem(client, item, target);
  await widenExtent(client, item.collection, [item]);
  await shrinkSpan(client, item.collection, gone, added);
  return stored;
}

/** @throws NotFound, InvalidInput, PreconditionFailed, Conflict */
export async function putItem(services: Services, place: ItemPlace, body: unknown, preconditions: Preconditions): Promise<StoredItem> {
  const { item } = await read(services, place, body);
  return withPartitions(services.database.pool, async (client) => replaceItem(client, await lockItem(client, place, preconditions), item));
}

/** Read and written under the row's lock, so that no concurrent patch is lost. @throws as {@link putItem} */
export async function patchItem(services: Services, place: ItemPlace, patch: Patch, view: View, preconditions: Preconditions): Promise<StoredItem> {
  const { collection, id } = place;
  guardTiles(collection);
  return withPartitions(services.database.pool, async (client) => {
    const before = await lockItem(client, place, preconditions);
    const result = patched(before, patch, view);
    if (collection === DATASETS) guardComputed(before, result);
    const item = complete(result, collection, '', id);
    if (collection === DATASETS && isObject(item['properties'])) item['properties']['updated'] = new Date().toISOString();
    await validate(services, [item], nowhere);
    return replaceItem(client, before, item);
  });
}

/** DELETE of an item of `datasets` is the dataset's DELETE. @throws NotFound, PreconditionFailed, Conflict */
export async function deleteItem(services: Services, place: ItemPlace, preconditions: Preconditions): Promise<void> {
  const { collection, id } = place;
  if (collection === DATASETS) return deleteDataset(services, id, preconditions);
  guardTiles(collection);
  await withPartitions(services.database.pool, async (client) => {
    const gone = spanOfItems([await lockItem(client, place, preconditions)]);
    const stored = await findCollection(client, collection);
    if (stored !== undefined) await holdExtent(client, stored, gone);
    await deleteItems(client, collection, [id]);
    await shrinkSpan(client, collection, gone);
    if (stored !== undefined) await followCount(client, stored, -1);
  });
}
