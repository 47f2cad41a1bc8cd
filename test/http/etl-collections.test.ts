/** POST /api/collections: each answer, status and error of API.md's sections on it, over files, over HTTP and with whole items. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hrefOf, linksOf, listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { collectionBody, itemBody } from '../support/datasets.js';
import { makeGeoTiff } from '../support/geotiff.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let files: Server;
let filesUrl: string;
/** What the local file server has by path, and what was asked of it. */
const served = new Map<string, Buffer>();
const asked: string[] = [];

beforeAll(async () => {
  files = createServer((request, response) => {
    const { url = '', headers: { range = '' } } = request;
    asked.push(`${url} ${range}`);
    const bytes = served.get(url);
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(range) ?? [];
    if (bytes === undefined || first === undefined) {
      response.writeHead(404).end();
      return;
    }
    const part = bytes.subarray(Number(first), Number(last) + 1);
    response.writeHead(206, { 'Content-Range': `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`, 'Content-Length': part.length }).end(part);
  });
  await new Promise<void>((done) => files.listen(0, '127.0.0.1', done));
  filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  server = await startTestServer({ config: { allowedHosts: ['127.0.0.1'] } });
});
beforeEach(async () => {
  served.clear();
  asked.length = 0;
  await server.reset();
});
afterAll(async () => {
  files?.closeAllConnections();
  files?.close();
  await server?.close();
});

const send = (body: unknown): Promise<TestAnswer> => server.request('POST', '/api/collections', { body });
const get = async (path: string): Promise<Loose> => (await server.request('GET', path)).body;
const small = (west: number, north = 10): Promise<Buffer> => makeCog({ width: 64, height: 64, west, north, res: 0.1, block: 64 });
const collection = { id: 'silver', description: 'COGs of the silver tier' };

/** The members of every answer; `failed_items` comes beside them where there are any. */
const MEMBERS = ['collection_id', 'created_at', 'items_created', 'items_failed', 'pgstac_id', 'search_id', 'spatial_extent', 'stac_id', 'success', 'temporal_extent', 'tile_count', 'tilejson_url', 'viewer_url'];

