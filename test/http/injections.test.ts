/** SQL, paths, headers and templates in every string that the OpenAPI document says is taken, on resources that exist: nothing of it is run, stored elsewhere, or shown as markup. */
import { isObject } from '../../src/json.js';
import { listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { collectionBody, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

/** Each would leave a mark of its own: a table less, seconds of sleep, 62773913 (7919 * 7927), a header or an element named pwned. */
const PAYLOADS = [
  "x'; DROP TABLE pgstac.items CASCADE; SELECT pg_sleep(9); --",
  "') OR 1=1) UNION SELECT pg_sleep(9)::text; -- $$",
  'a\r\nSet-Cookie: pwned=1\r\nX-Pwned: 1\r\n\r\n<pwned>',
  '"\'><pwned onload=alert(1)><script>pwned</script>',
  '../../../../../etc/passwd',
  '{{7919*7927}}${7919*7927}<%= 7919*7927 %>#{7919*7927}',
  'javascript:pwned()//%0d%0aX-Pwned:1%00',
  '__proto__',
];

/** TEST_LONG=1: every payload in every query parameter of every route. */
const LONG = process.env['TEST_LONG'] === '1';

interface Operation {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: 'path' | 'query' | 'header' }[];
  readonly takesBody: boolean;
}

let server: TestServer;
let operations: Operation[];
/** What stands in a path where nothing is injected. */
let known: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'c', ['a', 'b'].map((id) => itemBody(id)));
  const dataset = await postDataset(server, datasetBody('d'));
  const job = await server.request('POST', '/api/jobs', { body: { dataset: { id: 'j', properties: { datetime: '2024-01-01T00:00:00Z' } }, expected_tiles: 2 } });
  known = {
    collectionId: 'c', itemId: 'a', datasetId: 'd', tileId: 'd_tile_001', searchId: text(dataset['search_id']), jobId: text(job.body['job_id']), index: '1', tileMatrixSetId: 'WebMercatorQuad',
    z: '0', x: '0', y: '0', tileMatrix: '0', tileRow: '0', tileCol: '0', lon: '0', lat: '0', minx: '0', miny: '0', maxx: '1', maxy: '1', width: '8', height: '8', format: 'png', folder: 'metadata', kind: 'mosaics', name: 'd.json', colorMapId: 'viridis',
  };
  operations = operationsOf((await server.request('GET', '/api')).body);
}, 60_000);
afterAll(() => server.close());

function operationsOf(document: Loose): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(document['paths'] ?? {})) {
    for (const [method, { operationId, parameters, requestBody }] of Object.entries(methods as unknown as Record<string, Loose>)) {
      found.push({ operationId: text(operationId), method: method.toUpperCase(), path, parameters: listOf(parameters) as unknown as Operation['parameters'], takesBody: requestBody !== undefined });
    }
  }
  return found;
}

const LEAKS = /syntax error at|unterminated quoted|relation "|pg_catalog|root:x:0|node_modules|\.js:\d+:\d+/;

/** What is wrong with an answer; undefined for a good one. */
function wrongWith({ status, headers, bytes }: TestAnswer): string | undefined {
  if (status >= 500 && status !== 501) return `${status} ${bytes.toString().slice(0, 200)}`;
  if (headers['set-cookie'] !== undefined || headers['x-pwned'] !== undefined) return 'a header of the payload';
  if (headers['x-content-type-options'] !== 'nosniff') return 'no nosniff';
  const shown = bytes.toString();
  if (shown.includes('62773913')) return 'a template was run';
  if (LEAKS.test(shown)) return `it shows its inside: ${LEAKS.exec(shown)?.[0]}`;
  const isMarkup = /html|xml/.test(headers['content-type'] ?? '');
  if (isMarkup && /<pwned|<script>pwned|(href|src|action)=["']?\s*javascript:/i.test(shown)) return `markup: ${/.{0,60}(<pwned|<script>pwned|javascript:).{0,40}/i.exec(shown)?.[0]}`;
  return undefined;
}

interface Attempt {
  readonly what: string;
  readonly send: () => Promise<TestAnswer>;
}

/** Sends them all, sixteen at once, and names those that went wrong or slept. */
async function failures(attempts: readonly Attempt[]): Promise<string[]> {
  const wrong: string[] = [];
  const left = attempts.values();
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (const { what, send } of left) {
      const began = performance.now();
      const fault = wrongWith(await send());
      if (fault !== undefined) wrong.push(`${what}: ${fault}`);
      if (performance.now() - began > 8000) wrong.push(`${what}: it slept`);
    }
  }));
  return wrong;
}

