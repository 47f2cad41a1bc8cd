/**
 * The database of a test file: `TEST_DATABASE=embedded` (the default) or `postgres`. Both are copies of a template that is
 * built once for each pgSTAC release and state of our migrations, so that a file has its own within seconds.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { loadConfig, type DatabaseConfig } from '../../src/config.js';
import { openDatabase, withTransaction, type Database } from '../../src/database/index.js';
import { MIGRATIONS_FOLDER } from '../../src/database/own-schema.js';
import { SEED_COLLECTIONS } from '../../src/datasets/collections.js';
import { silentLogger } from '../../src/log.js';
import { cloneTemplate } from './postgres.js';

export interface TestDatabase {
  readonly kind: 'embedded' | 'external';
  readonly pool: Pool;
  readonly pgstacVersion: string;
  /** What a server's configuration says of a database that is open in another process (external only: embedded has one owner). */
  readonly config: DatabaseConfig;
  /** Brings the database back to what it was when it was new, in well below a second. */
  reset(): Promise<void>;
  /** Ends the pool and removes the database; fails when a client was never given back. */
  close(): Promise<void>;
}

/** A database that a server process under test opens by itself. */
export interface ServerDatabase {
  /** The variables that make a server open it. */
  readonly env: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export interface TestDatabaseOptions {
  readonly pgstacVersion?: string;
}

export const testsOnPostgres = (): boolean => process.env['TEST_DATABASE'] === 'postgres';

/** Connections of a test's pool: more than one, so that a client that was forgotten is not found by a hang alone. */
const POOL_SIZE = 8;
const DEFAULT_RELEASE = process.env['PGSTAC_VERSION'] ?? '0.10.0';
/** Where the wheels and the templates are kept between runs. */
export const cacheDir = loadConfig({ CACHE_DIR: process.env['CACHE_DIR'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }).cacheDir;

/** A new, migrated and seeded database with a pool on it. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const pgstacVersion = options.pgstacVersion ?? DEFAULT_RELEASE;
  const copy = await copyOfTemplate(pgstacVersion);
  const opened = await open(copy.settings);
  const out = new Set<PoolClient>();
  opened.pool.on('acquire', (client) => out.add(client));
  opened.pool.on('release', (_error, client) => out.delete(client));
  return {
    kind: opened.kind,
    pool: opened.pool,
    pgstacVersion: opened.pgstacVersion,
    config: copy.settings.database,
    reset: () => reset(opened.pool),
    close: async () => {
      // Requests whose clients have left may still be at their last statement; what is out after that was forgotten.
      for (let tries = 0; out.size > 0 && tries < 100; tries += 1) await delay(50);
      const leaked = [...out];
      for (const client of leaked) client.release(true);
      await opened.close();
      await copy.remove();
      if (leaked.length > 0) throw new Error(`${leaked.length} database client(s) were never released.`);
    },
  };
}

/** The same, closed: for a test that starts the server as a process of its own. */
export async function createServerDatabase(options: TestDatabaseOptions = {}): Promise<ServerDatabase> {
  const pgstacVersion = options.pgstacVersion ?? DEFAULT_RELEASE;
  const copy = await copyOfTemplate(pgstacVersion);
  const { url } = copy.settings.database;
  const env = { CACHE_DIR: cacheDir, DATA_DIR: copy.settings.dataDir, PGSTAC_VERSION: pgstacVersion };
  return { env: url === undefined ? env : { ...env, DATABASE_URL: url }, remove: () => copy.remove() };
}

interface Copy {
  readonly settings: { readonly database: DatabaseConfig; readonly dataDir: string; readonly cacheDir: string };
  remove(): Promise<void>;
}

async function copyOfTemplate(pgstacVersion: string): Promise<Copy> {
  const name = `stac_mosaic_template_${await fingerprint(pgstacVersion)}`;
  const dataDir = join(tmpdir(), `stac-mosaic-test-${randomUUID()}`);
  const settings = (url: string | undefined, folder: string): Copy['settings'] => ({
    database: { url, poolSize: POOL_SIZE, pgstacVersion },
    dataDir: folder,
    cacheDir,
  });
  const build = async (database: Copy['settings']): Promise<void> => (await open(database)).close();
  const removeFolder = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  if (testsOnPostgres()) {
    const clone = await cloneTemplate(name, (draft) => build(settings(draft, dataDir)));
    return { settings: settings(clone.url, dataDir), remove: () => Promise.all([clone.drop(), removeFolder()]).then(() => undefined) };
  }
  const { copyTemplate } = await import('./embedded.js');
  await copyTemplate(join(cacheDir, 'test-templates', name), dataDir, (draft) => build(settings(undefined, draft)));
  return { settings: settings(undefined, dataDir), remove: removeFolder };
}

const open = (settings: Copy['settings']): Promise<Database> =>
  openDatabase(settings, { logger: silentLogger(), collections: SEED_COLLECTIONS });

/** What a template is made of: another release, migration, seed or collection is another template. */
async function fingerprint(pgstacVersion: string): Promise<string> {
  const hash = createHash('sha256').update(pgstacVersion).update(JSON.stringify(SEED_COLLECTIONS));
  for (const name of (await readdir(MIGRATIONS_FOLDER)).toSorted()) {
    hash.update(name).update(await readFile(join(MIGRATIONS_FOLDER, name)));
  }
  hash.update(await readFile(new URL('../../src/database/seed.js', import.meta.url)));
  return hash.digest('hex').slice(0, 16);
}

const OWN_TABLES = `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
  WHERE (schemaname = 'stac_mosaic' AND tablename NOT IN ('migrations', 'secrets'))
     OR (schemaname = 'pgstac' AND tablename IN ('items', 'searches', 'search_wheres', 'query_queue', 'query_queue_history', 'base_items'))`;

async function reset(pool: Pool): Promise<void> {
  const ids = SEED_COLLECTIONS.map((collection) => collection.id);
  await withTransaction(pool, async (client) => {
    await client.query('SELECT pgstac.delete_collection(id) FROM pgstac.collections WHERE id <> ALL ($1)', [ids]);
    const { rows } = await client.query<{ name: string }>(OWN_TABLES);
    await client.query(`TRUNCATE ${rows.map((row) => row.name).join(', ')}`);
    await client.query(`DELETE FROM pgstac.queryables WHERE name <> ALL ($1) AND collection_ids IS NOT NULL`, [['parent_dataset', 'tile_index']]);
    for (const collection of SEED_COLLECTIONS) await client.query('SELECT pgstac.upsert_collection($1)', [JSON.stringify(collection)]);
  });
}
