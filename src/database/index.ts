/** Where a pg.Pool comes from: DATABASE_URL, or the embedded pgSTAC; migrated and ready either way. */
import { join } from 'node:path';
import type pg from 'pg';
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import { ensurePgstacSql } from '../setup/index.js';
import { isAway, isExhausted } from './away.js';
import { migrateExternal, openExternalPool, openReplica, waitFor } from './external.js';
import { migrate, type MigrateOptions, type MigrateResult } from './migrate.js';
import { createPool, endPool } from './pool.js';
import type { Replica } from './replica.js';
import type { SeedCollection } from './seed.js';

export { withTransaction, UnknownOutcomeError } from './transaction.js';
export { PgstacVersionError } from './pgstac-release.js';
export type { SeedCollection } from './seed.js';
export type { MigrateResult } from './migrate.js';

export interface Database {
  readonly kind: 'embedded' | 'external';
  readonly pool: pg.Pool;
  /** A standby for what only reads; undefined without one. */
  readonly replica?: Replica | undefined;
  /** The release that is installed; that of the configuration until the database is there. */
  readonly pgstacVersion: string;
  /** What opening it has changed; undefined until it is there. */
  readonly migrated: MigrateResult | undefined;
  /** Resolves when the database is there and migrated: at once, but where `openDatabase` was told to wait for it. */
  readonly opened: Promise<void>;
  /** Waits for the clients that are out (at most 10 s), ends the pool, and stops the embedded database. */
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly logger: Logger;
  /** Documents of the collections that have to exist. */
  readonly collections: readonly SeedCollection[];
  /** Upgrade a pgSTAC that works as it is (`stac-mosaic migrate`). The embedded one is always upgraded. */
  readonly upgrade?: boolean;
  /** Answer also when the PostgreSQL of DATABASE_URL cannot be reached, and go on trying: see `opened`. */
  readonly waits?: boolean;
  readonly onProgress?: ((message: string) => void) | undefined;
}

export type DatabaseSettings = Pick<Config, 'database' | 'dataDir' | 'cacheDir'> & { readonly wheelDir?: string | undefined; readonly embeddedTemplate?: string | undefined };

/**
 * Opens the database of the configuration and migrates it. Throws a PgstacVersionError for a pgSTAC that is not supported,
 * a SetupError when its SQL is needed and cannot be fetched, or pg's error when the database cannot be reached.
 */
export async function openDatabase(settings: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const { url } = settings.database;
  return url === undefined ? openEmbedded(settings, options) : openExternal(url, settings, options);
}

const migrateOptions = (settings: DatabaseSettings, options: OpenOptions, upgrade: boolean): MigrateOptions => ({
  pgstacFolder: () =>
    ensurePgstacSql({ cacheDir: settings.cacheDir, wheelDir: settings.wheelDir, onProgress: options.onProgress }),
  version: settings.database.pgstacVersion,
  upgrade,
  collections: options.collections,
  logger: options.logger,
  onProgress: options.onProgress,
});

async function openExternal(url: string, settings: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const pool = openExternalPool(url, settings.database, options.logger);
  const migrated = (): Promise<MigrateResult> => migrateExternal(pool, migrateOptions(settings, options, options.upgrade ?? false));
  const replica = openReplica(pool, settings.database, options.logger);
  const close = async (): Promise<void> => {
    if (replica !== undefined) await endPool(replica.pool, options.logger);
    await endPool(pool, options.logger);
  };
  const base = { kind: 'external' as const, pool, replica, close };
  try {
    return { ...base, ...there(await migrated()) };
  } catch (error) {
    if (options.waits === true && (isAway(error) || isExhausted(error))) return waitFor(base, migrated, settings, options.logger);
    await close();
    throw error;
  }
}

const there = (migrated: MigrateResult): Pick<Database, 'pgstacVersion' | 'migrated' | 'opened'> =>
  ({ pgstacVersion: migrated.pgstac.to, migrated, opened: Promise.resolve() });

async function openEmbedded(settings: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const { logger, onProgress } = options;
  // Loaded only here: a server on PostgreSQL has no use for PGlite.
  const { beginAsCopy, startEmbedded } = await import('./embedded/index.js');
  const dataDir = join(settings.dataDir, 'database');
  if (settings.embeddedTemplate !== undefined) await beginAsCopy(join(settings.embeddedTemplate, 'database'), dataDir, onProgress);
  const embedded = await startEmbedded({
    dataDir,
    logger,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const pool = createPool(embedded.connection, { size: settings.database.poolSize }, logger);
  const close = async (): Promise<void> => {
    await endPool(pool, logger);
    await embedded.stop();
  };
  try {
    const migrated = await migrate(pool, migrateOptions(settings, options, true));
    return { kind: 'embedded', pool, ...there(migrated), close };
  } catch (error) {
    await close();
    throw error;
  }
}
