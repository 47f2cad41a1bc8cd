/** A PostgreSQL that somebody else runs, by DATABASE_URL. */
import type pg from 'pg';
import type { DatabaseConfig } from '../config.js';
import type { Logger } from '../log.js';
import { migrate, type MigrateOptions, type MigrateResult } from './migrate.js';
import { createPool } from './pool.js';
import { sqlState } from './transaction.js';

export const openExternalPool = (url: string, config: DatabaseConfig, logger: Logger): pg.Pool =>
  createPool(url, { size: config.poolSize }, logger);

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
