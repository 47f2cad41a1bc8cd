/** Writes the documents of a file in one transaction: while they are checked, or in a second pass once all are known to be good. */
import type { PoolClient } from 'pg';
import { hooked, replace } from '../collections/write.js';
import { withTransaction } from '../database/index.js';
import { conflict } from '../errors.js';
import { createCollection, findCollection, type StacCollection } from '../pgstac/collections.js';
import { existingIds } from '../pgstac/item-rows.js';
import type { StacItem } from '../pgstac/items-write.js';
import type { Services } from '../services.js';
import { insertAll, type Partitions, upsertAll } from '../transactions/bulk.js';
import type { LoadAhead } from './ahead.js';
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

export type LoadServices = Pick<Services, 'database' | 'storedBase' | 'logger'>;

/** Items copied at once: some 2 MB of text. */
const BATCH = 2000;

/** Writes collections and items on one client, in the caller's transaction; items by the batch. */
export class DocumentWriter {
  private readonly waiting = new Map<string, StacItem[]>();
  private items = 0;
  private collections = 0;
  private ignored = 0;

  constructor(
    private readonly client: PoolClient,
    private readonly services: LoadServices,
    private readonly method: LoadMethod,
    private readonly onDone: (count: number) => void = () => undefined,
    /** Partitions that are missing are made `within` the transaction, whose lock on `items` all readers then wait for, or are an error. */
    private readonly partitions: Partitions = 'within',
  ) {}

  /** @throws Conflict where it exists and the method is insert */
  async addCollection(collection: StacCollection): Promise<void> {
    if (await writeCollection(this.client, this.services, collection, this.method)) this.collections += 1;
    else this.ignored += 1;
  }

  /** @throws NotFound for items of a collection that does not exist, Conflict where an id is taken and the method is insert */
  async addItem(item: StacItem): Promise<void> {
    const batch = this.waiting.get(item.collection) ?? [];
    batch.push(item);
    this.waiting.set(item.collection, batch);
    if (batch.length >= BATCH) await this.flush(item.collection);
  }

  async finish(): Promise<Loaded> {
    for (const collection of this.waiting.keys()) await this.flush(collection);
    const { items, collections, ignored } = this;
    return { items, collections, ignored };
  }

  private async flush(collection: string): Promise<void> {
    const batch = this.waiting.get(collection) ?? [];
    this.waiting.delete(collection);
    const written = await writeItems(this.client, collection, batch, this.method, this.partitions);
    this.items += written;
    this.ignored += batch.length - written;
    this.onDone(this.items + this.collections + this.ignored);
  }
}

/**
 * Writes a file, or nothing of it.
 * @param given the collections of the file, written first wherever they stand
 * @param open the documents, from the beginning: asked again where the database wants the transaction repeated
 * @param ahead what was written while the file was checked
 * @throws as {@link DocumentWriter}
 */
export async function writeFile(
  services: LoadServices,
  given: readonly StacCollection[],
  open: () => AsyncIterable<ReadDocument | Unreadable>,
  { method, rules, onDone, signal }: WriteOptions,
  ahead?: LoadAhead,
): Promise<Loaded> {
  const begun = await ahead?.take();
  let written = begun?.loaded;
  const work = async (client: PoolClient): Promise<Loaded> => {
    // Only the first attempt: another may well get the same client.
    const before = written;
    written = undefined;
    if (before !== undefined) return before;
    const writer = new DocumentWriter(client, services, method, (count) => {
      onDone(count);
      signal.throwIfAborted();
    });
    for (const collection of given) await writer.addCollection(collection);
    for await (const read of open()) {
      if ('error' in read) throw new Error(`${read.at} ${read.error}: the file has changed while it was loaded.`);
      const value = loadable(read.document, rules);
      if (value.kind === 'item') await writer.addItem(value.item);
    }
    return writer.finish();
  };
  return withTransaction(services.database.pool, work, { begun: begun?.client });
}

async function writeItems(client: PoolClient, collection: string, items: readonly StacItem[], method: LoadMethod, partitions: Partitions): Promise<number> {
  if (method === 'upsert') {
    await upsertAll(client, collection, items, partitions);
    return items.length;
  }
  const existing = method === 'ignore' ? await existingIds(client, collection, items.map(({ id }) => id)) : new Set<string>();
  const fresh = items.filter(({ id }) => !existing.has(id));
  await insertAll(client, collection, { items: fresh, at: () => '' }, partitions);
  return fresh.length;
}

/** Whether it was written. */
async function writeCollection(client: PoolClient, services: LoadServices, collection: StacCollection, method: LoadMethod): Promise<boolean> {
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
