/** A PostgreSQL that somebody else runs, by DATABASE_URL. */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { DatabaseConfig } from '../config.js';
import { identityToken } from '../azure-identity.js';
import { DomainError, messageOf } from '../errors.js';
import type { Logger } from '../log.js';
import { migrate, type MigrateOptions, type MigrateResult } from './migrate.js';
import type { Database, DatabaseSettings } from './index.js';
import { createPool, type PoolSettings } from './pool.js';
import { createReplica, type Replica } from './replica.js';
import { sqlState } from './transaction.js';

/** What Azure's managed PostgreSQL takes as password of an Entra ID role. */
const TOKEN_SCOPE = 'https://ossrdbms-aad.database.windows.net/.default';

const settingsOf = ({ poolSize, azureToken, tls }: DatabaseConfig): PoolSettings => ({ size: poolSize, ...(azureToken === true ? { password: azurePassword(), tls } : {}) });

/** @throws a function that throws Unavailable: whoever is asked for the token may be back soon */
function azurePassword(): () => Promise<string> {
  const token = identityToken(TOKEN_SCOPE);
  return () =>
    token().catch((cause: unknown) => {
      throw new DomainError('Unavailable', 'This server found no identity that it may show to its database (DATABASE_AUTH=azure).', { retryAfter: 5, cause: new Error(messageOf(cause).split('\n', 1)[0]) });
    });
}

export const openExternalPool = (url: string, config: DatabaseConfig, logger: Logger): pg.Pool =>
  createPool(url, settingsOf(config), logger);

/** The standby of DATABASE_READ_URL. */
export const openReplica = (primary: pg.Pool, config: DatabaseConfig, logger: Logger): Replica | undefined =>
  config.readUrl === undefined ? undefined : createReplica(primary, createPool(config.readUrl, settingsOf(config), logger), logger);

/** {@link migrate}, with a role's missing rights told as what to do about them. */
export async function migrateExternal(pool: pg.Pool, options: MigrateOptions): Promise<MigrateResult> {
  try {
    return await migrate(pool, options);
  } catch (error) {
    if (sqlState(error) !== '42501') throw error;
    throw new Error(
      `The database lacks pgSTAC or our own schema, and the role of DATABASE_URL may not create them (${String(error)}). ` +
        'Run "stac-mosaic migrate" once with a role that owns the database.',
      { cause: error },
    );
  }
}

/** How long to wait before the database that was away is asked again. */
const RETRY_MS = 1000;

/** A database that is away: asked again each second until it is there and migrated; what else is wrong with it is logged and may be mended. */
export function waitFor(base: Pick<Database, 'kind' | 'pool' | 'replica' | 'close'>, migrated: () => Promise<MigrateResult>, settings: DatabaseSettings, logger: Logger): Database {
  let result: MigrateResult | undefined;
  const closing = new AbortController();
  const attempts = async (): Promise<void> => {
    let said = '';
    while (result === undefined && !closing.signal.aborted) {
      try {
        result = await migrated();
      } catch (error) {
        const message = messageOf(error);
        if (message !== said) logger.error(`the database is not ready: ${message}`);
        said = message;
        await delay(RETRY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  };
  const ended = attempts();
  return {
    ...base,
    get pgstacVersion() {
      return result?.pgstac.to ?? settings.database.pgstacVersion;
    },
    get migrated() {
      return result;
    },
    // A server that is told to stop first never hears of it.
    opened: ended.then(() => (result === undefined ? new Promise<never>(() => undefined) : undefined)),
    async close() {
      closing.abort();
      await base.close();
      await ended;
    },
  };
}
