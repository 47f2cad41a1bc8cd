/** TiTiler's routes of MosaicJSON over our own documents and those of others. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { loadConfig } from '../../src/config.js';
import { authOf, bearer } from '../support/auth.js';
import { makeCog } from '../support/cogs.js';
import { datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let server: TestServer;
let host: Server;
let foreign: string;
let document: Buffer;

beforeAll(async () => {
  host = createServer((_request, response) => void response.end(document));
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  foreign = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  server = await startTestServer({ config: { allowedHosts: ['127.0.0.1'] } });
});
afterAll(async () => {
  host.closeAllConnections();
  await Promise.all([server.close(), new Promise((resolve) => host.close(resolve))]);
});
beforeEach(() => server.reset());

const ask = (path: string, url: string, more = ''): ReturnType<TestServer['request']> => server.request('GET', `/mosaicjson${path}?url=${encodeURIComponent(url)}${more}`);

/** Two squares of 20 degrees side by side. */
async function withDataset(): Promise<string[]> {
  const files = await Promise.all([0, 20].map(async (west) => server.file(`west${west}.tif`, await makeCog({ width: 256, height: 256, res: 20 / 256, west, north: 20, block: 256, pixels: () => [200 - 5 * west, 10, 10] }))));
  await postDataset(server, datasetBody('squares', files.map((href, i) => ({ href, bbox: [20 * i, 0, 20 * i + 20, 20], index: i + 1 })), { mosaic: { quadkey_zoom: 5, minzoom: 1, maxzoom: 6 } }));
  return files;
}

test('a mosaic of ours is drawn as its dataset is', async () => {
  const files = await withDataset();
  const url = `${server.url}/api/datasets/squares/mosaic.json`;
  expect((await ask('/bounds', url)).body['bounds']).toEqual([0, 0, 40, 20]);
  const info = (await ask('/info', url)).body;
  expect([info['mosaic_minzoom'], info['mosaic_maxzoom'], info['quadkey_zoom'], info['name']]).toEqual([1, 6, 5, 'The dataset squares']);
  expect((await ask('/tiles/1/1/0/assets', url)).body).toEqual(expect.arrayContaining(files));
  expect((await ask('/tiles/WebMercatorQuad/6/33/30/assets', url)).body).toEqual([files[0]]);
  expect((await ask('/point/30,10/assets', url)).body).toEqual([files[1]]);
  expect((await ask('/tiles/WorldCRS84Quad/0/1/0/assets', url)).status).toBe(200);
  for (const place of ['4/8/7', '3/4/3', '6/33/30']) {
    const tile = await ask(`/tiles/${place}`, url);
    const same = await server.request('GET', `/api/datasets/squares/tiles/${place}`);
    expect([tile.status, same.status]).toEqual([200, 200]);
    expect(tile.bytes.equals(same.bytes)).toBe(true);
    const png = await server.request('GET', `/api/datasets/squares/tiles/${place}.png`);
    expect((await ask(`/tiles/WebMercatorQuad/${place}.png`, url)).bytes.equals(png.bytes)).toBe(true);
  }
  expect((await ask('/tiles/4/0/0', url)).status).toBe(204);
});

test('TileJSON leads to the tiles of the same mosaic', async () => {
  await withDataset();
  const url = `${server.url}/api/datasets/squares/mosaic.json`;
  for (const path of ['/tilejson.json', '/WebMercatorQuad/tilejson.json']) {
    const { status, body } = await ask(path, url);
    expect([status, body['minzoom'], body['maxzoom'], body['bounds']]).toEqual([200, 1, 6, [0, 0, 40, 20]]);
    const template = (body['tiles'] as unknown as string[])[0] ?? '';
    const tile = await server.request('GET', template.replace('{z}', '4').replace('{x}', '8').replace('{y}', '7'));
    expect([tile.status, tile.headers['content-type']]).toEqual([200, expect.stringMatching(/^image\/(png|jpeg)$/)]);
  }
});

test('the mosaic follows its dataset, and its stored copy is one too', async () => {
  await withDataset();
  const url = `${server.url}/api/datasets/squares/mosaic.json`;
  expect((await ask('/info', `${server.url}/files/metadata/mosaics/squares.json`)).status).toBe(200);
  expect((await ask('/info', '/api/datasets/squares/mosaic.json')).status).toBe(200);
  await server.request('DELETE', '/api/datasets/squares');
  expect((await ask('/info', url)).status).toBe(404);
  expect((await ask('/info', `${server.url}/files/metadata/mosaics/squares.json`)).status).toBe(404);
});

test('what is kept of a mosaic of ours cannot be asked for by its name in the cache', async () => {
  await withDataset();
  const own = '/api/datasets/squares/mosaic.json';
  const { etag } = (await server.request('GET', own)).headers;
  const version = /^(?:W\/)?"([^"]+)"$/.exec(String(etag))?.[1] ?? '';
  expect((await ask('/info', own)).status).toBe(200);
  for (const name of [`ours:${version}`, `foreign:ours:${version}`]) expect((await ask('/info', name)).status).toBe(400);
  expect([(await ask('/info', own)).status, (await ask('/tiles/4/8/7', own)).status]).toEqual([200, 200]);
});

