/** Migrations on a real PostgreSQL: installed once, upgraded on request, never half, never beyond what we know. */
import { readdir } from 'node:fs/promises';
import type { Pool } from 'pg';
import { migrateExternal } from '../../src/database/external.js';
import { migrate, type MigrateOptions } from '../../src/database/migrate.js';
import { MIGRATIONS_FOLDER } from '../../src/database/own-schema.js';
import { createPool } from '../../src/database/pool.js';
import { SEED_COLLECTIONS } from '../../src/datasets/collections.js';
import { silentLogger } from '../../src/log.js';
import { ensurePgstacSql } from '../../src/setup/index.js';
import { cacheDir, testsOnPostgres } from '../support/database.js';
import { createEmptyDatabase, type PostgresDatabase } from '../support/postgres.js';

const onPostgres = testsOnPostgres() ? describe : describe.skip;

let empty: PostgresDatabase;
let pool: Pool;
const open = (url: string): Pool => createPool(url, { size: 4 }, silentLogger());
const options = (version: string, more: Partial<MigrateOptions> = {}): MigrateOptions => ({
  pgstacFolder: () => ensurePgstacSql({ cacheDir }),
  version,
  upgrade: false,
  collections: SEED_COLLECTIONS,
  logger: silentLogger(),
  ...more,
});
const value = async (sql: string): Promise<unknown> => {
  const { rows } = await pool.query<{ value: unknown }>(`SELECT (${sql}) AS value`);
  return rows[0]?.value;
};

/** All that there are, by their names. */
const ownMigrations = async (): Promise<string[]> => (await readdir(MIGRATIONS_FOLDER)).map((name) => name.replace(/\.sql$/, '')).toSorted();

