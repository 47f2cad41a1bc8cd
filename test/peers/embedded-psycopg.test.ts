/** Python's clients against the embedded database: psycopg by itself, and pypgstac, which loads by COPY. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { startEmbedded, type EmbeddedDatabase } from '../../src/database/embedded/index.js';
import { silentLogger } from '../../src/log.js';

const run = promisify(execFile);
/** An interpreter that has `pypgstac[psycopg]` 0.10. */
const python = process.env['STAC_MOSAIC_TEST_PYTHON'];
const script = fileURLToPath(new URL('../../../test/peers/python/psycopg_session.py', import.meta.url));

const suite = python === undefined ? describe.skip : describe;

suite('Python on the embedded database', () => {
  let folder: string;
  let database: EmbeddedDatabase;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'embedded-python-'));
    database = await startEmbedded({ dataDir: join(folder, 'database'), logger: silentLogger(), port: 0 });
    environment = {
      ...process.env, PGHOST: String(database.connection.host), PGPORT: String(database.connection.port), PGUSER: 'postgres', PGDATABASE: 'postgres', PGPASSWORD: 'none',
    };
  }, 60_000);
  afterAll(async () => {
    await database.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const py = async (...args: string[]): Promise<string> => (await run(python ?? '', args, { env: environment })).stdout;

  it('psycopg prepares, copies, pipelines, reads by a server cursor and listens on two connections', async () => {
    expect((await py(script)).trim().split('\n').at(-1)).toBe('ok');
  }, 60_000);

  it('pypgstac migrates the empty database, then loads a collection and 200 items', async () => {
    const pypgstac = (...args: string[]): Promise<string> => py('-m', 'pypgstac.pypgstac', ...args);
    await pypgstac('migrate');
    const collection = {
      type: 'Collection', id: 'scenes', stac_version: '1.0.0', description: 'scenes', license: 'proprietary', links: [],
      extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [['2024-01-01T00:00:00Z', null]] } },
    };
    const items = Array.from({ length: 200 }, (_, i) => ({
      type: 'Feature', stac_version: '1.0.0', id: `scene-${i}`, collection: 'scenes', links: [], assets: {},
      geometry: { type: 'Point', coordinates: [i / 10, 45] }, bbox: [i / 10, 45, i / 10, 45],
      properties: { datetime: `2024-0${(i % 9) + 1}-01T00:00:00Z` },
    }));
    await writeFile(join(folder, 'collections.ndjson'), JSON.stringify(collection));
    await writeFile(join(folder, 'items.ndjson'), items.map((item) => JSON.stringify(item)).join('\n'));
    await pypgstac('load', 'collections', join(folder, 'collections.ndjson'), '--method', 'upsert');
    await pypgstac('load', 'items', join(folder, 'items.ndjson'), '--method', 'insert');
    await pypgstac('load', 'items', join(folder, 'items.ndjson'), '--method', 'upsert');
    const client = new Client({ ...database.connection, options: '-c search_path=pgstac,public' });
    await client.connect();
    const { rows } = await client.query<{ n: number; found: number }>(
      `SELECT (SELECT count(*)::int FROM items) AS n, jsonb_array_length(search('{"bbox": [0, 40, 4.95, 50], "limit": 100}') -> 'features') AS found`,
    );
    expect(rows).toEqual([{ n: 200, found: 50 }]);
    await client.end();
  }, 120_000);
});
