/** Many items of one collection in one transaction: a FeatureCollection, or `bulk_items`; all of them or none. */
import type { Pool, PoolClient } from 'pg';
import { sqlState } from '../database/transaction.js';
import { conflict, type Fault, invalidAt, invalidInput } from '../errors.js';
import { holdExtent, shrinkSpan, widenExtent } from '../hooks/extents.js';
import { followCount } from '../hooks/summaries.js';
import { isObject } from '../json.js';
import { findCollection } from '../pgstac/collections.js';
import { insertRows, insertRowsWithin, lockSpan, takenId, writeTarget } from '../pgstac/item-rows.js';
import { deleteItems, type StacItem } from '../pgstac/items-write.js';
import { withPartitions } from '../pgstac/partitions.js';
import type { Services } from '../services.js';
import { spanOfItems } from '../stac/span.js';
import { type Check, checkCollection, checkOf, complete, ofCollection, validate } from './complete.js';
import { guardWrites } from './guards.js';

export type BulkMethod = 'insert' | 'upsert';

/** What is to be written, and where each item stands in the body. */
interface Batch {
  readonly items: readonly StacItem[];
  readonly at: (i: number) => string;
}

export interface Written {
  readonly count: number;
  readonly method: BulkMethod;
}

function fromFeatures(body: unknown, collection: string): Batch {
  const features = isObject(body) ? body['features'] : undefined;
  if (!Array.isArray(features)) throw invalidAt('/features', 'must be an array');
  const at = (i: number): string => `/features/${i}`;
  const items = features.map((feature, i) => complete(feature, collection, at(i)));
  checkUnique(items, at);
  return { items, at };
}

function checkUnique(items: readonly StacItem[], at: (i: number) => string): void {
  const seen = new Map<string, number>();
  const faults: Fault[] = [];
  items.forEach((item, i) => {
    const earlier = seen.get(item.id);
    if (earlier === undefined) seen.set(item.id, i);
    else faults.push({ path: `${at(i)}/id`, message: `is the same as that of ${at(earlier)}` });
  });
  if (faults.length > 0) throw invalidInput(`An id stands there twice: ${faults[0]?.path} ${faults[0]?.message}`, faults);
}

const step = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

function fromMap(body: unknown, collection: string): Batch & { method: BulkMethod } {
  if (!isObject(body)) throw invalidInput('The body must be {"items": {id: item}, "method": "insert" or "upsert"}.', [{ path: '', message: 'must be an object' }]);
  const { items: given, method = 'insert' } = body;
  if (!isObject(given)) throw invalidAt('/items', 'must be an object of items by their ids');
  if (method !== 'insert' && method !== 'upsert') throw invalidAt('/method', 'must be "insert" or "upsert"');
  const ids = Object.keys(given);
  const at = (i: number): string => `/items/${step(ids[i] ?? '')}`;
  return { items: ids.map((id, i) => complete(given[id], collection, at(i), id)), at, method };
}

/** Completed and valid items, and the extensions that could not be checked. */
interface Read extends Batch {
  readonly method: BulkMethod;
  readonly unchecked: readonly string[];
}

/** @throws NotFound, InvalidInput with the faults of all items, Conflict */
async function read(services: Services, collection: string, body: unknown, form: 'features' | 'map'): Promise<Read> {
  guardWrites(collection);
  return ofCollection(services, collection, async () => {
    const batch = form === 'map' ? fromMap(body, collection) : { ...fromFeatures(body, collection), method: 'insert' as const };
    return { ...batch, unchecked: await validate(services, batch.items, batch.at) };
  });
}

/** POST of a FeatureCollection. @throws NotFound, InvalidInput with the faults of all items, Conflict where an id is taken */
export async function postFeatures(services: Services, collection: string, body: unknown): Promise<Written> {
  return write(services, collection, await read(services, collection, body, 'features'));
}

/** POST of `bulk_items`, as stac-fastapi's bulk transactions define it. @throws as {@link postFeatures} */
export async function bulkItems(services: Services, collection: string, body: unknown): Promise<Written> {
  return write(services, collection, await read(services, collection, body, 'map'));
}

/** Everything of either POST but the writing. @throws as {@link postFeatures} */
export async function checkMany(services: Services, collection: string, body: unknown, form: 'features' | 'map'): Promise<Check> {
  const batch = await read(services, collection, body, form);
  const { pool } = services.database;
  await checkCollection(pool, collection);
  if (batch.method === 'insert') await checkFree(pool, collection, batch);
  return checkOf(batch.items.length, batch.unchecked);
}

/** @throws Conflict that names an item whose id is taken */
async function checkFree(db: Pool | PoolClient, collection: string, { items, at }: Batch): Promise<void> {
  const taken = await takenId(db, collection, items.map(({ id }) => id));
  if (taken === undefined) return;
  const path = `${at(items.findIndex(({ id }) => id === taken))}/id`;
  throw conflict(`Item ${taken} of collection ${collection} exists.`, [{ path, message: 'exists' }]);
}

/** Two upserts of one id, of which neither found the other's item, meet at the index: the second comes again and replaces. */
const UPSERT_ATTEMPTS = 4;

async function write(services: Services, collection: string, batch: Read): Promise<Written> {
  const { items, method } = batch;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await withPartitions(services.database.pool, (client) => (method === 'insert' ? insertAll(client, collection, batch, 'apart') : upsertAll(client, collection, items, 'apart')));
      return { count: items.length, method };
    } catch (error) {
      if (method === 'insert' || attempt >= UPSERT_ATTEMPTS || sqlState(error) !== '23505') throw error;
    }
  }
}

/**
 * Where partitions that are missing are made: apart from the transaction and before it is tried again (withPartitions), or
 * within it, for a caller whose collection nobody else sees yet.
 */
export type Partitions = 'apart' | 'within';

/** Inside the caller's transaction; nothing is validated. @throws NotFound, Conflict where an id is taken */
export async function insertAll(client: PoolClient, collection: string, batch: Batch, partitions: Partitions): Promise<void> {
  const { items } = batch;
  const target = await writeTarget(client, collection, 'insert');
  if (items.length === 0) return;
  await checkFree(client, collection, batch);
  await (partitions === 'within' ? insertRowsWithin : insertRows)(client, collection, items, target);
  await widenExtent(client, collection, items);
  await followCount(client, target.collection, items.length);
}

/** As {@link insertAll}, replacing items of these ids. */
export async function upsertAll(client: PoolClient, collection: string, items: readonly StacItem[], partitions: Partitions): Promise<void> {
  const target = await writeTarget(client, collection, 'upsert');
  if (items.length === 0) return;
  const ids = items.map(({ id }) => id);
  const before = await lockSpan(client, collection, ids);
  const added = spanOfItems(items);
  if (before === undefined) await findCollection(client, collection, 'FOR KEY SHARE');
  else await holdExtent(client, target.collection, before.span, added);
  const replaced = await deleteItems(client, collection, ids);
  await (partitions === 'within' ? insertRowsWithin : insertRows)(client, collection, items, target);
  await widenExtent(client, collection, items);
  if (before !== undefined) await shrinkSpan(client, collection, before.span, added);
  await followCount(client, target.collection, items.length - replaced);
}
