/** MosaicJSON of datasets, collections, searches and posted searches, its options and its snapshot (API.md sections 3 and 8). */
import { listOf, type Loose, text } from '../support/client.js';
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

async function get(path: string): Promise<Loose> {
  const { status, body } = await server.request('GET', path);
  expect({ path, status, body: status === 200 ? '' : body }).toEqual({ path, status: 200, body: '' });
  return body;
}

const hrefs = (mosaic: Loose): string[] => [...new Set(Object.values(mosaic['tiles'] ?? {}).flatMap((urls) => listOf(urls).map(text)))].toSorted();
/** The lists of all quadkeys that hold more than one asset. */
const stacks = (mosaic: Loose): string[][] => Object.values(mosaic['tiles'] ?? {}).map((urls) => listOf(urls).map(text)).filter((urls) => urls.length > 1);

describe('MosaicJSON', () => {
  it('of a dataset has every member of 0.0.3 that readers ask for', async () => {
    await postDataset(server, datasetBody('d'));
    const mosaic = await get('/api/datasets/d/mosaic.json');
    expect(mosaic).toMatchObject({ mosaicjson: '0.0.3', bounds: [0, 0, 40, 10] });
    for (const name of ['name', 'description', 'version', 'center', 'minzoom', 'maxzoom', 'quadkey_zoom']) expect({ name, type: typeof mosaic[name] }).not.toMatchObject({ type: 'undefined' });
    const [lon, lat, zoom] = listOf(mosaic['center']).map(Number);
    expect([lon, lat]).toEqual([20, 5]);
    expect(zoom).toBeGreaterThanOrEqual(Number(mosaic['minzoom']));
    expect(Object.keys(mosaic['tiles'] ?? {}).every((key) => /^[0-3]+$/.test(key) && key.length === Number(mosaic['quadkey_zoom']))).toBe(true);
    expect(hrefs(mosaic)).toEqual(boxTiles(4).map(({ href }) => href));
  });

  it('has an ETag that answers 304 until a tile changes', async () => {
    await postDataset(server, datasetBody('d'));
    const first = await server.request('GET', '/collections/datasets/mosaic.json');
    expect(first.headers['cache-control']).toBeTruthy();
    const etag = text(first.headers['etag']);
    expect((await server.request('GET', '/collections/datasets/mosaic.json', { headers: { 'if-none-match': etag } })).status).toBe(304);
    await postDataset(server, datasetBody('e', boxTiles(1).map((tile) => ({ ...tile, href: 'https://cogs.example.com/other.tif' }))));
    const second = await server.request('GET', '/collections/datasets/mosaic.json', { headers: { 'if-none-match': etag } });
    expect(second.status).toBe(200);
    expect(hrefs(second.body)).toHaveLength(5);
  });

  it('of a dataset, its search, a posted search over its like, and the snapshot hold the same lists', async () => {
    const { search_id: searchId } = await postDataset(server, datasetBody('d'));
    const mosaic = await get('/api/datasets/d/mosaic.json');
    expect((await get(`/searches/${text(searchId)}/mosaic.json`))['tiles']).toEqual(mosaic['tiles']);
    const snapshot = await get('/files/metadata/mosaics/d.json');
    expect(snapshot).toMatchObject({ tiles: mosaic['tiles'], bounds: mosaic['bounds'], quadkey_zoom: mosaic['quadkey_zoom'], minzoom: mosaic['minzoom'], maxzoom: mosaic['maxzoom'] });
  });

  it('of items that only touch leaves the neighbour out, and takes MultiPolygons over the antimeridian', async () => {
    const geometry = { type: 'MultiPolygon', coordinates: [[[[170, 0], [180, 0], [180, 10], [170, 10], [170, 0]]], [[[-180, 0], [-170, 0], [-170, 10], [-180, 10], [-180, 0]]]] };
    await makeCollection(server, 'c', [itemBody('am', { bbox: [170, 0, -170, 10], geometry })]);
    expect(Object.keys((await get('/collections/c/mosaic.json?quadkey_zoom=3'))['tiles'] ?? {}).toSorted()).toEqual(['022', '133']);
    await makeCollection(server, 'edge', [itemBody('a', { bbox: [0, 0, 45, 40] })]);
    expect(Object.keys((await get('/collections/edge/mosaic.json?quadkey_zoom=3'))['tiles'] ?? {})).toEqual(['122']);
  });

  it('of nothing is an empty mosaic of the world', async () => {
    await makeCollection(server, 'empty', []);
    const mosaic = await get('/collections/empty/mosaic.json');
    expect(mosaic).toMatchObject({ tiles: {}, bounds: [-180, -90, 180, 90] });
    expect((await get('/collections/empty/WebMercatorQuad/tilejson.json'))['bounds']).toEqual([-180, -90, 180, 90]);
  });

  it('of an unknown dataset, collection or search is 404', async () => {
    for (const path of ['/api/datasets/nosuch/mosaic.json', '/collections/nosuch/mosaic.json', `/searches/${'0'.repeat(32)}/mosaic.json`, '/files/metadata/mosaics/nosuch.json']) expect({ path, status: (await server.request('GET', path)).status }).toEqual({ path, status: 404 });
  });
});

