/** Partitions of `items` are made apart from the writes that need them. */
import type { Pool, PoolClient } from 'pg';
import { sqlState, withTransaction } from '../database/transaction.js';
import { preparePartitions, type StacItem } from './items-write.js';

/** Rows for which there is no partition, or one that is closed for their time: PostgreSQL's check_violation. */
class MissingPartition extends Error {
  constructor(
    readonly collection: string,
    readonly items: readonly StacItem[],
    cause: unknown,
  ) {
    super(`Collection ${collection} has no partition for an item.`, { cause });
  }
}

/** Does a write of items, and says of which when it failed for want of a partition. */
export async function written<T>(collection: string, items: readonly StacItem[], write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw sqlState(error) === '23514' ? new MissingPartition(collection, items, error) : error;
  }
}

const ATTEMPTS = 4;

/**
 * A transaction that writes items without looking for their partitions first, which are there but for a collection's first
 * items. Where one is missing, all is rolled back, the partition is made, and the work done again: two transactions that
 * hold `items` and both make a partition of it wait for each other, and pgSTAC hides the deadlock (check_partition).
 */
export async function withPartitions<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withTransaction(pool, work);
    } catch (error) {
      if (!(error instanceof MissingPartition) || attempt >= ATTEMPTS) throw error;
      await makePartitions(pool, error.collection, error.items);
    }
  }
}

/** One maker a collection at a time; the others then find it made. */
const makePartitions = (pool: Pool, collection: string, items: readonly StacItem[]): Promise<void> =>
  withTransaction(pool, async (client) => {
    await lockCollectionItems(client, collection);
    await preparePartitions(client, collection, items);
  });

/** One at a time, until the transaction ends: makers of partitions, and writers of ids that no index keeps unique. */
export async function lockCollectionItems(client: PoolClient, collection: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`stac-mosaic items ${collection}`]);
}
