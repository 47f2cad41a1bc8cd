/** Our own tables, in the schema stac_mosaic beside pgSTAC's, migrated by node-pg-migrate from plain SQL files. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type pg from 'pg';
import type { Logger } from '../log.js';

/** The files stay where they are written: three levels above dist/src/database lies the package. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../src/database/migrations', import.meta.url));
const SCHEMA = 'stac_mosaic';
const TABLE = 'migrations';

/** The names of the migrations that the database lacks, in order. */
export async function pendingMigrations(client: pg.ClientBase): Promise<string[]> {
  const known = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith('.sql')).map((name) => name.slice(0, -4));
  const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass('${SCHEMA}.${TABLE}') IS NOT NULL AS there`);
  if (rows[0]?.there !== true) return known.toSorted();
  const done = await client.query<{ name: string }>(`SELECT name FROM ${SCHEMA}.${TABLE}`);
  const names = new Set(done.rows.map((row) => row.name));
  return known.filter((name) => !names.has(name)).toSorted();
}

/**
 * Runs what is pending in one transaction and returns the names. The caller holds the lock that keeps other instances
 * away; the runner is left alone when nothing is pending, because it wants CREATE rights even then.
 */
export async function migrateOwnSchema(client: pg.ClientBase, logger: Logger): Promise<string[]> {
  const pending = await pendingMigrations(client);
  if (pending.length === 0) return [];
  const log = (message: string): void => logger.debug(message);
  const run = await runner({
    dbClient: client,
    dir: MIGRATIONS_FOLDER,
    direction: 'up',
    migrationsSchema: SCHEMA,
    createMigrationsSchema: true,
    migrationsTable: TABLE,
    singleTransaction: true,
    noLock: true,
    // Branches that ended in another order than their numbers leave a database that has run the later one.
    checkOrder: false,
    logger: { debug: log, info: log, warn: log, error: (message: string) => logger.error(message) },
  });
  return run.map((migration) => migration.name);
}
