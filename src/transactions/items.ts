/** The STAC transactions on items; those of `datasets` and `system_tiles` are guarded (API.md section 2). */
import type { PoolClient } from 'pg';
import { withTransaction } from '../database/index.js';
import { DATASETS, SYSTEM_TILES } from '../datasets/collections.js';
import { lockDataset } from '../datasets/records.js';
import { deleteDataset } from '../datasets/write.js';
import { conflict, type Fault, invalidAt, invalidInput, notFound } from '../errors.js';
import { shrinkExtent, widenExtent } from '../hooks/extents.js';
import { isObject, type JsonObject } from '../json.js';
import { findCollection } from '../pgstac/collections.js';
import { findItem } from '../pgstac/items-read.js';
import { deleteItems, insertItems, type StacItem } from '../pgstac/items-write.js';
import type { Services } from '../services.js';
import { forSchema, storedItemLinks } from '../stac/stored.js';
import { mergePatch } from './merge-patch.js';

/** An item as it is stored: completed where the rules allow it (API.md section 8, Transactions). @throws InvalidInput */
function complete(body: unknown, collection: string, at: string, id?: string): StacItem {
  if (!isObject(body) || body['type'] !== 'Feature') throw invalidAt(`${at}/type`, 'must be "Feature": a STAC Item');
  const given = body['collection'];
  if (given !== undefined && given !== null && given !== collection) throw invalidAt(`${at}/collection`, `is ${JSON.stringify(given)}, but the URL says ${JSON.stringify(collection)}`);
  if (id !== undefined && body['id'] !== undefined && body['id'] !== id) throw invalidAt(`${at}/id`, `is ${JSON.stringify(body['id'])}, but the URL says ${JSON.stringify(id)}`);
  return {
    stac_version: '1.1.0',
    stac_extensions: [],
    assets: {},
    ...body,
    ...(id === undefined ? {} : { id }),
    collection,
    links: storedItemLinks(body['links']),
  } as StacItem;
}

async function validated(services: Services, items: readonly StacItem[], at: (i: number) => string): Promise<void> {
  const results = await services.validator.validateMany(items.map(forSchema), 'item');
  const faults: Fault[] = results.flatMap((result, i) => result.faults.map((fault) => ({ ...fault, path: at(i) + fault.path })));
  if (faults.length > 0) throw invalidInput(`Not valid STAC; ${faults.length} fault(s), the first: ${faults[0]?.path} ${faults[0]?.message}`, faults);
}

async function lockCollection(client: PoolClient, collection: string): Promise<void> {
  if (collection === SYSTEM_TILES || (await findCollection(client, collection)) === undefined) throw notFound(`Collection ${collection}`);
}

function guardWrites(collection: string): void {
  if (collection === DATASETS) throw conflict('Items of the collection datasets are written through /api/datasets, which keeps a dataset and its tiles together.');
  if (collection === SYSTEM_TILES) throw conflict('The tiles of datasets are written through /api/datasets only.');
}

/** One Feature, or a FeatureCollection all or nothing. Answers the item, or undefined for a FeatureCollection. */
export async function postItems(services: Services, collection: string, body: unknown): Promise<StacItem | undefined> {
  guardWrites(collection);
  const isMany = isObject(body) && body['type'] === 'FeatureCollection';
  const features = isMany ? body['features'] : [body];
  if (!Array.isArray(features)) throw invalidAt('/features', 'must be an array');
  const at = (i: number): string => (isMany ? `/features/${i}` : '');
  const items = features.map((feature, i) => complete(feature, collection, at(i)));
  checkUnique(items);
  await withTransaction(services.database.pool, (client) => lockCollection(client, collection));
  await validated(services, items, at);
  await withTransaction(services.database.pool, async (client) => {
    await lockCollection(client, collection);
    await insertItems(client, collection, items);
    await widenExtent(client, collection, items);
  });
  return isMany ? undefined : items[0];
}

function checkUnique(items: readonly StacItem[]): void {
  const seen = new Map<string, number>();
  items.forEach((item, i) => {
    const earlier = seen.get(item.id);
    if (earlier !== undefined) throw invalidAt(`/features/${i}/id`, `is the same as that of /features/${earlier}`);
    seen.set(item.id, i);
  });
}