test('a document of an allowed host is read, packed or not, and anything else is refused', async () => {
  const mosaic = { mosaicjson: '0.0.3', minzoom: 1, maxzoom: 9, quadkey_zoom: 2, bounds: [0, 0, 90, 66], asset_prefix: 'https://cogs.example.com/', tiles: { '12': ['b.tif', 'a.tif'], '13': ['a.tif'], '10': ['c.tif'] } };
  document = Buffer.from(JSON.stringify(mosaic));
  expect((await ask('/tiles/1/1/0/assets', `${foreign}/plain.json`)).body).toEqual(['c.tif', 'b.tif', 'a.tif'].map((name) => `https://cogs.example.com/${name}`));
  expect((await ask('/tiles/4/8/7/assets', `${foreign}/plain.json`)).body).toEqual(['https://cogs.example.com/b.tif', 'https://cogs.example.com/a.tif']);
  expect((await ask('/tiles/4/0/0/assets', `${foreign}/plain.json`)).body).toEqual([]);
  document = gzipSync(document);
  expect((await ask('/bounds', `${foreign}/packed.json.gz`)).body['bounds']).toEqual([0, 0, 90, 66]);
  document = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  expect((await ask('/info', `${foreign}/bomb.json.gz`)).status).toBe(400);
  document = Buffer.from('<html>');
  expect((await ask('/info', `${foreign}/page.html`)).status).toBe(400);
  expect((await ask('/info', 'https://elsewhere.example.com/mosaic.json')).status).toBe(400);
  expect((await ask('/info', 'file:///etc/passwd')).status).toBe(400);
  expect((await ask('/info', `${server.url}/collections`)).status).toBe(400);
  expect((await server.request('GET', '/mosaicjson/info')).status).toBe(400);
  expect((await ask('/point/0,95/assets', `${foreign}/plain.json`)).status).toBe(400);
});

describe('With authentication', () => {
  const hrefs: string[] = [];
  let guarded: TestVariant;
  beforeEach(async () => {
    hrefs.splice(0, 2, ...(await withDataset()));
    guarded = await server.variant(authOf({ AUTH: 'api-key', API_KEYS: 'read:reader;write:writer' }));
  });
  afterEach(() => guarded.close());

  const naming = (href: string): void => void (document = Buffer.from(JSON.stringify({ mosaicjson: '0.0.3', minzoom: 1, maxzoom: 9, quadkey_zoom: 4, bounds: [0, 0, 20, 20], tiles: { '1222': [href] } })));
  const askAs = (who: Record<string, string>, path: string, url: string, on = guarded): ReturnType<TestServer['request']> => on.request('GET', `/mosaicjson${path}?url=${encodeURIComponent(url)}`, { headers: who });

  test('files of this server are drawn of the document of another host for those alone who may write, and of our own for all', async () => {
    for (const [i, href] of [hrefs[0] ?? '', `/vsicurl/${hrefs[0]}`, (hrefs[0] ?? '').replace('file:', 'FILE:')].entries()) {
      naming(href);
      const url = `${foreign}/${i}.json`;
      for (const path of ['/tiles/4/8/7', '/tiles/WebMercatorQuad/4/8/7.png', '/point/1,1']) {
        // Whoever may see it first leaves nothing behind for the others.
        expect([path, (await askAs(bearer('writer'), path, url)).status]).toEqual([path, 200]);
        for (const who of [{}, bearer('reader')]) expect(await askAs(who, path, url)).toMatchObject({ status: 400, body: { description: expect.stringMatching(/for those alone who may write, unless it is below MOSAICJSON_ASSETS/) } });
      }
      expect((await askAs({}, '/tiles/4/8/7/assets', url)).body).toEqual([href]);
    }
    expect((await askAs({}, '/tiles/4/8/7', `${guarded.url}/api/datasets/squares/mosaic.json`)).status).toBe(200);
  });

  test('nor is a document that is a file of this server read for the others', async () => {
    naming('https://cogs.example.com/a.tif');
    const url = await server.file('mosaic.json', document);
    expect([(await askAs(bearer('writer'), '/info', url)).status, (await askAs({}, '/info', url)).status, (await askAs(bearer('reader'), '/tiles/4/8/7/assets', url)).status]).toEqual([200, 400, 400]);
  });

  test('MOSAICJSON_ASSETS names folders whose files any document may name', async () => {
    const folder = pathToFileURL(`${server.cogFolder}/`).href;
    const { mosaicAssets } = loadConfig({ MOSAICJSON_ASSETS: `az://open/, ${folder}`, DATA_DIR: '/tmp' });
    expect(mosaicAssets).toEqual(['az://open/', folder]);
    for (const wrong of ['az://open', 'open/', 's3://open/']) expect(() => loadConfig({ MOSAICJSON_ASSETS: wrong, DATA_DIR: '/tmp' })).toThrow(/MOSAICJSON_ASSETS/);
    const open = await server.variant({ ...authOf({ AUTH: 'api-key', API_KEYS: 'write:writer' }), mosaicAssets });
    try {
      naming(hrefs[0] ?? '');
      expect((await askAs({}, '/tiles/4/8/7', `${foreign}/open.json`, open)).status).toBe(200);
      for (const outside of [`${folder}../secret.tif`, `${folder}%2e%2e/secret.tif`, `${folder}..%2Fsecret.tif`, folder.replace(/\/$/, '-2/a.tif')]) {
        naming(outside);
        expect((await askAs({}, '/tiles/4/8/7', `${foreign}/${encodeURIComponent(outside)}.json`, open)).body['description']).toMatch(/below MOSAICJSON_ASSETS/);
      }
    } finally {
      await open.close();
    }
  });
});
