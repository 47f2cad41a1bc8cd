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

  it('is not made by reading: searching writes no row', async () => {
    const before = await server.written();
    await get('/search?collections=c&limit=1');
    await server.request('POST', '/search', { body: { collections: ['c'], filter: { op: '=', args: [{ property: 'n' }, 1] } } });
    await get('/collections/c/mosaic.json');
    expect(await server.written()).toEqual(before);
  });
});

it('a search with items over the antimeridian has a TileJSON of the whole width', async () => {
  await server.request('POST', '/collections/c/items', { body: itemBody('am', { bbox: [170, 0, -170, 10], geometry: { type: 'MultiPolygon', coordinates: [[[[170, 0], [180, 0], [180, 10], [170, 10], [170, 0]]], [[[-180, 0], [-170, 0], [-170, 10], [-180, 10], [-180, 0]]]] } }) });
  const { body } = await register({ ids: ['am'] });
  expect((await get(`/searches/${text(body['id'])}/WebMercatorQuad/tilejson.json`))['bounds']).toEqual([-180, 0, 180, 10]);
});
