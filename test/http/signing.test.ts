/** SIGN_HREFS against Azurite: hrefs of the containers that are named carry a signature in every answer, which reads that blob and no other; none is stored. */
import { loadConfig } from '../../src/config.js';
import { loadable } from '../../src/load/check.js';
import { type Azurite, startAzurite, storageOf } from '../support/azurite.js';
import { listOf, type Loose, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { collectionBody, datasetBody, itemBody } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let azurite: Azurite;
let plain: TestServer;
let server: TestVariant;
const NAME = 'tiles/sü d + 100%.tif';
const encoded = NAME.split('/').map(encodeURIComponent).join('/');

beforeAll(async () => {
  [azurite, plain] = await Promise.all([startAzurite(), startTestServer()]);
  const cog = await makeCog({ width: 64, height: 64, west: 0, north: 10, res: 10 / 64, block: 64 });
  for (const container of ['cogs', 'open']) for (const name of [NAME, 'other.tif']) await azurite.put(container, name, cog);
  const storage = storageOf({ DATA_DIR: '/tmp', AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString() });
  server = await plain.variant({ azure: storage.azure, signedContainers: ['cogs', 'more'], signedMs: 600_000 });
}, 60_000);
beforeEach(() => plain.reset());
afterAll(async () => {
  await server?.close();
  await plain?.close();
  await azurite?.close();
});

const dataOf = (item: Loose | undefined): string => text(item?.['assets']?.['data']?.['href']);
const isRead = async (href: string): Promise<number> => (await fetch(href, { headers: { range: 'bytes=0-3' } })).status;
/** No signature and nothing of one is in any row. */
async function stored(): Promise<string> {
  const { rows } = await server.services.database.pool.query<{ all: string }>(
    `SELECT concat_ws(' ', (SELECT string_agg(content::text, ' ') FROM pgstac.items), (SELECT string_agg(content::text, ' ') FROM pgstac.collections), (SELECT string_agg(s::text, ' ') FROM pgstac.searches s),
       (SELECT string_agg(j::text, ' ') FROM stac_mosaic.jobs j), (SELECT string_agg(t::text, ' ') FROM stac_mosaic.job_tasks t), (SELECT string_agg(k::text, ' ') FROM stac_mosaic.idempotency_keys k), (SELECT string_agg(d::text, ' ') FROM stac_mosaic.dataset_contents d)) AS all`,
  );
  return rows[0]?.all ?? '';
}

const item = (id: string, href: string): Record<string, unknown> => itemBody(id, { assets: { data: { href, type: 'image/tiff; application=geotiff', roles: ['data'] }, foreign: { href: 'https://others.blob.core.windows.net/cogs/a.tif?sv=1&sig=theirs' } } });

async function withItem(href: string): Promise<void> {
  expect((await server.request('POST', '/collections', { body: collectionBody('c') })).status).toBe(201);
  expect((await server.request('POST', '/collections/c/items', { body: item('a', href) })).status).toBe(201);
}

it.each([
  ['az://', () => `az://cogs/${encoded}`],
  ['/vsiaz/', () => `/vsiaz/cogs/${NAME}`],
  ['https', () => `${azurite.endpoint}/cogs/${encoded}`],
])('an item, a search, a stream and the lists of tiles are signed when its href is %s', async (_, hrefOf) => {
  await withItem(hrefOf());
  const hrefs: string[] = [];
  for (const path of ['/collections/c/items/a', '/collections/c/items', '/search?collections=c', '/search?collections=c&fields=assets', '/collections/c/tiles/WebMercatorQuad/0/0/0/assets', '/collections/c/point/0.5,0.5/assets']) {
    const { status, body, headers } = await server.request('GET', path);
    expect({ path, status, cache: headers['cache-control'] }).toEqual({ path, status: 200, cache: 'private, no-cache' });
    const found = Array.isArray(body) ? listOf(body)[0] : (listOf(body['features'])[0] ?? body);
    hrefs.push(dataOf(found));
    expect(JSON.stringify(found)).toContain('sig=theirs"');
  }
  hrefs.push(dataOf(listOf((await server.request('POST', '/search', { body: { collections: ['c'] } })).body['features'])[0]));
  const stream = await server.request('GET', '/search?collections=c', { headers: { accept: 'application/geo+json-seq' } });
  hrefs.push(dataOf(JSON.parse(stream.bytes.toString().replace('\u001E', '')) as Loose));
  expect(new Set(hrefs).size).toBe(1);
  const [href = ''] = hrefs;
  expect(href).toMatch(/\/cogs\/tiles\/s%C3%BC%20d%20%2B%20100%25\.tif\?sv=[\d-]+&spr=https%2Chttp&se=[^&]+&sr=b&sp=r&sig=[^&]+$/);
  expect(await isRead(href)).toBe(206);
  expect(await isRead(href.replace(/\?.*/, ''))).not.toBe(206);
  expect(await isRead(href.replace(/cogs\/.*\?/, 'cogs/other.tif?'))).toBe(403);
  expect((await fetch(href, { method: 'DELETE' })).status).toBe(403);
  const page = await server.request('GET', '/collections/c/items/a?f=html');
  expect(page.bytes.toString()).toContain('sig=');
});

it('a container that is not named, a query, dots that lead out, line ends and other accounts are left as they are', async () => {
  for (const href of [`az://open/${encoded}`, `${azurite.endpoint}/open/other.tif`, `${azurite.endpoint}/cogs/../open/other.tif`, `${azurite.endpoint}/cogs/%2e%2e/open/other.tif`, `${azurite.endpoint}/cogs/other.tif?snapshot=x`, `${azurite.endpoint}/cogs/other.tif%0A%0A%0Ahttps`, `${azurite.endpoint}/cogs/%ff.tif`, 'https://others.blob.core.windows.net/cogs/a.tif', 'abfss://cogs@others.dfs.core.windows.net/a.tif', `${azurite.endpoint}/cogs`]) {
    await plain.reset();
    await withItem(href);
    const { body, headers } = await server.request('GET', '/collections/c/items/a');
    expect([dataOf(body), headers['cache-control']]).toEqual([href, undefined]);
  }
});

it('what is read can be put back: the signature is not stored, the ETag is the same, and others\' signatures stay', async () => {
  await withItem(`${azurite.endpoint}/cogs/${encoded}`);
  const before = await server.request('GET', '/collections/c/items/a');
  expect(dataOf(before.body)).toContain('sig=');
  const same = await plain.request('GET', '/collections/c/items/a', { headers: { host: new URL(server.url).host } });
  expect([same.headers['etag'], dataOf(same.body)]).toEqual([before.headers['etag'], `${azurite.endpoint}/cogs/${encoded}`]);
  // What a client has may be at its end: it is sent again.
  expect((await server.request('GET', '/collections/c/items/a', { headers: { 'if-none-match': text(before.headers['etag']) } })).status).toBe(200);
  const etag = text(before.headers['etag']);
  expect((await server.request('PUT', '/collections/c/items/a', { body: before.body, headers: { 'if-match': etag } })).status).toBe(204);
  const assets = (before.body['assets'] ?? {}) as Record<string, unknown>;
  expect((await server.request('PATCH', '/collections/c/items/a', { body: { assets } })).status).toBe(204);
  const patch = [{ op: 'test', path: '/assets/data/href', value: dataOf(before.body) }, { op: 'add', path: '/assets/more', value: { href: dataOf(before.body) } }];
  expect((await server.request('PATCH', '/collections/c/items/a', { body: patch, headers: { 'content-type': 'application/json-patch+json' } })).status).toBe(204);
  expect((await server.request('POST', '/collections/c/items', { body: { ...before.body, id: 'b' } })).status).toBe(201);
  expect((await server.request('POST', '/collections/c/bulk_items', { body: { items: { d: { ...before.body, id: 'd' } }, method: 'insert' } })).status).toBe(200);
  const rows = await stored();
  expect(rows.match(/sig=(?!theirs)/g)).toBeNull();
  expect(rows).toContain('sig=theirs');
});

it.each([['az://', () => `az://cogs/${encoded}`], ['/vsiaz/', () => `/vsiaz/cogs/${NAME}`]])('an item whose href is %s can be put back as it was read: the blob keeps its URL, without the signature', async (_, hrefOf) => {
  await withItem(hrefOf());
  const read = await server.request('GET', '/collections/c/items/a');
  expect(await isRead(dataOf(read.body))).toBe(206);
  expect((await server.request('PUT', '/collections/c/items/a', { body: read.body })).status).toBe(204);
  expect(dataOf((await plain.request('GET', '/collections/c/items/a')).body)).toBe(`${azurite.endpoint}/cogs/${encoded}`);
  const again = dataOf((await server.request('GET', '/collections/c/items/a')).body);
  expect([again.replace(/\?.*/, ''), await isRead(again)]).toEqual([dataOf(read.body).replace(/\?.*/, ''), 206]);
});

it('on no road is a signature stored: collections, searches, jobs and their tiles, datasets put in place, COGs of a collection, files that are loaded', async () => {
  await withItem(`az://cogs/${encoded}`);
  const read = (await server.request('GET', '/collections/c/items/a')).body;
  const href = dataOf(read);
  expect(href).toContain('&sig=');
  const json = { 'content-type': 'application/json-patch+json' };
  const dataset = datasetBody('d', [{ href }]);
  const lines = [{ dataset: dataset.dataset, expected_tiles: 1 }, { href }].map((line) => JSON.stringify(line)).join('\n');
  const roads: readonly (readonly [method: string, path: string, body: unknown, headers?: Record<string, string>])[] = [
    ['PUT', '/collections/c', { ...collectionBody('c'), assets: { data: { href } }, links: [{ rel: 'about', href }] }],
    ['PATCH', '/collections/c', { assets: { more: { href } } }],
    ['PATCH', '/collections/c', [{ op: 'add', path: '/assets/again', value: { href: href.replace(/^/, '/vsicurl/') } }], json],
    ['POST', '/collections/c/items', { type: 'FeatureCollection', features: [{ ...read, id: 'f' }, { ...read, id: 'g', assets: { data: { href: `az://cogs/${encoded}${href.slice(href.indexOf('?'))}` } } }] }],
    ['POST', '/collections/c/bulk_items', { items: { f: { ...read, id: 'f' } }, method: 'upsert' }],
    ['POST', '/searches/register', { collections: ['c'], filter: { op: '=', args: [{ property: 'source' }, href] }, bbox: [0, 0, 1.0, 1], metadata: { name: href } }],
    ['POST', '/api/collections', { collection: collectionBody('made'), cogs: [href] }],
    ['POST', '/api/datasets', { ...dataset, metadata: { from: href } }, { 'idempotency-key': 'once' }],
    ['PUT', '/api/datasets/d', datasetBody('d', [{ href }, { href: 'az://open/other.tif', index: 7 }])],
    ['PUT', '/api/datasets/d', lines, { 'content-type': 'application/x-ndjson' }],
  ];
  for (const [method, path, body, headers = {}] of roads) {
    const answer = await server.request(method, path, { body, headers });
    expect([method, path, answer.status < 300 ? 'done' : answer.body]).toEqual([method, path, 'done']);
  }
  const { job_id: job } = (await server.request('POST', '/api/jobs', { body: { dataset: { ...datasetBody('j').dataset, links: [{ rel: 'derived_from', href }] }, expected_tiles: 1 } })).body;
  expect((await server.request('PUT', `/api/jobs/${text(job)}/tasks/1`, { body: { status: 'COMPLETE', tile: { href } } })).status).toBeLessThan(300);
  expect((await stored()).match(/sig=(?!theirs)/g)).toBeNull();
  expect((await server.request('POST', `/api/jobs/${text(job)}/complete`, { body: {} })).status).toBe(201);
  const loaded = loadable(read, { collection: undefined, validator: undefined, signer: server.services.signer });
  expect(JSON.stringify(loaded).match(/sig=(?!theirs)/g)).toBeNull();
  const rows = await stored();
  expect(rows.match(/sig=(?!theirs)/g)).toBeNull();
  expect(rows).toContain(`/cogs/${encoded}`);
  // The id is made of all the rest to the letter, as titiler-pgstac makes it.
  expect(rows).toContain('1.0, 1.0]');
});

it('what a reader sends and gets back is not signed: not in links to the next page, nor in features with their statistics', async () => {
  await withItem(`az://cogs/${encoded}`);
  expect((await server.request('POST', '/collections/c/items', { body: item('b', `az://cogs/${encoded}`) })).status).toBe(201);
  const secret = `${azurite.endpoint}/cogs/other.tif`;
  const area = { type: 'Polygon', coordinates: [[[1, 1], [9, 1], [9, 9], [1, 9], [1, 1]]], href: secret };
  const page = await server.request('POST', '/search', { body: { collections: ['c'], limit: 1, intersects: area } });
  const counted = await server.request('POST', '/collections/c/statistics', { body: { type: 'Feature', geometry: area, properties: { href: secret, seen: [{ href: 'az://cogs/other.tif' }] } } });
  expect([page.status, counted.status]).toEqual([200, 200]);
  for (const { bytes } of [page, counted]) {
    expect(bytes.toString()).toContain('other.tif');
    expect(bytes.toString()).not.toMatch(/other\.tif\?/);
  }
  expect(dataOf(listOf(page.body['features'])[0])).toContain('&sig=');
});

it('datasets, their tiles and mosaics, posted with signed hrefs as JSON and NDJSON, drawn by the server itself', async () => {
  const item = await (async () => {
    await withItem(`az://cogs/${encoded}`);
    return dataOf((await server.request('GET', '/collections/c/items/a')).body);
  })();
  const body = datasetBody('d', [{ href: item }, { href: 'az://open/other.tif' }]);
  expect((await server.request('POST', '/api/datasets', { body })).status).toBe(201);
  // Again with another signature of the same blob: the same content.
  expect((await server.request('POST', '/api/datasets', { body: datasetBody('d', [{ href: item.replace(/&sig=.*/, '&sig=older') }, { href: 'az://open/other.tif' }]) })).status).toBe(200);
  const lines = [{ dataset: { ...body.dataset, id: 'n' }, expected_tiles: 1 }, { href: item }].map((line) => JSON.stringify(line)).join('\n');
  expect((await server.request('POST', '/api/datasets', { body: lines, headers: { 'content-type': 'application/x-ndjson' } })).status).toBe(201);
  expect(await stored()).not.toContain('sig=older');
  expect((await stored()).match(/sig=(?!theirs)/g)).toBeNull();
  const tiles = listOf((await server.request('GET', '/api/datasets/d/tiles')).body['features']).map(dataOf);
  expect(tiles).toEqual([expect.stringMatching(/^http.*&sig=/), 'az://open/other.tif']);
  expect(await isRead(tiles[0] ?? '')).toBe(206);
  expect((await server.request('GET', '/api/datasets/d/tiles/3/4/3')).status).toBe(200);

  const mosaicOf = async (query: string): Promise<{ hrefs: string[]; cache: unknown; etag: string }> => {
    const { status, body: document, headers } = await server.request('GET', `/api/datasets/d/mosaic.json${query}`);
    expect(status).toBe(200);
    return { hrefs: [...new Set(Object.values(document['tiles'] ?? {}).flatMap(listOf).map(text))].toSorted(), cache: headers['cache-control'], etag: text(headers['etag']) };
  };
  const signed = await mosaicOf('?href=signed');
  expect(signed).toMatchObject({ cache: 'private, no-cache', hrefs: [expect.stringMatching(/cogs.*&sig=/), `${azurite.endpoint}/open/other.tif`] });
  expect(await isRead(signed.hrefs[0] ?? '')).toBe(206);
  expect((await server.request('GET', '/api/datasets/d/mosaic.json?href=signed', { headers: { 'if-none-match': signed.etag } })).status).toBe(200);
  expect(await mosaicOf('')).toMatchObject({ cache: 'no-cache', hrefs: [`${azurite.endpoint}/cogs/${encoded}`, `${azurite.endpoint}/open/other.tif`] });
  expect((await server.request('GET', `/mosaicjson/tiles/3/4/3/assets?url=${encodeURIComponent('/api/datasets/d/mosaic.json?href=signed')}`)).bytes.toString()).not.toContain('sig=');
  expect(await plain.request('GET', '/api/datasets/d/mosaic.json?href=signed')).toMatchObject({ status: 400, body: { description: expect.stringMatching(/signs no hrefs \(SIGN_HREFS\)/) } });
  const files = await plain.written();
  expect(JSON.stringify(files)).not.toContain('sig=');
});

it.each<[Record<string, string>, RegExp | object]>([
  [{ SIGN_HREFS: 'cogs, more', AZURE_STORAGE_ACCOUNT: 'acct', SIGN_HREFS_MINUTES: '5' }, { signedContainers: ['cogs', 'more'], signedMs: 300_000 }],
  [{}, { signedContainers: [], signedMs: 3_600_000 }],
  [{ SIGN_HREFS: 'cogs' }, /SIGN_HREFS needs a storage account/],
  [{ SIGN_HREFS: 'Cogs', AZURE_STORAGE_ACCOUNT: 'acct' }, /"Cogs" is not the name of a container/],
  [{ SIGN_HREFS: 'cogs', AZURE_STORAGE_ACCOUNT: 'acct', AZURE_STORAGE_SAS_TOKEN: 'sv=1&sig=x' }, /a SAS token signs nothing/],
  [{ SIGN_HREFS: 'cogs', AZURE_STORAGE_ACCOUNT: 'acct', SIGN_HREFS_MINUTES: '5000' }, /SIGN_HREFS_MINUTES must be a whole number from 1 to 4320/],
])('the variables %j are read', (variables, expected) => {
  const load = (): unknown => loadConfig({ DATA_DIR: '/tmp', ...variables });
  if (expected instanceof RegExp) expect(load).toThrow(expected);
  else expect(load()).toMatchObject(expected);
});
