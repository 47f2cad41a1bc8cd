/** Footprints that cross themselves, as loaders other than ours let them in: every route that looks at them answers, none with a 500. */
import { datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { hrefOf, listOf } from '../support/client.js';
import { startTestServer, type TestServer } from '../support/server.js';

const polygon = (...rings: number[][][]) => ({ type: 'Polygon', coordinates: rings });
/** A ring through random places, which crosses itself many times. */
function tangle(seed: number): number[][] {
  let state = seed;
  const next = (): number => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  const ring = Array.from({ length: 12 }, () => [next() * 10, next() * 10]);
  return [...ring, ring[0] ?? []];
}

const BROKEN: Readonly<Record<string, unknown>> = {
  'bow-tie': polygon([[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]),
  spike: polygon([[0, 0], [10, 0], [5, 0], [5, 5], [5, 0], [0, 0]]),
  'hole-outside': polygon([[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[6, 6], [9, 6], [9, 9], [6, 9], [6, 6]]),
  'hole-across': polygon([[0, 0], [6, 0], [6, 6], [0, 6], [0, 0]], [[3, 3], [9, 3], [9, 9], [3, 9], [3, 3]]),
  overlapping: { type: 'MultiPolygon', coordinates: [[[[0, 0], [6, 0], [6, 6], [0, 6], [0, 0]]], [[[3, 3], [9, 3], [9, 9], [3, 9], [3, 3]]]] },
  flat: polygon([[0, 5], [10, 5], [5, 5], [0, 5]]),
  dot: polygon([[5, 5], [5, 5], [5, 5], [5, 5]]),
  collection: { type: 'GeometryCollection', geometries: [polygon([[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]), { type: 'Point', coordinates: [5, 5] }] },
  line: { type: 'LineString', coordinates: [[0, 0], [10, 10], [10, 0], [0, 10]] },
  'still-line': { type: 'LineString', coordinates: [[5, 5], [5, 5]] },
  high: { type: 'Polygon', coordinates: [[[0, 0, 1], [10, 10, 2], [10, 0, 3], [0, 10, 4], [0, 0, 1]]] },
  ...Object.fromEntries([1, 2, 3, 4, 5].map((seed) => [`tangle-${seed}`, polygon(tangle(seed))])),
};

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'broken', []);
  const items = Object.entries(BROKEN).map(([id, geometry]) => ({ ...itemBody(id, { bbox: [0, 0, 10, 10] }), geometry, collection: 'broken' }));
  await server.services.database.pool.query('SELECT pgstac.upsert_items($1)', [JSON.stringify(items)]);
}, 300_000);

afterAll(() => server?.close());

const LOOKS = [polygon([[1, 1], [9, 1], [9, 4], [1, 1]]), BROKEN['bow-tie'], BROKEN['hole-across'], BROKEN['overlapping'], { type: 'LineString', coordinates: [[0, 1], [10, 9]] }, { type: 'Point', coordinates: [5, 5] }];

it.each(['s_intersects', 's_disjoint', 's_contains', 's_within', 's_crosses', 's_equals', 's_overlaps', 's_touches'])('%s of them and of literals answers', async (op) => {
  const sides: unknown[] = [...LOOKS, { bbox: [2, 2, 7, 7] }, { bbox: [170, -10, 5, 7] }, { bbox: [5, 5, 5, 9] }, { property: 'geometry' }, { op: 'envelope', args: [{ property: 'geometry' }] }, { op: 'centroid', args: [{ property: 'geometry' }] }];
  for (const side of sides) {
    for (const args of [[{ property: 'geometry' }, side], [side, { property: 'geometry' }]]) {
      const { status, body } = await server.request('POST', '/search', { body: { collections: ['broken'], limit: 100, filter: { op, args } } });
      expect({ side, status, body: status === 200 ? undefined : body }).toEqual({ side, status: 200, body: undefined });
    }
  }
}, 60_000);

it('bbox and intersects find them all where they are', async () => {
  for (const bbox of ['2,2,7,7', '-1,-1,11,11', '4.9,4.9,5.1,5.1', '5,0,5,10', '170,-10,9,9']) {
    const { status, body } = await server.request('GET', `/search?collections=broken&limit=100&bbox=${bbox}`);
    expect([bbox, status]).toEqual([bbox, 200]);
    expect(listOf(body['features']).length).toBeGreaterThanOrEqual(9);
  }
  for (const intersects of LOOKS) expect((await server.request('POST', '/search', { body: { collections: ['broken'], intersects } })).status).toBe(200);
  const all = await server.request('GET', '/search?collections=broken&limit=100&bbox=-1,-1,11,11');
  expect(listOf(all.body['features'])).toHaveLength(Object.keys(BROKEN).length);
});

it('are counted, drawn and put into mosaics', async () => {
  const { body } = await server.request('POST', '/searches/register', { body: { collections: ['broken'] } });
  const search = hrefOf(body, 'mosaicjson').split('/').at(-2);
  const grids = ['centroid_geohash_grid_frequency', 'centroid_geotile_grid_frequency', 'geometry_geohash_grid_frequency', 'geometry_geotile_grid_frequency'];
  for (const path of [
    ...grids.flatMap((name) => [1, 3].map((precision) => `/collections/broken/aggregate?aggregations=${name}&${name}_precision=${precision}`)),
    '/collections/broken',
    '/collections/broken/items',
    '/collections/broken/queryables',
    ...['last', 'first', 'center'].map((overlap) => `/collections/broken/mosaic.json?overlap=${overlap}&quadkey_zoom=7`),
    '/collections/broken/mosaic.json?bbox=1,1,4,4',
    `/searches/${search}/mosaic.json`,
    `/searches/${search}/WebMercatorQuad/tilejson.json`,
    `/searches/${search}/info`,
  ]) {
    const answer = await server.request('GET', path);
    expect({ path, status: answer.status, body: answer.status === 200 ? undefined : answer.body }).toEqual({ path, status: 200, body: undefined });
  }
}, 60_000);

it('may be the tiles of a dataset', async () => {
  const tiles = Object.entries(BROKEN).filter(([, geometry]) => /^\{"type":"(Multi)?Polygon/.test(JSON.stringify(geometry))).map(([id, geometry], i) => ({ ...itemBody(id, { bbox: [0, 0, 10, 10], properties: { tile_index: i + 1 } }), geometry, href: `https://cogs.example.com/${id}.tif` }));
  await postDataset(server, datasetBody('rough', tiles));
  for (const path of ['', '/tiles', '/mosaic.json', '/tilejson.json']) expect([path, (await server.request('GET', `/api/datasets/rough${path}`)).status]).toEqual([path, 200]);
});
