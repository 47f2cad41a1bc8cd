/** Writing collections: each write carries the hook inside its transaction, the two system collections are guarded. */
import type { Pool, PoolClient } from 'pg';
import { withTransaction } from '../database/index.js';
import { DATASETS, SYSTEM_TILES } from '../datasets/collections.js';
import { conflict, type DomainError, invalidAt, invalidInput, notFound } from '../errors.js';
import { registerCollectionSearch } from '../hooks/collection-search.js';
import { extentWithItems } from '../hooks/extents.js';
import { isObject, sameJson } from '../json.js';
import { createCollection, deleteCollection, findCollection, type StacCollection, updateCollection } from '../pgstac/collections.js';
import { releaseSearches } from '../pgstac/searches.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Services } from '../services.js';
import { idFault } from '../stac/ids.js';
import { storedCollectionLinks } from '../stac/stored.js';
import { type Check, checkOf } from '../transactions/complete.js';
import { type Patch, patched, type View } from '../transactions/patch.js';
import { checkPreconditions, type Preconditions } from '../transactions/preconditions.js';
import { collectionVersion } from '../transactions/versions.js';

/** A collection as it is stored: completed where the rules allow it. @throws InvalidInput */
export function complete(body: unknown, id?: string): StacCollection {
  if (!isObject(body)) throw invalidInput('The body must be a STAC Collection.', [{ path: '', message: 'must be an object' }]);
  const given = body['id'] ?? id;
  const fault = idFault(given);
  if (fault !== undefined || typeof given !== 'string') throw invalidAt('/id', fault ?? 'must be a string');
  if (id !== undefined && given !== id) throw invalidAt('/id', `is ${JSON.stringify(given)}, but the URL says ${JSON.stringify(id)}`);
  return {
    stac_version: '1.1.0',
    ...body,
    type: body['type'] ?? 'Collection',
    id: given,
    links: storedCollectionLinks(body['links']),
  };
}

const taken = (id: string): DomainError => conflict(`Collection ${id} exists.`, [{ path: '/id', message: 'exists' }]);

/** @returns the extensions that could not be checked. @throws InvalidInput */
async function validate(services: Services, collection: StacCollection): Promise<readonly string[]> {
  const { faults, unchecked } = await services.validator.validate(collection, 'collection');
  if (faults.length > 0) throw invalidInput(`The collection is not valid STAC; the first fault: ${faults[0]?.path} ${faults[0]?.message}`, faults);
  return unchecked;
}

async function validated(services: Services, collection: StacCollection): Promise<StacCollection> {
  await validate(services, collection);
  return collection;
}

/** Whether an id cannot be had. One that is hidden from the caller never can, whether or not there is such a collection, so that its being taken tells nothing. */
export async function isTaken(db: Pool | PoolClient, id: string, { hidden }: Visibility): Promise<boolean> {
  return (await findCollection(db, id)) !== undefined || hidden.includes(id);
}

/** Everything of a POST but the writing. @throws InvalidInput, Conflict where the id is taken */
export async function checkCollectionBody(services: Services, body: unknown, visibility: Visibility): Promise<Check> {
  const collection = complete(body);
  const unchecked = await validate(services, collection);
  if (await isTaken(services.database.pool, collection.id, visibility)) throw taken(collection.id);
  return checkOf(1, unchecked);
}

/** The tiles' collection is ours alone (API.md section 2). */
function guard(id: string): void {
  if (id === SYSTEM_TILES) throw conflict('The tiles of datasets are written through /api/datasets only.');
}

/** @throws Conflict where the id is taken, or kept from the caller */
export async function postCollection(services: Services, body: unknown, visibility: Visibility): Promise<StacCollection> {
  const collection = await validated(services, complete(body));
  return withTransaction(services.database.pool, async (client) => {
    if (await isTaken(client, collection.id, visibility)) throw taken(collection.id);
    await createCollection(client, collection);
    return hooked(client, services, collection);
  });
}

/** Writes a collection that exists, with its search, inside the caller's transaction. */
export async function hooked(client: PoolClient, services: Pick<Services, 'storedBase' | 'logger'>, collection: StacCollection): Promise<StacCollection> {
  const { collection: complete } = await registerCollectionSearch(client, collection, services);
  await updateCollection(client, complete);
  return complete;
}

/**
 * The collection, held against other writers of it until the transaction ends; items may be inserted meanwhile.
 * @throws NotFound, PreconditionFailed
 */
async function lockCollection(client: PoolClient, id: string, preconditions: Preconditions): Promise<StacCollection> {
  const stored = await findCollection(client, id, 'FOR NO KEY UPDATE');
  if (stored === undefined) throw notFound(`Collection ${id}`);
  checkPreconditions(preconditions, collectionVersion(stored));
  return stored;
}

/** Puts a collection in the place of one, inside the caller's transaction. */
export async function replace(client: PoolClient, services: Pick<Services, 'storedBase' | 'logger'>, stored: StacCollection, collection: StacCollection): Promise<StacCollection> {
  const extent = sameJson(stored['extent'], collection['extent']) ? undefined : await extentWithItems(client, collection);
  return hooked(client, services, extent === undefined ? collection : { ...collection, extent });
}

/** @throws NotFound, InvalidInput, PreconditionFailed, Conflict */
export async function putCollection(services: Services, id: string, body: unknown, preconditions: Preconditions): Promise<StacCollection> {
  guard(id);
  let collection: StacCollection;
  try {
    collection = await validated(services, complete(body, id));
  } catch (error) {
    if ((await findCollection(services.database.pool, id)) === undefined) throw notFound(`Collection ${id}`);
    throw error;
  }
  return withTransaction(services.database.pool, async (client) => replace(client, services, await lockCollection(client, id, preconditions), collection));
}

/** Read and written under the row's lock, so that no concurrent patch is lost. @throws as {@link putCollection} */
export async function patchCollection(services: Services, id: string, patch: Patch, view: View, preconditions: Preconditions): Promise<StacCollection> {
  guard(id);
  return withTransaction(services.database.pool, async (client) => {
    const stored = await lockCollection(client, id, preconditions);
    return replace(client, services, stored, await validated(services, complete(patched(stored, patch, view), id)));
  });
}

/** Deletes the collection with its items and lets go of its search. @throws NotFound, PreconditionFailed, Conflict */
export async function removeCollection(services: Services, id: string, preconditions: Preconditions): Promise<void> {
  guard(id);
  if (id === DATASETS) throw conflict('The collection datasets cannot be deleted; datasets are deleted one by one at /api/datasets/{id}.');
  await withTransaction(services.database.pool, async (client) => {
    const stored = await findCollection(client, id, true);
    if (stored === undefined) throw notFound(`Collection ${id}`);
    checkPreconditions(preconditions, collectionVersion(stored));
    await deleteCollection(client, id);
    await releaseSearches(client, 'collection', id);
  });
}
