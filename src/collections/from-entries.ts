/** POST /api/collections: a collection and its items, made of COGs or handed over, in one transaction (API.md section 2). */
import { withTransaction } from '../database/index.js';
import { conflict, type DomainError, invalidInput } from '../errors.js';
import { collectionAsset, registerCollectionSearch } from '../hooks/collection-search.js';
import { isObject, type Json, type JsonObject, textOf } from '../json.js';
import { paths } from '../links.js';
import { createCollection, findCollection, type StacCollection, updateCollection } from '../pgstac/collections.js';
import { insertItems, type StacItem } from '../pgstac/items-write.js';
import { lockCollectionItems } from '../pgstac/partitions.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Services } from '../services.js';
import { dataAssetKey } from '../stac/assets.js';
import { idFault } from '../stac/ids.js';
import { spanOfCollection, spanOfItems, toExtent } from '../stac/span.js';
import { storedCollectionLinks } from '../stac/stored.js';
import { Faults } from '../datasets/faults.js';
import { isTaken } from './write.js';
import { type Entries, entriesOfCogs, entriesOfItems, type FailedEntry } from './entries.js';

const MEMBERS = new Set(['collection', 'cogs', 'items', 'on_item_error']);
const EVERYWHERE = { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } };

interface CollectionRequest {
  readonly collection: JsonObject & { readonly id: string };
  readonly entries: { readonly kind: 'cogs' | 'items'; readonly list: readonly Json[] };
  /** `fail`: one bad entry is the end of all. */
  readonly onItemError: 'fail' | 'skip';
}

/**
 * Answers exactly what API.md section 8 lists, hrefs relative to the base of the API.
 * @throws InvalidInput where the collection is bad, no entry is good, or any is bad and `on_item_error` is `fail`; Conflict
 *   where the collection exists: nothing is written then
 */
export async function createCollectionOf(services: Services, body: unknown, visibility: Visibility, signal: AbortSignal): Promise<JsonObject> {
  const { collection: given, entries, onItemError } = parse(body);
  const { pool } = services.database;
  await validate(services, collectionOf(given, EVERYWHERE, []));
  if (await isTaken(pool, given.id, visibility)) throw taken(given.id);
  const now = new Date().toISOString();
  const { items, failed } = entries.kind === 'cogs'
    ? await entriesOfCogs(services, given.id, entries.list, instantsOf(given, now), signal)
    : await entriesOfItems(services, given.id, entries.list);
  if (items.length === 0 || (onItemError === 'fail' && failed.length > 0)) throw badEntries(items.length, failed);
  const { stored, searchId } = await write(services, collectionOf(given, toExtent(spanOfItems(items)), items), items);
  return answerOf(stored, searchId, { items, failed }, now);
}

function parse(body: unknown): CollectionRequest {
  if (!isObject(body)) throw invalidInput('The body must be a JSON object with "collection" and "cogs" or "items".', [{ path: '', message: 'must be an object' }]);
  const faults = new Faults();
  for (const key of Object.keys(body)) if (!MEMBERS.has(key)) faults.add(`/${key}`, `is not a member here; known are ${[...MEMBERS].join(', ')}`);
  const { collection, cogs, items, on_item_error: onItemError = 'skip' } = body;
  const id = isObject(collection) ? collection['id'] : undefined;
  if (!isObject(collection)) faults.add('/collection', 'must be an object: a STAC Collection in the making');
  else if (idFault(id) !== undefined) faults.add('/collection/id', idFault(id) ?? '');
  if (cogs !== undefined && items !== undefined) faults.add('/items', 'stands beside cogs: a collection is made of the one or the other');
  const list = cogs ?? items;
  const kind = cogs === undefined && items !== undefined ? 'items' : 'cogs';
  if (!Array.isArray(list) || list.length === 0) faults.add(`/${kind}`, list === undefined ? 'is missing, and so are items' : 'must be a list with at least one entry');
  if (onItemError !== 'fail' && onItemError !== 'skip') faults.add('/on_item_error', 'must be fail or skip');
  faults.addUnstorable(body, '');
  faults.throwAny('The collection');
  return { collection: { ...(isObject(collection) ? collection : {}), id: textOf(id) }, entries: { kind, list: Array.isArray(list) ? list : [] }, onItemError: onItemError === 'fail' ? 'fail' : 'skip' };
}