/** The tables and functions that there are, and the documents that nobody was asked to change. */
async function standing(): Promise<unknown> {
  const { rows } = await server.services.database.pool.query<{ all: string }>(
    `SELECT (SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace IN ('pgstac'::regnamespace, 'stac_mosaic'::regnamespace) AND relkind IN ('r', 'p', 'v') AND relname !~ '^_items_')
       || (SELECT count(*) FROM pg_proc WHERE pronamespace = 'pgstac'::regnamespace) || (SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles) AS all`,
  );
  const documents = ['/collections/c', '/collections/c/items/a', '/collections/c/items/b', '/api/datasets/d', '/api/datasets/d/tiles', `/searches/${known['searchId']}/info`];
  const bodies = await Promise.all(documents.map(async (path) => (await server.request('GET', path)).bytes.toString().replaceAll(/"(lastused|usecount)":("[^"]*"|\d+)/g, '')));
  return { rows, bodies };
}

const template = (path: string, values: Readonly<Record<string, string>>): string => path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? '0'));

it('in parameters of paths, queries and headers', async () => {
  const before = [await standing(), await server.written()];
  const attempts = operations.flatMap(({ method, path, parameters }, at) => parameters.flatMap(({ name, in: place }) => PAYLOADS.flatMap((payload, i): Attempt[] => {
    // Routes share their query parameters: each payload meets each of them on some.
    if (!LONG && place === 'query' && method === 'GET' && (i + at) % 4 !== 0) return [];
    // What would be deleted or completed for a good path is asked for under a wrong one.
    const values = method === 'GET' || place === 'path' ? known : { ...known, collectionId: 'none', datasetId: 'none', itemId: 'none', searchId: '0'.repeat(32), jobId: 'none' };
    const url = template(path, place === 'path' ? { ...values, [name]: payload } : values) + (place === 'query' ? `?${new URLSearchParams([[name, payload]]).toString()}` : '');
    // Pages and JSON in turns; a header cannot be sent with line ends in it.
    const headers = { ...(method === 'GET' && (i + name.length) % 2 === 0 ? { accept: 'text/html' } : {}), ...(place === 'header' ? { [name.toLowerCase()]: payload.replaceAll(/[\r\n]/g, ' ') } : {}) };
    return [{ what: `${method} ${url} ${JSON.stringify(headers)}`, send: () => server.request(method, url, { headers, ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }) }) }];
  })));
  expect(attempts.length).toBeGreaterThan(2000);
  expect(await failures(attempts)).toEqual([]);
  expect([await standing(), await server.written()]).toEqual(before);
}, LONG ? 900_000 : 120_000);

it('in names of parameters, and in the members by which registered searches are picked and sorted', async () => {
  const reads = operations.filter(({ method }) => method === 'GET').map(({ path }) => template(path, known));
  const attempts = PAYLOADS.flatMap((payload, i) => [
    ...reads.filter((_, at) => LONG || (i + at) % 4 === 0).map((path) => `${path}?${encodeURIComponent(payload)}=1`),
    ...[`metadata.${payload}`, payload].flatMap((name) => ['/searches', '/searches/list'].flatMap((path) => [`${path}?${encodeURIComponent(name)}=${encodeURIComponent(payload)}`, `${path}?sortby=${encodeURIComponent(name)}`])),
  ]);
  expect(await failures(attempts.map((path) => ({ what: path, send: () => server.request('GET', path) })))).toEqual([]);
});

