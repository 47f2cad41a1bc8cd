/** `application/geo+json-seq`: every match as a stream, on one connection at most, ending with its reader. */
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { isObject, textOf } from '../../src/json.js';
import type { Loose } from '../support/client.js';
import { boxTiles, collectionBody, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

const SEQUENCE = 'application/geo+json-seq';
const COUNT = 2500;

let server: TestServer;

/** Rows put straight into the table: the writers have tests of their own. */
async function fill(collection: string, count: number, bytes: number): Promise<void> {
  await server.request('POST', '/collections', { body: collectionBody(collection) });
  const { pool } = server.services.database;
  await pool.query(`SELECT pgstac.check_partition($1, '[2020-01-01,2030-01-01]'::tstzrange, '[2020-01-01,2030-01-01]'::tstzrange)`, [collection]);
  await pool.query(
    `INSERT INTO pgstac.items (id, geometry, collection, datetime, end_datetime, content)
     SELECT 'i' || n, ST_SetSRID(ST_Point(n % 360 - 180, n % 180 - 90), 4326), $1, t, t,
            jsonb_build_object('stac_version', '1.1.0', 'bbox', '[0,0,0,0]'::jsonb, 'links', '[]'::jsonb, 'assets', '{}'::jsonb,
              'properties', jsonb_build_object('datetime', to_char(t AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'n', n, 'pad', repeat(md5(n::text), $3 / 32)))
       FROM generate_series(1, $2::int) AS n CROSS JOIN LATERAL (SELECT '2021-01-01T00:00:00Z'::timestamptz + n * interval '1 minute' AS t) AS at`,
    [collection, count, bytes],
  );
}

const parse = (text: string): Loose[] => {
  const records = text.split('\u001E');
  expect(records.shift()).toBe('');
  return records.map((record) => {
    expect(record.endsWith('\n')).toBe(true);
    return JSON.parse(record) as Loose;
  });
};

async function stream(path: string, body?: unknown, accept = SEQUENCE): Promise<Loose[]> {
  const answer = await server.request(body === undefined ? 'GET' : 'POST', path, { ...(body === undefined ? {} : { body }), headers: { accept } });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, SEQUENCE]);
  return parse(answer.bytes.toString('utf8'));
}

beforeAll(async () => {
  server = await startTestServer();
  await fill('many', COUNT, 64);
}, 300_000);
afterAll(() => server?.close());

it('holds every match of a search by GET and POST and of a collection, whatever limit says', async () => {
  for (const items of [await stream('/search?collections=many&limit=3'), await stream('/search', { collections: ['many'], limit: 3 }), await stream('/collections/many/items')]) {
    expect(new Set(items.map((item) => textOf(item['id']))).size).toBe(COUNT);
    expect(items.length).toBe(COUNT);
    expect(Object.keys(items[0] ?? {})).toEqual(expect.arrayContaining(['type', 'id', 'collection', 'geometry', 'properties', 'assets', 'links']));
  }
});

it('narrows, sorts and selects fields as pages do', async () => {
  const items = await stream('/search', { collections: ['many'], filter: { op: '<', args: [{ property: 'n' }, 1500] }, sortby: [{ field: 'n', direction: 'desc' }], fields: { include: ['n'], exclude: ['links'] } });
  expect(items.map((item) => Number(isObject(item['properties']) ? item['properties']['n'] : undefined))).toEqual(Array.from({ length: 1499 }, (_, i) => 1499 - i));
  expect(items[0]?.['links']).toBeUndefined();
  expect(await stream('/search?ids=nosuch')).toEqual([]);
});

it('is chosen by Accept only where no other JSON is named before it', async () => {
  expect((await stream('/search?ids=i1', undefined, `${SEQUENCE}, application/geo+json;q=0.5, */*;q=0.1`)).length).toBe(1);
  for (const accept of ['application/geo+json', `application/geo+json, ${SEQUENCE};q=0.5`, '*/*', `${SEQUENCE};q=0, */*`]) {
    expect((await server.request('GET', '/search?ids=i1', { headers: { accept } })).headers['content-type']).toMatch(/^application\/geo\+json(;|$)/);
  }
  const head = await server.request('HEAD', '/search?ids=i1', { headers: { accept: SEQUENCE } });
  expect([head.status, head.headers['content-type'], head.bytes.length]).toEqual([200, SEQUENCE, 0]);
});

it('refuses what a page refuses, before it begins', async () => {
  for (const path of ['/search?token=x', '/search?bbox=1', '/search?sortby=geometry', '/search?filter=nosuch(']) {
    expect((await server.request('GET', path, { headers: { accept: SEQUENCE } })).status).toBe(400);
  }
  expect((await server.request('GET', '/collections/nosuch/items', { headers: { accept: SEQUENCE } })).status).toBe(404);
});

it('of a dataset holds its tiles by their index, and tiles stay hidden elsewhere', async () => {
  await postDataset(server, datasetBody('tiled', boxTiles(12)));
  const tiles = await stream('/api/datasets/tiled/tiles?limit=2');
  expect(tiles.map((tile) => Number(isObject(tile['properties']) ? tile['properties']['tile_index'] : undefined))).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  expect((await stream('/search')).filter((item) => textOf(item['collection']) === 'system_tiles')).toEqual([]);
});

it('goes by pages once half of the pool streams, and holds each item once all the same', async () => {
  const streams = await Promise.all(Array.from({ length: 12 }, () => stream('/search?collections=many')));
  expect(streams.map((items) => new Set(items.map((item) => textOf(item['id']))).size)).toEqual(Array.from({ length: 12 }, () => COUNT));
});

/** Reads a little of a stream and leaves. */
const leave = (path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = get(server.url + path, { headers: { accept: SEQUENCE } }, (incoming) => {
      incoming.once('data', () => {
        request.destroy();
        resolve();
      });
    });
    request.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve() : reject(error)));
  });

it('ends with a reader that leaves, and gives its connection back', async () => {
  await makeCollection(server, 'wide', [itemBody('a')]);
  await fill('left', 20_000, 2000);
  const { pool } = server.services.database;
  await Promise.all(Array.from({ length: 6 }, () => leave('/search?collections=left')));
  for (let tries = 0; pool.totalCount !== pool.idleCount && tries < 100; tries += 1) await delay(50);
  expect(pool.totalCount - pool.idleCount).toBe(0);
  expect((await server.request('GET', '/search?ids=a')).status).toBe(200);
}, 60_000);
