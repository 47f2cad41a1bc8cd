/** Random bodies and hostile strings on every route: an answer of API.md each time, never a 500, nothing of the inside shown. */
import { routes } from '../../routes/index.js';
import { linksOf, listOf, type TestAnswer, text } from '../support/client.js';
import { boxTiles, collectionBody, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { INJECTIONS, jsonText, mutated, seeded } from '../support/mutate.js';
import { startTestServer, type TestServer } from '../support/server.js';

const LONG = process.env['TEST_LONG'] === '1';
/** Bodies of each kind; TEST_FUZZ asks for more, TEST_SEED for others. */
const ROUNDS = Number(process.env['TEST_FUZZ'] ?? (LONG ? 1000 : 120));
const SEED = Number(process.env['TEST_SEED'] ?? 1);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const LEAKS = /node_modules|\.[jt]s:\d+:\d+|\bpg_catalog\b|\bi\.content\b|syntax error at or near|at async |PostgresError|\/tmp\/|relation "|column "/;

/** What an answer may be; `sent` is shown where it is not. */
function expectSane(answer: TestAnswer, sent: unknown): void {
  const { status, body, bytes, headers } = answer;
  const shown = { sent: typeof sent === 'string' ? sent.slice(0, 2000) : sent, status, body: status >= 500 ? body : undefined };
  if (status >= 500 && status !== 501) throw new Error(JSON.stringify(shown));
  if (LEAKS.test(bytes.toString('utf8').replaceAll(JSON.stringify(sent), ''))) throw new Error(`It shows its inside: ${JSON.stringify(body)} for ${JSON.stringify(shown.sent)}`);
  if (status < 400) return;
  expect({ sent: shown.sent, members: Object.keys(body).filter((name) => name !== 'error_count').toSorted() }).toMatchObject({ members: ['code', 'description', 'errors', 'request_id'] });
  expect(body['request_id']).toBe(headers['x-request-id']);
  for (const error of listOf(body['errors'])) expect(typeof error['path'] === 'string' && typeof error['message'] === 'string').toBe(true);
}

async function fuzz(good: unknown, send: (body: string, round: number) => Promise<TestAnswer>, afterwards?: (answer: TestAnswer, body: string) => Promise<void>): Promise<Map<number, number>> {
  const random = seeded(SEED);
  const statuses = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const body = jsonText(mutated(good, random));
    const answer = await send(body, round);
    expectSane(answer, body);
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status < 300) await afterwards?.(answer, body);
  }
  return statuses;
}

const post = (path: string, body: string): Promise<TestAnswer> => server.request('POST', path, { body });

