/** Blobs in Azure, against Azurite as a real server: stored, served and deleted with their datasets, whatever the store does. */
import { randomUUID } from 'node:crypto';
import { reconcile } from '../../src/datasets/reconcile.js';
import { authOf, bearer } from '../support/auth.js';
import { type Azurite, startAzurite, storageOf } from '../support/azurite.js';
import { text } from '../support/client.js';
import { boxTiles, datasetBody, postDataset } from '../support/datasets.js';
import { type FaultyProxy, startProxy } from '../support/http-proxy.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let azurite: Azurite;
let proxy: FaultyProxy;
let server: TestServer;
/** With the account's key, through the proxy, in a container of its own that nobody has made. */
let main: TestVariant;
let container = '';
const opened: TestVariant[] = [];

async function variant(variables: Readonly<Record<string, string>>, storageTimeout = 20_000): Promise<TestVariant> {
  const started = await server.variant({ ...storageOf(variables), storageTimeout });
  opened.push(started);
  return started;
}

const throughProxy = (storageTimeout?: number): Promise<TestVariant> => {
  const endpoint = `${proxy.url}/${azurite.account}`;
  return variant({ AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString(endpoint), STORAGE_URL: `${endpoint}/${container}` }, storageTimeout);
};

/** Waits for the store so long that a test need not. */
const impatient = (): Promise<TestVariant> => throughProxy(1000);

beforeAll(async () => {
  [azurite, server] = await Promise.all([startAzurite(), startTestServer()]);
  proxy = await startProxy(azurite.endpoint);
}, 60_000);

afterAll(async () => {
  await proxy?.close();
  await azurite?.close();
  await server?.close();
});

beforeEach(async () => {
  await server.reset();
  proxy.fate = () => 'pass';
  proxy.seen.length = 0;
  container = `c-${randomUUID()}`;
  main = await throughProxy();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((started) => started.close()));
});

const LIVE = 'metadata/mosaics/one.json';
const hasKey = (answer: { readonly body: unknown }): boolean => JSON.stringify(answer.body).includes(azurite.key) || JSON.stringify(answer.body).includes('sig=');

