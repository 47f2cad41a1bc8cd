/** What the caller may see. With AUTH=none nobody is an administrator, so the tiles' collection is hidden from all. */
import { SYSTEM_TILES } from '../src/datasets/collections.js';
import { notFound } from '../src/errors.js';
import { findCollection } from '../src/pgstac/collections.js';
import type { Visibility } from '../src/pgstac/selection.js';
import { type Call, param } from './http.js';

const ANYBODY: Visibility = { hidden: [SYSTEM_TILES] };

/** One place below all routes decides it. */
export const visibilityOf = (): Visibility => ANYBODY;

/** @throws NotFound for a collection that does not exist for the caller: it cannot be told from a missing one */
export function assertVisible(id: string): void {
  if (visibilityOf().hidden.includes(id)) throw notFound(`Collection ${id}`);
}

/** The id of the collection that the path names. @throws NotFound where it does not exist for the caller */
export async function seenCollection({ services, params }: Pick<Call, 'services' | 'params'>): Promise<string> {
  const id = param({ params }, 'collectionId');
  assertVisible(id);
  if ((await findCollection(services.database.pool, id)) === undefined) throw notFound(`Collection ${id}`);
  return id;
}