describe('a collection made of COGs', () => {
  it('has an item of each, computed extents, its search, and an answer of exactly the listed members', async () => {
    const cogs = [await server.file('a_20241015T120000Z.tif', await small(0)), await server.file('b_2024-11-01.tif', await small(20))];
    const { status, headers, body } = await send({ collection: { ...collection, title: 'Silver', summaries: { platform: ['x'] }, links: [{ rel: 'license', href: 'https://example.com/l' }] }, cogs });
    expect({ status, body: status === 201 ? '' : body }).toEqual({ status: 201, body: '' });
    expect(headers['location']).toBe(`${server.url}/collections/silver`);
    expect(Object.keys(body).toSorted()).toEqual(MEMBERS);
    expect(body).toMatchObject({ success: true, collection_id: 'silver', stac_id: 'silver', pgstac_id: 'silver', tile_count: 2, items_created: 2, items_failed: 0 });
    expect(listOf(body['spatial_extent']).map((side) => Number(side).toFixed(3))).toEqual(['0.000', '3.600', '26.400', '10.000']);
    expect(body['temporal_extent']).toEqual(['2024-10-15T12:00:00.000Z', '2024-11-01T00:00:00.000Z']);
    const stored = await get('/collections/silver');
    expect(stored).toMatchObject({ stac_version: '1.1.0', title: 'Silver', license: 'other', summaries: { platform: ['x'], tile_count: [2], 'mosaic:search_id': [body['search_id']] } });
    expect(stored['extent']).toEqual({ spatial: { bbox: [body['spatial_extent']] }, temporal: { interval: [body['temporal_extent']] } });
    expect(linksOf(stored, 'license')).toHaveLength(1);
    expect(linksOf(stored, 'tiles')[0]).toMatchObject({ templated: true, href: expect.stringContaining('/{z}/{x}/{y}') as string });
    expect(hrefOf(stored, 'tilejson')).toBe(body['tilejson_url']);
    expect(hrefOf(stored, 'preview')).toBe(body['viewer_url']);
    const items = listOf((await get('/collections/silver/items'))['features']);
    expect(items.map(({ id }) => text(id)).toSorted()).toEqual(['a_20241015T120000Z', 'b_2024-11-01']);
    expect((await server.services.validator.validateMany([stored], 'collection')).flatMap(({ faults }) => faults)).toEqual([]);
    expect((await server.services.validator.validateMany(items, 'item')).flatMap(({ faults }) => faults)).toEqual([]);
    expect((await server.request('GET', text(body['tilejson_url']))).body).toMatchObject({ tilejson: '3.0.0', bounds: body['spatial_extent'] });
    expect((await server.request('GET', text(body['viewer_url']))).status).toBe(200);
  });

  it('asks an http server once for each header', async () => {
    for (const name of ['x', 'y', 'z']) served.set(`/tier/${name}%20.tif`, await small(name.charCodeAt(0) - 120));
    const { body } = await send({ collection, cogs: [...served.keys()].map((path) => filesUrl + path) });
    expect(body).toMatchObject({ items_created: 3 });
    expect(asked.toSorted()).toEqual(['x', 'y', 'z'].map((name) => `/tier/${name}%20.tif bytes=0-32767`));
    const items = listOf((await get('/collections/silver/items'))['features']);
    expect(items.map(({ id }) => text(id)).toSorted()).toEqual(['x ', 'y ', 'z ']);
    expect(Number(items[0]?.['assets']?.['data']?.['file:size'])).toBe(served.get(`/tier/${text(items[0]?.['id']).trim()}%20.tif`)?.length);
  });

  it('names items by their whole path where names repeat', async () => {
    for (const path of ['/a/tile.tif', '/b/tile.tif', '/b/other.v2.tif']) served.set(path, await small(0));
    const { body } = await send({ collection, cogs: [...served.keys(), '/b/tile.tif'].map((path) => filesUrl + path) });
    const ids = listOf((await get('/collections/silver/items'))['features']).map(({ id }) => text(id)).toSorted();
    expect(ids).toEqual(['a-tile', 'b-tile', 'other.v2']);
    expect(body).toMatchObject({ items_created: 3, items_failed: 1, failed_items: [{ blob: `${filesUrl}/b/tile.tif`, error: expect.stringContaining('b-tile') as string }] });
  });

  it('says of an item what the header says', async () => {
    const metadata = '<GDALMetadata><Item name="SCALE" sample="0" role="scale">0.01</Item><Item name="OFFSET" sample="0" role="offset">-5</Item><Item name="ACQUISITIONDATETIME" domain="IMAGERY">2023-05-06 07:08:09</Item></GDALMetadata>';
    const href = await server.file('utm_20200101.tif', makeGeoTiff({ width: 64, height: 64, tile: 64, epsg: 32633, crs: 'projected', pixel: [10, 10], origin: [500_000, 5_400_000], nodata: '-9999', metadata, sampleFormat: 3, bits: 32 }));
    expect((await send({ collection, cogs: [href] })).status).toBe(201);
    const [item] = listOf((await get('/collections/silver/items'))['features']);
    expect(item?.['properties']).toMatchObject({ datetime: '2023-05-06T07:08:09.000Z', gsd: 10, 'proj:code': 'EPSG:32633', 'proj:shape': [64, 64], 'proj:bbox': [500_000, 5_399_360, 500_640, 5_400_000], 'proj:transform': [10, 0, 500_000, 0, -10, 5_400_000] });
    expect(item?.['assets']?.['data']).toMatchObject({ href, roles: ['data'], type: 'image/tiff; application=geotiff; profile=cloud-optimized', bands: [{ name: 'b1', data_type: 'float32', nodata: -9999, 'raster:scale': 0.01, 'raster:offset': -5, 'raster:spatial_resolution': 10 }] });
    expect(listOf(item?.['stac_extensions']).map((uri) => text(uri).split('/').at(-3) ?? '').toSorted()).toEqual(['file', 'projection', 'raster']);
  });

  it('names the colours of bands', async () => {
    await send({ collection, cogs: [await server.file('rgb.tif', await small(0))] });
    const [item] = listOf((await get('/collections/silver/items'))['features']);
    expect(listOf(item?.['assets']?.['data']?.['bands']).map((band) => band['eo:common_name'])).toEqual(['red', 'green', 'blue']);
    expect(listOf(item?.['stac_extensions']).map(text)).toContain('https://stac-extensions.github.io/eo/v2.0.0/schema.json');
  });

  it('takes a GeoTIFF that is no COG, and its asset says so', async () => {
    const href = await server.file('plain.tif', await makeCog({ width: 1200, height: 64, res: 0.01, west: 0, north: 10, block: 64, overviews: false }));
    expect((await send({ collection, cogs: [href], on_item_error: 'fail' })).body).toMatchObject({ items_created: 1 });
    const [item] = listOf((await get('/collections/silver/items'))['features']);
    expect(item?.['assets']?.['data']).toMatchObject({ type: 'image/tiff; application=geotiff', description: expect.stringContaining('not a Cloud Optimized GeoTIFF (no overviews)') as string });
  });

  it('takes the time that the collection says for files that tell none, else now', async () => {
    const cogs = [await server.file('a.tif', await small(0))];
    const extent = { spatial: { bbox: [[0, 0, 1, 1]] }, temporal: { interval: [['2019-01-01T00:00:00Z', '2019-12-31T00:00:00Z']] } };
    expect((await send({ collection: { ...collection, extent }, cogs })).body['temporal_extent']).toEqual(['2019-01-01T00:00:00.000Z', '2019-12-31T00:00:00.000Z']);
    const { body } = await send({ collection: { ...collection, id: 'gold' }, cogs });
    expect(body['temporal_extent']).toEqual([body['created_at'], body['created_at']]);
  });

  it('skips what cannot be read unless told to fail', async () => {
    const good = await server.file('good.tif', await small(0));
    const bad = [await server.file('bad.tif', Buffer.from('not a tiff')), good.replace('good', 'missing'), `${filesUrl}/gone.tif`, 'https://elsewhere.example.com/a.tif', 'ftp://x/y.tif'];
    const before = await server.written();
    const refused = await send({ collection, cogs: [good, ...bad], on_item_error: 'fail' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'InvalidInput' } });
    expect(listOf(refused.body['errors']).map(({ path }) => text(path))).toEqual(['/cogs/1', '/cogs/2', '/cogs/3', '/cogs/4', '/cogs/5']);
    expect(await server.written()).toEqual(before);
    for (const more of [{}, { on_item_error: 'skip' }]) {
      const id = `c${Object.keys(more).length}`;
      const { status, body } = await send({ collection: { ...collection, id }, cogs: [good, ...bad], ...more });
      expect({ status, body }).toMatchObject({ status: 201, body: { success: true, tile_count: 1, items_created: 1, items_failed: 5 } });
      expect(Object.keys(body).toSorted()).toEqual([...MEMBERS, 'failed_items'].toSorted());
      expect(listOf(body['failed_items']).map((failed) => Object.keys(failed))).toEqual(bad.map(() => ['blob', 'error']));
      expect(listOf(body['failed_items']).map(({ blob }) => text(blob))).toEqual(bad);
      expect((await get(`/collections/${id}`))['summaries']).toMatchObject({ tile_count: [1] });
    }
  });

  it('of no good COG at all is 400, and nothing is written', async () => {
    const before = await server.written();
    const answer = await send({ collection, cogs: [await server.file('bad.tif', Buffer.from('x'))] });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: '/cogs/0' }] } });
    expect(await server.written()).toEqual(before);
    expect((await server.request('GET', '/collections/silver')).status).toBe(404);
  });
});

