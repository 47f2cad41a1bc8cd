/** Second pass over a file, into a server: collections one by one, items by its bulk_items; each request whole, the file not. */
import { type Client, ClientError } from '../client/client.js';
import type { JsonObject } from '../json.js';
import { paths } from '../links.js';
import type { StacCollection } from '../pgstac/collections.js';
import type { StacItem } from '../pgstac/items-write.js';
import { loadable } from './check.js';
import type { ReadDocument, Unreadable } from './documents.js';
import type { Loaded, WriteOptions } from './write.js';

/** Items a request, and their text: a server takes 32 MB of JSON unless it is told otherwise. */
const BATCH = 1000;
const BATCH_CHARACTERS = 8 * 1024 * 1024;
/** A repeated upsert is the same; an insert whose answer was lost would find its own items. */
const ATTEMPTS = { insert: 1, upsert: 4, ignore: 1 } as const;

/** @throws ClientError; what was sent before stays */
export async function sendFile(client: Client, collections: readonly StacCollection[], open: () => AsyncIterable<ReadDocument | Unreadable>, options: WriteOptions): Promise<Loaded> {
  const { method, rules, signal } = options;
  for (const collection of collections) await sendCollection(client, collection, options);
  const waiting = new Map<string, { items: StacItem[]; characters: number }>();
  let [items, done] = [0, collections.length];

  async function flush(collection: string): Promise<void> {
    const batch = waiting.get(collection)?.items ?? [];
    waiting.delete(collection);
    await client({ method: 'POST', path: `${paths.collection(collection)}/bulk_items`, body: { items: Object.fromEntries(batch.map((item) => [item.id, item])), method }, attempts: ATTEMPTS[method], signal });
    items += batch.length;
    done += batch.length;
    options.onDone(done);
  }

  for await (const read of open()) {
    if ('error' in read) throw new Error(`${read.at} ${read.error}: the file has changed while it was loaded.`);
    const value = loadable(read.document, rules);
    if (value.kind === 'collection') continue;
    const { item } = value;
    const batch = waiting.get(item.collection) ?? { items: [], characters: 0 };
    batch.items.push(item);
    batch.characters += JSON.stringify(item).length;
    waiting.set(item.collection, batch);
    if (batch.items.length >= BATCH || batch.characters >= BATCH_CHARACTERS) await flush(item.collection);
  }
  for (const collection of waiting.keys()) await flush(collection);
  return { items, collections: collections.length, ignored: 0 };
}

async function sendCollection(client: Client, collection: StacCollection, { method, signal }: WriteOptions): Promise<void> {
  const body: JsonObject = collection;
  try {
    await client({ method: 'POST', path: '/collections', body, signal });
  } catch (error) {
    if (!(error instanceof ClientError) || error.status !== 409 || method !== 'upsert') throw error;
    await client({ method: 'PUT', path: paths.collection(collection.id), body, signal });
  }
}