const taken = (id: string): DomainError => conflict(`Collection ${id} exists.`, [{ path: '/collection/id', message: 'exists' }]);

/** The collection as it is stored: what the caller said, but for what is computed. */
function collectionOf(given: CollectionRequest['collection'], extent: JsonObject, items: readonly StacItem[]): StacCollection {
  const { summaries = {}, item_assets: assets = itemAssets(items) } = given;
  return {
    license: 'other',
    stac_extensions: [],
    ...given,
    type: 'Collection',
    stac_version: '1.1.0',
    extent,
    summaries: isObject(summaries) ? { ...summaries, tile_count: [items.length] } : summaries,
    ...(assets === undefined ? {} : { item_assets: assets }),
    links: storedCollectionLinks(given['links']),
  };
}

/** The asset that holds the COG, under which the viewer asks for it, where all items agree. */
function itemAssets(items: readonly StacItem[]): JsonObject | undefined {
  const keys = new Set(items.map((item) => dataAssetKey(item['assets'])));
  const [key] = keys;
  const assets = items[0]?.['assets'];
  const asset = key !== undefined && keys.size === 1 && isObject(assets) ? assets[key] : undefined;
  if (key === undefined || !isObject(asset)) return undefined;
  const { type } = asset;
  return { [key]: { roles: ['data'], ...(typeof type === 'string' ? { type } : {}) } };
}

async function validate({ validator }: Services, collection: StacCollection): Promise<void> {
  const { faults } = await validator.validate(collection, 'collection');
  if (faults.length === 0) return;
  const placed = faults.map((fault) => ({ ...fault, path: `/collection${fault.path}` }));
  throw invalidInput(`The collection is not valid STAC; the first fault: ${placed[0]?.path} ${placed[0]?.message}`, placed);
}

/** The time of a COG that tells none: what the caller said of the whole collection, else now. */
function instantsOf(collection: JsonObject, now: string): JsonObject {
  const span = spanOfCollection(collection);
  if (span === undefined) return { datetime: now };
  return { datetime: null, start_datetime: new Date(span.first).toISOString(), end_datetime: new Date(span.last).toISOString() };
}

function badEntries(good: number, failed: readonly FailedEntry[]): DomainError {
  const faults = failed.flatMap((entry) => entry.faults);
  const [first] = faults;
  return invalidInput(`${failed.length} of ${good + failed.length} items cannot be made, so nothing was written; the first: ${first?.path} ${first?.message}`, faults);
}

/** Collection, items, search: the registration has a savepoint, so that its failure never loses the collection. */
async function write(services: Services, collection: StacCollection, items: readonly StacItem[]): Promise<{ stored: StacCollection; searchId: string | null }> {
  return withTransaction(services.database.pool, async (client) => {
    // Others of the same id wait here, not half-way through their partitions.
    await lockCollectionItems(client, collection.id);
    if ((await findCollection(client, collection.id)) !== undefined) throw taken(collection.id);
    await createCollection(client, collection);
    await insertItems(client, collection.id, items);
    const { collection: stored, searchId } = await registerCollectionSearch(client, collection, services);
    await updateCollection(client, stored);
    return { stored, searchId };
  });
}

function answerOf(collection: StacCollection, searchId: string | null, { items, failed }: Entries, now: string): JsonObject {
  const { id } = collection;
  const { bbox, interval } = extentOf(collection);
  const asset = collectionAsset(collection);
  return {
    success: true,
    collection_id: id,
    stac_id: id,
    pgstac_id: id,
    tile_count: items.length,
    items_created: items.length,
    items_failed: failed.length,
    ...(failed.length === 0 ? {} : { failed_items: failed.map(({ blob, error }) => ({ blob, error })) }),
    spatial_extent: bbox,
    temporal_extent: interval,
    search_id: searchId,
    viewer_url: searchId === null ? null : paths.viewer(searchId, asset),
    tilejson_url: searchId === null ? null : paths.tilejson(searchId, asset),
    created_at: now,
  };
}

function extentOf({ extent }: StacCollection): { bbox: Json; interval: Json } {
  const { spatial, temporal } = isObject(extent) ? extent : {};
  const first = (list: Json | undefined): Json => (Array.isArray(list) ? (list[0] ?? null) : null);
  return { bbox: first(isObject(spatial) ? spatial['bbox'] : undefined), interval: first(isObject(temporal) ? temporal['interval'] : undefined) };
}
