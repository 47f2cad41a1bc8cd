/** Collections with their search hook, items by the transaction extension, and the two collections that are guarded (API.md sections 1, 2, 4 and 8). */
import { hrefOf, linksOf, listOf, type Loose, type TestAnswer, text, withoutPage } from '../support/client.js';
import { collectionBody, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const HOOK_RELS = ['preview', 'tilejson', 'tiles', 'mosaicjson'];
const request = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> => server.request(method, path, { body, headers });

async function get(path: string): Promise<Loose> {
  const { status, body } = await request('GET', path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return withoutPage(body);
}

const searchIdOf = (collection: Loose): string => text(collection['summaries']?.['mosaic:search_id']?.['0']);

function expectHooked(collection: Loose, asset = 'data'): string {
  const id = searchIdOf(collection);
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(listOf(collection['summaries']?.['mosaic:search_id'])).toHaveLength(1);
  for (const rel of HOOK_RELS) expect({ rel, count: linksOf(collection, rel).length }).toEqual({ rel, count: 1 });
  expect(linksOf(collection, 'preview')[0]).toEqual({ rel: 'preview', type: 'text/html', title: 'Interactive collection mosaic viewer', href: `${server.url}/searches/${id}/WebMercatorQuad/map.html?assets=${asset}` });
  expect(linksOf(collection, 'tilejson')[0]).toMatchObject({ type: 'application/json' });
  expect(linksOf(collection, 'tiles')[0]).toMatchObject({ type: 'image/png', templated: true, href: expect.stringContaining('{z}/{x}/{y}') as unknown });
  return id;
}

describe('the hook', () => {
  it('gives a new collection its search and links, in the answer and in the database', async () => {
    const { status, headers, body } = await request('POST', '/collections', collectionBody('c'));
    expect(status).toBe(201);
    expect(headers['location']).toBe(`${server.url}/collections/c`);
    const id = expectHooked(body);
    expect(await get('/collections/c')).toEqual(body);
    const { search } = await get(`/searches/${id}/info`);
    expect(search).toMatchObject({ hash: id, search: { collections: ['c'], 'filter-lang': 'cql2-json' }, metadata: { type: 'mosaic', name: 'c mosaic' } });
    for (const rel of ['preview', 'tilejson', 'mosaicjson']) expect((await request('GET', hrefOf(body, rel))).status).toBe(200);
  });

  it('is the hash of pgSTAC, as titiler-pgstac would register it', async () => {
    const { body } = await request('POST', '/collections', collectionBody('c'));
    const again = await request('POST', '/searches/register', { collections: ['c'], metadata: { type: 'mosaic', name: 'c mosaic' } });
    expect(again.body['id']).toBe(searchIdOf(body));
  });

  it('survives a PUT without its members, and a PUT of what GET gave does not double them', async () => {
    const { body: first } = await request('POST', '/collections', collectionBody('c'));
    expect((await request('PUT', '/collections/c', collectionBody('c', { title: 'New' }))).status).toBe(204);
    const second = await get('/collections/c');
    expect(expectHooked(second)).toBe(searchIdOf(first));
    expect(second['title']).toBe('New');
    for (let i = 0; i < 3; i += 1) expect((await request('PUT', '/collections/c', await get('/collections/c'))).status).toBe(204);
    expect(await get('/collections/c')).toEqual(second);
    const { rows } = await server.services.database.pool.query<{ links: unknown[] }>("SELECT content->'links' AS links FROM pgstac.collections WHERE id = 'c'");
    expect(rows[0]?.links).toHaveLength(4);
  });

  it('survives a PATCH, also one that takes its members away', async () => {
    await request('POST', '/collections', collectionBody('c', { summaries: { gsd: [1] } }));
    for (const patch of [{ title: 'T' }, { links: [] }, { summaries: null }, { summaries: { 'mosaic:search_id': null } }]) {
      const { status, body } = await request('PATCH', '/collections/c', patch, { prefer: 'return=representation', 'content-type': 'application/merge-patch+json' });
      expect(status).toBe(200);
      expectHooked(body);
    }
    expect((await get('/collections/c'))['title']).toBe('T');
  });

  it('keeps links and summaries of the caller', async () => {
    await request('POST', '/collections', collectionBody('c', { links: [{ rel: 'license', href: 'https://example.com/l' }, { rel: 'preview', href: 'https://example.com/picture.png' }], summaries: { gsd: [10] } }));
    const collection = await get('/collections/c');
    expect(linksOf(collection, 'license')).toHaveLength(1);
    expect(linksOf(collection, 'preview').map((link) => link['href'])).toContain('https://example.com/picture.png');
    expect(collection['summaries']).toMatchObject({ gsd: [10] });
  });

  it('names the asset that holds the COGs', async () => {
    const itemAssets = { visual: { type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'] }, thumbnail: { type: 'image/png', roles: ['thumbnail'] } };
    const { body } = await request('POST', '/collections', collectionBody('c', { item_assets: itemAssets }));
    expectHooked(body, 'visual');
    expect(hrefOf(body, 'tiles')).toContain('?assets=visual');
  });

  it('goes with its collection', async () => {
    const before = await server.written();
    const { body } = await request('POST', '/collections', collectionBody('c'));
    expect((await request('DELETE', '/collections/c')).status).toBe(204);
    for (const path of ['/collections/c', '/collections/c/items', '/collections/c/mosaic.json', `/searches/${searchIdOf(body)}/info`, `/searches/${searchIdOf(body)}/mosaic.json`]) expect({ path, status: (await request('GET', path)).status }).toEqual({ path, status: 404 });
    expect((await request('DELETE', '/collections/c')).status).toBe(404);
    expect(await server.written()).toEqual(before);
  });

  it('leaves a search that a user registered as well', async () => {
    const { body } = await request('POST', '/collections', collectionBody('c'));
    await request('POST', '/searches/register', { collections: ['c'], metadata: { type: 'mosaic', name: 'c mosaic' } });
    await request('DELETE', '/collections/c');
    expect((await request('GET', `/searches/${searchIdOf(body)}/info`)).status).toBe(200);
  });

  it('runs once however many create one collection at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => request('POST', '/collections', collectionBody('c'))));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409, 409]);
    expectHooked(await get('/collections/c'));
  });

  it('belongs to the collection datasets too, and its mosaic runs over the tiles', async () => {
    await postDataset(server, datasetBody('d'));
    expectHooked(await get('/collections/datasets'));
    const mosaic = await get('/collections/datasets/mosaic.json');
    expect(new Set(Object.values(mosaic['tiles'] ?? {}).flatMap((urls) => listOf(urls).map(text))).size).toBe(4);
  });
});

describe('a collection', () => {
  it('that is not valid is 400 and leaves nothing', async () => {
    const before = await server.written();
    for (const body of [{}, { id: 'c' }, collectionBody(''), collectionBody('a/b'), collectionBody('c', { extent: { spatial: { bbox: [[0, 10, 1, 0]] }, temporal: { interval: [[null, null]] } } }), collectionBody('c', { links: [{ rel: 'x' }] }), collectionBody('c', { type: 'Feature' }), collectionBody('c', { license: 5 }), [], null, 'x']) {
      const { status, body: answer } = await request('POST', '/collections', body === null ? 'null' : body);
      expect({ body, status, code: answer['code'] }).toEqual({ body, status: 400, code: 'InvalidInput' });
    }
    expect(await server.written()).toEqual(before);
  });

  it('with another id than its URL is 400, an unknown one 404, a doubled one 409', async () => {
    await request('POST', '/collections', collectionBody('c'));
    expect((await request('PUT', '/collections/c', collectionBody('d'))).status).toBe(400);
    expect((await request('PATCH', '/collections/c', { id: 'd' })).status).toBe(400);
    expect((await request('PUT', '/collections/nosuch', collectionBody('nosuch'))).status).toBe(404);
    expect((await request('PATCH', '/collections/nosuch', {})).status).toBe(404);
    expect((await request('DELETE', '/collections/nosuch')).status).toBe(404);
    expect((await request('POST', '/collections', collectionBody('c'))).status).toBe(409);
  });

  it('follows its items with its extent', async () => {
    await makeCollection(server, 'c', [itemBody('a', { bbox: [0, 0, 1, 1] }), itemBody('b', { bbox: [10, 10, 11, 11], properties: { datetime: '2025-01-01T00:00:00Z' } })]);
    expect((await get('/collections/c'))['extent']).toEqual({ spatial: { bbox: [[0, 0, 11, 11]] }, temporal: { interval: [['2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z']] } });
    await request('DELETE', '/collections/c/items/b');
    expect((await get('/collections/c'))['extent']?.['spatial']).toEqual({ bbox: [[0, 0, 1, 1]] });
  });
});

describe('items', () => {
  beforeEach(() => makeCollection(server, 'c', []));

  it('of one POST answer 201 with Location and the document, completed where that is allowed', async () => {
    const { links: _links, assets: _assets, ...bare } = itemBody('i');
    const { status, headers, body } = await request('POST', '/collections/c/items', bare, { 'content-type': 'application/geo+json' });
    expect(status).toBe(201);
    expect(headers['location']).toBe(`${server.url}/collections/c/items/i`);
    expect(body).toMatchObject({ id: 'i', collection: 'c', assets: {}, stac_extensions: [] });
    expect(await get('/collections/c/items/i')).toEqual(body);
    expect((await server.services.validator.validate(body, 'item')).faults).toEqual([]);
  });

  it('of a FeatureCollection are all written or none', async () => {
    const before = await server.written();
    const many = (...features: unknown[]): Promise<TestAnswer> => request('POST', '/collections/c/items', { type: 'FeatureCollection', features });
    expect((await many(itemBody('a'), itemBody('a'))).status).toBe(400);
    const bad = await many(itemBody('a'), itemBody('b', { properties: { datetime: 'never' } }));
    expect(bad.status).toBe(400);
    expect(text(listOf(bad.body['errors'])[0]?.['path'])).toMatch(/^\/features\/1\/properties/);
    expect(await server.written()).toMatchObject({ 'pgstac.items': before['pgstac.items'] });
    const good = await many(itemBody('a'), itemBody('b'));
    expect({ status: good.status, location: good.headers['location'] }).toEqual({ status: 201, location: undefined });
    expect((await many(itemBody('c'), itemBody('b'))).status).toBe(409);
    expect((await request('GET', '/collections/c/items/c')).status).toBe(404);
  });

  it('with an id longer than an index can hold are 400', async () => {
    const id = Array.from({ length: 4000 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7919) % 20_000))).join('');
    expect((await request('POST', '/collections/c/items', itemBody(id))).status).toBe(400);
    expect((await request('POST', '/collections', collectionBody(id))).status).toBe(400);
  });

  it('of a missing collection are 404, another collection 400, a doubled id 409', async () => {
    await request('POST', '/collections/c/items', itemBody('i'));
    expect((await request('POST', '/collections/nosuch/items', itemBody('i'))).status).toBe(404);
    expect((await request('POST', '/collections/c/items', itemBody('j', { collection: 'd' }))).status).toBe(400);
    expect((await request('POST', '/collections/c/items', itemBody('i'))).status).toBe(409);
  });

  it('are replaced, patched and deleted: 204, or the document where it is preferred', async () => {
    await request('POST', '/collections/c/items', itemBody('i', { properties: { a: 1, b: 2 } }));
    expect((await request('PUT', '/collections/c/items/i', itemBody('i', { properties: { a: 3 } }))).status).toBe(204);
    expect((await get('/collections/c/items/i'))['properties']).toEqual({ datetime: '2024-01-01T00:00:00Z', a: 3 });
    const patched = await request('PATCH', '/collections/c/items/i', { properties: { a: null, c: 4 } }, { prefer: 'return=representation' });
    expect(patched.status).toBe(200);
    expect(patched.body['properties']).toEqual({ datetime: '2024-01-01T00:00:00Z', c: 4 });
    expect((await request('PATCH', '/collections/c/items/i', {}, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await request('PUT', '/collections/c/items/i', itemBody('other'))).status).toBe(400);
    expect((await request('PUT', '/collections/c/items/nosuch', itemBody('nosuch'))).status).toBe(404);
    expect((await request('DELETE', '/collections/c/items/i')).status).toBe(204);
    expect((await request('DELETE', '/collections/c/items/i')).status).toBe(404);
  });

  it('of eight patches at once lose none', async () => {
    await request('POST', '/collections/c/items', itemBody('i'));
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => request('PATCH', '/collections/c/items/i', { properties: { [`p${n}`]: n } })));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 204));
    expect(Object.keys((await get('/collections/c/items/i'))['properties'] ?? {})).toHaveLength(9);
  });

  it('patched and deleted at once are whole or gone, those of datasets with their tiles', async () => {
    for (let round = 0; round < 5; round += 1) {
      await postDataset(server, datasetBody('d'));
      await Promise.all([
        request('PATCH', '/collections/datasets/items/d', { properties: { title: 'New' } }),
        request('DELETE', '/api/datasets/d'),
        request('PATCH', '/collections/datasets/items/d', { properties: { title: 'Newer' } }),
      ]);
      expect((await request('GET', '/api/datasets/d')).status).toBe(404);
      expect((await server.written())['pgstac.items']).toBe(0);
    }
  });
});

