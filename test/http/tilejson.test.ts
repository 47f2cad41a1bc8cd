/** TileJSON at size: exact bounds of this moment, whatever program wrote last. A million of each with TEST_LONG=1, else more than are read one by one. */
import { withTransaction } from '../../src/database/index.js';
import type { Loose } from '../support/client.js';
import { collectionBody, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

const LONG = process.env['TEST_LONG'] === '1';
const COUNT = LONG ? 1_000_000 : 12_000;
/** Of the acceptance, in milliseconds. */
const [FIRST, SECOND] = LONG ? [2000, 200] : [2000, 2000];

let server: TestServer;
/** As another program would; with a million rows a statement takes longer than the server lets one of its own. */
const query = (sql: string, values: unknown[] = []): Promise<unknown> =>
  withTransaction(server.services.database.pool, async (client) => {
    await client.query('SET LOCAL statement_timeout = 0');
    return client.query(sql, values);
  });

/** Boxes of 0.1 degrees, spread from -170 to 170 and -80 to 80 in no order. */
const fill = (collection: string, prefix: string, properties: string): Promise<unknown> =>
  query(
    `INSERT INTO pgstac.items (id, geometry, collection, datetime, end_datetime, content)
     SELECT $2 || n, ST_MakeEnvelope(x, y, x + 0.1, y + 0.1, 4326), $1, t, t,
            jsonb_build_object('stac_version', '1.1.0', 'bbox', jsonb_build_array(x, y, x + 0.1, y + 0.1), 'links', '[]'::jsonb, 'assets', '{}'::jsonb, 'properties', ${properties})
       FROM generate_series(2, $3::int) AS n
      CROSS JOIN LATERAL (SELECT -170 + ((n::bigint * 7919) % 3400) / 10.0 AS x, -80 + ((n::bigint * 104729) % 1600) / 10.0 AS y, '2024-10-15T12:00:00Z'::timestamptz AS t) AS at`,
    [collection, prefix, COUNT],
  );

const OF_TILES = `jsonb_build_object('datetime', '2024-10-15T12:00:00Z', 'gsd', 30, 'parent_dataset', 'large', 'tile_index', n)`;

beforeAll(async () => {
  server = await startTestServer();
  await server.request('POST', '/collections', { body: collectionBody('many') });
  await query(`SELECT pgstac.check_partition('many', '[2020-01-01,2030-01-01]'::tstzrange, '[2020-01-01,2030-01-01]'::tstzrange)`);
  await fill('many', 'i', `jsonb_build_object('datetime', '2024-10-15T12:00:00Z', 'gsd', 30)`);
  await postDataset(server, datasetBody('large', [{ href: 'https://cogs.example.com/1.tif', bbox: [0, 0, 0.1, 0.1], index: 1, gsd: 30 }]));
  await fill('system_tiles', 'large_tile_', OF_TILES);
  // Around it, so that it is not found at the edges of its collection, also not among the three hundred outermost.
  await query(
    `INSERT INTO pgstac.items (id, geometry, collection, datetime, end_datetime, content)
     SELECT 'around_' || n, ST_MakeEnvelope(-179, -85, 179, 85, 4326), 'system_tiles', t, t, jsonb_build_object('bbox', '[-179, -85, 179, 85]'::jsonb, 'properties', jsonb_build_object('parent_dataset', 'around'))
       FROM generate_series(1, 400) AS n CROSS JOIN (SELECT '2024-10-15T12:00:00Z'::timestamptz AS t) AS at`,
  );
  await query('ANALYZE pgstac.items');
}, 900_000);
afterAll(() => server?.close());

async function timed(path: string): Promise<{ body: Loose; ms: number }> {
  const started = performance.now();
  const { status, body } = await server.request('GET', path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return { body, ms: performance.now() - started };
}

/** Changes with every transaction that ends on the whole PostgreSQL server, other test files' among them. */
const snapshot = async (): Promise<string> => (await server.services.database.pool.query<{ s: string }>('SELECT pg_current_snapshot()::text AS s')).rows[0]?.s ?? '';

async function expectBounds(path: string, bounds: readonly number[]): Promise<void> {
  const first = await timed(path);
  const before = await snapshot();
  const second = await timed(path);
  // What was deleted and is not vacuumed yet has to be read past again when others write meanwhile.
  const undisturbed = (await snapshot()) === before;
  for (const { body } of [first, second]) {
    expect(body).toMatchObject({ tilejson: '3.0.0', bounds });
    expect(body['center']).toEqual([((bounds[0] ?? 0) + (bounds[2] ?? 0)) / 2, ((bounds[1] ?? 0) + (bounds[3] ?? 0)) / 2, body['minzoom']]);
  }
  expect(first.ms).toBeLessThan(FIRST);
  expect(second.ms).toBeLessThan(undisturbed ? SECOND : FIRST);
}

it.each([
  ['/collections/many/WebMercatorQuad/tilejson.json', 'many'],
  ['/api/datasets/large/tilejson.json', 'system_tiles'],
])('%s is exact, at once and after what another program writes', async (path, collection) => {
  const edge = async (sql: string): Promise<void> => void (await query(`DELETE FROM pgstac.items WHERE collection = $1 AND id NOT LIKE 'around%' AND ${sql}`, [collection]));
  await expectBounds(path, [-170, -80, 170, 80]);
  await edge('ST_XMin(geometry) < -150');
  await expectBounds(path, [-150, -80, 170, 80]);
  await edge('ST_YMax(geometry) > 50');
  await expectBounds(path, [-150, -80, 170, 50]);
  await edge('ST_XMax(geometry) > 10.05');
  await expectBounds(path, [-150, -80, 10, 50]);
  await query(`UPDATE pgstac.items SET geometry = ST_MakeEnvelope(-160, 0, -159, 60, 4326) WHERE collection = $1 AND id = (SELECT min(id) FROM pgstac.items WHERE collection = $1 AND id NOT LIKE 'around%')`, [collection]);
  await expectBounds(path, [-160, -80, 10, 60]);
}, 300_000);

it('zooms come from the COGs, and are one less in WorldCRS84Quad', async () => {
  await makeCollection(server, 'few', [itemBody('a', { bbox: [0, 0, 1, 1], assets: { data: { href: 'https://cogs.example.com/a.tif', type: 'image/tiff; application=geotiff', 'proj:shape': [1000, 1000] } } })]);
  const mercator = (await timed('/collections/few/WebMercatorQuad/tilejson.json')).body;
  expect(mercator).toMatchObject({ minzoom: 8, maxzoom: 10 });
  expect((await timed('/collections/few/WorldCRS84Quad/tilejson.json')).body).toMatchObject({ minzoom: 7, maxzoom: 9, bounds: [0, 0, 1, 1] });
  expect((await timed('/collections/few/WebMercatorQuad/tilejson.json?minzoom=3&maxzoom=5')).body).toMatchObject({ minzoom: 3, maxzoom: 5 });
  expect((await server.request('GET', '/collections/few/NoQuad/tilejson.json')).status).toBe(404);
});

it('of nothing is of the world; what comes is in the next answer, what goes is not', async () => {
  await makeCollection(server, 'none', []);
  const path = '/collections/none/WebMercatorQuad/tilejson.json';
  const bounds = async (): Promise<unknown> => (await timed(path)).body['bounds'];
  expect(await bounds()).toEqual([-180, -90, 180, 90]);
  const first = await server.request('GET', path);
  expect(first.headers['cache-control']).toBe('no-cache');
  await server.request('POST', '/collections/none/items', { body: itemBody('a', { bbox: [1, 2, 3, 4] }) });
  expect(await bounds()).toEqual([1, 2, 3, 4]);
  expect((await server.request('GET', path, { headers: { 'if-none-match': String(first.headers['etag']) } })).status).toBe(200);
  await server.request('DELETE', '/collections/none/items/a');
  expect(await bounds()).toEqual([-180, -90, 180, 90]);
});