describe('a dataset whose mosaic is stored in Azure', () => {
  it('is read by its URL in the store by whoever sees datasets, and by nobody else', async () => {
    await postDataset(main, datasetBody('one'));
    const store = `${proxy.url}/${azurite.account}/${container}`;
    const storage = storageOf({ AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString(`${proxy.url}/${azurite.account}`), STORAGE_URL: store });
    const guarded = await server.variant({ ...storage, ...authOf({ AUTH: 'api-key', API_KEYS: 'read:reader;admin:admin', COLLECTIONS_PRIVATE: 'datasets:admin' }) });
    opened.push(guarded);
    const spelled = (name: string): string[] => [`${store}/metadata/mosaics/${name}`, `${store}/%6detadata/mosaics/${name}?x=1`, `/vsicurl/${store}/metadata/mosaics/${name}`, `az://${container}/metadata/mosaics/${name}`, `/vsiaz/${container}/metadata/mosaics/${name}`];
    for (const [i, url] of spelled('one.json').entries()) {
      const ask = (of: string | undefined, headers = {}): Promise<{ status: number }> => guarded.request('GET', `/mosaicjson/info?url=${encodeURIComponent(of ?? '')}`, { headers });
      expect([url, (await ask(url, bearer('admin'))).status, (await ask(url, bearer('reader'))).status, (await ask(url)).status, (await ask(spelled('two.json')[i])).status]).toEqual([url, 200, 404, 404, 404]);
    }
  });

  it('has its blob in the container, which is made; it is served, and goes with the dataset', async () => {
    await postDataset(main, datasetBody('one'));
    expect(await azurite.names(container)).toEqual([LIVE]);
    const item = (await main.request('GET', '/collections/datasets/items/one')).body;
    expect(item['assets']?.['mosaic-snapshot']).toMatchObject({ href: `${main.url}/files/${LIVE}`, type: 'application/json' });
    const file = await main.request('GET', `/files/${LIVE}`);
    expect(file).toMatchObject({ status: 200, body: { mosaicjson: '0.0.3' }, headers: { 'content-type': 'application/json', 'content-length': String(file.bytes.length), 'cache-control': 'no-cache' } });
    const properties = await azurite.client.getContainerClient(container).getBlobClient(LIVE).getProperties();
    expect(properties).toMatchObject({ contentType: 'application/json', contentLength: file.bytes.length });

    const etag = String(file.headers.etag);
    expect((await main.request('HEAD', `/files/${LIVE}`)).headers).toMatchObject({ etag, 'content-length': String(file.bytes.length) });
    expect(await main.request('GET', `/files/${LIVE}`, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 304, bytes: Buffer.alloc(0) });

    expect((await main.request('DELETE', '/api/datasets/one')).status).toBe(204);
    expect(await azurite.names(container)).toEqual([]);
    expect((await main.request('GET', `/files/${LIVE}`)).status).toBe(404);
  });

  it.each(['a b', 'äö', 'x%20y', `long-${'n'.repeat(200)}`])('is stored and served for the id %j', async (id) => {
    await postDataset(main, datasetBody(id));
    const item = (await main.request('GET', `/collections/datasets/items/${encodeURIComponent(id)}`)).body;
    const href = text(item['assets']?.['mosaic-snapshot']?.['href']);
    expect(await main.request('GET', href)).toMatchObject({ status: 200, body: { name: id } });
    expect((await azurite.names(container)).length).toBe(1);
    await main.request('DELETE', `/api/datasets/${encodeURIComponent(id)}`);
    expect(await azurite.names(container)).toEqual([]);
  });

  it('is reached with a SAS of the account, of the container, in STORAGE_URL, and by account and key', async () => {
    const url = `${azurite.endpoint}/${container}`;
    await azurite.put(container, 'other', Buffer.from('x'));
    const settings: Record<string, string>[] = [
      { STORAGE_URL: url, AZURE_STORAGE_SAS_TOKEN: `?${azurite.sas()}` },
      { STORAGE_URL: url, AZURE_STORAGE_ACCOUNT: azurite.account, AZURE_STORAGE_SAS_TOKEN: azurite.sas(container, 'rwdl') },
      { STORAGE_URL: `${url}?${azurite.sas(container, 'rwdl')}` },
      { STORAGE_URL: url, AZURE_STORAGE_ACCOUNT: azurite.account, AZURE_STORAGE_ACCESS_KEY: azurite.key },
      { STORAGE_URL: `az://${container}/some/folder`, AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=${azurite.endpoint};SharedAccessSignature=${azurite.sas()}` },
    ];
    for (const [i, variables] of settings.entries()) {
      const { request, url: own } = await variant(variables);
      await postDataset({ request }, datasetBody(`d${i}`));
      const folder = variables['STORAGE_URL']?.startsWith('az:') === true ? 'some/folder/' : '';
      expect(await azurite.names(container)).toEqual([`${folder}metadata/mosaics/d${i}.json`, 'other'].toSorted());
      const item = await request('GET', `/collections/datasets/items/d${i}`);
      expect(item.body['assets']?.['mosaic-snapshot']).toMatchObject({ href: `${own}/files/metadata/mosaics/d${i}.json` });
      expect(hasKey(item)).toBe(false);
      expect((await request('GET', `/files/metadata/mosaics/d${i}.json`)).status).toBe(200);
      expect((await request('GET', '/files/other')).status).toBe(404);
      expect((await request('DELETE', `/api/datasets/d${i}`)).status).toBe(204);
      expect(await azurite.names(container)).toEqual(['other']);
    }
  });

  it('is linked at its own URL when the container is public', async () => {
    const { request } = await variant({ STORAGE_URL: `${azurite.endpoint}/${container}`, AZURE_STORAGE_ACCESS_KEY: azurite.key, STORAGE_PUBLIC: 'true' });
    await postDataset({ request }, datasetBody('a b'));
    const assets = (await request('GET', '/collections/datasets/items/a%20b')).body['assets'];
    expect(assets?.['mosaic-snapshot']).toMatchObject({ href: `${azurite.endpoint}/${container}/metadata/mosaics/a%2520b.json` });
    const listed = (await request('GET', '/collections/datasets/items')).body['features']?.['0']?.['assets'];
    expect(listed?.['mosaic-snapshot']).toEqual(assets?.['mosaic-snapshot']);
    const answer = await fetch(text(assets?.['mosaic-snapshot']?.['href']));
    expect([answer.status, await answer.json()]).toMatchObject([200, { name: 'a b' }]);
  });

  it('is mended by reconcile: what is missing is restored, leftovers go when they are old or nobody else writes', async () => {
    await postDataset(main, datasetBody('one'));
    const { blobs } = main.services;
    await blobs.remove(LIVE);
    await blobs.put('metadata/mosaics/gone.json', '{}');
    const attempt = `metadata/mosaics/two.${randomUUID()}.json`;
    await blobs.put(attempt, '{}');
    await blobs.put('metadata/other.json', '{}');
    expect(await reconcile(main.services)).toEqual({ restored: ['one'], removed: ['metadata/mosaics/gone.json'] });
    expect(await reconcile(main.services, true)).toEqual({ restored: [], removed: [attempt] });
    expect(await azurite.names(container)).toEqual([LIVE, 'metadata/other.json']);
  });

  it('costs two requests when its blob is small, upload and copy, beside the deletion of what is no more', async () => {
    await postDataset(main, datasetBody('zero'));
    proxy.seen.length = 0;
    await postDataset(main, datasetBody('one'));
    expect(proxy.seen.map((line) => line.split(' ')[0])).toEqual(['PUT', 'PUT', 'DELETE', 'DELETE']);
  });

  it('has its description beside it, public or not, through PUT, reconcile and DELETE', async () => {
    const open = await variant({ STORAGE_URL: `${azurite.endpoint}/${container}`, AZURE_STORAGE_ACCESS_KEY: azurite.key, STORAGE_PUBLIC: 'true' });
    for (const [id, { request, services }] of [['a b', open], ['one', main]] as const) {
      const path = encodeURIComponent(id);
      await postDataset({ request }, { ...datasetBody(id), metadata: { source: 'a survey' } });
      const names = [`metadata/mosaics/${path}.json`, `metadata/original/${path}.json`];
      expect(await azurite.names(container)).toEqual(names);
      const href = text((await request('GET', `/api/datasets/${path}`)).body['assets']?.['metadata']?.['href']);
      expect(await (await fetch(href)).json()).toEqual({ source: 'a survey' });
      expect(await reconcile(services, true)).toEqual({ restored: [], removed: [] });
      expect(await request('PUT', `/api/datasets/${path}`, { body: { ...datasetBody(id, boxTiles(3)), metadata: { source: 'another' } } })).toMatchObject({ status: 200 });
      expect(await (await fetch(href)).json()).toEqual({ source: 'another' });
      expect(await request('PUT', `/api/datasets/${path}`, { body: datasetBody(id, boxTiles(2)) })).toMatchObject({ status: 200 });
      expect(await azurite.names(container)).toEqual(names.slice(0, 1));
      expect((await request('DELETE', `/api/datasets/${path}`)).status).toBe(204);
      expect(await azurite.names(container)).toEqual([]);
    }
  });
});

describe('a store that refuses', () => {
  it('for a wrong key is 502 in clear words, and nothing is written', async () => {
    const before = await server.written();
    const { request } = await variant({ STORAGE_URL: `${azurite.endpoint}/${container}`, AZURE_STORAGE_ACCESS_KEY: Buffer.from('another key altogether').toString('base64') });
    const answer = await request('POST', '/api/datasets', { body: datasetBody('one') });
    expect(answer).toMatchObject({ status: 502, body: { code: 'Upstream', description: expect.stringMatching(/^The blob store failed at writing metadata\/mosaics\/one\.[-0-9a-f]{36}\.json \(403 Auth\w+\)\.$/) } });
    expect(await server.written()).toEqual(before);
    expect(await azurite.names(container)).toEqual([]);
    expect((await request('GET', `/files/${LIVE}`)).status).toBe(502);
  });

  it('for a container that is missing and may not be made is 502 that names it', async () => {
    const { request } = await variant({ STORAGE_URL: `${azurite.endpoint}/${container}`, AZURE_STORAGE_SAS_TOKEN: azurite.sas(container, 'rwdl') });
    const before = await server.written();
    const answer = await request('POST', '/api/datasets', { body: datasetBody('one') });
    expect(answer).toMatchObject({ status: 502, body: { description: expect.stringMatching(/\(404 ContainerNotFound\)/) } });
    expect(hasKey(answer)).toBe(false);
    expect(await server.written()).toEqual(before);
    expect((await request('GET', `/files/${LIVE}`)).status).toBe(404);
    expect(await reconcile((await variant({ STORAGE_URL: `${azurite.endpoint}/${container}`, AZURE_STORAGE_ACCESS_KEY: azurite.key })).services)).toEqual({ restored: [], removed: [] });
  });

  it('because its container was deleted gets it again at the next writing', async () => {
    await postDataset(main, datasetBody('one'));
    await azurite.client.getContainerClient(container).delete();
    expect((await main.request('POST', '/api/datasets', { body: datasetBody('two') })).status).toBe(502);
    await postDataset(main, datasetBody('two'));
    expect(await azurite.names(container)).toEqual(['metadata/mosaics/two.json']);
  });
});

describe('a store that fails', () => {
  const isUpload = ({ method, url, headers }: { readonly method: string; readonly url: string; readonly headers: object }): boolean => method === 'PUT' && !url.includes('restype=container') && !('x-ms-copy-source' in headers);
  const isCopy = ({ headers }: { readonly headers: object }): boolean => 'x-ms-copy-source' in headers;

  it.each([['reset', 502, 'Upstream'], ['busy', 502, 'Upstream'], ['hang', 504, 'UpstreamTimeout']] as const)('by a %s makes the POST %i, writes nothing, and the same POST then succeeds', async (fate, status, code) => {
    const { request } = await impatient();
    const before = await server.written();
    proxy.fate = () => fate;
    const started = performance.now();
    expect(await request('POST', '/api/datasets', { body: datasetBody('one') })).toMatchObject({ status, body: { code, description: expect.stringMatching(/blob store/) } });
    expect(await request('GET', `/files/${LIVE}`)).toMatchObject({ status, body: { code } });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await server.written()).toEqual(before);
    proxy.fate = () => 'pass';
    await postDataset(main, datasetBody('one'));
    expect(await azurite.names(container)).toEqual([LIVE]);
  });

  it('now and then is asked again', async () => {
    let count = 0;
    proxy.fate = () => (count++ % 2 === 0 ? 'busy' : 'pass');
    await postDataset(main, datasetBody('one'));
    expect((await main.request('GET', `/files/${LIVE}`)).status).toBe(200);
    expect(await azurite.names(container)).toEqual([LIVE]);
  });

  it('after the write, its answers lost, leaves nothing in the database, and the attempt is cleaned', async () => {
    const before = await server.written();
    proxy.fate = (request) => (isUpload(request) ? 'lose' : 'pass');
    expect((await main.request('POST', '/api/datasets', { body: datasetBody('one') })).status).toBe(502);
    expect(await server.written()).toEqual(before);
    proxy.fate = () => 'pass';
    await reconcile(main.services, true);
    expect(await azurite.names(container)).toEqual([]);
    await postDataset(main, datasetBody('one'));
  });

  it('to copy, for want of rights, has the bytes written again', async () => {
    const { blobs } = main.services;
    await blobs.put(LIVE, '"old"');
    proxy.fate = (request) => (isCopy(request) ? 'forbid' : 'pass');
    await postDataset(main, datasetBody('one'));
    expect(await main.request('GET', `/files/${LIVE}`)).toMatchObject({ status: 200, body: { name: 'one' }, headers: { 'content-type': 'application/json' } });
    expect(await azurite.names(container)).toEqual([LIVE]);
    await expect(blobs.promote('metadata/mosaics/none.json', LIVE)).rejects.toMatchObject({ kind: 'Upstream', message: expect.stringMatching(/renaming metadata\/mosaics\/none\.json \(403/) });
    proxy.fate = () => 'pass';
    await expect(blobs.promote('metadata/mosaics/none.json', LIVE)).rejects.toMatchObject({ kind: 'Upstream', message: expect.stringMatching(/renaming metadata\/mosaics\/none\.json \(404/) });
    expect((await main.request('GET', `/files/${LIVE}`)).status).toBe(200);
  });

  it('after the commit leaves the dataset whole; reconcile gives it its copy', async () => {
    proxy.fate = (request) => (isCopy(request) ? 'busy' : 'pass');
    await postDataset(main, datasetBody('one'));
    expect((await main.request('GET', '/api/datasets/one/mosaic.json')).status).toBe(200);
    expect((await main.request('GET', `/files/${LIVE}`)).status).toBe(404);
    proxy.fate = () => 'pass';
    expect(await reconcile(main.services)).toEqual({ restored: ['one'], removed: [] });
    expect(await azurite.names(container)).toEqual([LIVE]);
  });

  it('slowly holds nobody else: others read and write while a copy is under way', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let reached = (): void => undefined;
    const copying = new Promise<void>((resolve) => (reached = resolve));
    proxy.fate = (request) => {
      if (!isCopy(request) || !request.url.includes('/one.')) return 'pass';
      reached();
      return held.then(() => 'pass');
    };
    const slow = main.request('POST', '/api/datasets', { body: datasetBody('one') });
    await copying;
    const started = performance.now();
    expect((await main.request('GET', '/api/datasets/one')).status).toBe(200);
    await postDataset(main, datasetBody('two'));
    expect(performance.now() - started).toBeLessThan(5000);
    release();
    expect((await slow).status).toBe(201);
    expect(await azurite.names(container)).toEqual([LIVE, 'metadata/mosaics/two.json']);
  });

  it('when a dataset is deleted lets it go all the same; its copy is removed by reconcile', async () => {
    await postDataset(main, datasetBody('one'));
    const { request } = await impatient();
    proxy.fate = ({ method }) => (method === 'DELETE' ? 'hang' : 'pass');
    expect((await request('DELETE', '/api/datasets/one')).status).toBe(204);
    proxy.fate = () => 'pass';
    expect(await reconcile(main.services)).toEqual({ restored: [], removed: [LIVE] });
    expect(await azurite.names(container)).toEqual([]);
  });

  it('while a file is read cuts the answer, and never ends it as if it were whole', async () => {
    const bytes = Buffer.from(JSON.stringify('x'.repeat(9_000_000)));
    await main.services.blobs.put('metadata/original/large.json', bytes);
    expect((await main.request('GET', '/files/metadata/original/large.json')).bytes.equals(bytes)).toBe(true);
    const { request } = await impatient();
    proxy.fate = ({ method }) => (method === 'GET' ? 'hang' : 'pass');
    expect((await request('GET', '/files/metadata/original/large.json')).status).toBe(504);
    proxy.fate = ({ method }) => (method === 'GET' ? 'stall' : 'pass');
    await expect(request('GET', '/files/metadata/original/large.json')).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  });
});

describe('a mosaic in pieces', () => {
  it('larger than a block is committed at its end, and not at all when the pieces fail', async () => {
    const { blobs } = main.services;
    async function* pieces(fail: boolean): AsyncGenerator<string> {
      for (let i = 0; i < 100; i++) yield String(i % 10).repeat(100_000);
      if (fail) throw new Error('the pieces ended');
    }
    await blobs.put('metadata/mosaics/large.json', pieces(false));
    const blob = await blobs.get('metadata/mosaics/large.json');
    const parts: Uint8Array[] = [];
    for await (const part of blob?.content ?? []) parts.push(part);
    const whole = Buffer.concat(parts);
    expect([whole.length, blob?.size, whole[0], whole[100_000], whole.at(-1)]).toEqual([10_000_000, 10_000_000, 48, 49, 57]);
    await expect(blobs.put('metadata/mosaics/large.json', pieces(true))).rejects.toThrow('the pieces ended');
    await expect(blobs.put('metadata/mosaics/never.json', pieces(true))).rejects.toThrow('the pieces ended');
    expect((await blobs.get('metadata/mosaics/large.json'))?.etag).toBe(blob?.etag);
    expect(await azurite.names(container)).toEqual(['metadata/mosaics/large.json']);
  });

  it('is replaced for readers at once', async () => {
    await postDataset(main, datasetBody('one', boxTiles(2)));
    const etag = (await main.request('GET', `/files/${LIVE}`)).headers.etag;
    await main.services.blobs.put(LIVE, '{"other":true}');
    expect(await main.request('GET', `/files/${LIVE}`, { headers: { 'if-none-match': String(etag) } })).toMatchObject({ status: 200, body: { other: true } });
  });

  it('is read whole, old or new, while it is replaced again and again', async () => {
    const { blobs } = main.services;
    await blobs.put(LIVE, '{"n":0}');
    const writer = (async () => {
      for (let n = 1; n <= 30; n++) await blobs.put(LIVE, JSON.stringify({ n, pad: 'x'.repeat(n * 1000) }));
    })();
    const read: unknown[] = [];
    while (read.at(-1) !== 30) {
      const { status, body } = await main.request('GET', `/files/${LIVE}`);
      expect(status).toBe(200);
      read.push(body['n']);
    }
    await writer;
    expect(read).toEqual(read.toSorted((a, b) => Number(a) - Number(b)));
    expect(read.length).toBeGreaterThan(5);
  });
});
