/** How tiles are served: known ones without drawing, shared drawings, what was left out and what failed. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeCog } from '../support/cogs.js';
import { collectionBody, datasetBody, itemBody, postDataset } from '../support/datasets.js';
import { eventually } from '../support/faults.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
beforeEach(() => server.reset());

const red = (): readonly number[] => [200, 10, 10];
const blue = (): readonly number[] => [10, 10, 200];

/** A COG of 20 by 20 degrees with its upper left corner there. */
const square = async (name: string, west: number, north: number, pixels = red): Promise<string> =>
  server.file(name, await makeCog({ width: 256, height: 256, res: 20 / 256, west, north, pixels, block: 256 }));

const box = (href: string, west: number, north: number, index: number): { href: string; bbox: number[]; index: number } => ({ href, bbox: [west, north - 20, west + 20, north], index });

const drawn = (): number => server.services.renderer.stats().drawn;

/** Its thumbnail is drawn after the post was answered, and would be counted among the tiles. */
const quiet = (id: string): Promise<void> => eventually(`the thumbnail of ${id} is stored`, async () => (await server.request('GET', `/files/metadata/thumbnails/${id}.png`)).status === 200);

test('a tile that was drawn is known, and its ETag is enough for a 304', async () => {
  await postDataset(server, datasetBody('known', [box(await square('known.tif', 0, 20), 0, 20, 1)]));
  await quiet('known');
  const path = '/api/datasets/known/tiles/4/8/7';
  const first = await server.request('GET', path);
  expect(first.status).toBe(200);
  expect(first.headers['x-assets']).toBe('known_tile_001');
  expect(first.headers['server-timing']).toMatch(/^find;dur=[\d.]+, wait;dur=[\d.]+, read;dur=[\d.]+, draw;dur=[\d.]+, encode;dur=[\d.]+, from;desc="drawn"$/);
  const before = drawn();
  const second = await server.request('GET', path);
  expect(second.headers['server-timing']).toContain('from;desc="cache"');
  expect(second.bytes.equals(first.bytes)).toBe(true);
  const third = await server.request('GET', path, { headers: { 'if-none-match': first.headers.etag ?? '' } });
  expect([third.status, third.bytes.length, third.headers.etag]).toEqual([304, 0, first.headers.etag]);
  expect(drawn()).toBe(before);
});

test('a known tile costs the database one question', async () => {
  await postDataset(server, datasetBody('asked', [box(await square('asked.tif', 0, 20), 0, 20, 1)]));
  await quiet('asked');
  const asked: number[] = [];
  // Whatever else writes meanwhile makes a tile look again.
  for (let i = 0; i < 6; i++) {
    let taken = 0;
    const count = (): void => void taken++;
    server.services.database.pool.on('acquire', count);
    expect((await server.request('GET', '/api/datasets/asked/tiles/4/8/7')).status).toBe(200);
    server.services.database.pool.off('acquire', count);
    asked.push(taken);
  }
  expect(Math.min(...asked)).toBe(1);
});

test('another parameter, another order and a changed dataset are other tiles', async () => {
  const [under, over] = [await square('under.tif', 0, 20), await square('over.tif', 0, 20, blue)];
  await postDataset(server, datasetBody('changing', [box(under, 0, 20, 1), box(over, 0, 20, 2)]));
  const path = '/api/datasets/changing/tiles/4/8/7';
  const first = await server.request('GET', path);
  const larger = await server.request('GET', `${path}?tilesize=512`);
  expect(larger.headers.etag).not.toBe(first.headers.etag);
  const put = await server.request('PUT', '/api/datasets/changing', { body: datasetBody('changing', [box(over, 0, 20, 1), box(under, 0, 20, 2)]) });
  expect(put.status).toBe(200);
  const after = await server.request('GET', path, { headers: { 'if-none-match': first.headers.etag ?? '' } });
  expect(after.status).toBe(200);
  expect(after.bytes.equals(first.bytes)).toBe(false);
  await server.request('DELETE', '/api/datasets/changing');
  expect((await server.request('GET', path)).status).toBe(404);
});

test('what another program writes into the database is seen at once', async () => {
  const [under, over] = [await square('a.tif', 0, 20), await square('b.tif', 0, 20, blue)];
  await server.request('POST', '/collections', { body: collectionBody('shared') });
  const asset = (href: string): object => ({ data: { href, type: 'image/tiff; application=geotiff' } });
  await server.request('POST', '/collections/shared/items', { body: itemBody('one', { bbox: [0, 0, 20, 20], assets: asset(under) }) });
  const path = '/collections/shared/tiles/WebMercatorQuad/4/8/7';
  const first = await server.request('GET', path);
  expect(first.headers['x-assets']).toBe('one');
  const newer = { ...itemBody('two', { bbox: [0, 0, 20, 20], assets: asset(over), properties: { datetime: '2025-01-01T00:00:00Z' } }), collection: 'shared' };
  await server.services.database.pool.query('SELECT pgstac.create_item($1::jsonb)', [JSON.stringify(newer)]);
  const second = await server.request('GET', path);
  expect(second.headers['x-assets']).toBe('two');
});

