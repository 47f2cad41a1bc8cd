/** What the server never fetches, on every road by which a URL comes in: forged hrefs (SSRF) reach no host, no address and no file but the allowed ones. */
import { symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { listOf, type TestAnswer, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let host: Server;
let port: number;
let cog: Buffer;
let mosaic: Buffer;
/** The Host of every request that came to this machine's addresses, and its path. */
let asked: string[] = [];
let secret: string;

beforeAll(async () => {
  cog = await makeCog({ width: 64, height: 64, west: 0, north: 10, res: 10 / 64, block: 64 });
  host = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    const to = /^\/to\?(.*)$/.exec(request.url ?? '')?.[1];
    if (to !== undefined) return void response.writeHead(302, { location: decodeURIComponent(to) }).end();
    return void response.end(request.url?.startsWith('/mosaic.json') === true ? mosaic : cog);
  });
  // On every address, so that whatever gets through is seen.
  await new Promise<void>((resolve) => host.listen(0, resolve));
  ({ port } = host.address() as AddressInfo);
  server = await startTestServer({ config: { allowedHosts: ['127.0.0.1', 'cogs.example.com'] } });
  secret = join(server.cogFolder, '..', 'secret.tif');
  await writeFile(secret, cog);
  await symlink(secret, join(server.cogFolder, 'link.tif'));
});
afterAll(async () => {
  host.closeAllConnections();
  await Promise.all([server.close(), new Promise((resolve) => host.close(resolve))]);
});
beforeEach(async () => {
  await server.reset();
  asked = [];
});
/** Only the redirections themselves were asked for, at the one address that is allowed. */
afterEach(() => expect(asked.filter((request) => !new RegExp(`^127\\.0\\.0\\.1:${port} /(to\\?|mosaic\\.json\\?)`).test(request))).toEqual([]));

const METADATA = ['http://169.254.169.254/latest/meta-data/a.tif', 'http://metadata.google.internal/computeMetadata/v1/', 'http://[fd00:ec2::254]/latest/', 'http://168.63.129.16/machine', 'http://100.100.100.200/latest'];

function refusedHrefs(): string[] {
  const elsewhere = [`http://localhost:${port}/a.tif`, `http://localhost.:${port}/a.tif`, `http://127.0.0.2:${port}/a.tif`, `http://[::1]:${port}/a.tif`, ...METADATA];
  const folder = pathToFileURL(server.cogFolder).href;
  return [
    ...elsewhere,
    ...elsewhere.map((target) => `http://127.0.0.1:${port}/to?${encodeURIComponent(target)}`),
    `http://127.0.0.1:${port}/to?${encodeURIComponent(`//127.0.0.2:${port}/a.tif`)}`,
    `http://127.0.0.1:${port}/to?${encodeURIComponent(pathToFileURL(secret).href)}`,
    `http://127.0.0.1:${port}/to?gopher%3A%2F%2F127.0.0.1`,
    `http://2130706434:${port}/a.tif`, `http://0x7f.2:${port}/a.tif`, `http://0177.0.0.2:${port}/a.tif`, `http://127.2:${port}/a.tif`, `http://0:${port}/a.tif`, `http://[::ffff:127.0.0.2]:${port}/a.tif`,
    `http://[::ffff:7f00:2]:${port}/a.tif`, `http://[64:ff9b::127.0.0.1]:${port}/a.tif`, `http://[2002:7f00:1::]:${port}/a.tif`, `http://user:password@127.0.0.1:${port}/a.tif`, `http://127.0.0.1@localhost:${port}/a.tif`,
    `http://cogs.example.com.localhost:${port}/a.tif`, `http://localhost:${port}#127.0.0.1`, `http://localhost:${port}\\@127.0.0.1/`,
    `/vsicurl/http://localhost:${port}/a.tif`, `/vsicurl//vsicurl/http://127.0.0.1:${port}/a.tif`, `/vsizip//vsicurl/http://127.0.0.1:${port}/a.zip/a.tif`, `/vsizip/vsicurl/http://127.0.0.1:${port}/a.tif`,
    `/vsicurl?url=http://127.0.0.1:${port}/a.tif`, `/vsicurl/file://${secret}`, `/vsizip/${secret}`, `/vsisubfile/0_10,${secret}`, `/vsiaz/cogs/a.tif`, '/vsiaz/../../a.tif', `az://cogs/a.tif`, 'abfss://cogs@localhost/a.tif',
    pathToFileURL(secret).href, `${folder}/../secret.tif`, `${folder}/%2e%2e/secret.tif`, `${folder}/%2E%2e%2fsecret.tif`, `${folder}/link.tif`, `file://localhost${secret}`, 'file:///etc/passwd', 'file:///proc/self/environ', secret,
    `ftp://127.0.0.1:${port}/a.tif`, `gopher://127.0.0.1:${port}/_GET`, 'data:image/tiff;base64,SUkqAA==', 'javascript:alert(1)', 'dict://127.0.0.1:11211/stat',
  ];
}

