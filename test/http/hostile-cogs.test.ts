/** COGs that lie or fail, by both roads: refused by name, soon and without much memory, and whoever asks is told whose fault it is. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listOf, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { collectionBody, datasetBody, itemBody, postDataset, type TileBody } from '../support/datasets.js';
import { makeGeoTiff } from '../support/geotiff.js';
import { harmlessLies, type Hostile, hostileFiles } from '../support/hostile.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let hostile: readonly (Hostile & { readonly href: string })[];

/** The name of a file, as it stands in messages. */
const fileOf = (name: string): string => `${name.replace(/\W+/g, '-')}.tif`;
const WORLD = [-180, -90, 180, 90];

beforeAll(async () => {
  server = await startTestServer();
  hostile = await Promise.all((await hostileFiles()).map(async (file) => ({ ...file, href: await server.file(fileOf(file.name), file.bytes) })));
});
afterAll(() => server.close());
beforeEach(() => server.reset());

const boxed = (hrefs: readonly string[]): TileBody[] => hrefs.map((href, i) => ({ href, bbox: WORLD, index: i + 1 }));
const stats = (): ReturnType<TestServer['services']['renderer']['stats']> => server.services.renderer.stats();

/** The most that the process has grown by while `work` ran, in MB. */
async function grown(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5);
  await work();
  clearInterval(watch);
  return (Math.max(most, process.memoryUsage.rss()) - before) / 1e6;
}

test('a header that lies is refused by name when it is posted', async () => {
  const lying = hostile.filter(({ header }) => header);
  const { status, body } = await server.request('POST', '/api/datasets', { body: datasetBody('lying', lying.map(({ href }) => ({ href }))) });
  expect(status).toBe(400);
  expect(listOf(body['errors']).map(({ path, message }) => `${text(path)} ${text(message)}`)).toEqual(lying.map(({ name }, i) => expect.stringMatching(new RegExp(`^/tiles/${i}/href .*${fileOf(name)}`)) as string));
});

test('blocks that lie cost their tile alone: named, within seconds and 300 MB', async () => {
  const wrong: string[] = [];
  const good = await server.file('good.tif', await makeCog({ width: 360, height: 180 }));
  const megabytes = await grown(async () => {
    for (const [i, { name, href }] of hostile.entries()) {
      await postDataset(server, datasetBody(`hostile${i}`, boxed([href])));
      for (const style of ['', '?resampling=bilinear&reproject=bilinear']) {
        const started = performance.now();
        const { status, body } = await server.request('GET', `/api/datasets/hostile${i}/tiles/1/0/0${style}`);
        const took = performance.now() - started;
        if (![501, 502].includes(status) || !text(body).includes(fileOf(name)) || took > 5000) wrong.push(`${name}${style}: ${status} in ${took.toFixed(0)} ms ${text(body)}`);
      }
    }
  });
  expect(wrong).toEqual([]);
  expect(megabytes).toBeLessThan(300);
  expect(stats()).toMatchObject({ crashed: 0, queued: 0, running: 0 });
  await postDataset(server, datasetBody('good', boxed([good])));
  expect((await server.request('GET', '/api/datasets/good/tiles/1/0/0')).status).toBe(200);
});

test('lies that nobody believes are drawn', async () => {
  for (const [i, { name, bytes }] of (await harmlessLies()).entries()) {
    await postDataset(server, datasetBody(`harmless${i}`, boxed([await server.file(fileOf(name), bytes)])));
    expect([name, (await server.request('GET', `/api/datasets/harmless${i}/tiles/1/0/0`)).status]).toEqual([name, 200]);
  }
});

describe('the assets of a tile', () => {
  let host: Server;
  let variant: Awaited<ReturnType<TestServer['variant']>>;
  const hrefs: Record<string, string> = {};

  beforeAll(async () => {
    host = createServer((request, response) => {
      if (request.url === '/away.tif') response.writeHead(503).end();
      else if (request.url === '/forbidden.tif') response.writeHead(403).end();
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    variant = await server.variant({ allowedHosts: ['127.0.0.1'] });
    Object.assign(hrefs, {
      good: await server.file('half.tif', await makeCog({ width: 180, height: 180, pixels: () => [9, 9, 9] })),
      missing: `file://${server.cogFolder}/missing.tif`,
      noTiff: await server.file('no.tif', Buffer.from('this is no TIFF')),
      damaged: hostile.find(({ name }) => name === 'blocks cut short')?.href,
      undrawable: hostile.find(({ name }) => name === 'a tile 2^20 wide')?.href,
      complex: await server.file('complex.tif', makeGeoTiff({ width: 64, height: 64, tile: 64, epsg: 4326, crs: 'geographic', origin: [-90, 60], pixel: [0.5, 0.5], bits: 64, sampleFormat: 6 })),
      refusedFile: 'file:///etc/passwd',
      refusedHost: 'http://198.51.100.7/a.tif',
      scheme: 's3://bucket/a.tif',
      gone: `${origin}/gone.tif`,
      forbidden: `${origin}/forbidden.tif`,
      away: `${origin}/away.tif`,
    });
  });
  afterAll(async () => {
    await variant?.close();
    host?.closeAllConnections();
    await new Promise((resolve) => host?.close(resolve));
  });

  /** A file's or a host's fault is a 5xx of the gateway; a href that may not be read, or a kind that cannot be, is the caller's choice. */
  test.each([
    ['missing', 502, 'Upstream'],
    ['noTiff', 502, 'Upstream'],
    ['damaged', 502, 'Upstream'],
    ['gone', 502, 'Upstream'],
    ['forbidden', 502, 'Upstream'],
    ['away', 502, 'Upstream'],
    ['undrawable', 501, 'NotImplemented'],
    ['complex', 501, 'NotImplemented'],
    ['scheme', 501, 'NotImplemented'],
    ['refusedFile', 400, 'InvalidInput'],
    ['refusedHost', 400, 'InvalidInput'],
  ])('that are %s alone make it %i; beside a good one they are named in X-Failed', async (kind, status, code) => {
    const href = hrefs[kind] ?? '';
    const id = kind.toLowerCase();
    const write = async (name: string, tiles: readonly string[]): Promise<void> => {
      await variant.request('POST', '/collections', { body: collectionBody(name) });
      for (const [i, tile] of tiles.entries()) {
        const body = itemBody(`i${i}`, { bbox: WORLD, properties: { datetime: `2024-01-0${9 - i}T00:00:00Z` }, assets: { data: { href: tile } } });
        expect((await variant.request('POST', `/collections/${name}/items`, { body })).status).toBe(201);
      }
    };
    await write(id, [href]);
    const alone = await variant.request('GET', `/collections/${id}/tiles/WebMercatorQuad/1/0/0`);
    expect([alone.status, alone.body['code']]).toEqual([status, code]);
    expect(text(alone.body['description'])).toContain(href.replace(/^.*\//, ''));
    await write(`${id}-beside`, [href, hrefs['good'] ?? '']);
    const beside = await variant.request('GET', `/collections/${id}-beside/tiles/WebMercatorQuad/1/0/0`);
    expect([beside.status, beside.headers['x-failed-assets'], beside.headers['x-assets'], beside.headers['cache-control']]).toEqual([200, '1', 'i1', 'no-cache']);
    expect(beside.headers['x-failed']).toContain(href.replace(/^.*\//, ''));
  });
});
