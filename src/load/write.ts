/** Second pass over a file whose documents are known to be good: all of them in one transaction. */
import type { PoolClient } from 'pg';
import { hooked, replace } from '../collections/write.js';
import { withTransaction } from '../database/index.js';
import { conflict } from '../errors.js';
import { createCollection, findCollection, type StacCollection } from '../pgstac/collections.js';
import { existingIds } from '../pgstac/item-rows.js';
import type { StacItem } from '../pgstac/items-write.js';
import type { Services } from '../services.js';
import { insertAll, upsertAll } from '../transactions/bulk.js';
import { loadable, type LoadRules } from './check.js';
import type { ReadDocument, Unreadable } from './documents.js';

/** What becomes of documents whose ids exist: an error, replaced, or left as they are. */
export type LoadMethod = 'insert' | 'upsert' | 'ignore';

export interface Loaded {
  readonly items: number;
  readonly collections: number;
  /** Left as they were: method ignore. */
  readonly ignored: number;
}

export interface WriteOptions {
  readonly method: LoadMethod;
  readonly rules: LoadRules;
  readonly onDone: (count: number) => void;
  readonly signal: AbortSignal;
}

/** Items copied at once: some 10 MB of text. A partition is widened once for each, as pypgstac does with chunks of 10,000. */
const BATCH = 5000;

/**
 * Writes a file, or nothing of it.
 * @param given the collections of the file, written first wherever they stand
 * @param open the documents, from the beginning: asked again where the database wants the transaction repeated
 * @throws NotFound for items of a collection that does not exist, Conflict where an id is taken and the method is insert
 */
export function writeFile(
  services: Pick<Services, 'database' | 'storedBase' | 'logger'>,
  given: readonly StacCollection[],
  open: () => AsyncIterable<ReadDocument | Unreadable>,
  options: WriteOptions,
): Promise<Loaded> {
  return withTransaction(services.database.pool, async (client) => {
    const waiting = new Map<string, StacItem[]>();
    let [items, collections, ignored, done] = [0, 0, 0, given.length];

    async function flush(collection: string): Promise<void> {
      const batch = waiting.get(collection) ?? [];
      waiting.delete(collection);
      const written = await writeItems(client, collection, batch, options.method);
      items += written;
      ignored += batch.length - written;
      done += batch.length;
      options.onDone(done);
      options.signal.throwIfAborted();
    }

    for (const collection of given) {
      if (await writeCollection(client, services, collection, options.method)) collections += 1;
      else ignored += 1;
    }
    for await (const read of open()) {
      if ('error' in read) throw new Error(`${read.at} ${read.error}: the file has changed while it was loaded.`);
      const value = loadable(read.document, options.rules);
      if (value.kind === 'collection') continue;
      const batch = waiting.get(value.item.collection) ?? [];
      batch.push(value.item);
      waiting.set(value.item.collection, batch);
      if (batch.length >= BATCH) await flush(value.item.collection);
    }
    for (const collection of waiting.keys()) await flush(collection);
    return { items, collections, ignored };
  });
}

async function writeItems(client: PoolClient, collection: string, items: readonly StacItem[], method: LoadMethod): Promise<number> {
  if (method === 'upsert') {
    await upsertAll(client, collection, items, 'within');
    return items.length;
  }
  const existing = method === 'ignore' ? await existingIds(client, collection, items.map(({ id }) => id)) : new Set<string>();
  const fresh = items.filter(({ id }) => !existing.has(id));
  await insertAll(client, collection, { items: fresh, at: () => '' }, 'within');
  return fresh.length;
}

/** Whether it was written. */
async function writeCollection(client: PoolClient, services: Pick<Services, 'storedBase' | 'logger'>, collection: StacCollection, method: LoadMethod): Promise<boolean> {
  const stored = await findCollection(client, collection.id, 'FOR NO KEY UPDATE');
  if (stored === undefined) {
    await createCollection(client, collection);
    await hooked(client, services, collection);
    return true;
  }
  if (method === 'insert') throw conflict(`Collection ${collection.id} exists; --method upsert replaces it, --method ignore leaves it.`);
  if (method === 'ignore') return false;
  await replace(client, services, stored, collection);
  return true;
}
