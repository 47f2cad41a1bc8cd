/** Registering and deleting searches as titiler-pgstac's users know it (API.md section 4). */
import { withTransaction } from '../database/index.js';
import { conflict, invalidAt, invalidInput } from '../errors.js';
import { isObject } from '../json.js';
import { deleteExpired, deleteSearch, holdersOf, type RegisteredSearch, registerAgain, registerUserSearch } from '../pgstac/searches.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Services } from '../services.js';
import { registrationQuery } from './registered-query.js';
import { registrationOf } from './registration.js';
import { visibleSearch } from './target.js';

/**
 * Registers a search. The same body gives the id that titiler-pgstac 3.2 gives on the same database (registration.ts).
 * @param text of the body
 */
export async function register({ database }: Pick<Services, 'database'>, body: unknown, text: string): Promise<RegisteredSearch> {
  if (!isObject(body)) throw invalidInput('The body must be a JSON object: a STAC search, with metadata if you like.', [{ path: '', message: 'must be an object' }]);
  if ((body['filter-lang'] ?? 'cql2-json') !== 'cql2-json') throw invalidAt('/filter-lang', 'of a registered search must be cql2-json');
  registrationQuery(body);
  const registration = registrationOf(text);
  const again = await registerAgain(database.pool, registration);
  if (again !== undefined) return again;
  return withTransaction(database.pool, async (client) => {
    await deleteExpired(client);
    return registerUserSearch(client, registration);
  });
}

/** @throws NotFound, or Conflict where a collection or dataset links it */
export async function unregister(services: Pick<Services, 'database'>, id: string, visibility: Visibility): Promise<void> {
  await visibleSearch(services, id, visibility);
  await withTransaction(services.database.pool, async (client) => {
    const [holder] = await holdersOf(client, id);
    if (holder !== undefined) throw conflict(`The ${visibility.hidden.includes(holder.id) ? holder.kind : `${holder.kind} ${holder.id}`} links this search; it goes with it.`);
    await deleteSearch(client, id);
  });
}