describe('random bodies', () => {
  it('of datasets are taken whole or refused whole, and what was taken can be read in every form', async () => {
    const good = datasetBody('fuzz', boxTiles(3).map((tile, i) => (i === 1 ? { ...itemBody('x', { bbox: [10, 0, 20, 10] }), href: 'unused' } : { ...tile, datetime: '2024-01-01T00:00:00Z' })), { mosaic: { overlap: 'last', quadkey_zoom: 3, minzoom: 0, maxzoom: 9 } });
    Object.assign(good.dataset, { assets: { thumbnail: { href: 'https://example.com/t.png' } }, links: [{ rel: 'derived_from', href: 'https://example.com/x' }], properties: { title: 'T', datetime: null, start_datetime: '2024-01-01T00:00:00Z', end_datetime: '2024-02-01T00:00:00Z', 'proj:epsg': 4326, gsd: 3 } });
    const before = await server.written();
    const statuses = await fuzz(good, (body) => post('/api/datasets', body), async ({ body: { id } }, sent) => {
      const at = `/api/datasets/${encodeURIComponent(text(id))}`;
      const item = await server.request('GET', at);
      expect({ sent, status: item.status }).toMatchObject({ status: 200 });
      const page = await server.request('GET', `${at}/tiles`);
      const verdicts = await server.services.validator.validateMany([item.body, ...listOf(page.body['features'])], 'item');
      expect({ sent, faults: verdicts.flatMap(({ faults }) => faults) }).toMatchObject({ faults: [] });
      for (const rest of ['/mosaic.json', '/tilejson.json', '/map.html']) expect({ sent, rest, status: (await server.request('GET', at + rest)).status }).toMatchObject({ status: 200 });
      expectSane(await server.request('GET', `${at}/tiles/0/0/0`), sent);
      const gone = await server.request('DELETE', at);
      expect({ sent, status: gone.status, body: gone.body }).toMatchObject({ status: 204, body: '' });
    });
    expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual([201, 400]);
    const { partitions: _before, ...was } = before;
    const { partitions: _after, ...is } = await server.written();
    expect(is).toEqual(was);
  }, 240_000);

  const search = {
    collections: ['c'], ids: ['a', 'b'], bbox: [0, 0, 10, 10], datetime: '2024-01-01T00:00:00Z/..', limit: 3, sortby: [{ field: 'datetime', direction: 'desc' }, { field: 'properties.n', direction: 'asc' }],
    filter: { op: 'and', args: [{ op: '=', args: [{ property: 'n' }, 1] }, { op: 's_intersects', args: [{ property: 'geometry' }, { type: 'Point', coordinates: [0, 0] }] }, { op: 'like', args: [{ property: 'title' }, 'a%'] }, { op: 'between', args: [{ property: 'datetime' }, { timestamp: '2024-01-01T00:00:00Z' }, { timestamp: '2024-02-01T00:00:00Z' }] }] },
  };

  for (const path of ['/search', '/mosaic', '/searches/register']) {
    it(`of searches at ${path} are answered or refused`, async () => {
      await makeCollection(server, 'c', ['a', 'b'].map((id, n) => itemBody(id, { properties: { n, title: id } })));
      const statuses = await fuzz(search, (body) => post(path, body), async ({ body: { id } }, sent) => {
        if (path !== '/searches/register') return;
        for (const rest of ['info', 'mosaic.json', 'WebMercatorQuad/tilejson.json', 'tiles/WebMercatorQuad/0/0/0', 'items']) expectSane(await server.request('GET', `/searches/${text(id)}/${rest}`), `${rest} of ${sent}`);
      });
      expect(statuses.has(200) && statuses.has(400)).toBe(true);
    }, 120_000);
  }

  it('of items are taken or refused, and what was taken can be read', async () => {
    await makeCollection(server, 'c', []);
    const statuses = await fuzz(itemBody('i', { properties: { n: 1, gsd: 3, 'proj:code': 'EPSG:4326' } }), (body) => post('/collections/c/items', body), async ({ headers }, sent) => {
      const at = text(headers['location'] ?? '/collections/c/items');
      expect({ sent, status: (await server.request('GET', at)).status }).toMatchObject({ status: 200 });
      for (const rest of ['/collections/c', '/collections/c/mosaic.json', '/collections/c/WebMercatorQuad/tilejson.json', '/search?sortby=n', '/search?sortby=-gsd&filter=gsd%3E1']) expect({ sent, rest, status: (await server.request('GET', rest)).status }).toMatchObject({ status: 200 });
      if (headers['location'] !== undefined) expect({ sent, status: (await server.request('DELETE', at)).status }).toMatchObject({ status: 204 });
    });
    expect([201, 400].every((status) => statuses.has(status))).toBe(true);
  }, 120_000);

  it('of patches to items and datasets are taken or refused', async () => {
    await makeCollection(server, 'c', [itemBody('i')]);
    await postDataset(server, datasetBody('d'));
    for (const path of ['/collections/c/items/i', '/collections/datasets/items/d']) {
      await fuzz({ properties: { title: 'x', gsd: 3, datetime: '2024-05-05T00:00:00Z' }, assets: { extra: { href: 'https://example.com/e' } }, links: [] }, (body) => server.request('PATCH', path, { body }));
      expect((await server.request('GET', path)).status).toBe(200);
    }
  }, 120_000);

  it('of collections are taken or refused, and what was taken can be read', async () => {
    const good = collectionBody('c', { title: 'C', keywords: ['a'], summaries: { gsd: { minimum: 1, maximum: 2 } }, item_assets: { data: { type: 'image/tiff; application=geotiff', roles: ['data'] } }, providers: [{ name: 'P', roles: ['producer'] }] });
    await fuzz(good, (body) => post('/collections', body), async ({ headers, body }, sent) => {
      const at = text(headers['location']);
      for (const path of [at, '/', '/collections', `${at}/items`, `${at}/queryables`, `${at}/mosaic.json`, `${at}/WebMercatorQuad/tilejson.json`]) expect({ sent, path, status: (await server.request('GET', path)).status }).toMatchObject({ status: 200 });
      for (const rel of ['preview', 'tilejson', 'tiles', 'mosaicjson']) expect({ sent, rel, count: linksOf(body, rel).length }).toMatchObject({ count: 1 });
      expect((await server.request('PUT', at, { body: sent })).status).toBe(204);
      expect((await server.request('DELETE', at)).status).toBe(204);
    });
  }, 120_000);
});

