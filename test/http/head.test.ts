/** HEAD is GET without the body: the same status and headers for every GET of the table, whatever form is asked for. */
import type { IncomingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { routes } from '../../routes/index.js';
import { hrefOf } from '../support/client.js';
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let paths: string[];

beforeAll(async () => {
  server = await startTestServer();
  await postDataset(server, datasetBody('d', boxTiles(4)));
  await makeCollection(server, 'c', ['a', 'b', 'c'].map((id, i) => itemBody(id, { bbox: [i, i, i + 1, i + 1] })));
  const { body } = await server.request('POST', '/searches/register', { body: { collections: ['c'] } });
  const values: Record<string, string> = {
    collectionId: 'c', itemId: 'a', datasetId: 'd', tileId: 'd_tile_001', searchId: hrefOf(body, 'mosaicjson').split('/').at(-2) ?? '',
    tileMatrixSetId: 'WebMercatorQuad', z: '0', x: '0', y: '0', tileMatrix: '0', tileRow: '0', tileCol: '0', lon: '0', lat: '0', minx: '0', miny: '0', maxx: '1', maxy: '1', folder: 'metadata', kind: 'mosaics', name: 'd.json',
  };
  // Metrics are other ones at each look, by that look already.
  paths = routes.filter(({ method, path }) => method === 'GET' && path !== '/metrics').map(({ path }) => path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name));
});

afterAll(() => server?.close());

/** What differs between any two answers is not compared; nor is how the body is framed, which RFC 9110 section 9.3.2 lets HEAD leave out. */
function lasting({ date: _date, 'x-request-id': _id, connection: _connection, 'keep-alive': _alive, 'transfer-encoding': _framing, ...headers }: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers;
}

/** What is sent while it is made, so that nobody knows its length before. */
const isStreamed = (path: string): boolean => path.endsWith('/mosaic.json');

/** The forms that a client may ask for. */
const forms: readonly Record<string, string>[] = [{}, { accept: 'text/html' }, { accept: 'application/geo+json' }];

describe('HEAD', () => {
  for (const headers of forms) {
    it(`with ${JSON.stringify(headers)} has the status and headers of GET, its length among them where it is known, and no body`, async () => {
      for (const path of paths) {
        const get = await server.request('GET', path, { headers });
        const head = await server.request('HEAD', path, { headers });
        expect({ path, status: head.status, bytes: head.bytes.length, headers: lasting(head.headers) }).toEqual({ path, status: get.status, bytes: 0, headers: lasting(get.headers) });
        if (get.status !== 200) continue;
        const { 'content-length': length, 'transfer-encoding': framing } = get.headers;
        expect({ path, length, framing }).toEqual(isStreamed(path) ? { path, length: undefined, framing: 'chunked' } : { path, length: String(get.bytes.length), framing: undefined });
      }
    });
  }

  it('of what is not there is 404, of a wrong parameter 400, without a body', async () => {
    for (const [path, status] of [['/collections/no-such', 404], ['/collections/c/items?limit=0', 400], ['/no-such', 404]] as const) {
      const head = await server.request('HEAD', path);
      expect({ path, status: head.status, bytes: head.bytes.length }).toEqual({ path, status, bytes: 0 });
    }
  });
});

describe('A packed answer', () => {
  it('is gzip or brotli as the client takes it, holds the same, and Vary says so', async () => {
    const path = '/api';
    const plain = await server.request('GET', path);
    for (const [coding, unpack] of [['gzip', gunzipSync], ['br', brotliDecompressSync]] as const) {
      const { headers, bytes } = await server.request('GET', path, { headers: { 'accept-encoding': coding } });
      expect(headers).toMatchObject({ 'content-encoding': coding, etag: plain.headers.etag, vary: expect.stringMatching(/accept-encoding/i) as string });
      expect(bytes.length).toBeLessThan(plain.bytes.length / 3);
      expect(unpack(bytes).equals(plain.bytes)).toBe(true);
    }
  });
});

describe('A preflight', () => {
  it('allows each method of each path to scripts of other origins, which may read what they need', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
      const { status, headers } = await server.request('OPTIONS', '/collections/c/items/a', { headers: { origin: 'https://app.example.com', 'access-control-request-method': method, 'access-control-request-headers': 'content-type,if-match,prefer' } });
      expect({ method, status, origin: headers['access-control-allow-origin'] }).toEqual({ method, status: 204, origin: '*' });
      expect(headers['access-control-allow-methods']?.split(',').map((name) => name.trim())).toContain(method);
      expect(headers['access-control-allow-headers']).toMatch(/if-match/i);
    }
    const { headers } = await server.request('GET', '/collections/c', { headers: { origin: 'https://app.example.com' } });
    const exposed = headers['access-control-expose-headers']?.split(',').map((name) => name.trim());
    expect(exposed).toEqual(expect.arrayContaining(['ETag', 'Location', 'Link', 'Allow', 'Retry-After', 'X-Request-Id']));
  });
});
