/** Registering and deleting searches as titiler-pgstac's users know it (API.md section 4). */
import { withTransaction } from '../database/index.js';
import { conflict, invalidAt, invalidInput } from '../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { deleteSearch, holdersOf, registerSearch, type RegisteredSearch } from '../pgstac/searches.js';
import type { Visibility } from '../pgstac/selection.js';
import { fromBody } from '../search/parse.js';
import type { Services } from '../services.js';
import { visibleSearch } from './target.js';

/** Members that say how results are paged or shown, not what is searched: never part of a registered search. */
const NOT_STORED = ['metadata', 'limit', 'token', 'fields', 'conf'];

/**
 * Registers a search. The same body gives the id that titiler-pgstac 3.2 gives on the same database: it adds
 * `filter-lang` and the metadata `type`, and drops nulls (shared/field/FEATURES.md C3).
 */
export async function register({ database }: Pick<Services, 'database'>, body: unknown): Promise<RegisteredSearch> {
  if (!isObject(body)) throw invalidInput('The body must be a JSON object: a STAC search, with metadata if you like.', [{ path: '', message: 'must be an object' }]);
  if ((body['filter-lang'] ?? 'cql2-json') !== 'cql2-json') throw invalidAt('/filter-lang', 'of a registered search must be cql2-json');
  const { metadata = {} } = body;
  if (metadata !== null && !isObject(metadata)) throw invalidAt('/metadata', 'must be an object');
  fromBody(body, NOT_STORED);
  const said = Object.entries(body).filter(([name, value]) => value !== null && !NOT_STORED.includes(name));
  const search = { 'filter-lang': 'cql2-json', ...Object.fromEntries(said) };
  const described = Object.fromEntries(Object.entries(metadata ?? {}).filter(([, value]) => value !== null));
  return withTransaction(database.pool, (client) => registerSearch(client, search, { type: 'mosaic', ...described } satisfies JsonObject, true));
}

/** @throws NotFound, or Conflict where a collection or dataset links it */
export async function unregister(services: Pick<Services, 'database'>, id: string, visibility: Visibility): Promise<void> {
  await visibleSearch(services, id, visibility);
  await withTransaction(services.database.pool, async (client) => {
    const [holder] = await holdersOf(client, id);
    if (holder !== undefined) throw conflict(`The ${holder.kind} ${holder.id} links this search; it goes with it.`);
    await deleteSearch(client, id);
  });
}
