/** What was read of the database, remembered for as long as nobody has written anything: never older than this moment. */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { ofEach } from '../database/of-each.js';

interface Remembered<T> {
  readonly snapshot: string;
  readonly value: T;
}

/**
 * Answers are kept together with PostgreSQL's snapshot: as long as no transaction has ended since, in whatever program, the
 * same rows are visible (0.2 ms to ask). Where it changed while something was being found, it is found again the next time.
 * `now` is given where one request looks for several things: all of them are as of its moment, which is asked for once.
 */
export function asOfNow<T extends object>(max: number): (pool: Pool, key: string, find: () => Promise<T>, now?: Moment) => Promise<T> {
  const cacheOf = ofEach<LRUCache<string, Remembered<T>>>(() => new LRUCache({ max }));
  return async (pool, key, find, now = momentOf(pool)) => {
    const cache = cacheOf(pool);
    const snapshot = await now();
    const known = cache.get(key);
    if (known?.snapshot === snapshot) return known.value;
    const value = await find();
    // Snapshots only grow: the same one before and after was the same in between.
    if ((await snapshotOf(pool)) === snapshot) cache.set(key, { snapshot, value });
    return value;
  };
}

/** A snapshot that is taken when it is first needed. */
export type Moment = () => Promise<string>;

export function momentOf(pool: Pool): Moment {
  let snapshot: Promise<string> | undefined;
  return () => (snapshot ??= snapshotOf(pool));
}

/**
 * Names which transactions have ended; all databases of the server share it. A standby's snapshot leaves out which of
 * those between its ends still run, so there it is how far the log has been replayed, looked at before the rows are.
 */
export async function snapshotOf(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ snapshot: string }>('SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text ELSE pg_current_snapshot()::text END AS snapshot');
  return rows[0]?.snapshot ?? '';
}