describe('hostile strings', () => {
  let turn = 0;
  /** The next few in turn, with --long all: there are ten thousand places, and injections.test.ts has strings of its own for each. */
  const some = (from: readonly string[], count: number): readonly string[] => (LONG ? from : Array.from({ length: count }, () => from[turn++ % from.length] ?? ''));

  it('in every path parameter of every route are not found, refused, or refused as a method', async () => {
    for (const { path, method } of routes.filter((route) => route.path.includes('{'))) {
      for (const hostile of some(INJECTIONS, 3)) {
        const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
        for (const target of names) {
          const url = path.replace(/\{(\w+)\}/g, (_, name: string) => (name === target ? encodeURIComponent(hostile) : name === 'collectionId' ? 'datasets' : name === 'tileMatrixSetId' ? 'WebMercatorQuad' : '0'));
          const answer = await server.request(method, url, method === 'GET' || method === 'DELETE' ? {} : { body: {} });
          expectSane(answer, url);
          expect({ url, status: answer.status }).toEqual({ url, status: expect.any(Number) as unknown });
          expect([400, 404, 409, 501].includes(answer.status) || (method === 'GET' && answer.status < 300)).toBe(true);
        }
      }
    }
  }, 120_000);

  it('in every query parameter of every route are answered or refused', async () => {
    for (const { path, method, operation } of routes.filter((route) => route.method === 'GET' && route.operation.query !== undefined)) {
      const url = path.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'collectionId' ? 'datasets' : name === 'tileMatrixSetId' ? 'WebMercatorQuad' : '0'));
      for (const name of Object.keys(operation.query ?? {})) {
        for (const hostile of some(INJECTIONS, 2)) expectSane(await server.request(method, `${url}?${name}=${encodeURIComponent(hostile)}`), `${url}?${name}=${hostile}`);
        for (const raw of some(['%00', '%', '%zz', '%ff', '%ed%a0%80', '&'.repeat(100), `a&${name}=b`], 2)) expectSane(await server.request(method, `${url}?${name}=${raw}`), `${url}?${name}=${raw}`);
      }
    }
  }, LONG ? 900_000 : 120_000);

  it('in paths are not found: nothing of the machine is served', async () => {
    for (const path of ['/files/../../etc/passwd', '/files/metadata/mosaics/..%2f..%2f..%2f..%2fetc%2fpasswd', '/files/%2e%2e/%2e%2e/etc', '/files/..%2f/..%2f/passwd', '/assets/../../package.json', '/assets/..%2f..%2fpackage.json', '/assets/%2e%2e/package.json', '/%2e%2e/%2e%2e/etc/passwd', '//etc/passwd', '/collections/%00', '/collections/%', '/collections/%ff', '/collections/%ed%a0%80', '/files/metadata/mosaics/%00.json']) {
      const answer = await server.request('GET', path);
      expect({ path, status: [400, 404].includes(answer.status) ? 'refused' : answer.status }).toEqual({ path, status: 'refused' });
      expectSane(answer, path);
    }
  });

  it('leave all tables where they were', async () => {
    await postDataset(server, datasetBody('alive'));
    expect((await server.request('GET', '/api/datasets/alive')).status).toBe(200);
  });
});