onPostgres('migrate', () => {
  beforeEach(async () => {
    empty = await createEmptyDatabase();
    pool = open(empty.url);
  }, 60_000);
  afterEach(async () => {
    await pool.end();
    await empty.drop();
  }, 60_000);

  it('installs pgSTAC, our own schema and the seed, and finds nothing to do the second time', async () => {
    const first = await migrate(pool, options('0.10.0'));
    expect(first).toEqual({ pgstac: { to: '0.10.0' }, own: await ownMigrations() });
    expect(await value('SELECT count(*)::int FROM pgstac.collections')).toBe(2);

    const refuse = (): Promise<string> => Promise.reject(new Error('asked for the SQL'));
    const second = await migrate(pool, options('0.10.0', { pgstacFolder: refuse, upgrade: true }));
    expect(second).toEqual({ pgstac: { from: '0.10.0', to: '0.10.0' }, own: [] });
  }, 60_000);

  it('leaves sessions as the role that connected', async () => {
    await migrate(pool, options('0.10.0'));
    expect(await value('current_user = session_user')).toBe(true);
    expect(await value(`current_setting('search_path')`)).toBe('pgstac,public');
  }, 60_000);

  it('lets ten instances start at once: one does the work, all end the same', async () => {
    const pools = Array.from({ length: 10 }, () => open(empty.url));
    try {
      const results = await Promise.all(pools.map((each) => migrate(each, options('0.10.0'))));
      expect(results.filter((result) => result.pgstac.from === undefined)).toHaveLength(1);
      expect(results.filter((result) => result.own.length > 0)).toHaveLength(1);
      expect(results.map((result) => result.pgstac.to)).toEqual(Array.from({ length: 10 }, () => '0.10.0'));
      expect(await value('SELECT count(*)::int FROM pgstac.collections')).toBe(2);
    } finally {
      await Promise.all(pools.map((each) => each.end()));
    }
  }, 60_000);

  it('leaves nothing of pgSTAC behind when the installation breaks off', async () => {
    const folder = await ensurePgstacSql({ cacheDir });
    await expect(migrate(pool, options('0.99.0', { pgstacFolder: () => Promise.resolve(folder) }))).rejects.toThrow('no pgstac.0.99.0.sql');
    // An event trigger makes pgSTAC's SQL fail after hundreds of statements.
    await pool.query(`CREATE FUNCTION public.forbid() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'pgstac.searches') THEN RAISE 'no'; END IF; END $$`);
    await pool.query('CREATE EVENT TRIGGER forbid ON ddl_command_end EXECUTE FUNCTION public.forbid()');
    await expect(migrate(pool, options('0.10.0'))).rejects.toThrow('no');
    expect(await value(`to_regnamespace('pgstac')`)).toBeNull();
    await pool.query('DROP EVENT TRIGGER forbid');
    await expect(migrate(pool, options('0.10.0'))).resolves.toMatchObject({ pgstac: { to: '0.10.0' } });
  }, 60_000);

  it('refuses a pgSTAC that it does not know, and changes nothing', async () => {
    await migrate(pool, options('0.10.0'));
    await pool.query(`SELECT set_version('0.99.0')`);
    await expect(migrate(pool, options('0.10.0', { upgrade: true }))).rejects.toThrow(/pgSTAC 0\.99\.0; this server knows 0\.9\.9 to 0\.11\.0/);
    await pool.query(`SELECT set_version('unreleased')`);
    await expect(migrate(pool, options('0.10.0'))).rejects.toThrow(/pgSTAC unreleased/);
  }, 60_000);

  it('refuses a schema named pgstac that is somebody else’s', async () => {
    await pool.query('CREATE SCHEMA pgstac');
    await expect(migrate(pool, options('0.10.0'))).rejects.toThrow(/not ours to fill/);
  });

  it('keeps a 0.9.12 that works when it serves, and upgrades it with its data when told to', async () => {
    await migrate(pool, options('0.9.12'));
    const item = {
      type: 'Feature', stac_version: '1.1.0', id: 't1', collection: 'system_tiles', geometry: { type: 'Point', coordinates: [1, 2] },
      properties: { datetime: '2020-01-01T00:00:00Z', parent_dataset: 'd', tile_index: 1 }, links: [], assets: {},
    };
    await pool.query('SELECT create_item($1)', [JSON.stringify(item)]);
    const search = { collections: ['system_tiles'], 'filter-lang': 'cql2-json', filter: { op: '=', args: [{ property: 'parent_dataset' }, 'd'] } };
    const hash = async (): Promise<unknown> =>
      (await pool.query<{ hash: string }>('SELECT hash FROM search_query($1)', [JSON.stringify(search)])).rows[0]?.hash;
    const before = await hash();

    expect(await migrate(pool, options('0.10.0'))).toEqual({ pgstac: { from: '0.9.12', to: '0.9.12' }, own: [] });
    expect(await migrate(pool, options('0.10.0', { upgrade: true }))).toEqual({ pgstac: { from: '0.9.12', to: '0.10.0' }, own: [] });
    expect(await value('pgstac.get_version()')).toBe('0.10.0');
    expect(await value(`pgstac.get_item('t1', 'system_tiles')->'properties'->>'parent_dataset'`)).toBe('d');
    expect(await hash()).toBe(before);
    expect(await value('SELECT count(*)::int FROM stac_mosaic.searches')).toBe(1);
    expect(await value('SELECT count(*)::int FROM pgstac.query_queue')).toBe(0);
    expect(await value(`SELECT count(*)::int FROM pgstac.queryables WHERE name IN ('parent_dataset', 'tile_index')`)).toBe(2);

    expect(await migrate(pool, options('0.9.12', { upgrade: true }))).toEqual({ pgstac: { from: '0.10.0', to: '0.10.0' }, own: [] });
  }, 120_000);

  it('walks several releases, and tells a server on an older one to migrate', async () => {
    await migrate(pool, options('0.9.9'));
    await pool.query(`UPDATE pgstac.migrations SET version = '0.9.8' WHERE version = '0.9.9'`);
    await expect(migrate(pool, options('0.10.0'))).rejects.toThrow(/older than 0\.9\.9: run "stac-mosaic migrate"/);
    await pool.query(`UPDATE pgstac.migrations SET version = '0.9.9' WHERE version = '0.9.8'`);
    expect((await migrate(pool, options('0.10.0', { upgrade: true }))).pgstac).toEqual({ from: '0.9.9', to: '0.10.0' });
  }, 120_000);

  it('names "stac-mosaic migrate" to a role that may not create anything, and serves with it afterwards', async () => {
    const role = `visitor_${process.pid}`;
    await pool.query(`CREATE ROLE ${role} LOGIN`);
    const url = empty.url.replace(/\/\/[^@]*@/, `//${role}@`);
    const visitor = open(url);
    try {
      await expect(migrateExternal(visitor, options('0.10.0'))).rejects.toThrow(/Run "stac-mosaic migrate" once with a role that owns/);
      await migrate(pool, options('0.10.0'));
      await pool.query(`GRANT pgstac_ingest TO ${role}`);
      await expect(migrateExternal(visitor, options('0.10.0'))).resolves.toMatchObject({ own: [] });
    } finally {
      await visitor.end();
      await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  }, 60_000);
});
