/** Registered searches under titiler-pgstac's paths (API.md section 4). */
import { listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(async () => {
  await server.reset();
  await makeCollection(server, 'c', ['a', 'b'].map((id, i) => itemBody(id, { bbox: [i * 10, 0, i * 10 + 5, 5], properties: { n: i } })));
});
afterAll(() => server?.close());

const register = (body: unknown): Promise<TestAnswer> => server.request('POST', '/searches/register', { body });
async function get(path: string): Promise<Loose> {
  const { status, body } = await server.request('GET', path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return body;
}

describe('a registered search', () => {
  it('answers its id and links, each of which works', async () => {
    const { status, body } = await register({ collections: ['c'] });
    expect(status).toBe(200);
    expect(text(body['id'])).toMatch(/^[0-9a-f]{32}$/);
    expect(listOf(body['links']).map((link) => link['rel'])).toEqual(expect.arrayContaining(['metadata', 'tilejson']));
    for (const link of listOf(body['links'])) await get(text(link['href']).replace('{tileMatrixSetId}', 'WebMercatorQuad'));
  });

  it('has one id for one body, however often and from however many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => register({ collections: ['c'], filter: { op: '=', args: [{ property: 'n' }, 1] } })));
    expect(new Set(answers.map(({ status, body }) => `${status} ${text(body['id'])}`)).size).toBe(1);
    const again = await register({ filter: { op: '=', args: [{ property: 'n' }, 1] }, collections: ['c'], metadata: null, limit: 3 });
    expect(again.body['id']).toBe(answers[0]?.body['id']);
    expect((await register({ collections: ['d'] })).body['id']).not.toBe(answers[0]?.body['id']);
    expect((await register({ collections: ['c'], metadata: { name: 'Mine' } })).body['id']).not.toBe((await register({ collections: ['c'] })).body['id']);
  });

  it('shows what was registered, with its metadata', async () => {
    const { body } = await register({ collections: ['c'], bbox: [0, 0, 50, 50], metadata: { name: 'Mine', minzoom: 2, maxzoom: 7 } });
    const { search } = await get(`/searches/${text(body['id'])}/info`);
    expect(search).toMatchObject({ hash: body['id'], search: { collections: ['c'], bbox: [0, 0, 50, 50], 'filter-lang': 'cql2-json' }, metadata: { type: 'mosaic', name: 'Mine', minzoom: 2, maxzoom: 7 } });
    expect(Number(search?.['usecount'])).toBeGreaterThan(0);
    const tilejson = await get(`/searches/${text(body['id'])}/WebMercatorQuad/tilejson.json`);
    expect(tilejson).toMatchObject({ name: 'Mine', minzoom: 2, maxzoom: 7, bounds: [0, 0, 15, 5] });
  });

  it('narrows its mosaic and its items', async () => {
    const { body } = await register({ collections: ['c'], filter: { op: '=', args: [{ property: 'n' }, 1] } });
    expect(JSON.stringify(await get(`/searches/${text(body['id'])}/mosaic.json`))).toMatch(/b\.tif/);
    expect(JSON.stringify(await get(`/searches/${text(body['id'])}/mosaic.json`))).not.toMatch(/a\.tif/);
    expect(listOf((await get(`/searches/${text(body['id'])}/items`))['features']).map((item) => item['id'])).toEqual(['b']);
    expect(Object.keys((await get(`/searches/${text(body['id'])}/mosaic.json?filter=${encodeURIComponent('n = 0')}`))['tiles'] ?? {})).toEqual([]);
  });

  it('that pgSTAC cannot compile is 400 and not stored', async () => {
    const before = await server.written();
    const { status, body } = await register({ filter: { op: 'like', args: [{ property: 'datetime' }, 'a%'] } });
    // 0.9 compiles this one, and would fail when it is used; 0.10 says so at once.
    if (server.services.database.pgstacVersion.startsWith('0.9.')) return expect(status).toBe(200);
    expect({ status, code: body['code'] }).toEqual({ status: 400, code: 'InvalidInput' });
    return expect(await server.written()).toEqual(before);
  });

  it('that is not valid is 400 and not stored', async () => {
    const before = await server.written();
    for (const body of [{ bbox: [1, 2, 3] }, { nosuch: 1 }, { collections: 'c' }, { filter: { op: 'nosuch', args: [] } }, { filter: "n = 1", 'filter-lang': 'cql2-text' }, { metadata: 5 }, { datetime: 'never' }, [], 'x']) {
      const { status, body: answer } = await register(body);
      expect({ body, status, code: answer['code'] }).toEqual({ body, status: 400, code: 'InvalidInput' });
    }
    expect(await server.written()).toEqual(before);
  });

  it('is deleted once', async () => {
    const { body } = await register({ collections: ['c'], limit: 1 });
    expect((await server.request('DELETE', `/searches/${text(body['id'])}`)).status).toBe(204);
    for (const rest of ['info', 'mosaic.json', 'WebMercatorQuad/tilejson.json', 'items', 'tiles/WebMercatorQuad/0/0/0']) expect((await server.request('GET', `/searches/${text(body['id'])}/${rest}`)).status).toBe(404);
    expect((await server.request('DELETE', `/searches/${text(body['id'])}`)).status).toBe(404);
  });

  it('that a collection or dataset links is not deleted: 409', async () => {
    const { search_id: ofDataset } = await postDataset(server, datasetBody('d'));
    const ofCollection = (await get('/collections/c'))['summaries']?.['mosaic:search_id']?.['0'];
    for (const id of [ofDataset, ofCollection]) {
      expect((await server.request('DELETE', `/searches/${text(id)}`)).status).toBe(409);
      await get(`/searches/${text(id)}/info`);
    }
  });

  it('is listed with paging, sorting and filters by metadata', async () => {
    const names = ['one', 'two', 'three'];
    for (const name of names) await register({ collections: ['c'], metadata: { name, owner: name === 'two' ? 'me' : 'you' } });
    await register({ collections: ['c'], metadata: { type: 'search', name: 'hidden' } });
    const named = (body: Loose): string[] => listOf(body['searches']).map((entry) => text(entry['search']?.['metadata']?.['name'])).filter((name) => names.includes(name));
    const all = await get('/searches/list?limit=100');
    expect(named(all).toSorted()).toEqual(names.toSorted());
    expect(all['context']).toEqual({ returned: listOf(all['searches']).length, limit: 100, matched: listOf(all['searches']).length });
    expect(JSON.stringify(all)).not.toMatch(/"hidden"/);
    expect(named(await get('/searches/?sortby=-name&limit=100'))).toEqual(['two', 'three', 'one']);
    expect(named(await get('/searches/?sortby=+metadata.name&limit=100'))).toEqual(['one', 'three', 'two']);
    expect(named(await get('/searches/list?owner=me'))).toEqual(['two']);
    expect(named(await get('/searches/list?metadata.owner=you&sortby=name&limit=1'))).toEqual(['one']);
    expect(await get('/searches/list?owner=nobody')).toMatchObject({ searches: [], context: { returned: 0, limit: 10, matched: 0 } });
    const seen: string[] = [];
    for (let next = '/searches/list?limit=1&sortby=-lastused'; ; ) {
      const page = await get(next.replace(server.url, ''));
      seen.push(...listOf(page['searches']).map((entry) => text(entry['search']?.['hash'])));
      const link = listOf(page['links']).find(({ rel }) => text(rel) === 'next');
      if (link === undefined) break;
      next = text(link['href']);
    }
    expect(seen.length).toBe(new Set(seen).size);
    expect(seen.length).toBe(Number(all['context']?.['matched']));
    for (const bad of ['limit=0', 'offset=-1', 'limit=x']) expect((await server.request('GET', `/searches/list?${bad}`)).status).toBe(400);
  });

  it('over what the caller does not see is not listed, that of a dataset is', async () => {
    const { search_id: ofDataset } = await postDataset(server, datasetBody('d'));
    const { body } = await register({ collections: ['system_tiles'] });
    const listed = listOf((await get('/searches/list?limit=1000'))['searches']).map((entry) => text(entry['search']?.['hash']));
    expect(listed).toContain(text(ofDataset));
    expect(listed).not.toContain(text(body['id']));
    expect((await server.request('GET', `/searches/${text(body['id'])}/info`)).status).toBe(404);
  });

  it('is gone when it has expired, and cleared up by the next that comes', async () => {
    const { body } = await register({ collections: ['c'], metadata: { expires: '2999-01-01T00:00:00Z', owner: 'me', name: 'Passing' } });
    const id = text(body['id']);
    const { pool } = server.services.database;
    const { rows } = await pool.query<object>('SELECT name, owner, expires_at FROM stac_mosaic.registered_searches WHERE search_id = $1', [id]);
    expect(rows).toEqual([{ name: 'Passing', owner: 'me', expires_at: new Date('2999-01-01T00:00:00Z') }]);
    await get(`/searches/${id}/info`);
    await pool.query(`UPDATE stac_mosaic.registered_searches SET expires_at = now() WHERE search_id = $1`, [id]);
    for (const rest of ['info', 'mosaic.json', 'WebMercatorQuad/tilejson.json']) expect((await server.request('GET', `/searches/${id}/${rest}`)).status).toBe(404);
    expect(JSON.stringify(await get('/searches/list?limit=1000'))).not.toMatch(id);
    await register({ collections: ['c'], metadata: { name: 'next' } });
    expect((await pool.query('SELECT FROM pgstac.searches WHERE hash = $1', [id])).rowCount).toBe(0);
    for (const expires of ['2000-01-01T00:00:00Z', 'tomorrow', 5]) expect((await register({ metadata: { expires } })).status).toBe(400);
  });

  it('is marked as used by what is drawn of it, with one write a minute', async () => {
    const { body } = await register({ collections: ['c'], metadata: { name: 'used' } });
    const id = text(body['id']);
    const usecount = async (): Promise<number> => Number((await get(`/searches/${id}/info`))['search']?.['usecount']);
    const before = await usecount();
    await get(`/searches/${id}/WebMercatorQuad/tilejson.json`);
    expect(await usecount()).toBe(before + 1);
    await Promise.all(Array.from({ length: 5 }, () => get(`/searches/${id}/mosaic.json`)));
    expect(await usecount()).toBe(before + 1);
    await server.services.searchUse.flush();
    expect(await usecount()).toBe(before + 6);
  });

  it('that its metadata gives layers has links and raster_layers for them', async () => {
    const { body } = await register({ collections: ['c'], metadata: { defaults: { water: { assets: 'data', rescale: [[0, 10], [1, 2]], colormap: { 1: [1, 2, 3, 4] } } } } });
    const hrefs = listOf(body['links']).map(({ href }) => text(href));
    const query = 'rescale=0%2C10&rescale=1%2C2&colormap=%7B%221%22%3A%5B1%2C2%2C3%2C4%5D%7D&assets=data';
    expect(hrefs.filter((href) => href.endsWith(`?${query}`)).map((href) => href.split('?')[0]?.split('/').at(-1))).toEqual(['tilejson.json', 'map.html']);
    const tilejson = await get(`/searches/${text(body['id'])}/WebMercatorQuad/tilejson.json?${query}&tile_format=png&minzoom=3`);
    expect(tilejson['raster_layers']).toEqual({ water: { assets: ['data'], rescale: ['0,10', '1,2'], colormap: '{"1":[1,2,3,4]}' } });
    expect(tilejson['tiles']).toEqual([`${server.url}/searches/${text(body['id'])}/tiles/WebMercatorQuad/{z}/{x}/{y}.png?${query}`]);
  });

  it('is not made by reading: searching writes no row', async () => {
    const before = await server.written();
    await get('/search?collections=c&limit=1');
    await server.request('POST', '/search', { body: { collections: ['c'], filter: { op: '=', args: [{ property: 'n' }, 1] } } });
    for (const rest of ['mosaic.json', 'WebMercatorQuad/tilejson.json', 'WorldCRS84Quad/tilejson.json', 'tiles/WebMercatorQuad/0/0/0/assets']) await get(`/collections/c/${rest}`);
    expect(await server.written()).toEqual(before);
  });
});

it('a search with items over the antimeridian has a TileJSON of the whole width', async () => {
  await server.request('POST', '/collections/c/items', { body: itemBody('am', { bbox: [170, 0, -170, 10], geometry: { type: 'MultiPolygon', coordinates: [[[[170, 0], [180, 0], [180, 10], [170, 10], [170, 0]]], [[[-180, 0], [-170, 0], [-170, 10], [-180, 10], [-180, 0]]]] } }) });
  const { body } = await register({ ids: ['am'] });
  expect((await get(`/searches/${text(body['id'])}/WebMercatorQuad/tilejson.json`))['bounds']).toEqual([-180, 0, 180, 10]);
});

describe('what pgSTAC takes beyond a search of ours', () => {
  beforeEach(async () => {
    const times = ['2024-01-04T23:59:59Z', '2024-01-05T00:00:00Z', '2024-01-06T23:59:59.999999Z', '2024-01-07T00:00:00Z'];
    await makeCollection(server, 't', times.map((datetime, i) => itemBody(`t${i}`, { bbox: [i * 10, 0, i * 10 + 5, 5], properties: { datetime } })));
  });
  const drawn = async (id: string): Promise<string[]> => listOf((await get(`/searches/${id}/items`))['features']).map((item) => text(item['id'])).toSorted();

  it.each([
    ['2024-01-05', ['t1']],
    ['2024-01-05/2024-01-06', ['t1', 't2']],
    ['../2024-01-04', ['t0']],
    ['2024-01-06T00:00:00/..', ['t2', 't3']],
  ])('dates are whole days: %s', async (datetime, expected) => {
    const { status, body } = await register({ collections: ['t'], datetime });
    expect(status).toBe(200);
    expect(await drawn(text(body['id']))).toEqual(expected);
    const { search } = await get(`/searches/${text(body['id'])}/info`);
    expect(search?.['search']).toMatchObject({ datetime });
  });

  it('unknown members and an empty filter, registered by another program, select nothing less', async () => {
    const { rows } = await server.services.database.pool.query<{ hash: string }>(`SELECT hash FROM pgstac.search_query('{"collections": ["t"], "filter": {}, "more": 1}', _metadata => '{"type": "mosaic"}')`);
    expect(await drawn(text(rows[0]?.hash))).toEqual(['t0', 't1', 't2', 't3']);
  });
});