describe('the collections datasets and system_tiles', () => {
  beforeEach(async () => void (await postDataset(server, datasetBody('d'))));

  it('refuse standard writes with 409 and name /api/datasets', async () => {
    const before = await server.written();
    for (const [method, path, body] of [
      ['POST', '/collections/datasets/items', itemBody('x')],
      ['POST', '/collections/datasets/items', { type: 'FeatureCollection', features: [itemBody('x')] }],
      ['PUT', '/collections/datasets/items/d', itemBody('d')],
      ['POST', '/collections/system_tiles/items', itemBody('x')],
      ['PUT', '/collections/system_tiles/items/d_tile_001', itemBody('d_tile_001')],
      ['PATCH', '/collections/system_tiles/items/d_tile_001', { properties: { title: 'x' } }],
      ['DELETE', '/collections/system_tiles/items/d_tile_001', undefined],
      ['DELETE', '/collections/datasets', undefined],
    ] as const) {
      const { status, body: answer } = await request(method, path, body);
      expect({ method, path, status }).toEqual({ method, path, status: 409 });
      expect(text(answer['description'])).toContain('/api/datasets');
    }
    expect(await server.written()).toEqual(before);
  });

  it('let a patch change what is not computed, and nothing else', async () => {
    const old = await get('/api/datasets/d');
    const { status, body } = await request('PATCH', '/collections/datasets/items/d', { properties: { title: 'New', keywords: ['k'] }, assets: { thumbnail: { href: 'https://example.com/t.png' } } }, { prefer: 'return=representation' });
    expect(status).toBe(200);
    expect(body['properties']).toMatchObject({ title: 'New', keywords: ['k'], 'file:tile_count': 4 });
    expect(Date.parse(text(body['properties']?.['updated']))).toBeGreaterThanOrEqual(Date.parse(text(old['properties']?.['updated'])));
    expect(await get('/api/datasets/d')).toEqual(body);
    for (const rel of [...HOOK_RELS, 'child']) expect(linksOf(body, rel)).toHaveLength(1);
    for (const patch of [{ geometry: null }, { bbox: [0, 0, 1, 1] }, { properties: { 'file:tile_count': 9 } }, { properties: { 'file:size': null } }, { properties: { 'mosaic:search_id': 'x' } }, { properties: { created: '2020-01-01T00:00:00Z' } }, { properties: null }, { assets: { mosaic: null } }, { assets: null }, { id: 'e' }, { collection: 'c' }]) {
      const refused = await request('PATCH', '/collections/datasets/items/d', patch);
      expect({ patch, status: refused.status, code: refused.body['code'] }).toEqual({ patch, status: 409, code: 'Conflict' });
    }
    expect(await get('/api/datasets/d')).toEqual(body);
    expect((await server.services.validator.validate(body, 'item')).faults).toEqual([]);
  });

  it('hide the tiles from everybody, everywhere', async () => {
    for (const path of ['/collections/system_tiles', '/collections/system_tiles/items', '/collections/system_tiles/items/d_tile_001', '/collections/system_tiles/queryables', '/collections/system_tiles/mosaic.json', '/collections/system_tiles/WebMercatorQuad/tilejson.json', '/collections/system_tiles/WebMercatorQuad/map.html', '/collections/system_tiles/tiles/WebMercatorQuad/0/0/0', '/api/datasets/d_tile_001']) {
      expect({ path, status: (await request('GET', path)).status }).toEqual({ path, status: 404 });
    }
    for (const [method, body] of [['PUT', collectionBody('system_tiles')], ['PATCH', {}]] as const) expect([404, 409]).toContain((await request(method, '/collections/system_tiles', body)).status);
    for (const path of ['/', '/collections', '/search?limit=1000', '/search?collections=system_tiles', '/search?ids=d_tile_001', '/search?collections=datasets,system_tiles', `/search?filter=${encodeURIComponent("parent_dataset = 'd'")}`, '/queryables']) {
      expect({ path, shown: /system_tiles|_tile_00/.test(JSON.stringify(listOf((await get(path))['features'] ?? (await get(path))['collections'] ?? (await get(path))['links']))) }).toEqual({ path, shown: false });
    }
  });

  it('hide searches that a user registers over the tiles', async () => {
    const { status, body } = await request('POST', '/searches/register', { collections: ['system_tiles'] });
    if (status === 200) {
      for (const rest of ['info', 'mosaic.json', 'WebMercatorQuad/tilejson.json', 'tiles/WebMercatorQuad/0/0/0', 'items']) expect({ rest, status: (await request('GET', `/searches/${text(body['id'])}/${rest}`)).status }).toEqual({ rest, status: 404 });
    } else expect(status).toBe(404);
    const wide = await request('POST', '/searches/register', { bbox: [-180, -90, 180, 90] });
    expect(JSON.stringify((await get(`/searches/${text(wide.body['id'])}/items`))['features'])).not.toContain('system_tiles');
    const mosaic = await get(`/searches/${text(wide.body['id'])}/mosaic.json`);
    expect(JSON.stringify(mosaic)).not.toContain('tile_1.tif');
  });
});
