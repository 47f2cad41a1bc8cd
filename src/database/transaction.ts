/** One transaction: committed whole or rolled back, tried again when the database asks for it, never leaking its client. */
import { channel } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { DomainError } from '../errors.js';
import { inSpan } from '../telemetry/spans.js';

/** Where the end of each attempt is told to whoever counts them. */
export const TRANSACTIONS = 'stac-mosaic:transaction';

export interface TransactionEnd {
  readonly outcome: 'committed' | 'rolled back' | 'retried' | 'unknown';
  readonly seconds: number;
}

const ends = channel(TRANSACTIONS);

export interface TransactionOptions {
  /** How often the work is tried again after a deadlock or a serialization failure. */
  readonly retries?: number;
  /** A client of {@link begin}, on which the first attempt goes on. */
  readonly begun?: pg.PoolClient | undefined;
}

/** The connection went away while COMMIT was on its way: the writes may be there or not, and only a look can tell. */
export class UnknownOutcomeError extends DomainError {
  constructor(cause: unknown) {
    super('Unavailable', 'The database was lost while it committed: the write may or may not have happened. Look before repeating it.', {
      cause,
      retryAfter: 5,
    });
    this.name = 'UnknownOutcomeError';
  }
}

const DEFAULT_RETRIES = 4;
const FIRST_PAUSE_MS = 20;
/** deadlock_detected and serialization_failure: nothing was done, and the same work may succeed now. */
const RETRYABLE = new Set(['40P01', '40001']);

/** Whether the transaction as a whole may be tried again. */
export const isRetryable = (error: unknown): boolean => RETRYABLE.has(sqlState(error) ?? '');

/**
 * Runs `work` between BEGIN and COMMIT on one client. `work` must keep its effects inside the database, because it runs
 * again (at most `retries` times, after a pause with jitter) when PostgreSQL reports a deadlock or a serialization failure.
 * Its errors are passed on as they are after ROLLBACK; a connection lost during COMMIT is an {@link UnknownOutcomeError}.
 */
export async function withTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  const retries = options.retries ?? DEFAULT_RETRIES;
  for (let attempt = 0; ; attempt += 1) {
    const began = performance.now();
    const ended = (outcome: TransactionEnd['outcome']): void => ends.publish({ outcome, seconds: (performance.now() - began) / 1000 } satisfies TransactionEnd);
    try {
      const result = await once(pool, work, attempt === 0 ? options.begun : undefined);
      ended('committed');
      return result;
    } catch (error) {
      const retried = attempt < retries && isRetryable(error);
      ended(retried ? 'retried' : error instanceof UnknownOutcomeError ? 'unknown' : 'rolled back');
      if (!retried) throw error;
      await delay(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

/** A client in a transaction of its own; who asked for it ends it, by {@link withTransaction} or {@link giveUp}. */
export async function begin(pool: pg.Pool): Promise<pg.PoolClient> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Rolls back what was begun, and gives its client back. */
export async function giveUp(client: pg.PoolClient): Promise<void> {
  client.release(!(await rolledBack(client)));
}

const once = <T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>, begun: pg.PoolClient | undefined): Promise<T> =>
  inSpan('transaction', { 'db.system.name': 'postgresql' }, async () => finish(begun ?? (await begin(pool)), work));

async function finish<T>(client: pg.PoolClient, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let broken = false;
  try {
    const result = await work(client);
    await commit(client);
    return result;
  } catch (error) {
    broken = error instanceof UnknownOutcomeError || !(await rolledBack(client));
    throw error;
  } finally {
    client.release(broken);
  }
}

async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query('COMMIT').catch((error: unknown) => {
    // With a severity of ERROR the server itself says that nothing was committed; all else leaves it open.
    if (severity(error) === 'ERROR') throw error;
    throw new UnknownOutcomeError(error);
  });
  // COMMIT of an aborted transaction succeeds as a ROLLBACK: an error inside was caught and not passed on.
  if (command === 'ROLLBACK') throw new Error('The transaction was rolled back because one of its statements failed.');
}

/** ROLLBACK; false when the connection cannot even do that and has to go. */
const rolledBack = (client: pg.PoolClient): Promise<boolean> => client.query('ROLLBACK').then(() => true, () => false);

/** The five characters of an SQLSTATE, where the error came from PostgreSQL. */
export function sqlState(error: unknown): string | undefined {
  const code = member(error, 'code');
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

const severity = (error: unknown): string | undefined => member(error, 'severity');

function member(error: unknown, name: 'code' | 'severity'): string | undefined {
  if (typeof error !== 'object' || error === null || !(name in error)) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