it('in headers that every request may carry', async () => {
  const names = ['accept', 'accept-language', 'authorization', 'x-api-key', 'cookie', 'origin', 'referer', 'user-agent', 'x-request-id', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-prefix', 'x-forwarded-for', 'forwarded', 'if-none-match', 'if-modified-since', 'range', 'access-control-request-headers', 'x-http-method-override'];
  const attempts = names.flatMap((name) => PAYLOADS.flatMap((payload) => ['/', '/?f=html', '/nowhere?f=html'].map((path): Attempt => ({ what: `${path} ${name}: ${payload}`, send: () => server.request('GET', path, { headers: { [name]: payload.replaceAll(/[\r\n]/g, ' ') } }) }))));
  expect(await failures(attempts)).toEqual([]);
});

/** A good body for each operation that takes one, small, with strings in all that it may hold. */
const bodies = (): Readonly<Record<string, unknown>> => {
  const search = { collections: ['c'], ids: ['a'], datetime: '2024-01-01T00:00:00Z', filter: { op: '=', args: [{ property: 'title' }, 'x'] }, 'filter-lang': 'cql2-json', sortby: [{ field: 'title', direction: 'asc' }], fields: { include: ['id'], exclude: ['links'] }, q: 'x', query: { title: { eq: 'x' } }, token: 'next:x' };
  const { token: _token, fields: _fields, ...selection } = search;
  const collection = { ...collectionBody('new'), title: 'x', keywords: ['x'], providers: [{ name: 'x', roles: ['host'], url: 'https://x.example.com' }], links: [{ rel: 'about', href: 'https://x.example.com', title: 'x' }], summaries: { x: ['x'] } };
  const item = { ...itemBody('new', { properties: { title: 'x', description: 'x' } }), collection: 'c' };
  const dataset = { dataset: { id: 'new', properties: { title: 'x', datetime: '2024-01-01T00:00:00Z' }, links: [{ rel: 'derived_from', href: 'https://x.example.com', title: 'x' }], assets: { thumbnail: { href: 'https://x.example.com/t.png', title: 'x' } } }, tiles: [{ href: 'https://x.example.com/a.tif', bbox: [0, 0, 1, 1], 'proj:code': 'EPSG:4326', bands: [{ name: 'x' }] }], mosaic: { overlap: 'last' }, metadata: { x: 'x' } };
  const patch = { properties: { title: 'x' } };
  const feature = { type: 'Feature', id: 'x', geometry: { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] }, properties: { title: 'x' } };
  const areas = ['Feature', 'FormatFeature', 'SizedFeature', 'Statistics'].flatMap((name) => [`postCollection${name}`, `postSearch${name}`]);
  return {
    ...Object.fromEntries(areas.map((name) => [name, feature])),
    postSearch: search,
    postMosaic: { ...selection, asset: 'data', overlap: 'last' },
    postSearchRegister: { ...selection, metadata: { name: 'x', type: 'x', assets: ['data'] } },
    postAggregate: { ...selection, aggregations: ['total_count'] },
    postCollectionAggregate: { datetime: '2024-01-01T00:00:00Z', aggregations: ['total_count'] },
    postCollection: collection,
    putCollection: { ...collection, id: 'victim' },
    patchCollection: { title: 'x', summaries: { x: ['x'] } },
    postItems: item,
    postBulkItems: { items: { new: item }, method: 'insert' },
    putItem: { ...item, id: 'victim', collection: 'victim' },
    patchItem: patch,
    postDataset: dataset,
    putDataset: { ...dataset, dataset: { ...dataset.dataset, id: 'victim' } },
    postCollectionOfCogs: { collection: { id: 'newer', description: 'x', title: 'x' }, items: [item], cogs: ['https://x.example.com/a.tif'], on_item_error: 'skip' },
    postJob: { dataset: dataset.dataset, expected_tiles: 1, mosaic: { overlap: 'last' } },
    putJobTask: { status: 'COMPLETE', tile: dataset.tiles[0], error: 'x' },
    postJobComplete: {},
  };
};

/** The document once for each of its strings, with the payload in its place. */
function* injected(value: unknown, payload: string): Generator<{ at: string; document: unknown }> {
  if (typeof value === 'string') yield { at: '', document: payload };
  else if (Array.isArray(value)) for (const [i, part] of value.entries()) for (const { at, document } of injected(part, payload)) yield { at: `/${i}${at}`, document: value.with(i, document) };
  else if (isObject(value)) for (const [key, part] of Object.entries(value)) for (const { at, document } of injected(part, payload)) yield { at: `/${key}${at}`, document: { ...value, [key]: document } };
}

it('in members of bodies, and shown on pages afterwards', async () => {
  await makeCollection(server, 'victim', [itemBody('victim')]);
  await postDataset(server, datasetBody('victim'));
  const before = await standing();
  const withBody = operations.filter(({ takesBody }) => takesBody);
  expect(withBody.map(({ operationId }) => operationId).filter((id) => !Object.hasOwn(bodies(), id))).toEqual([]);
  const values = { ...known, collectionId: 'victim', itemId: 'victim', datasetId: 'victim' };
  const attempts = withBody.flatMap(({ operationId, method, path }, turn) => PAYLOADS.filter((_, i) => (i + turn) % 2 === 0).flatMap((payload) => [...injected(bodies()[operationId], payload)].map(({ at, document }): Attempt => {
    const url = template(path, operationId === 'postItems' || operationId === 'postBulkItems' ? { ...values, collectionId: 'victim' } : values);
    return { what: `${method} ${url} ${at} = ${payload}`, send: () => server.request(method, url, { body: document }) };
  })));
  expect(await failures(attempts)).toEqual([]);
  expect(await standing()).toEqual(before);
  // Ids and titles may hold all this: the pages that show them are as harmless.
  const collections = listOf((await server.request('GET', '/collections?limit=100')).body['collections']).map(({ id }) => `/collections/${encodeURIComponent(text(id))}`);
  const items = listOf((await server.request('GET', '/search?limit=100')).body['features']).map(({ id, collection }) => `/collections/${encodeURIComponent(text(collection))}/items/${encodeURIComponent(text(id))}`);
  const pages = ['/', '/collections', '/search', '/api/datasets', '/searches', '/queryables', ...collections, ...collections.flatMap((path) => [`${path}/items`, `${path}/WebMercatorQuad/map.html`, `${path}/WMTSCapabilities.xml`]), ...items];
  expect(items.length).toBeGreaterThan(5);
  expect(await failures(pages.map((path) => ({ what: path, send: () => server.request('GET', path, { headers: { accept: 'text/html' } }) })))).toEqual([]);
}, 120_000);
