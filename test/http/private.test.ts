/** A private collection cannot be told from a missing one: every route of the table is asked for both, by every kind of caller. */
import { routes } from '../../routes/index.js';
import { type Route, scopeOf } from '../../routes/http.js';
import { authOf, bearer } from '../support/auth.js';
import { listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { boxTiles, collectionBody, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

/** Of the same length, so that nothing but the name itself differs. */
const [PRIVATE, MISSING] = ['secret', 'absent'];
const KEYS = { nobody: {}, reader: bearer('reader'), writer: bearer('writer'), admin: bearer('admin') } as const;
type Who = keyof typeof KEYS;

const WITHIN: Readonly<Record<string, string>> = { itemId: 'whisper', tileMatrixSetId: 'WebMercatorQuad', z: '0', x: '0', y: '0', tileMatrix: '0', tileRow: '0', tileCol: '0', lon: '0', lat: '0', minx: '0', miny: '0', maxx: '1', maxy: '1', width: '8', height: '8', format: 'png' };
const BODIES: readonly (readonly [RegExp, unknown])[] = [
  [/\/(items|items\/\{itemId\})$/, itemBody('whisper')],
  [/\/bulk_items$/, { items: { whisper: itemBody('whisper') } }],
  [/\/aggregate$/, { aggregations: ['total_count'] }],
  [/\/(feature|statistics)$/, { type: 'Feature', geometry: { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] }, properties: {} }],
];

const filled = (path: string, values: Readonly<Record<string, string>>, method = 'GET'): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? WITHIN[name] ?? 'none') + (method === 'GET' && path.endsWith('/aggregate') ? '?aggregations=total_count,collection_frequency,platform_frequency' : '');

const bodyOf = ({ method, path }: Route): { body?: unknown } => (method === 'GET' || method === 'DELETE' ? {} : { body: BODIES.find(([pattern]) => pattern.test(path))?.[1] ?? {} });

/** What differs between any two answers; and the name that was asked for. */
function bare({ status, headers, bytes }: TestAnswer, name: string): unknown {
  const { date: _date, 'x-request-id': id = '', etag: _etag, 'server-timing': _timing, 'content-length': _length, connection: _connection, 'keep-alive': _alive, ...rest } = headers;
  const said = bytes.toString('utf8').replaceAll(String(id), 'ID').replaceAll(name, 'NAME').replace(/"timeStamp":"[^"]*"/, '');
  return { status, headers: JSON.parse(JSON.stringify(rest).replaceAll(name, 'NAME')) as unknown, said };
}

let server: TestServer;
let guarded: TestVariant;
let searches: Record<'public' | 'private' | 'missing' | 'all' | 'byFilter' | 'dataset', string>;

const register = async (body: unknown, on: Pick<TestServer, 'request'> = server, headers: Record<string, string> = {}): Promise<string> => text((await on.request('POST', '/searches/register', { body, headers })).body['id']);

beforeAll(async () => {
  server = await startTestServer();
  const dataset = await postDataset(server, datasetBody('coast', boxTiles(2)));
  await makeCollection(server, 'public', [itemBody('open', { bbox: [0, 0, 1, 1], properties: { platform: 'boat' } })]);
  await makeCollection(server, PRIVATE, ['whisper', 'murmur', 'mutter'].map((id) => itemBody(id, { bbox: [-60, -60, -50, -50], properties: { platform: 'submarine', hush: 7 } })));
  await server.services.database.pool.query(`INSERT INTO pgstac.queryables (name, definition, collection_ids) VALUES ('hush', '{"type": "integer", "title": "hush hush"}', ARRAY['${PRIVATE}'])`);
  searches = {
    public: await register({ collections: ['public'], metadata: { type: 'mosaic', name: 'of the public' } }),
    private: await register({ collections: [PRIVATE], metadata: { type: 'mosaic', name: 'of whispers' } }),
    missing: await register({ collections: [MISSING], metadata: { type: 'mosaic', name: 'of whispers' } }),
    all: await register({ metadata: { type: 'mosaic', name: 'of all' } }),
    byFilter: await register({ filter: { op: 'in', args: [{ property: 'collection' }, ['public', PRIVATE]] }, metadata: { type: 'mosaic', name: 'of whispers, filtered' } }),
    dataset: text(dataset['search_id']),
  };
  guarded = await server.variant(authOf({ AUTH: 'api-key', API_KEYS: 'read:reader;write:writer;admin:admin', COLLECTIONS_PRIVATE: `${PRIVATE}:admin,reserved:admin` }));
  // Whatever is kept of answers, an administrator was given it first.
  for (const { method, path } of routes) if (method === 'GET') await guarded.request('GET', filled(path, { collectionId: PRIVATE, searchId: searches.all }), { headers: KEYS.admin });
}, 300_000);
afterAll(async () => {
  await guarded?.close();
  await server?.close();
});

