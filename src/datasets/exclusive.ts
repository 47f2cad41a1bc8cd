/** One at a time for the stored copies of a dataset, whatever the blob store takes its time for. */
import type { ClientBase, Pool } from 'pg';
import { type Database, withTransaction } from '../database/index.js';
import { ofEach } from '../database/of-each.js';
import { lockDataset } from './records.js';

/** The last of those that wait, by the database and the dataset's id. */
const queueOf = ofEach<Map<string, Promise<unknown>>>(() => new Map());

/**
 * On PostgreSQL under the lock on the id, in a transaction that holds one connection of many. The embedded database has one
 * backend, which a slow store would hold from everybody, and one server process, in which a queue does as well.
 */
export function exclusively<T>({ kind, pool }: Pick<Database, 'kind' | 'pool'>, id: string, work: (db: Pool | ClientBase) => Promise<T>): Promise<T> {
  if (kind === 'embedded') return queued(pool, id, () => work(pool));
  return withTransaction(pool, async (client) => {
    await lockDataset(client, id);
    return work(client);
  });
}

async function queued<T>(pool: Pool, id: string, work: () => Promise<T>): Promise<T> {
  const queue = queueOf(pool);
  const turn = (queue.get(id) ?? Promise.resolve()).then(work, work);
  queue.set(id, turn);
  try {
    return await turn;
  } finally {
    if (queue.get(id) === turn) queue.delete(id);
  }
}
