/** A transaction that ends with the one who waits for it, also while PostgreSQL works and looks at no connection. */
import type { Pool, PoolClient } from 'pg';
import type { Database } from '../database/index.js';

export interface Held {
  readonly client: PoolClient;
  /** Gives the connection back: after a COMMIT where all is read, else closed. */
  readonly release: (whole: boolean) => Promise<void>;
}

/** A transaction by what tells it from every other one. */
interface Running {
  readonly pid: number;
  readonly began: string;
}

/**
 * Opens a transaction that only reads, without a limit of time: whoever waits is there, or `signal` is aborted and the
 * statement is cancelled. The embedded database has one backend, which hears of nothing while it works.
 * @throws the signal's reason where it was aborted before
 */
export async function hold({ pool, kind }: Pick<Database, 'pool' | 'kind'>, signal: AbortSignal): Promise<Held> {
  signal.throwIfAborted();
  const client = await pool.connect();
  let stop = (): void => {};
  let isReleased = false;
  const release = async (whole: boolean): Promise<void> => {
    // By then the connection may be another's: a second release would close it under that one.
    if (isReleased) return;
    isReleased = true;
    signal.removeEventListener('abort', stop);
    try {
      if (whole) await client.query('COMMIT');
      client.release(whole ? undefined : true);
    } catch (error) {
      client.release(true);
      throw error;
    }
  };
  try {
    await client.query('BEGIN READ ONLY; SET LOCAL statement_timeout = 0');
    if (kind === 'external') {
      const { rows } = await client.query<Running>('SELECT pg_backend_pid() AS pid, transaction_timestamp()::text AS began');
      stop = (): void => void cancel(pool, rows[0]);
    }
    signal.throwIfAborted();
    signal.addEventListener('abort', stop, { once: true });
  } catch (error) {
    client.release(true);
    throw error;
  }
  return { client, release };
}

async function cancel(pool: Pool, running: Running | undefined): Promise<void> {
  if (running === undefined) return;
  const { pid, began } = running;
  await pool.query('SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND xact_start = $2::timestamptz', [pid, began]).catch(() => undefined);
}

/** Runs one piece of work in such a transaction. @throws the signal's reason where it was aborted meanwhile */
export async function whileAwaited<T>(database: Pick<Database, 'pool' | 'kind'>, signal: AbortSignal, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const { client, release } = await hold(database, signal);
  let done = false;
  try {
    const result = await work(client);
    done = true;
    return result;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await release(done);
  }
}