const ask = (who: Who, method: string, path: string, more: { body?: unknown; headers?: Record<string, string> } = {}): Promise<TestAnswer> => guarded.request(method, path, { ...more, headers: { ...KEYS[who], ...more.headers } });

const of = (parameter: string): readonly (readonly [string, string, Route])[] => routes.filter(({ path }) => path.includes(`{${parameter}}`)).map((route) => [route.method, route.path, route] as const);

/** Who gets as far as the resource. */
const askers = (route: Route): readonly Who[] => (scopeOf(route) === 'write' ? ['writer'] : ['nobody', 'reader', 'writer']);

it.each(of('collectionId'))('%s %s answers the same for a private collection as for a missing one', async (method, path, route) => {
  const before = await server.written();
  for (const who of askers(route)) {
    for (const accept of method === 'GET' ? ['application/json', 'text/html', 'application/geo+json-seq'] : ['application/json']) {
      const [one, other] = await Promise.all([PRIVATE, MISSING].map(async (id) => bare(await ask(who, method, filled(path, { collectionId: id }, method), { ...bodyOf(route), headers: { accept } }), id)));
      expect(one).toEqual(other);
      expect(one).toMatchObject({ status: 404 });
      expect((one as { said: string }).said).toContain('Collection NAME does not exist.');
    }
  }
  expect(await server.written()).toEqual(before);
});