describe('its options', () => {
  const overlapping = ['a', 'b', 'c'].map((id, i) => itemBody(id, { bbox: [0, 0, 10, 10], properties: { datetime: `2024-01-0${i + 1}T00:00:00Z`, 'eo:cloud_cover': [50, 10, 30][i] } }));
  const top = async (query: string): Promise<string> => (stacks(await get(`/collections/c/mosaic.json?${query}`))[0] ?? []).map((href) => /(\w)\.tif$/.exec(href)?.[1]).join('');

  it('overlap puts the last first, the first first, or sorts', async () => {
    await makeCollection(server, 'c', overlapping);
    expect(await top('')).toBe('cba');
    expect(await top('overlap=last')).toBe('cba');
    expect(await top('overlap=first')).toBe('abc');
    expect(await top('overlap=%2Bdatetime')).toBe('abc');
    expect(await top('overlap=-datetime')).toBe('cba');
    expect(await top(`overlap=${encodeURIComponent('+eo:cloud_cover')}`)).toBe('bca');
    expect(await top('overlap=first&max_per_quadkey=2')).toBe('ab');
    expect((await server.request('GET', '/collections/c/mosaic.json?overlap=,')).status).toBe(400);
  });

  it('bbox, datetime and filter narrow', async () => {
    await makeCollection(server, 'c', [...overlapping, itemBody('far', { bbox: [50, 0, 60, 10] })]);
    expect(hrefs(await get('/collections/c/mosaic.json?bbox=45,0,70,5'))).toEqual(['https://cogs.example.com/far.tif']);
    expect(hrefs(await get('/collections/c/mosaic.json?datetime=2024-01-02T00:00:00Z/..'))).toHaveLength(2);
    expect(hrefs(await get(`/collections/c/mosaic.json?filter=${encodeURIComponent("id = 'a'")}`))).toEqual(['https://cogs.example.com/a.tif']);
    expect((await get('/collections/c/mosaic.json?bbox=45,0,70,5'))['bounds']).toEqual([50, 0, 60, 10]);
  });

  it('quadkey_zoom and zooms are kept, and out of range 400', async () => {
    await makeCollection(server, 'c', overlapping);
    expect(await get('/collections/c/mosaic.json?quadkey_zoom=5&minzoom=2&maxzoom=9')).toMatchObject({ quadkey_zoom: 5, minzoom: 2, maxzoom: 9 });
    for (const query of ['quadkey_zoom=0', 'quadkey_zoom=13', 'quadkey_zoom=x', 'minzoom=9&maxzoom=2', 'quadkey_zoom=9&maxzoom=5', 'minzoom=-1', 'maxzoom=99', 'max_per_quadkey=0', 'compact=maybe', 'nosuch=1']) {
      expect({ query, status: (await server.request('GET', `/collections/c/mosaic.json?${query}`)).status }).toEqual({ query, status: 400 });
    }
  });

  it('beyond 500,000 quadkeys are 400 and name the zoom that fits', async () => {
    await makeCollection(server, 'c', [itemBody('world', { bbox: [-180, -85, 180, 85] })]);
    const { status, body } = await server.request('GET', '/collections/c/mosaic.json?quadkey_zoom=12');
    expect(status).toBe(400);
    expect(text(body['description'])).toMatch(/quadkey_zoom.*\d/);
  });

  it('compact writes the common beginning once', async () => {
    await makeCollection(server, 'c', overlapping);
    const mosaic = await get('/collections/c/mosaic.json?compact=true');
    expect(mosaic['asset_prefix']).toBe('https://cogs.example.com/');
    expect(hrefs(mosaic)).toEqual(['a.tif', 'b.tif', 'c.tif']);
  });

  it('asset chooses; without one `data`, else the only data asset; items without it are left out', async () => {
    const cog = 'image/tiff; application=geotiff; profile=cloud-optimized';
    await makeCollection(server, 'c', [
      itemBody('two', { assets: { data: { href: 'https://x.example/data.tif', type: cog, roles: ['data'] }, visual: { href: 'https://x.example/visual.tif', type: cog } } }),
      itemBody('only', { assets: { B4: { href: 'https://x.example/b4.tif', type: cog }, meta: { href: 'https://x.example/m.xml', type: 'application/xml' } } }),
      itemBody('none', { assets: { meta: { href: 'https://x.example/m.json', type: 'application/json' } } }),
    ]);
    expect(hrefs(await get('/collections/c/mosaic.json'))).toEqual(['https://x.example/b4.tif', 'https://x.example/data.tif']);
    expect(hrefs(await get('/collections/c/mosaic.json?asset=visual'))).toEqual(['https://x.example/visual.tif']);
    expect(hrefs(await get('/collections/c/mosaic.json?asset=nosuch'))).toEqual([]);
  });

  it('of a dataset come from its `mosaic`: zooms, quadkey_zoom and overlap, in the mosaic, the snapshot and the TileJSON', async () => {
    await postDataset(server, datasetBody('d', boxTiles(4), { mosaic: { quadkey_zoom: 4, minzoom: 2, maxzoom: 8, overlap: 'first' } }));
    for (const path of ['/api/datasets/d/mosaic.json', '/files/metadata/mosaics/d.json']) expect(await get(path)).toMatchObject({ quadkey_zoom: 4, minzoom: 2, maxzoom: 8 });
    expect(await get('/api/datasets/d/tilejson.json')).toMatchObject({ minzoom: 2, maxzoom: 8 });
  });

  it('an overlap that differs makes another search', async () => {
    const same = (id: string, overlap?: string): unknown => datasetBody(id, boxTiles(2).map((tile) => ({ ...tile, href: `${tile.href}?${id}` })), overlap === undefined ? {} : { mosaic: { overlap } });
    const first = await postDataset(server, same('d', 'first'));
    await server.request('DELETE', '/api/datasets/d');
    const last = await postDataset(server, same('d', 'last'));
    await server.request('DELETE', '/api/datasets/d');
    const none = await postDataset(server, same('d'));
    expect(first['search_id']).not.toBe(last['search_id']);
    expect(none['search_id']).toBe(last['search_id']);
    expect((await get(`/searches/${text(last['search_id'])}/info`))['search']?.['search']).toEqual({
      collections: ['system_tiles'], 'filter-lang': 'cql2-json', filter: { op: '=', args: [{ property: 'parent_dataset' }, 'd'] }, sortby: [{ field: 'tile_index', direction: 'desc' }],
    });
  });
});