/** A box of one degree for each, side by side, and the tile of zoom 9 in its middle. */
const boxOf = (i: number): number[] => [(i % 100) - 50, Math.floor(i / 100) - 10, (i % 100) - 49, Math.floor(i / 100) - 9];
function tileOf(i: number): string {
  const [west = 0, south = 0] = boxOf(i);
  const [x, y] = [(west + 0.5 + 180) / 360, 0.5 - Math.log(Math.tan(Math.PI / 4 + ((south + 0.5) * Math.PI) / 360)) / (2 * Math.PI)];
  return `9/${Math.floor(x * 512)}/${Math.floor(y * 512)}`;
}

/** Those that can be stored: the others are no IRIs, and refused already when they are posted with a box. */
async function storable(ask: (hrefs: readonly string[]) => Promise<TestAnswer>): Promise<string[]> {
  const hrefs = refusedHrefs();
  const { status, body } = await ask(hrefs);
  if (status === 201) return hrefs;
  const bad = new Set(listOf(body['errors']).map(({ path }) => Number(/^\/\w+\/(\d+)\//.exec(text(path))?.[1])));
  const rest = hrefs.filter((_, i) => !bad.has(i));
  expect(rest.length).toBeGreaterThan(hrefs.length - 5);
  expect((await ask(rest)).status).toBe(201);
  return rest;
}

/** Each is refused with a 4xx. */
async function refusals(hrefs: readonly string[], ask: (i: number, href: string) => Promise<TestAnswer>): Promise<void> {
  const wrong: string[] = [];
  for (const [i, href] of hrefs.entries()) {
    const { status, body } = await ask(i, href);
    if (status < 400 || status > 499) wrong.push(`${href}: ${status} ${text(body['description'] ?? '')}`);
  }
  expect(wrong).toEqual([]);
}

it('tiles posted without a bbox are refused, each by its name, and nothing is written', async () => {
  const before = await server.written();
  const hrefs = refusedHrefs();
  const answer = await server.request('POST', '/api/datasets', { body: datasetBody('forged', hrefs.map((href) => ({ href }))) });
  expect(answer.status).toBe(400);
  const named = new Set(listOf(answer.body['errors']).map(({ path }) => text(path)));
  expect(hrefs.filter((_, i) => !named.has(`/tiles/${i}/href`))).toEqual([]);
  expect(await server.written()).toEqual(before);
});

it('tiles of a dataset whose boxes are given are refused when they are drawn', async () => {
  const stored = await storable((hrefs) => server.request('POST', '/api/datasets', { body: datasetBody('forged', hrefs.map((href, i) => ({ href, bbox: boxOf(i) }))) }));
  await refusals(stored, (i) => server.request('GET', `/api/datasets/forged/tiles/${tileOf(i)}`));
  await server.request('GET', '/api/datasets/forged/preview');
});

it('items are refused when tiles of their collection, or of a search, are drawn', async () => {
  await makeCollection(server, 'forged', []);
  const items = (hrefs: readonly string[]): object[] => hrefs.map((href, i) => itemBody(`item-${i}`, { bbox: boxOf(i), assets: { data: { href, type: 'image/tiff; application=geotiff', roles: ['data'] } } }));
  const stored = await storable((hrefs) => server.request('POST', '/collections/forged/items', { body: { type: 'FeatureCollection', features: items(hrefs) } }));
  await refusals(stored, (i) => server.request('GET', `/collections/forged/tiles/WebMercatorQuad/${tileOf(i)}`));
  const { body } = await server.request('POST', '/searches/register', { body: { collections: ['forged'] } });
  await refusals(stored, (i) => server.request('GET', `/searches/${text(body['id'])}/tiles/WebMercatorQuad/${tileOf(i)}?assets=data`));
});

it('a collection of COGs fails for each of them', async () => {
  const hrefs = refusedHrefs();
  const { status, body } = await server.request('POST', '/api/collections', { body: { collection: { id: 'forged', description: 'All of them are refused' }, cogs: hrefs, on_item_error: 'skip' } });
  expect(status).toBe(400);
  expect(listOf(body['errors']).length).toBe(hrefs.length);
  expect((await server.request('GET', '/collections/forged')).status).toBe(404);
});

it('tasks of a job are refused', async () => {
  const job = text((await server.request('POST', '/api/jobs', { body: { dataset: { id: 'forged', properties: { datetime: '2024-01-01T00:00:00Z' } }, expected_tiles: 200 } })).body['job_id']);
  await refusals(refusedHrefs(), (i, href) => server.request('PUT', `/api/jobs/${job}/tasks/${i + 1}`, { body: { status: 'COMPLETE', tile: { href } } }));
});

it('a MosaicJSON is not fetched from them, and its own assets are held to the same rule', async () => {
  await refusals(refusedHrefs(), (_, href) => server.request('GET', `/mosaicjson/info?url=${encodeURIComponent(href)}`));
  await refusals(refusedHrefs(), (_, href) => {
    mosaic = Buffer.from(JSON.stringify({ mosaicjson: '0.0.3', version: '1.0.0', minzoom: 0, maxzoom: 9, quadkey_zoom: 1, bounds: [-180, -85, 180, 85], tiles: { 0: [href], 1: [href], 2: [href], 3: [href] } }));
    return server.request('GET', `/mosaicjson/tiles/3/4/4?url=${encodeURIComponent(`http://127.0.0.1:${port}/mosaic.json?`)}${Math.random()}`);
  });
});

it('links, thumbnails and further assets are never fetched, nor are the schemas of extensions', async () => {
  const url = (path: string): string => `http://127.0.0.1:${port}/${path}`;
  const links = ['derived_from', 'preview', 'license', 'self'].map((rel) => ({ rel, href: url(rel) }));
  const assets = { thumbnail: { href: url('thumbnail.png'), roles: ['thumbnail'], type: 'image/png' }, overview: { href: url('overview.png'), roles: ['overview'] } };
  const cogHref = await server.file('fine.tif', cog);
  await postDataset(server, { ...datasetBody('linked', [{ href: cogHref }]), dataset: { id: 'linked', properties: { datetime: '2024-01-01T00:00:00Z' }, links, assets } });
  await makeCollection(server, 'linked', []);
  await server.request('POST', '/collections/linked/items', { body: itemBody('a', { links, stac_extensions: [url('schema.json')], assets }) });
  for (const path of ['/api/datasets/linked/preview', '/api/datasets/linked?f=html', '/collections/linked?f=html', '/collections/linked/items/a?f=html', '/api/datasets/linked/mosaic.json']) {
    expect((await server.request('GET', path)).status).toBeLessThan(500);
  }
});