test('a list of assets that was cut says by what', async () => {
  const tiles = await Promise.all([1, 2, 3].map(async (index) => box(await square(`cut${index}.tif`, 0, 20), 0, 20, index)));
  await postDataset(server, datasetBody('cut', tiles));
  const path = '/api/datasets/cut/tiles/4/8/7';
  expect((await server.request('GET', path)).headers['x-truncated']).toBeUndefined();
  expect((await server.request('GET', `${path}?items_limit=2`)).headers['x-truncated']).toBe('items_limit');
  expect((await server.request('GET', `${path}?scan_limit=1`)).headers['x-truncated']).toBe('scan_limit');
  expect((await server.request('GET', `${path}?items_limit=3`)).headers['x-truncated']).toBeUndefined();
  const covered = await server.request('GET', `${path}?exitwhenfull=true&skipcovered=true`);
  expect([covered.status, covered.headers['x-assets'], covered.headers['x-truncated']]).toEqual([200, 'cut_tile_003', undefined]);
});

test('an asset that fails takes no tile down that others cover, and the header names it', async () => {
  const good = await square('good.tif', 0, 20);
  const gone = await server.file('gone.tif', Buffer.from('no TIFF'));
  await postDataset(server, datasetBody('partly', [box(good, 0, 20, 1), box(gone, 0, 20, 2)]));
  const path = '/api/datasets/partly/tiles/4/8/7';
  const answer = await server.request('GET', path);
  expect([answer.status, answer.headers['x-failed-assets'], answer.headers['cache-control']]).toEqual([200, '1', 'no-cache']);
  expect(answer.headers['x-failed']).toContain('gone.tif');
  expect((await server.request('GET', path)).headers['server-timing']).toContain('from;desc="drawn"');
});

describe('with a slow host of COGs', () => {
  let host: Server;
  let href: string;
  let variant: Awaited<ReturnType<TestServer['variant']>>;
  let asked = 0;
  const held: (() => void)[] = [];

  beforeEach(async () => {
    const cog = await makeCog({ width: 256, height: 256, res: 20 / 256, west: 0, north: 20, pixels: red, block: 256 });
    asked = 0;
    host = createServer((request, response) => {
      asked += 1;
      const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const end = Math.min(Number(to), cog.length - 1);
      held.push(() => response.writeHead(206, { 'content-range': `bytes ${from}-${end}/${cog.length}` }).end(cog.subarray(Number(from), end + 1)));
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    href = `http://127.0.0.1:${(host.address() as AddressInfo).port}/slow.tif`;
    variant = await server.variant({ allowedHosts: ['127.0.0.1'] });
    await postDataset(server, datasetBody('slow', [box(href, 0, 20, 1)]));
  });
  afterEach(async () => {
    const closed = new Promise((resolve) => host.close(resolve));
    host.closeAllConnections();
    held.length = 0;
    await Promise.all([variant.close(), closed]);
  });

  const until = async (holds: () => boolean): Promise<void> => {
    for (const end = Date.now() + 10_000; !holds(); ) {
      if (Date.now() > end) throw new Error('It does not come.');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  /** Answers what is held, and what comes. */
  const release = async (done: Promise<unknown>): Promise<void> => {
    let over = false;
    void done.finally(() => (over = true));
    await until(() => {
      for (const answer of held.splice(0)) answer();
      return over;
    });
  };

  test('identical requests in flight are drawn once', async () => {
    const answers = Promise.all(Array.from({ length: 8 }, () => variant.request('GET', '/api/datasets/slow/tiles/4/8/7')));
    await until(() => asked > 0);
    await release(answers);
    expect((await answers).map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
    expect(variant.services.renderer.stats().drawn).toBe(1);
  });

  test('a tile that nobody waits for any more is drawn no further; one that others wait for is', async () => {
    const path = `${variant.url}/api/datasets/slow/tiles/4/8/7`;
    const [leaving, staying] = [new AbortController(), new AbortController()];
    const [left, stayed] = [leaving, staying].map((controller) => fetch(path, { signal: controller.signal }));
    left?.catch(() => undefined);
    await until(() => asked > 0);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ name: 'AbortError' });
    expect(variant.services.renderer.stats().running).toBe(1);
    await release(stayed ?? Promise.resolve());
    expect((await stayed)?.status).toBe(200);
    const alone = fetch(`${variant.url}/api/datasets/slow/tiles/5/17/14?tilesize=512`, { signal: staying.signal });
    alone.catch(() => undefined);
    staying.abort();
    await expect(alone).rejects.toMatchObject({ name: 'AbortError' });
    await until(() => variant.services.renderer.stats().running === 0);
  });

  test('more than can wait are refused with Retry-After, and those whose clients have gone make room', async () => {
    const size = 400;
    const stop = new AbortController();
    const statuses: number[] = [];
    const refused: (string | null)[] = [];
    const requests = Array.from({ length: size }, (_, i) =>
      fetch(`${variant.url}/api/datasets/slow/tiles/12/${2060 + (i % 20)}/${2000 + Math.floor(i / 20)}`, { signal: stop.signal })
        .then(async (answer) => {
          statuses.push(answer.status);
          if (answer.status === 503) refused.push(answer.headers.get('retry-after'));
          return answer.arrayBuffer();
        })
        .catch(() => undefined),
    );
    const { renderer } = variant.services;
    await until(() => renderer.stats().refused > 0);
    await until(() => statuses.length > 0);
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(new Set(refused)).toEqual(new Set(['1']));
    stop.abort();
    await Promise.all(requests);
    // The host has answered nothing yet: whoever leaves frees the worker's place as well.
    await until(() => renderer.stats().queued === 0 && renderer.stats().running === 0);
    expect(renderer.stats()).toMatchObject({ drawn: 0, crashed: 0 });
  });
});