describe('a collection made of items', () => {
  it('derives a missing geometry from the bbox, and skips an item that has neither', async () => {
    const { geometry: _a, ...boxed } = itemBody('boxed', { bbox: [1, 2, 3, 4] });
    const { bbox: _b, ...shaped } = itemBody('shaped', { bbox: [5, 6, 7, 8] });
    const { geometry: _c, bbox: _d, ...bare } = itemBody('bare');
    const { status, body } = await send({ collection, items: [boxed, { ...shaped }, bare, { ...itemBody('null'), geometry: null, bbox: [0, 0, 1, 1] }] });
    expect({ status, body }).toMatchObject({ status: 201, body: { items_created: 3, items_failed: 1, spatial_extent: [0, 0, 7, 8], failed_items: [{ blob: 'bare', error: expect.stringContaining('geometry') as string }] } });
    expect(await get('/collections/silver/items/boxed')).toMatchObject({ geometry: { type: 'Polygon', coordinates: [[[1, 2], [3, 2], [3, 4], [1, 4], [1, 2]]] }, collection: 'silver' });
    expect(await get('/collections/silver/items/shaped')).toMatchObject({ bbox: [5, 6, 7, 8] });
  });

  it('skips each kind of bad item and says why', async () => {
    const bad: [unknown, string][] = [
      [{ ...itemBody('other'), collection: 'elsewhere' }, 'other'],
      [itemBody('time', { properties: { datetime: 'soon' } }), 'time'],
      [{ ...itemBody('box'), geometry: null, bbox: [0, 5, 1, 1] }, 'box'],
      [{ ...itemBody('x'), id: 'a/b' }, 'a/b'],
      [{ ...itemBody('x'), id: 7 }, '/items/5'],
      ['text', '/items/6'],
      [itemBody('good'), 'good'],
    ];
    const { status, body } = await send({ collection, items: [itemBody('good'), ...bad.map(([item]) => item)] });
    expect({ status, body }).toMatchObject({ status: 201, body: { items_created: 1, items_failed: bad.length } });
    expect(listOf(body['failed_items']).map(({ blob }) => text(blob))).toEqual(bad.map(([, blob]) => blob));
    expect(listOf(body['failed_items']).every(({ error }) => text(error).length > 5)).toBe(true);
    expect((await send({ collection: { ...collection, id: 'strict' }, items: [itemBody('good'), ...bad.map(([item]) => item)], on_item_error: 'fail' })).status).toBe(400);
  });

  it('asks the viewer for the asset that holds their COG', async () => {
    const visual = (id: string): unknown => ({ ...itemBody(id), assets: { visual: { href: 'https://cogs.example.com/v.tif', type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'] } } });
    const { body } = await send({ collection, items: [visual('a'), visual('b')] });
    expect(text(body['viewer_url'])).toContain('assets=visual');
    expect(text(body['tilejson_url'])).toContain('assets=visual');
  });

  it('takes ten thousand of them', async () => {
    const items = Array.from({ length: 10_000 }, (_, i) => itemBody(`i${i}`, { bbox: [(i % 100) / 10, Math.floor(i / 100) / 10, (i % 100) / 10 + 0.1, Math.floor(i / 100) / 10 + 0.1] }));
    const { status, body } = await send({ collection, items });
    expect({ status, body }).toMatchObject({ status: 201, body: { items_created: 10_000, spatial_extent: [0, 0, 10, 10] } });
  }, 120_000);
});

describe('bad requests', () => {
  const cases: readonly [name: string, body: unknown, status: number, path: string][] = [
    ['no object', [], 400, ''],
    ['no collection', { cogs: ['a'] }, 400, '/collection'],
    ['no id', { collection: { description: 'x' }, cogs: ['a'] }, 400, '/collection/id'],
    ['an id with a slash', { collection: { id: 'a/b', description: 'x' }, cogs: ['a'] }, 400, '/collection/id'],
    ['no description', { collection: { id: 'x' }, cogs: ['a'] }, 400, '/collection/description'],
    ['summaries that are no object', { collection: { ...collection, summaries: 3 }, cogs: ['a'] }, 400, '/collection/summaries'],
    ['neither COGs nor items', { collection }, 400, '/cogs'],
    ['both', { collection, cogs: ['a'], items: [{}] }, 400, '/items'],
    ['no COG', { collection, cogs: [] }, 400, '/cogs'],
    ['no item', { collection, items: [] }, 400, '/items'],
    ['COGs that are no list', { collection, cogs: 'a.tif' }, 400, '/cogs'],
    ['COGs that are no texts', { collection, cogs: [3] }, 400, '/cogs/0'],
    ['an unknown way with errors', { collection, cogs: ['a'], on_item_error: 'ignore' }, 400, '/on_item_error'],
    ['an unknown member', { collection, cogs: ['a'], tiles: [] }, 400, '/tiles'],
    ['the id of a system collection', { collection: { ...collection, id: 'datasets' }, items: [itemBody('a')] }, 409, '/collection/id'],
    ['the id of the hidden one', { collection: { ...collection, id: 'system_tiles' }, items: [itemBody('a')] }, 409, '/collection/id'],
  ];
  it.each(cases)('with %s write nothing and name the place', async (_name, body, status, path) => {
    const before = await server.written();
    const answer = await send(body);
    expect({ status: answer.status, path: listOf(answer.body['errors'])[0]?.['path'] }).toEqual({ status, path });
    expect(await server.written()).toEqual(before);
  });

  it('of an id that exists are 409, and the collection stays', async () => {
    await server.request('POST', '/collections', { body: collectionBody('silver', { title: 'first' }) });
    expect(await send({ collection, items: [itemBody('a')] })).toMatchObject({ status: 409, body: { code: 'Conflict' } });
    expect(await get('/collections/silver')).toMatchObject({ title: 'first' });
  });

  it('six at once: one is made', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => send({ collection, items: [itemBody(`a${i}`)] })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409, 409]);
    expect(listOf((await get('/collections/silver/items'))['features'])).toHaveLength(1);
  });

  it('a search that cannot be registered leaves the collection, and nulls in the answer', async () => {
    const { pool } = server.services.database;
    await pool.query("CREATE FUNCTION public.no_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no more'; END $$");
    await pool.query('CREATE TRIGGER no_more BEFORE INSERT ON stac_mosaic.search_holders FOR EACH ROW EXECUTE FUNCTION public.no_more()');
    try {
      const { status, body } = await send({ collection, items: [itemBody('a')] });
      expect({ status, body }).toMatchObject({ status: 201, body: { success: true, items_created: 1, search_id: null, viewer_url: null, tilejson_url: null } });
      expect(Object.keys(body).toSorted()).toEqual(MEMBERS);
      expect((await server.request('GET', '/collections/silver/items/a')).status).toBe(200);
    } finally {
      await pool.query('DROP FUNCTION public.no_more() CASCADE');
    }
  });
});