/**
 * The item as it is, kept from other writers until the transaction ends. By an advisory lock: a replaced item is another
 * row, so that whoever waited for the old row would find it gone. @throws NotFound
 */
async function lockItem(client: PoolClient, collection: string, id: string): Promise<JsonObject> {
  if (collection === DATASETS) await lockDataset(client, id);
  else await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`stac-mosaic item ${collection}/${id}`]);
  const stored = await findItem(client, collection, id);
  if (stored === undefined) throw notFound(`Item ${id} of collection ${collection}`);
  return stored;
}

/** Row by row, since the new item may belong into another partition. */
async function replaceItem(client: PoolClient, stored: JsonObject, item: StacItem): Promise<void> {
  await deleteItems(client, item.collection, [item.id]);
  await insertItems(client, item.collection, [item]);
  await widenExtent(client, item.collection, [item]);
  await shrinkExtent(client, item.collection, [stored]);
}

export async function putItem(services: Services, collection: string, id: string, body: unknown): Promise<StacItem> {
  guardWrites(collection);
  const item = complete(body, collection, '', id);
  await validated(services, [item], () => '');
  await withTransaction(services.database.pool, async (client) => {
    await lockCollection(client, collection);
    await replaceItem(client, await lockItem(client, collection, id), item);
  });
  return item;
}

/** Members of a dataset's item that follow from its tiles and so cannot be patched. */
const COMPUTED_MEMBERS = ['id', 'collection', 'geometry', 'bbox', 'type', 'stac_version', 'stac_extensions'];
const COMPUTED_PROPERTIES = /^(file:size|file:tile_count|file:format|created|updated|mosaic:.*)$/;

function guardPatch(collection: string, patch: JsonObject): void {
  if (collection === SYSTEM_TILES) guardWrites(collection);
  if (collection !== DATASETS) return;
  const properties = isObject(patch['properties']) ? Object.keys(patch['properties']) : [];
  const computed = [
    ...COMPUTED_MEMBERS.filter((name) => Object.hasOwn(patch, name)).map((name) => `/${name}`),
    ...properties.filter((name) => COMPUTED_PROPERTIES.test(name)).map((name) => `/properties/${name}`),
    ...(patch['properties'] === null ? ['/properties'] : []),
    ...['mosaic', 'mosaic-snapshot'].filter((key) => isObject(patch['assets']) && Object.hasOwn(patch['assets'], key)).map((key) => `/assets/${key}`),
    ...(patch['assets'] === null ? ['/assets'] : []),
  ];
  if (computed.length > 0) {
    throw conflict(`Computed from the tiles of the dataset, so not to be patched: ${computed.join(', ')}.`, computed.map((path) => ({ path, message: 'is computed' })));
  }
}

/** A merge patch (RFC 7396), read and written under the row's lock, so that no concurrent patch is lost. */
export async function patchItem(services: Services, collection: string, id: string, patch: unknown): Promise<StacItem> {
  if (!isObject(patch)) throw invalidInput('A merge patch of an item must be an object.', [{ path: '', message: 'must be an object' }]);
  guardPatch(collection, patch);
  return withTransaction(services.database.pool, async (client) => {
    const stored = await lockItem(client, collection, id);
    const item = complete(mergePatch(stored, patch), collection, '', id);
    if (collection === DATASETS && isObject(item['properties'])) item['properties']['updated'] = new Date().toISOString();
    await validated(services, [item], () => '');
    await replaceItem(client, stored, item);
    return item;
  });
}

/** DELETE of an item of `datasets` is the dataset's DELETE. */
export async function deleteItem(services: Services, collection: string, id: string): Promise<void> {
  if (collection === DATASETS) return deleteDataset(services, id);
  guardWrites(collection);
  await withTransaction(services.database.pool, async (client) => {
    const stored = await lockItem(client, collection, id);
    await deleteItems(client, collection, [id]);
    await shrinkExtent(client, collection, [stored]);
  });
}
