/** POST /api/datasets and what can be read of a dataset afterwards (API.md sections 2 and 8). */
import type { Loose } from '../support/client.js';
import { hrefOf, linksOf, listOf, text, withoutPage } from '../support/client.js';
import { boxTiles, datasetBody, itemBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const COG_TYPE = 'image/tiff; application=geotiff; profile=cloud-optimized';

async function get(path: string): Promise<Loose> {
  const { status, body } = await server.request('GET', path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return withoutPage(body);
}

const tilesOf = async (id: string): Promise<Loose[]> => listOf((await get(`/api/datasets/${id}/tiles?limit=1000`))['features']);

async function expectValid(...items: Loose[]): Promise<void> {
  const verdicts = await server.services.validator.validateMany(items, 'item');
  expect(verdicts.flatMap(({ faults }) => faults)).toEqual([]);
}

/** Every href of links and assets, wherever it stands. */
function hrefsIn(document: Loose): string[] {
  const own = [...listOf(document['links']), ...Object.values(document['assets'] ?? {})].map((part) => text(part?.['href']));
  return own;
}

describe('the answer to a new dataset', () => {
  it('is 201 with Location and exactly the fields of API.md', async () => {
    const { status, headers, body } = await server.request('POST', '/api/datasets', { body: datasetBody('flood') });
    expect(status).toBe(201);
    expect(headers['location']).toBe(`${server.url}/api/datasets/flood`);
    expect(Object.keys(body).toSorted()).toEqual(['bbox', 'collection', 'created_at', 'id', 'links', 'mosaic_url', 'search_id', 'tile_count', 'tilejson_url', 'viewer_url', 'warnings']);
    expect(body).toMatchObject({ id: 'flood', collection: 'datasets', tile_count: 4, bbox: [0, 0, 40, 10], warnings: [] });
    expect(text(body['search_id'])).toMatch(/^[0-9a-f]{32}$/);
    expect(Date.now() - Date.parse(text(body['created_at']))).toBeLessThan(60_000);
  });

  it('names only URLs that answer', async () => {
    const answer = await postDataset(server, datasetBody('flood'));
    const urls = [...['viewer_url', 'tilejson_url', 'mosaic_url'].map((name) => text(answer[name])), ...listOf(answer['links']).map((link) => text(link['href']))];
    for (const url of urls) {
      expect(url.startsWith(server.url)).toBe(true);
      expect({ url, status: (await server.request('GET', url)).status }).toEqual({ url, status: 200 });
    }
  });
});

describe('the item of a dataset', () => {
  it('holds what was said and what its tiles add up to', async () => {
    const { search_id: searchId } = await postDataset(server, {
      ...datasetBody('flood'),
      dataset: {
        id: 'flood',
        properties: { title: 'Flood', datetime: '2024-10-15T12:00:00Z', 'processing:level': 'L3', description: 'Depths' },
        assets: { thumbnail: { href: 'https://example.com/t.png', type: 'image/png', roles: ['thumbnail'] } },
        links: [{ rel: 'derived_from', href: 'https://example.com/original.tif' }],
      },
    });
    const item = await get('/api/datasets/flood');
    expect(item).toMatchObject({
      type: 'Feature',
      stac_version: '1.1.0',
      id: 'flood',
      collection: 'datasets',
      bbox: [0, 0, 40, 10],
      properties: {
        title: 'Flood', description: 'Depths', datetime: '2024-10-15T12:00:00Z', 'processing:level': 'L3',
        'file:size': 4006, 'file:tile_count': 4, 'file:format': 'COG', gsd: 30, 'proj:code': 'EPSG:4326', bands: [{ name: 'depth' }],
        'mosaic:search_id': searchId,
      },
      assets: {
        thumbnail: { href: 'https://example.com/t.png', type: 'image/png', roles: ['thumbnail'] },
        mosaic: { href: `${server.url}/api/datasets/flood/mosaic.json`, roles: ['mosaic'] },
        'mosaic-snapshot': { href: `${server.url}/files/metadata/mosaics/flood.json` },
      },
    });
    const properties = item['properties'];
    expect(properties?.['created']).toEqual(properties?.['updated']);
    expect(linksOf(item, 'derived_from')).toHaveLength(1);
    for (const rel of ['self', 'root', 'parent', 'collection', 'child', 'preview', 'tilejson', 'tiles', 'mosaicjson']) expect({ rel, count: linksOf(item, rel).length }).toEqual({ rel, count: 1 });
    expect(linksOf(item, 'tiles')[0]).toMatchObject({ templated: true });
  });

  it('declares exactly the extensions that it uses, and validates', async () => {
    await postDataset(server, datasetBody('flood', boxTiles(2), { dataset: { id: 'flood', properties: { 'processing:level': 'L3', datetime: '2024-01-01T00:00:00Z' }, stac_extensions: ['https://stac-extensions.github.io/eo/v1.1.0/schema.json'] } }));
    const item = await get('/api/datasets/flood');
    const host = 'https://stac-extensions.github.io';
    expect(item['stac_extensions']).toEqual([`${host}/processing/v1.2.0/schema.json`, `${host}/projection/v2.0.0/schema.json`]);
    await expectValid(item, ...(await tilesOf('flood')));
  });

  it('is one and the same at its own route, under /metadata, in its collection and by search', async () => {
    await postDataset(server, datasetBody('flood'));
    const item = await get('/api/datasets/flood');
    expect(await get('/api/datasets/flood/metadata')).toEqual(item);
    expect(await get('/collections/datasets/items/flood')).toEqual(item);
    expect(listOf((await get('/search?collections=datasets'))['features'])).toEqual([item]);
    expect(listOf((await get('/api/datasets'))['features'])).toEqual([item]);
    expect(await get(hrefOf(item, 'self'))).toEqual(item);
  });

  it('has absolute links and assets that answer', async () => {
    await postDataset(server, datasetBody('flood'));
    const item = await get('/api/datasets/flood');
    for (const href of hrefsIn(item).filter((url) => !url.includes('{z}'))) {
      expect(href).toMatch(/^http:\/\/127\.0\.0\.1:\d+/);
      expect({ href, status: (await server.request('GET', href)).status }).toEqual({ href, status: 200 });
    }
    const tile = hrefOf(item, 'tiles').replace('{z}/{x}/{y}', '0/0/0');
    expect((await server.request('GET', tile)).status).not.toBe(404);
  });

  it('spans the union of its tiles, holes and corners included', async () => {
    const [a, b, c] = boxTiles(3);
    await postDataset(server, datasetBody('hole', [a, b, c].flatMap((tile, i) => (tile === undefined ? [] : { ...tile, bbox: [i * 20, 0, i * 20 + 10, 10] }))));
    const item = await get('/api/datasets/hole');
    expect(item['bbox']).toEqual([0, 0, 50, 10]);
    expect(item['geometry']).toMatchObject({ type: 'MultiPolygon' });
    expect(listOf(item['geometry']?.['coordinates'])).toHaveLength(3);
    await postDataset(server, datasetBody('whole', boxTiles(4).map((tile) => ({ ...tile, href: `${tile.href}?2` }))));
    expect((await get('/api/datasets/whole'))['geometry']).toMatchObject({ type: 'Polygon' });
  });

  it('crosses the antimeridian where its tiles do, and validates', async () => {
    const tiles = boxTiles(2).map((tile, i) => ({ ...tile, bbox: i === 0 ? [170, -10, 180, 10] : [-180, -10, -170, 10] }));
    const { bbox } = await postDataset(server, datasetBody('fiji', tiles));
    expect(bbox).toEqual([170, -10, -170, 10]);
    const item = await get('/api/datasets/fiji');
    expect(item['bbox']).toEqual([170, -10, -170, 10]);
    expect(item['geometry']).toMatchObject({ type: 'MultiPolygon' });
    await expectValid(item);
    for (const [box, found] of [['175,-1,-175,1', 1], ['0,-1,10,1', 0], ['-175,-1,-171,1', 1]] as const) {
      expect({ box, found: listOf((await get(`/search?bbox=${box}`))['features']).length }).toEqual({ box, found });
    }
    expect((await get('/api/datasets/fiji/tilejson.json'))['bounds']).toEqual([-180, -10, 180, 10]);
  });

  it('one tile may cross the antimeridian by itself', async () => {
    await postDataset(server, datasetBody('fiji', [{ ...boxTiles(1)[0], href: 'https://cogs.example.com/x.tif', bbox: [175, -10, -175, 10] }]));
    const item = await get('/api/datasets/fiji');
    expect(item['bbox']).toEqual([175, -10, -175, 10]);
    await expectValid(item, ...(await tilesOf('fiji')));
  });

  it('takes its time from its tiles where it names none', async () => {
    const tiles = boxTiles(3).map((tile, i) => ({ ...tile, datetime: `2024-0${i + 1}-01T00:00:00Z` }));
    await postDataset(server, datasetBody('span', tiles, { dataset: { id: 'span' } }));
    expect((await get('/api/datasets/span'))['properties']).toMatchObject({ datetime: null, start_datetime: '2024-01-01T00:00:00.000Z', end_datetime: '2024-03-01T00:00:00.000Z' });
    expect((await tilesOf('span')).map((tile) => tile['properties']?.['datetime'])).toEqual(tiles.map(({ datetime }) => datetime));
    await expectValid(await get('/api/datasets/span'));
    expect(listOf((await get('/search?datetime=2024-02-01T00:00:00Z'))['features'])).toHaveLength(1);
  });

  it('leaves out a size, CRS and bands that its tiles do not share or do not all tell', async () => {
    const tiles = boxTiles(2);
    delete tiles[0]?.['file:size'];
    Object.assign(tiles[1] ?? {}, { 'proj:code': 'EPSG:3857', bands: [{ name: 'other' }] });
    await postDataset(server, datasetBody('mixed', tiles));
    const properties = (await get('/api/datasets/mixed'))['properties'] ?? {};
    for (const name of ['file:size', 'proj:code', 'bands']) expect(Object.keys(properties)).not.toContain(name);
  });

  it('moves the extent of its collection', async () => {
    await postDataset(server, datasetBody('flood'));
    expect((await get('/collections/datasets'))['extent']).toEqual({
      spatial: { bbox: [[0, 0, 40, 10]] },
      temporal: { interval: [['2024-10-15T12:00:00.000Z', '2024-10-15T12:00:00.000Z']] },
    });
    await postDataset(server, datasetBody('west', [{ href: 'https://cogs.example.com/w.tif', bbox: [-50, 0, -40, 5] }]));
    expect((await get('/collections/datasets'))['extent']?.['spatial']).toEqual({ bbox: [[-50, 0, 40, 10]] });
    await server.request('DELETE', '/api/datasets/west');
    expect((await get('/collections/datasets'))['extent']?.['spatial']).toEqual({ bbox: [[0, 0, 40, 10]] });
  });

  it('takes older spellings and writes those of STAC 1.1', async () => {
    const tiles = boxTiles(2).map(({ 'proj:code': _code, bands: _bands, ...tile }) => ({ ...tile, 'proj:epsg': 32633, 'eo:bands': [{ name: 'B4', common_name: 'red' }] }));
    await postDataset(server, datasetBody('old', tiles));
    const item = await get('/api/datasets/old');
    expect(item['properties']).toMatchObject({ 'proj:code': 'EPSG:32633', bands: [{ name: 'B4', 'eo:common_name': 'red' }] });
    const [tile] = await tilesOf('old');
    expect(tile?.['properties']).toMatchObject({ 'proj:code': 'EPSG:32633' });
    expect(tile?.['assets']?.['data']).toMatchObject({ bands: [{ name: 'B4', 'eo:common_name': 'red' }] });
    expect(JSON.stringify([item, tile])).not.toMatch(/proj:epsg|eo:bands/);
    await expectValid(item, ...(await tilesOf('old')));
  });

  it('keeps ids that hold dots, spaces, umlauts and percent signs', async () => {
    for (const id of ['a.b-c_d~e', 'Flüsse 2024', '100%', 'a?b#c', '日本', "o'hara", 'x:y@z', 'long'.repeat(256), '日'.repeat(300), 'sha256~x']) {
      const { headers } = await server.request('POST', '/api/datasets', { body: datasetBody(id, boxTiles(2).map((tile) => ({ ...tile, href: `${tile.href}?${encodeURIComponent(id)}` }))) });
      const item = await get(text(headers['location']));
      expect(item['id']).toBe(id);
      expect(await get(hrefOf(item, 'self'))).toEqual(item);
      expect(listOf((await get(hrefOf(item, 'child')))['features'])).toHaveLength(2);
      for (const name of ['mosaic', 'mosaic-snapshot']) expect((await server.request('GET', text(item['assets']?.[name]?.['href']))).status).toBe(200);
      await get(hrefOf(item, 'tilejson'));
    }
  });
});

describe('the tiles of a dataset', () => {
  it('have ids, titles, places and links of API.md', async () => {
    await postDataset(server, datasetBody('flood'));
    const tiles = await tilesOf('flood');
    expect(tiles.map((tile) => tile['id'])).toEqual(['flood_tile_001', 'flood_tile_002', 'flood_tile_003', 'flood_tile_004']);
    const [, second] = tiles;
    expect(second).toMatchObject({
      collection: 'system_tiles',
      bbox: [10, 0, 20, 10],
      properties: { title: 'Tile 002 of 004', parent_dataset: 'flood', tile_index: 2, tile_row: 0, tile_col: 1, datetime: '2024-10-15T12:00:00Z', gsd: 30, 'proj:code': 'EPSG:4326' },
      assets: { data: { href: 'https://cogs.example.com/tile_2.tif', type: COG_TYPE, roles: ['data'], title: 'Tile 002 of 004', 'file:size': 1001, bands: [{ name: 'depth' }] } },
    });
    expect(Date.parse(text(second?.['properties']?.['processing:datetime']))).toBeGreaterThan(Date.now() - 60_000);
    expect(hrefOf(second, 'via')).toBe('https://cogs.example.com/tile_2.tif');
    expect(hrefOf(second, 'self')).toBe(`${server.url}/api/datasets/flood/tiles/flood_tile_002`);
    await expectValid(...tiles);
    for (const tile of tiles) expect(await get(hrefOf(tile, 'self'))).toEqual(tile);
  });

  it('are numbered by their place, or by any whole number they name', async () => {
    await postDataset(server, datasetBody('places', boxTiles(2).map(({ index: _index, ...tile }) => tile as never)));
    expect((await tilesOf('places')).map((tile) => tile['id'])).toEqual(['places_tile_001', 'places_tile_002']);
    const tiles = boxTiles(3).map((tile, i) => ({ ...tile, href: `${tile.href}?n`, index: [1000, 0, 47][i] }));
    await postDataset(server, datasetBody('named', tiles));
    expect((await tilesOf('named')).map((tile) => tile['id'])).toEqual(['named_tile_000', 'named_tile_047', 'named_tile_1000']);
  });

  it('page by next and prev, each once', async () => {
    await postDataset(server, datasetBody('many', boxTiles(23)));
    const ids: unknown[] = [];
    let path: string | undefined = '/api/datasets/many/tiles?limit=5';
    let last: Loose = {};
    while (path !== undefined) {
      last = await get(path);
      expect(last['numberMatched']).toBe(23);
      ids.push(...listOf(last['features']).map((tile) => tile['id']));
      path = linksOf(last, 'next').map((link) => text(link['href']))[0];
    }
    expect(ids).toHaveLength(23);
    expect(new Set(ids).size).toBe(23);
    expect(listOf((await get(hrefOf(last, 'prev')))['features']).map((tile) => tile['id'])).toEqual(ids.slice(15, 20));
    expect((await server.request('GET', '/api/datasets/many/tiles?limit=0')).status).toBe(400);
    expect(listOf((await get('/api/datasets/many/tiles?limit=5000'))['features'])).toHaveLength(23);
  });

  it('of another dataset are not under this one', async () => {
    await postDataset(server, datasetBody('a'));
    await postDataset(server, datasetBody('b', boxTiles(1).map((tile) => ({ ...tile, href: 'https://cogs.example.com/b.tif' }))));
    expect((await server.request('GET', '/api/datasets/b/tiles/a_tile_001')).status).toBe(404);
    expect((await server.request('GET', '/api/datasets/nosuch/tiles')).status).toBe(404);
  });
});

describe('tiles that come as whole STAC Items', () => {
  const item = (id: string, i: number, more: Record<string, unknown> = {}): never =>
    itemBody(id, {
      bbox: [i, 0, i + 1, 1],
      properties: { datetime: '2023-05-05T05:05:05Z', 'processing:level': 'L1' },
      stac_extensions: ['https://stac-extensions.github.io/processing/v1.1.0/schema.json'],
      assets: {
        data: { href: `https://cogs.example.com/${id}.tif`, type: COG_TYPE, roles: ['data'], 'file:size': 10 },
        metadata: { href: `https://cogs.example.com/${id}.xml`, type: 'application/xml', roles: ['metadata'] },
      },
      links: [{ rel: 'self', href: `https://stac.example.com/items/${id}` }],
      ...more,
    }) as never;

  it('keep their properties, other assets and where they came from', async () => {
    await postDataset(server, datasetBody('items', [item('a', 0), item('b', 1)]));
    const [first] = await tilesOf('items');
    expect(first).toMatchObject({
      id: 'items_tile_001',
      properties: { datetime: '2023-05-05T05:05:05Z', 'processing:level': 'L1', parent_dataset: 'items', tile_index: 1 },
      assets: { data: { href: 'https://cogs.example.com/a.tif', 'file:size': 10 }, metadata: { href: 'https://cogs.example.com/a.xml' } },
    });
    expect(hrefOf(first, 'via')).toBe('https://stac.example.com/items/a');
    expect((await get('/api/datasets/items'))['properties']).toMatchObject({ 'file:size': 20 });
    await expectValid(...(await tilesOf('items')), await get('/api/datasets/items'));
  });

  it('may name their COG otherwise: the only GeoTIFF becomes the asset data', async () => {
    const assets = { visual: { href: 'https://cogs.example.com/v.tif', type: COG_TYPE }, thumbnail: { href: 'https://cogs.example.com/v.png', type: 'image/png' } };
    await postDataset(server, datasetBody('visual', [item('v', 0, { assets })]));
    expect((await tilesOf('visual'))[0]?.['assets']).toMatchObject({ data: { href: 'https://cogs.example.com/v.tif', roles: ['data'] }, thumbnail: {} });
  });

  it('without anything that can be the data are an error of that tile', async () => {
    const { status, body } = await server.request('POST', '/api/datasets', { body: datasetBody('none', [item('a', 0), item('b', 1, { assets: {} })]) });
    expect(status).toBe(400);
    expect(body['errors']).toEqual([expect.objectContaining({ path: '/tiles/1/assets', index: 2 })]);
  });

  it('keep a footprint that is no box', async () => {
    const geometry = { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [0, 1], [0, 0]]] };
    await postDataset(server, datasetBody('triangle', [item('t', 0, { geometry })]));
    expect((await tilesOf('triangle'))[0]?.['geometry']).toEqual(geometry);
  });
});

it('the list of datasets narrows by bbox, datetime and filter, and sorts', async () => {
  for (const [i, id] of ['a', 'b', 'c'].entries()) {
    const properties = { title: id, datetime: `2024-01-0${i + 1}T00:00:00Z` };
    await postDataset(server, datasetBody(id, [{ href: `https://cogs.example.com/${id}.tif`, bbox: [i * 10, 0, i * 10 + 5, 5] }], { dataset: { id, properties } }));
  }
  const ids = async (query: string): Promise<unknown[]> => listOf((await get(`/api/datasets?${query}`))['features']).map((item) => item['id']);
  expect(await ids('bbox=9,0,12,1')).toEqual(['b']);
  expect(await ids('datetime=2024-01-02T00:00:00Z/..&sortby=id')).toEqual(['b', 'c']);
  expect(await ids(`filter=${encodeURIComponent("title = 'a'")}`)).toEqual(['a']);
  expect(await ids('sortby=-title')).toEqual(['c', 'b', 'a']);
  expect(await ids('sortby=title&limit=1')).toEqual(['a']);
});
