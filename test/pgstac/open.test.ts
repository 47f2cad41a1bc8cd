/** Opening a database the way a server does: what was written is there again, and nothing is done twice. */
import { loadConfig } from '../../src/config.js';
import { openDatabase, type Database } from '../../src/database/index.js';
import { SEED_COLLECTIONS } from '../../src/datasets/collections.js';
import { silentLogger } from '../../src/log.js';
import { createServerDatabase, createTestDatabase, type ServerDatabase } from '../support/database.js';

let server: ServerDatabase;
beforeAll(async () => {
  server = await createServerDatabase();
}, 120_000);
afterAll(() => server.remove());

const open = (env: Record<string, string> = {}): Promise<Database> =>
  openDatabase(loadConfig({ ...server.env, ...env }), { logger: silentLogger(), collections: SEED_COLLECTIONS });

describe('openDatabase', () => {
  it('finds the schema and what was written when it opens again', async () => {
    const first = await open();
    await first.pool.query(`INSERT INTO stac_mosaic.search_holders VALUES ('s', 'dataset', 'd')`);
    await first.close();

    const second = await open();
    expect(second.migrated).toEqual({ pgstac: { from: first.pgstacVersion, to: first.pgstacVersion }, own: [] });
    const { rows } = await second.pool.query('SELECT holder_id FROM stac_mosaic.search_holders');
    expect(rows).toEqual([{ holder_id: 'd' }]);
    await second.close();
  }, 60_000);

  it('gives every session pgSTAC on its search path, custom plans and UTC', async () => {
    const database = await open();
    try {
      const { rows } = await database.pool.query(
        `SELECT current_setting('search_path') AS path, current_setting('plan_cache_mode') AS plans, current_setting('timezone') AS zone`,
      );
      expect(rows).toEqual([{ path: 'pgstac,public', plans: 'force_custom_plan', zone: 'UTC' }]);
    } finally {
      await database.close();
    }
  }, 60_000);

  it('refuses a pgSTAC that it does not know, and lets go of the database', async () => {
    const database = await open();
    await database.pool.query(`SELECT set_version('0.99.0')`);
    await database.close();
    await expect(open()).rejects.toThrow(/pgSTAC 0\.99\.0; this server knows/);
    await expect(open()).rejects.toThrow(/pgSTAC 0\.99\.0; this server knows/);
  }, 60_000);

  it('fails with what pg says when nobody listens', async () => {
    await expect(open({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing' })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('closing', () => {
  it('tells a test that it kept a client', async () => {
    const database = await createTestDatabase();
    await database.pool.connect();
    await expect(database.close()).rejects.toThrow('1 database client(s) were never released.');
  }, 60_000);
});