it.each(of('searchId'))('%s %s answers the same for the search of a private collection, of a missing one, and for none', async (method, path, route) => {
  const none = '0123456789abcdef0123456789abcdef';
  for (const who of askers(route)) {
    const answers = await Promise.all([searches.private, searches.missing, searches.byFilter, none].map(async (id) => bare(await ask(who, method, filled(path, { searchId: id }), bodyOf(route)), id)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect((answers[0] as { status: number }).status).toBeGreaterThanOrEqual(400);
  }
});

it.each(routes.filter(({ method, path }) => method === 'GET' && !/\{(collectionId|jobId)\}/.test(path)).map(({ path }) => path))('GET %s says nothing of a private collection', async (path) => {
  for (const who of ['nobody', 'reader', 'writer'] as const) {
    for (const accept of ['application/json', 'text/html', 'application/geo+json-seq']) {
      const { bytes } = await ask(who, 'GET', filled(path, { searchId: searches.all, datasetId: 'coast', tileId: 'coast_tile_001' }), { headers: { accept } });
      expect(bytes.toString('utf8')).not.toMatch(/secret|whisper|submarine|hush/);
    }
  }
});

it('an administrator sees what is private on all of these', async () => {
  for (const path of ['/', '/collections', '/children', '/search?limit=100', '/queryables', '/aggregate?aggregations=collection_frequency', '/searches/list?limit=100', `/searches/${searches.private}/info`, `/searches/${searches.all}/items`, `/collections/${PRIVATE}/items/whisper`]) {
    const { status, bytes } = await ask('admin', 'GET', path);
    expect([path, status, /secret|whisper|hush/.test(bytes.toString('utf8'))]).toEqual([path, 200, true]);
  }
});

it.each([
  'ids=whisper', "filter=platform='submarine'", 'filter=hush=7', "filter=hush='seven'", 'filter=hush > 1.5', 'sortby=-hush', 'q=whisper', 'bbox=-60,-60,-50,-50',
  'collections=NAME', "collections=NAME&filter=hush='seven'", 'collections=NAME,public', "filter=collection='NAME'", "filter=collection='NAME' OR platform='boat'", "query={\"collection\":{\"eq\":\"NAME\"}}", 'limit=1', 'collections=NAME&limit=1',
])('/search, /aggregate and /mosaic by %s are the same as if there were no private collection', async (query) => {
  const encode = (name: string): string => query.split('&').map((pair) => pair.replace(/=(.*)/, (_, value: string) => `=${encodeURIComponent(value.replaceAll('NAME', name))}`)).join('&');
  const [one, other] = await Promise.all([PRIVATE, MISSING].map(async (name) => bare(await ask('writer', 'GET', `/search?${encode(name)}`), encodeURIComponent(name))));
  expect(one).toEqual(other);
  const { body } = await ask('reader', 'GET', `/search?${encode(PRIVATE)}`);
  expect(listOf(body['features']).map(({ collection }) => text(collection))).not.toContain(PRIVATE);
  const counted = encode(PRIVATE).replace(/&?(limit|sortby)=[^&]*/, '');
  const [sum] = listOf((await ask('nobody', 'GET', `/aggregate?aggregations=total_count&${counted}`)).body['aggregations']);
  if (body['numberMatched'] !== undefined && sum !== undefined) expect(sum['value']).toBe(body['numberMatched']);
});

it('a search over all collections answers each caller for what they see, whoever asked first', async () => {
  const bounds = async (who: Who): Promise<Loose | undefined> => (await ask(who, 'GET', `/searches/${searches.all}/WebMercatorQuad/tilejson.json`)).body['bounds'];
  const mosaic = async (who: Who): Promise<string> => text((await ask(who, 'GET', `/searches/${searches.all}/mosaic.json`)).body);
  for (const who of ['admin', 'nobody', 'writer', 'admin'] as const) {
    expect([who, text(await bounds(who))]).toEqual([who, who === 'admin' ? '[-60,-60,20,10]' : '[0,0,20,10]']);
    expect([who, /whisper/.test(await mosaic(who))]).toEqual([who, who === 'admin']);
  }
  const { headers } = await ask('admin', 'GET', `/searches/${searches.all}/mosaic.json`);
  const again = await ask('nobody', 'GET', `/searches/${searches.all}/mosaic.json`, { headers: { 'if-none-match': text(headers.etag) } });
  expect([again.status, headers['cache-control'], headers.vary]).toEqual([200, 'private, no-cache', expect.stringContaining('Authorization, X-API-Key')]);
});

it('a token of one caller is no good to another, and the public pages are complete', async () => {
  const next = (body: Loose): string => new URL(text(listOf(body['links']).find(({ rel }) => text(rel) === 'next')?.['href'])).searchParams.get('token') ?? '';
  const token = next((await ask('admin', 'GET', '/search?limit=1')).body);
  for (const who of ['nobody', 'writer'] as const) expect((await ask(who, 'GET', `/search?limit=1&token=${token}`)).status).toBe(400);
  expect(Buffer.from(token, 'base64url').toString('latin1')).not.toMatch(/coast|datasets|20\d\d/);
  const seen: string[] = [];
  for (let path: string | undefined = '/search?limit=1'; path !== undefined; ) {
    const { body }: TestAnswer = await ask('nobody', 'GET', path);
    seen.push(...listOf(body['features']).map(({ id }) => text(id)));
    path = listOf(body['links']).map(({ rel, href }) => (text(rel) === 'next' ? text(href) : undefined)).find((href) => href !== undefined)?.replace(guarded.url, '');
  }
  expect(seen.toSorted()).toEqual(['coast', 'open']);
});

it('an id that is kept is taken for whoever does not see it, whether or not there is such a collection', async () => {
  for (const [path, wrap] of [['/collections', collectionBody], ['/collections?validate=only', collectionBody], ['/api/collections', (id: string) => ({ collection: collectionBody(id), items: [itemBody('x')] })]] as const) {
    const [one, other] = await Promise.all([PRIVATE, 'reserved'].map(async (id) => bare(await ask('writer', 'POST', path, { body: wrap(id) }), id)));
    expect(one).toEqual(other);
    expect(one).toMatchObject({ status: 409 });
  }
});

it('the search that a writer registers over a private collection is like one over a missing one', async () => {
  for (const collections of [[PRIVATE], ['public', PRIVATE]]) {
    const made = await Promise.all([collections, collections.map((id) => (id === PRIVATE ? MISSING : id))].map((named) => register({ collections: named, bbox: [0, 0, 1, 1] }, guarded, KEYS.writer)));
    const [one, other] = await Promise.all(made.map(async (id) => bare(await ask('writer', 'GET', `/searches/${id}/info`), id)));
    expect(one).toEqual(other);
    expect(one).toMatchObject({ status: 404 });
  }
});

describe('A registered search that comes at private collections in another way', () => {
  const collection = { property: 'collection' };
  const filter = (op: string, ...args: unknown[]): unknown => ({ filter: { op: 'and', args: [{ op, args }, { op: '>', args: [{ property: 'gsd' }, 0] }] } });
  const casei = (of: unknown): unknown => ({ op: 'casei', args: [of] });

  it.each<[string, (name: string) => unknown]>([
    ['like', (name) => filter('like', collection, `${name.slice(0, 3)}%`)],
    ['not like', (name) => ({ filter: { op: 'not', args: [{ op: 'like', args: [collection, `%${name.slice(2)}`] }] } })],
    ['casei', (name) => filter('=', casei(collection), casei(name.toUpperCase()))],
    ['casei in', (name) => filter('in', casei(collection), [casei(name.toUpperCase()), casei('public')])],
    ['<>', (name) => filter('<>', collection, name)],
    ['between', (name) => filter('between', collection, name, `${name}x`)],
    ['=, turned round', (name) => filter('=', name, collection)],
    ['query neq', (name) => ({ query: { collection: { neq: name } } })],
  ])('by %s, is for all who do not see them as if they were missing', async (_, bodyOfSearch) => {
    const [one = '', other = ''] = await Promise.all([PRIVATE, MISSING].map((name) => register({ ...(bodyOfSearch(name) as object), metadata: { name: 'by pattern' } })));
    for (const who of ['nobody', 'writer'] as const) {
      for (const path of ['info', 'mosaic.json', 'WebMercatorQuad/tilejson.json', 'tiles/WebMercatorQuad/0/0/0/assets', 'point/-55,-55/assets', 'items']) {
        const [ofOne, ofOther] = [bare(await ask(who, 'GET', `/searches/${one}/${path}`), one), bare(await ask(who, 'GET', `/searches/${other}/${path}`), other)];
        expect(ofOne).toEqual(ofOther);
        expect(ofOne).toMatchObject({ status: 404 });
      }
      expect((await ask(who, 'GET', '/searches/list?limit=1000')).bytes.toString()).not.toMatch(new RegExp(`${one}|${other}`));
    }
    expect((await ask('admin', 'GET', `/searches/${one}/info`)).status).toBe(200);
  });

  it.each<[string, unknown]>([
    ['its name', { metadata: { name: `All of ${PRIVATE}` } }],
    ['a property', { filter: { op: '=', args: [{ property: 'source' }, PRIVATE.toUpperCase()] } }],
    ['an id', { ids: [`${PRIVATE}/1`] }],
    ['a text', { q: [`submarine AND ${PRIVATE}`] }],
  ])('by %s, is not shown either', async (_, body) => {
    const id = await register(body);
    for (const who of ['nobody', 'writer'] as const) {
      expect((await ask(who, 'GET', `/searches/${id}/info`)).status).toBe(404);
      expect((await ask(who, 'GET', '/searches/list?limit=1000')).bytes.toString()).not.toContain(PRIVATE);
    }
  });

  it('is shown where it fits what is seen, and gives that alone', async () => {
    for (const body of [filter('like', collection, 'pub%'), { filter: { op: 'like', args: [casei(collection), casei('PUB%')] } }, { filter: { op: '<>', args: [collection, 'public'] }, metadata: { name: 'secretive, secret-2' } }]) {
      const id = await register(body);
      expect((await ask('nobody', 'GET', `/searches/${id}/info`)).status).toBe(200);
      expect((await ask('nobody', 'GET', `/searches/${id}/mosaic.json`)).bytes.toString()).not.toContain('whisper');
    }
  });
});

it('the answers come in comparable time', async () => {
  const times: Record<string, number[]> = { [PRIVATE]: [], [MISSING]: [] };
  for (let i = 0; i < 40; i += 1) {
    for (const [id, own] of Object.entries(times)) {
      const began = performance.now();
      await ask('nobody', 'GET', `/collections/${id}/items`);
      own.push(performance.now() - began);
    }
  }
  const [one = 1, other = 1] = Object.values(times).map((own) => own.toSorted((a, b) => a - b)[20]);
  expect(Math.max(one, other) / Math.min(one, other)).toBeLessThan(3);
});

describe('With private datasets', () => {
  let closed: TestVariant;
  beforeAll(async () => {
    closed = await server.variant(authOf({ AUTH: 'api-key', API_KEYS: 'read:reader;write:writer;write+team:member', COLLECTIONS_PRIVATE: 'datasets:team' }));
  });
  afterAll(() => closed?.close());

  it.each(of('datasetId'))('%s %s answers the same for a dataset as for none', async (method, path, route) => {
    for (const who of askers(route)) {
      const [one, other] = await Promise.all(['coast', 'ghost'].map(async (id) => bare(await closed.request(method, filled(path, { datasetId: id, tileId: `${id}_tile_001` }), { ...bodyOf(route), headers: KEYS[who] }), id)));
      expect(one).toEqual(other);
      expect(one).toMatchObject({ status: 404 });
    }
  });

  it('lists, files, searches and jobs have none of them, and nobody else writes them', async () => {
    const { body } = await closed.request('GET', '/api/datasets', { headers: KEYS.reader });
    expect(body['features']).toEqual([]);
    for (const path of ['/', '/collections', '/search?limit=100', '/searches/list?limit=100']) expect((await closed.request('GET', path, { headers: KEYS.writer })).bytes.toString('utf8')).not.toMatch(/coast|collections\/datasets/);
    for (const path of ['/collections/datasets', '/files/metadata/mosaics/coast.json', `/searches/${searches.dataset}/info`, `/mosaicjson/info?url=${encodeURIComponent('/files/metadata/mosaics/coast.json')}`]) {
      expect([path, (await closed.request('GET', path, { headers: KEYS.writer })).status, (await closed.request('GET', path, { headers: bearer('member') })).status]).toEqual([path, 404, 200]);
    }
    expect((await closed.request('POST', '/api/datasets', { body: datasetBody('coast', boxTiles(2)), headers: KEYS.writer })).status).toBe(404);
    expect((await closed.request('POST', '/api/jobs', { body: { dataset: { id: 'new' }, expected_tiles: 1 }, headers: KEYS.writer })).status).toBe(404);
    const job = await closed.request('POST', '/api/jobs', { body: { dataset: { id: 'new', properties: { datetime: '2024-01-01T00:00:00Z' } }, expected_tiles: 1 }, headers: bearer('member') });
    expect(job.status).toBe(201);
    for (const [key, status] of [['member', 200], ['writer', 404], ['reader', 404]] as const) expect((await closed.request('GET', `/api/jobs/${text(job.body['job_id'])}`, { headers: bearer(key) })).status).toBe(status);
  });
});

it('with AUTH=none nobody sees what is private', async () => {
  const none = await server.variant(authOf({ AUTH: 'none', COLLECTIONS_PRIVATE: `${PRIVATE}:read` }));
  for (const headers of [{}, KEYS.admin]) expect((await none.request('GET', `/collections/${PRIVATE}`, { headers })).status).toBe(404);
  expect((await none.request('DELETE', `/collections/${PRIVATE}`)).status).toBe(404);
  await none.close();
});

it('a search is not taken for one of a private collection for the words that its properties, assets and visible collections share with it', async () => {
  await makeCollection(server, 'landsat.c2', []);
  await makeCollection(server, 'my_coll', []);
  const { pool } = server.services.database;
  const variant = await server.variant(authOf({ AUTH: 'api-key', API_KEYS: 'read:reader;admin:admin', COLLECTIONS_PRIVATE: 'eo:admin,landsat:admin,data:admin' }));
  const status = async (id: string): Promise<number> => (await variant.request('GET', `/searches/${id}/info`, { headers: KEYS.reader })).status;
  try {
    const where = (op: string, ...args: unknown[]): unknown => ({ filter: { op, args } });
    const shown = [
      { collections: ['landsat.c2'] }, { collections: ['my_coll'], metadata: { assets: ['data'], name: 'landsat.c2 of 2024' } },
      where('<', { property: 'eo:cloud_cover' }, 5), where('=', { property: 'data' }, 5), { sortby: [{ field: 'eo:cloud_cover', direction: 'asc' }] },
      where('like', { property: 'collection' }, String.raw`my\_coll%`), where('like', { property: 'collection' }, 'my_co%'),
    ];
    for (const body of shown) expect([body, await status(await register(body))]).toEqual([body, 200]);
    const hidden = [{ collections: ['landsat'] }, { metadata: { name: 'All of landsat.' } }, where('=', { property: 'source' }, 'eo'), where('in', { property: 'a' }, ['b', 'data']), where('like', { property: 'collection' }, String.raw`my\_collx%`)];
    for (const body of hidden) expect([body, await status(await register(body))]).toEqual([body, 404]);
    // As another program may have written them.
    for (const [metadata, expected] of [['5', 200], ['null', 200], ['"of my_coll"', 200], ['[1]', 200], ['"of landsat"', 404]] as const) {
      const { rows } = await pool.query<{ hash: string }>(`INSERT INTO pgstac.searches (search, metadata) VALUES ('{"collections": ["my_coll"]}', $1) RETURNING hash`, [metadata]);
      expect([metadata, await status(rows[0]?.hash ?? '')]).toEqual([metadata, expected]);
      expect((await variant.request('GET', '/searches/list', { headers: KEYS.reader })).status).toBe(200);
    }
  } finally {
    await variant.close();
  }
});
