/** Where a pg.Pool comes from: DATABASE_URL, or the embedded pgSTAC; migrated and ready either way. */
import { join } from 'node:path';
import type pg from 'pg';
import type { Config } from '../config.js';
import type { Logger } from '../log.js';
import { ensurePgstacSql } from '../setup/index.js';
import { migrateExternal, openExternalPool } from './external.js';
import { migrate, type MigrateOptions, type MigrateResult } from './migrate.js';
import { createPool, endPool } from './pool.js';
import type { SeedCollection } from './seed.js';

export { withTransaction, UnknownOutcomeError } from './transaction.js';
export { PgstacVersionError } from './pgstac-release.js';
export type { SeedCollection } from './seed.js';
export type { MigrateResult } from './migrate.js';

export interface Database {
  readonly kind: 'embedded' | 'external';
  readonly pool: pg.Pool;
  readonly pgstacVersion: string;
  /** What opening it has changed. */
  readonly migrated: MigrateResult;
  /** Waits for the clients that are out (at most 10 s), ends the pool, and stops the embedded database. */
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly logger: Logger;
  /** Documents of the collections that have to exist. */
  readonly collections: readonly SeedCollection[];
  /** Upgrade a pgSTAC that works as it is (`stac-mosaic migrate`). The embedded one is always upgraded. */
  readonly upgrade?: boolean;
  readonly onProgress?: ((message: string) => void) | undefined;
}

export type DatabaseSettings = Pick<Config, 'database' | 'dataDir' | 'cacheDir'> & { readonly wheelDir?: string | undefined };

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
  try {
    const migrated = await migrateExternal(pool, migrateOptions(settings, options, options.upgrade ?? false));
    return { kind: 'external', pool, pgstacVersion: migrated.pgstac.to, migrated, close: () => endPool(pool, options.logger) };
  } catch (error) {
    await endPool(pool, options.logger);
    throw error;
  }
}

async function openEmbedded(settings: DatabaseSettings, options: OpenOptions): Promise<Database> {
  const { logger, onProgress } = options;
  // Loaded only here: a server on PostgreSQL has no use for PGlite.
  const { startEmbedded } = await import('./embedded/index.js');
  const embedded = await startEmbedded({
    dataDir: join(settings.dataDir, 'database'),
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
    return { kind: 'embedded', pool, pgstacVersion: migrated.pgstac.to, migrated, close };
  } catch (error) {
    await close();
    throw error;
  }
}
