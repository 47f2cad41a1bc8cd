/** The one place where a Pool is made: session settings, time limits, and who hears of a lost connection. */
import { Client, Pool, type PoolConfig } from 'pg';
import type { Logger } from '../log.js';

export interface PoolSettings {
  /** The most connections at once. */
  readonly size: number;
  /** What a statement may take, in milliseconds; 0 is no limit. */
  readonly statementTimeoutMs?: number;
  /** Asked for each new connection, in the place of a password. */
  readonly password?: (() => Promise<string>) | undefined;
  /** Whether connections are encrypted where the URL does not say (`sslmode`); libpq's PGSSLMODE unless told. */
  readonly tls?: boolean | undefined;
}

/** A search or a mosaic over millions of items ends within this; a client has long gone by then. */
const STATEMENT_TIMEOUT_MS = 60_000;
/** Our transactions never wait for a client's upload: one that idles belongs to a process that hangs. */
const IDLE_IN_TRANSACTION_MS = 60_000;
/** How long a request queues for a connection before it is told to come back. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A connection that is silent for so long is probed: by the system's own habit, a dead one is noticed after two hours. */
const KEEP_ALIVE_MS = 30_000;
const END_TIMEOUT_MS = 10_000;

/**
 * Settings of every session. Custom plans because PostgreSQL swaps a prepared search for a generic plan after five
 * executions, which is four times slower; jit and parallel workers cost more than they save on a page of items.
 */
function sessionOptions(statementTimeoutMs: number): string {
  const settings = {
    search_path: 'pgstac,public',
    plan_cache_mode: 'force_custom_plan',
    jit: 'off',
    max_parallel_workers_per_gather: '0',
    statement_timeout: String(statementTimeoutMs),
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
    timezone: 'UTC',
  };
  return Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

/** A pool on one database, from a libpq URL or from pg's own connection settings. */
export function createPool(connection: string | PoolConfig, settings: PoolSettings, logger: Logger): Pool {
  const { own, rest } = typeof connection === 'string' ? splitOptions(connection) : { own: '', rest: connection };
  const pool = new Pool({
    application_name: 'stac-mosaic',
    ...(settings.password === undefined ? {} : asking(settings.password)),
    ...(settings.tls === undefined ? {} : { ssl: settings.tls }),
    ...rest,
    options: `${sessionOptions(settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS)} ${own}`.trim(),
    max: settings.size,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  pool.on('error', (error) => logger.warn({ err: error }, 'an idle database connection was lost'));
  // pg removes the pool's listener while a client is out; an 'error' without any listener would end the process.
  pool.on('connect', (client) => client.on('error', (error) => logger.debug({ err: error }, 'a database connection was lost')));
  return pool;
}

/** A URL's own password, even none, would win over one of the settings. */
function asking(password: () => Promise<string>): Pick<PoolConfig, 'Client'> {
  return {
    Client: class extends Client {
      constructor(config?: ConstructorParameters<typeof Client>[0]) {
        super(config);
        Reflect.set(this, 'password', password);
      }
    },
  };
}

/**
 * Ends a pool: clients that are out are waited for, but not for ever, because a request that never gives its client back
 * must not keep the process from stopping.
 */
export async function endPool(pool: Pool, logger: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), END_TIMEOUT_MS)));
  if ((await Promise.race([pool.end(), tooLong])) === 'late') {
    logger.warn({ clients: pool.totalCount }, 'database clients were not given back in time');
  }
  clearTimeout(timer);
}

/** pg lets `?options=` of a URL replace ours: taken out of the URL, it is added after ours and so wins setting by setting. */
function splitOptions(url: string): { own: string; rest: PoolConfig } {
  const [base = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const own = parameters.get('options') ?? '';
  parameters.delete('options');
  const connectionString = parameters.size === 0 ? base : `${base}?${parameters.toString()}`;
  return { own, rest: { connectionString } };
}
