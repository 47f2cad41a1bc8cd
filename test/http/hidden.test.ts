/** Hidden collections appear nowhere: every route of the table is asked for them, so that a new one cannot forget. */
import { routes } from '../../routes/index.js';
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { listOf, text } from '../support/client.js';
import { startTestServer, type TestServer } from '../support/server.js';

const VALUES: Readonly<Record<string, string>> = { collectionId: 'system_tiles', itemId: 'secret_tile_001', tileMatrixSetId: 'WebMercatorQuad', z: '0', x: '0', y: '0', tileMatrix: '0', tileRow: '0', tileCol: '0', lon: '0', lat: '0', minx: '0', miny: '0', maxx: '1', maxy: '1' };
const at = (path: string): string => path.replace(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? 'none');

let server: TestServer;
let ofDataset = '';

beforeAll(async () => {
  server = await startTestServer();
  ofDataset = text((await postDataset(server, datasetBody('secret', boxTiles(4))))['search_id']);
  await makeCollection(server, 'open', [itemBody('a')]);
}, 300_000);
afterAll(() => server?.close());

const ofCollection = routes.filter(({ path }) => path.includes('{collectionId}'));

it.each(ofCollection.filter(({ method }) => method === 'GET').map(({ path }) => path))('GET %s of a hidden collection is 404, as JSON and as a page', async (path) => {
  for (const accept of ['application/json', 'text/html', 'application/geo+json-seq']) {
    expect([accept, (await server.request('GET', at(path), { headers: { accept } })).status]).toEqual([accept, 404]);
  }
});

it.each(ofCollection.filter(({ method }) => method !== 'GET').map(({ method, path }) => [method, path] as const))('%s %s of a hidden collection changes and shows nothing', async (method, path) => {
  const before = await server.written();
  const { status, body } = await server.request(method, at(path), { body: method === 'DELETE' ? undefined : itemBody('secret_tile_001') });
  expect([400, 404, 409]).toContain(status);
  expect(JSON.stringify(body)).not.toContain('parent_dataset');
  expect(await server.written()).toEqual(before);
});

/** The searches of a dataset and of the collection datasets run over tiles, say so, and are seen by whoever sees these (API.md sections 2 and 3). */
const isListOfSearches = (path: string): boolean => /^\/searches(\/(list)?)?$/.test(path);

it('lists of searches hold one over tiles only for datasets that are seen', async () => {
  await server.services.database.pool.query(`SELECT pgstac.search_query('{"collections": ["system_tiles"], "filter-lang": "cql2-json", "bbox": [0, 0, 1, 1]}'::jsonb, _metadata => '{"type": "mosaic"}'::jsonb)`);
  const lists = routes.filter(({ method, path }) => method === 'GET' && isListOfSearches(path)).map(({ path }) => path);
  expect(lists.length).toBeGreaterThan(0);
  const [ofAll] = listOf((await server.request('GET', '/collections/datasets')).body['summaries']?.['mosaic:search_id']);
  for (const path of lists) {
    const { body } = await server.request('GET', path);
    const listed = listOf(body['searches']).map(({ search }) => search);
    expect(listed.filter((search) => text(search?.['search']).includes('system_tiles')).map((search) => text(search?.['hash'])).toSorted()).toEqual([ofDataset, text(ofAll)].toSorted());
  }
});

it.each(routes.filter(({ method, path }) => method === 'GET' && !path.includes('{') && !isListOfSearches(path)).map(({ path }) => path))('GET %s names no hidden collection and no item of one', async (path) => {
  const query = path === '/aggregate' ? '?aggregations=total_count,collection_frequency' : '';
  for (const accept of ['application/json', 'text/html', 'application/geo+json-seq']) {
    const { bytes } = await server.request('GET', path + query, { headers: { accept } });
    expect(bytes.toString('utf8')).not.toMatch(/system_tiles|secret_tile_/);
  }
});

it.each([
  'collections=system_tiles',
  'collections=system_tiles,datasets',
  'collections=system_tiles&limit=1',
  'ids=secret_tile_001',
  "filter=parent_dataset='secret'",
  "filter=collection='system_tiles' OR id='secret_tile_001'",
  'query={"tile_index":{"gte":0}}',
  'q=Tile',
  'bbox=1,1,2,2&sortby=tile_index',
  'intersects={"type":"Point","coordinates":[5,5]}',
])('/search and /aggregate by %s find and count no tile', async (query) => {
  const encoded = query.split('&').map((pair) => pair.replace(/=(.*)/, (_, value: string) => `=${encodeURIComponent(value)}`)).join('&');
  const { status, body } = await server.request('GET', `/search?${encoded}`);
  expect(status).toBe(200);
  const found = listOf(body['features']).map(({ collection }) => text(collection));
  expect(found).not.toContain('system_tiles');
  expect(body['numberMatched']).toBe(found.length);
  const counted = await server.request('GET', `/aggregate?aggregations=total_count&${encoded.replace('&limit=1', '').replace(/&sortby=\w+/, '')}`);
  expect(listOf(counted.body['aggregations'])[0]?.['value']).toBe(found.length);
});
