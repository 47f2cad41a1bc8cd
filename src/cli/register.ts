/** `stac-mosaic register`: the hook for collections that came in another way, as with pypgstac: a search and its links for each. */
import { withTransaction } from '../database/index.js';
import { SYSTEM_TILES } from '../datasets/collections.js';
import { messageOf, notFound } from '../errors.js';
import { registerCollectionSearch } from '../hooks/collection-search.js';
import { sameJson } from '../json.js';
import { findCollection, listCollections, updateCollection } from '../pgstac/collections.js';
import { toDomainError } from '../pgstac/errors.js';
import { type Catalogue, withCatalogue } from './catalogue.js';
import { EXIT, type ExitCode, wrongUsage } from './exit.js';
import type { JsonOptions } from './options.js';
import { counted, progress, readConfig, say, table } from './output.js';

interface Registered {
  readonly collection: string;
  readonly search_id: string | null;
  /** Whether the collection got something that it did not have. */
  readonly changed: boolean;
  readonly error?: string;
}

export async function register(signal: AbortSignal, names: string[], { all, json }: JsonOptions & { readonly all?: boolean }): Promise<ExitCode> {
  if ((all === true) === names.length > 0) throw wrongUsage(all === true ? '--all registers every collection: name none beside it.' : 'Name the collections, or say --all.');
  const results = await withCatalogue(readConfig(), async (catalogue) => {
    const ids = all === true ? (await listCollections(catalogue.database.pool, [SYSTEM_TILES])).map(({ id }) => id) : [...new Set(names)];
    const done: Registered[] = [];
    for (const id of ids) {
      signal.throwIfAborted();
      done.push(await registerOne(catalogue, id));
    }
    return done;
  });
  const failed = results.filter(({ error }) => error !== undefined);
  if (json === true) say(JSON.stringify({ collections: results }));
  else {
    const good = results.filter(({ error }) => error === undefined);
    if (good.length > 0) say(table(good.map(({ collection, search_id: id, changed }) => [collection, id ?? '', changed ? 'registered' : 'was registered'])));
  }
  for (const { collection, error } of failed) progress(`${collection}: ${error}`);
  if (failed.length === 0) return EXIT.done;
  progress(`${counted(failed.length, 'collection')} of ${results.length} failed.`);
  return failed.length < results.length ? EXIT.partly : EXIT.failed;
}

/** In a transaction of its own, so that one which fails leaves the others alone. */
async function registerOne(catalogue: Catalogue, id: string): Promise<Registered> {
  try {
    return await withTransaction(catalogue.database.pool, async (client) => {
      const stored = id === SYSTEM_TILES ? undefined : await findCollection(client, id, 'FOR NO KEY UPDATE');
      if (stored === undefined) throw notFound(`Collection ${id}`);
      const { collection, searchId } = await registerCollectionSearch(client, stored, catalogue);
      if (searchId === null) throw new Error('its search could not be registered; the log says why.');
      const changed = !sameJson(collection, stored);
      if (changed) await updateCollection(client, collection);
      return { collection: id, search_id: searchId, changed };
    });
  } catch (error) {
    const known = toDomainError(error);
    return { collection: id, search_id: null, changed: false, error: known.kind === 'Internal' ? messageOf(error) : known.message };
  }
}
