/** Items as they are written: completed where the rules allow it, then judged by the schemas and our own rules. */
import type { PoolClient } from 'pg';
import { SYSTEM_TILES } from '../datasets/collections.js';
import { DomainError, type Fault, invalidAt, invalidInput, notFound } from '../errors.js';
import { isObject } from '../json.js';
import { findCollection } from '../pgstac/collections.js';
import type { StacItem } from '../pgstac/items-write.js';
import type { Services } from '../services.js';
import { forSchema, storedItemLinks } from '../stac/stored.js';

/**
 * An item with what API.md section 8 (Transactions) lets a caller leave out.
 * @param at where it stands in the body, as a JSON pointer
 * @param id the id that its place says, where it says one
 * @throws InvalidInput where it is of another collection or id than its place
 */
export function complete(body: unknown, collection: string, at: string, id?: string): StacItem {
  if (!isObject(body) || body['type'] !== 'Feature') throw invalidAt(`${at}/type`, 'must be "Feature": a STAC Item');
  const given = body['collection'];
  if (given !== undefined && given !== null && given !== collection) throw invalidAt(`${at}/collection`, `is ${JSON.stringify(given)}, but the URL says ${JSON.stringify(collection)}`);
  if (id !== undefined && body['id'] !== undefined && body['id'] !== id) throw invalidAt(`${at}/id`, `is ${JSON.stringify(body['id'])}, but its place says ${JSON.stringify(id)}`);
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

/** What `?validate=only` answers: nothing was written. */
export interface Check {
  readonly valid: true;
  readonly count: number;
  /** URIs of extensions whose schemas are not at hand (README, Schemas of extensions): of their members nothing is said. */
  readonly unchecked_extensions: readonly string[];
}

export const checkOf = (count: number, unchecked: readonly string[]): Check => ({ valid: true, count, unchecked_extensions: unchecked });

/** @returns the extensions that could not be checked. @throws InvalidInput with the faults of all items */
export async function validate(services: Services, items: readonly StacItem[], at: (i: number) => string): Promise<string[]> {
  const results = await services.validator.validateMany(items.map(forSchema), 'item');
  const faults: Fault[] = results.flatMap((result, i) => result.faults.map((fault) => ({ ...fault, path: at(i) + fault.path })));
  if (faults.length > 0) throw invalidInput(`Not valid STAC; ${faults.length} fault(s), the first: ${faults[0]?.path} ${faults[0]?.message}`, faults);
  return [...new Set(results.flatMap(({ unchecked }) => unchecked))].toSorted();
}

/** What `work` makes of a body; its faults count only where the collection exists: a body for a missing one is 404 whatever it holds. */
export async function ofCollection<T>(services: Services, collection: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'InvalidInput') await checkCollection(services.database.pool, collection);
    throw error;
  }
}

/** @throws NotFound */
export async function checkCollection(db: Services['database']['pool'] | PoolClient, collection: string): Promise<void> {
  if (collection === SYSTEM_TILES || (await findCollection(db, collection)) === undefined) throw notFound(`Collection ${collection}`);
}