describe('POST /mosaic', () => {
  beforeEach(() => makeCollection(server, 'c', ['a', 'b'].map((id, i) => itemBody(id, { bbox: [i * 5, 0, i * 5 + 8, 8], properties: { datetime: `2024-01-0${i + 1}T00:00:00Z`, n: i } }))));

  it('takes a search body with the options beside it', async () => {
    const { status, body } = await server.request('POST', '/mosaic', { body: { collections: ['c'], filter: { op: '=', args: [{ property: 'n' }, 1] }, quadkey_zoom: 4, overlap: 'first', limit: 5 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ quadkey_zoom: 4, mosaicjson: '0.0.3' });
    expect(hrefs(body)).toEqual(['https://cogs.example.com/b.tif']);
    const sorted = await server.request('POST', '/mosaic', { body: { collections: ['c'], sortby: [{ field: 'datetime', direction: 'asc' }] } });
    expect(stacks(sorted.body)[0]).toEqual(['https://cogs.example.com/a.tif', 'https://cogs.example.com/b.tif']);
  });

  it('is 400 for options and members that are not right, and 415 for what is no JSON', async () => {
    for (const body of [{ quadkey_zoom: 99 }, { quadkey_zoom: '5x' }, { nosuch: 1 }, { bbox: [1] }, { overlap: '' }, { overlap: {} }, { compact: 'x' }, []]) expect({ body, status: (await server.request('POST', '/mosaic', { body })).status }).toEqual({ body, status: 400 });
    expect((await server.request('POST', '/mosaic', { body: '{}', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  });
});

describe('TileJSON', () => {
  it('follows items as they come and go', async () => {
    await makeCollection(server, 'c', [itemBody('a', { bbox: [0, 0, 1, 1] })]);
    const bounds = async (): Promise<unknown> => (await get('/collections/c/WebMercatorQuad/tilejson.json'))['bounds'];
    expect(await bounds()).toEqual([0, 0, 1, 1]);
    await server.request('POST', '/collections/c/items', { body: itemBody('b', { bbox: [20, 20, 30, 30] }) });
    expect(await bounds()).toEqual([0, 0, 30, 30]);
    await server.request('DELETE', '/collections/c/items/a');
    expect(await bounds()).toEqual([20, 20, 30, 30]);
  });

  it('keeps its query in the tiles template, and has no vector_layers', async () => {
    await makeCollection(server, 'c', [itemBody('a')]);
    const tilejson = await get('/collections/c/WebMercatorQuad/tilejson.json?assets=data&minzoom=3');
    expect(text(tilejson['tiles']?.['0'])).toBe(`${server.url}/collections/c/tiles/WebMercatorQuad/{z}/{x}/{y}?assets=data`);
    expect(tilejson).toMatchObject({ tilejson: '3.0.0', minzoom: 3, name: 'c' });
    expect(Object.keys(tilejson)).not.toContain('vector_layers');
  });
});

describe('map.html', () => {
  it('of datasets, collections and searches is a page that names its TileJSON, safely', async () => {
    const title = '</script><script>alert(1)</script>';
    const { viewer_url: viewer } = await postDataset(server, datasetBody('d', boxTiles(1), { dataset: { id: 'd', properties: { title, datetime: '2024-01-01T00:00:00Z' } } }));
    for (const path of ['/api/datasets/d/map.html', '/collections/datasets/WebMercatorQuad/map.html', text(viewer)]) {
      const { status, headers, bytes } = await server.request('GET', path);
      expect({ path, status, type: headers['content-type'] }).toEqual({ path, status: 200, type: 'text/html; charset=utf-8' });
      expect(bytes.toString()).toContain('tilejson.json');
      expect(bytes.toString()).not.toContain('<script>alert(1)');
      expect(headers['content-security-policy']).toContain('default-src');
    }
  });
});
