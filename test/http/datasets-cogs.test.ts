/** Datasets of tiles that are only an href: real files, read over file: and http:, and the map tiles that are drawn of them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { hrefOf, listOf, type Loose, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { postDataset } from '../support/datasets.js';
import { makeGeoTiff } from '../support/geotiff.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let files: Server;
let filesUrl: string;
/** What the local file server has, by name. */
const served = new Map<string, Buffer>();

function serveFile(request: IncomingMessage, response: ServerResponse): void {
  const bytes = served.get(decodeURIComponent(request.url ?? '').slice(1)) ?? Buffer.alloc(0);
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
  const from = Number(first ?? 0);
  const to = Math.min(last === undefined || last === '' ? Infinity : Number(last), bytes.length - 1);
  if (bytes.length === 0) response.writeHead(404).end();
  else if (from > to) response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
  else response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${bytes.length}`, 'Content-Length': to - from + 1 }).end(bytes.subarray(from, to + 1));
}

beforeAll(async () => {
  files = createServer(serveFile);
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  filesUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
  server = await startTestServer({ config: { allowedHosts: ['127.0.0.1'] } });
});
beforeEach(() => server.reset());
afterAll(async () => {
  files?.closeAllConnections();
  files?.close();
  await server?.close();
});

/** 90 x 90 degrees at 1 degree a pixel, one colour. */
const quarter = (west: number, north: number, colour: readonly [number, number, number], more: Partial<Parameters<typeof makeCog>[0]> = {}): Promise<Buffer> =>
  makeCog({ width: 90, height: 90, res: 1, west, north, block: 64, pixels: () => colour, ...more });

const RED = [200, 10, 10] as const;
const BLUE = [10, 10, 200] as const;

async function get(path: string): Promise<Loose> {
  const { status, body } = await server.request('GET', path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return body;
}
const tilesOf = async (id: string): Promise<Loose[]> => listOf((await get(`/api/datasets/${id}/tiles`))['features']);

/** The pixel of a PNG a quarter from the left and half way down. */
async function pixel(bytes: Buffer): Promise<number[]> {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 4)) * 4;
  return [...data.subarray(at, at + 4)];
}

describe('the preview of a dataset', () => {
  it('is one picture cut to its box, though it lies on several map tiles', async () => {
    const [red, blue] = [await server.file('red.tif', await quarter(-90, 45, RED)), await server.file('blue.tif', await quarter(0, 45, BLUE))];
    await postDataset(server, { dataset: { id: 'both' }, tiles: [{ href: red }, { href: blue }] });
    const { status, headers, bytes } = await server.request('GET', '/api/datasets/both/preview');
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'image/png' });
    const { width, height } = await sharp(bytes).metadata();
    // 180 degrees of longitude and 90 of latitude around the equator, in Web Mercator.
    expect(width / height).toBeCloseTo(Math.PI / (2 * Math.asinh(1)), 1);
    expect(await pixel(bytes)).toEqual([...RED, 255]);
    expect(await pixel(await sharp(bytes).flop().png().toBuffer())).toEqual([...BLUE, 255]);
    expect((await server.request('GET', '/api/datasets/nosuch/preview')).status).toBe(404);
  });
});

describe('a tile that is only an href', () => {
  it('of a file below an allowed root gets box, CRS, bands, GSD, size and zooms from its header', async () => {
    const bytes = await quarter(0, 90, RED);
    const href = await server.file('ne.tif', bytes);
    const { bbox, warnings } = await postDataset(server, { dataset: { id: 'file' }, tiles: [{ href }] });
    expect(bbox).toEqual([0, 0, 90, 90]);
    expect(warnings).toEqual([]);
    const [tile] = await tilesOf('file');
    expect(tile).toMatchObject({
      bbox: [0, 0, 90, 90],
      properties: { 'proj:code': 'EPSG:4326', 'proj:shape': [90, 90], 'proj:bbox': [0, 0, 90, 90] },
      assets: { data: { href, 'file:size': bytes.length } },
    });
    expect(listOf(tile?.['assets']?.['data']?.['bands'])).toHaveLength(3);
    expect(tile?.['assets']?.['data']?.['bands']?.['0']).toMatchObject({ data_type: 'uint8' });
    expect(Number(tile?.['properties']?.['gsd'])).toBeGreaterThan(10_000);
    const item = await get('/api/datasets/file');
    expect(item['properties']).toMatchObject({ 'file:size': bytes.length, 'proj:code': 'EPSG:4326' });
    const verdicts = await server.services.validator.validateMany([item, tile], 'item');
    expect(verdicts.flatMap(({ faults }) => faults)).toEqual([]);
  });

  it('of an http server likewise, and several in one post', async () => {
    served.set('a b.tif', await quarter(0, 90, RED)).set('b.tif', await quarter(90, 90, BLUE));
    await postDataset(server, { dataset: { id: 'http' }, tiles: [{ href: `${filesUrl}/a%20b.tif` }, { href: `${filesUrl}/b.tif` }] });
    expect((await get('/api/datasets/http'))['bbox']).toEqual([0, 0, 180, 90]);
    expect((await tilesOf('http')).map((tile) => tile['assets']?.['data']?.['file:size'])).toEqual([served.get('a b.tif')?.length, served.get('b.tif')?.length]);
  });

  it('in another CRS is placed in EPSG:4326', async () => {
    const href = await server.file('utm.tif', await makeCog({ width: 64, height: 64, epsg: 32633, west: 500_000, north: 5_400_000, res: 100, block: 64 }));
    await postDataset(server, { dataset: { id: 'utm' }, tiles: [{ href }] });
    const [tile] = await tilesOf('utm');
    expect(tile?.['properties']).toMatchObject({ 'proj:code': 'EPSG:32633', gsd: 100, 'proj:bbox': [500_000, 5_393_600, 506_400, 5_400_000] });
    const [west, south, east, north] = listOf(tile?.['bbox']).map(Number) as [number, number, number, number];
    expect(west).toBeCloseTo(15, 5);
    expect(east).toBeGreaterThan(15.08);
    expect(east).toBeLessThan(15.1);
    expect(south).toBeGreaterThan(48.6);
    expect(north).toBeLessThan(48.8);
  });

  it('is believed where it says more than its href', async () => {
    const href = await server.file('said.tif', await quarter(0, 90, RED));
    await postDataset(server, { dataset: { id: 'said' }, tiles: [{ href, gsd: 7, index: 5, datetime: '2020-02-02T00:00:00Z' }] });
    expect((await tilesOf('said'))[0]).toMatchObject({ id: 'said_tile_005', properties: { gsd: 7, tile_index: 5, datetime: '2020-02-02T00:00:00Z' } });
  });

  it('that is no COG is taken with a warning', async () => {
    const href = await server.file('strip.tif', makeGeoTiff({ width: 1000, height: 1000, tile: 0, pixel: [0.01, 0.01], origin: [0, 10], dataFirst: true }));
    const { warnings } = await postDataset(server, { dataset: { id: 'plain' }, tiles: [{ href }] });
    expect(warnings).toEqual([expect.objectContaining({ code: 'NotCloudOptimized', message: expect.stringContaining('/tiles/0') as unknown })]);
  });

  it('with tiles of other CRS, bands, type and nodata is taken with a warning each', async () => {
    const hrefs = await Promise.all([
      server.file('m1.tif', await quarter(0, 90, RED)),
      server.file('m2.tif', await makeCog({ width: 64, height: 64, bands: 1, dtype: 'uint16', epsg: 3857, west: 0, north: 0, res: 1000, block: 64, nodata: 9 })),
      server.file('m3.tif', await makeCog({ width: 64, height: 64, bands: 1, nodata: 0, west: -90, north: 0, block: 64 })),
    ]);
    const { warnings } = await postDataset(server, { dataset: { id: 'mixed' }, tiles: hrefs.map((href) => ({ href })) });
    expect(listOf(warnings).map((warning) => warning['code'])).toEqual(expect.arrayContaining(['MixedCrs', 'MixedBandCount', 'MixedDataType', 'MixedNodata']));
  });
});

describe('the map tiles', () => {
  async function world(mosaic: Record<string, unknown> = {}, id = 'world'): Promise<Loose> {
    const hrefs = [await server.file(`${id}-under.tif`, await quarter(0, 90, RED)), await server.file(`${id}-over.tif`, await quarter(0, 90, BLUE))];
    return postDataset(server, { dataset: { id }, tiles: hrefs.map((href) => ({ href })), mosaic });
  }

  it('show a known COG, under dataset and search alike', async () => {
    const { search_id: searchId } = await world();
    for (const path of ['/api/datasets/world/tiles/1/1/0.png', `/searches/${text(searchId)}/tiles/WebMercatorQuad/1/1/0.png?assets=data`, '/collections/datasets/tiles/WebMercatorQuad/1/1/0?format=png']) {
      const { status, headers, bytes } = await server.request('GET', path);
      expect({ path, status, type: headers['content-type'] }).toEqual({ path, status: 200, type: 'image/png' });
      expect(await pixel(bytes)).toEqual([...BLUE, 255]);
    }
  });

  it('stack as the dataset says: the last tile on top, or the first, in the picture and in the mosaic', async () => {
    await world({}, 'last');
    await world({ overlap: 'first' }, 'first');
    expect(await pixel((await server.request('GET', '/api/datasets/last/tiles/1/1/0.png')).bytes)).toEqual([...BLUE, 255]);
    expect(await pixel((await server.request('GET', '/api/datasets/first/tiles/1/1/0.png')).bytes)).toEqual([...RED, 255]);
    const top = async (path: string): Promise<string> => text(Object.values((await get(path))['tiles'] ?? {})[0]?.['0']);
    expect(await top('/api/datasets/last/mosaic.json')).toContain('last-over.tif');
    expect(await top('/api/datasets/first/mosaic.json')).toContain('first-under.tif');
    expect(await top('/api/datasets/last/mosaic.json?overlap=first')).toContain('last-under.tif');
    for (const id of ['last', 'first']) {
      expect(await top(`/files/metadata/mosaics/${id}.json`)).toEqual(await top(`/api/datasets/${id}/mosaic.json`));
    }
  });

  it('take 512 pixels and a format ending', async () => {
    await world();
    const { bytes } = await server.request('GET', '/api/datasets/world/tiles/1/1/0.png?tilesize=512');
    expect(await sharp(bytes).metadata()).toMatchObject({ width: 512, height: 512, format: 'png' });
  });

  it('are 204 without data, or a transparent picture', async () => {
    await world();
    expect((await server.request('GET', '/api/datasets/world/tiles/1/0/1')).status).toBe(204);
    const { status, bytes } = await server.request('GET', '/api/datasets/world/tiles/1/0/1?empty=transparent');
    expect(status).toBe(200);
    expect((await pixel(bytes))[3]).toBe(0);
  });

  it('outside their matrix set are 404, and what is no tile 400', async () => {
    await world();
    for (const tile of ['1/2/0', '1/0/2', '31/0/0', '0/0/1']) expect({ tile, status: (await server.request('GET', `/api/datasets/world/tiles/${tile}`)).status }).toEqual({ tile, status: 404 });
    for (const tile of ['x/0/0', '-1/0/0', '1/1.5/0', '1/0/99999999999']) expect({ tile, status: (await server.request('GET', `/api/datasets/world/tiles/${tile}`)).status }).toEqual({ tile, status: 400 });
    expect((await server.request('GET', '/api/datasets/nosuch/tiles/0/0/0')).status).toBe(404);
    expect((await server.request('GET', '/collections/datasets/tiles/NoSuchQuad/0/0/0')).status).toBe(404);
  });

  it('come in every format, and without one as PNG where they are transparent and as JPEG where not', async () => {
    await world();
    const typeOf = async (tile: string): Promise<unknown> => {
      const { status, headers } = await server.request('GET', `/api/datasets/world/tiles/${tile}`);
      return [status, headers['content-type']];
    };
    expect(await typeOf('2/2/1')).toEqual([200, 'image/jpeg']);
    expect(await typeOf('0/0/0')).toEqual([200, 'image/png']);
    expect(await typeOf('1/1/0.jpeg')).toEqual([200, 'image/jpeg']);
    expect(await typeOf('1/1/0.webp')).toEqual([200, 'image/webp']);
    expect(await typeOf('1/1/0.tif')).toEqual([200, 'image/tiff; application=geotiff']);
    expect(await typeOf('1/1/0?format=npy')).toEqual([200, 'application/x-binary']);
    expect((await server.request('GET', '/api/datasets/world/tiles/1/1/0.bmp')).status).toBe(400);
  });

  it('of numbers are stretched and coloured as the query says', async () => {
    const href = await server.file('wide.tif', await makeCog({ width: 90, height: 90, bands: 1, dtype: 'uint16', west: 0, north: 90, block: 64, pixels: () => [1500] }));
    await postDataset(server, { dataset: { id: 'wide' }, tiles: [{ href }] });
    const shown = async (query: string): Promise<readonly number[]> => pixel((await server.request('GET', `/api/datasets/wide/tiles/1/1/0.png?${query}`)).bytes);
    expect(await shown('rescale=1000,2000')).toEqual([127, 127, 127, 255]);
    expect(await shown('rescale=1000,2000&colormap_name=gray_r')).toEqual([128, 128, 128, 255]);
    expect(await shown(`colormap=${encodeURIComponent('{"1500": "#ff8000"}')}`)).toEqual([255, 128, 0, 255]);
    expect(await shown(`colormap=${encodeURIComponent('[[[1400, 1500], "#111"], [[1500, 1600], [1, 2, 3]]]')}`)).toEqual([1, 2, 3, 255]);
    expect(await shown('expression=b1/10;b1/15;b1/20&rescale=0,255')).toEqual([150, 100, 75, 255]);
    expect((await server.request('GET', '/api/datasets/wide/tiles/1/1/0.png?nodata=1500')).status).toBe(204);
  });

  it.each([
    ['bidx=7', /bidx/], ['bidx=0', /bidx/], ['expression=b1%2B', /expression/], ['expression=process.exit()', /expression/], ['rescale=5,1', /rescale/], ['colormap_name=nosuch', /colormap_name/],
    ['colormap=%7B%22x%22:1%7D', /colormap/], ['resampling=magic', /resampling/], ['pixel_selection=loudest', /pixel_selection/], ['nodata=none', /nodata/], ['algorithm=hillshade', /algorithm/],
    ['bidx=1&expression=b1', /expression/],
  ])('with %s are the fault of the caller, who is told what', async (query, told) => {
    await world();
    const { status, body } = await server.request('GET', `/api/datasets/world/tiles/1/1/0?${query}`);
    expect({ status, description: text(body['description']) }).toEqual({ status: 400, description: expect.stringMatching(told) as unknown });
  });

  it('of a COG that has vanished are 502, without its path on the machine', async () => {
    const href = await server.file('gone.tif', await quarter(0, 90, RED));
    await postDataset(server, { dataset: { id: 'gone' }, tiles: [{ href }] });
    await rm(join(server.cogFolder, 'gone.tif'));
    const { status, body } = await server.request('GET', '/api/datasets/gone/tiles/1/1/0');
    expect({ status, code: body['code'] }).toEqual({ status: 502, code: 'Upstream' });
  });

  it('of a tile that was posted with a bbox and a forbidden href are a 4xx', async () => {
    await postDataset(server, { dataset: { id: 'forbidden' }, tiles: [{ href: 'file:///etc/passwd', bbox: [0, 0, 90, 90] }] });
    const { status, body } = await server.request('GET', '/api/datasets/forbidden/tiles/1/1/0');
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(text(body)).not.toContain('root:');
  });

  it('have a TileJSON whose zooms and bounds come from the COGs', async () => {
    const { tilejson_url: url } = await world();
    const tilejson = await get(text(url));
    expect(tilejson).toMatchObject({ tilejson: '3.0.0', bounds: [0, 0, 90, 90], scheme: 'xyz' });
    expect(Number(tilejson['minzoom'])).toBe(0);
    expect(Number(tilejson['maxzoom'])).toBeLessThan(5);
    const template = text(tilejson['tiles']?.['0']);
    expect(template).toContain('{z}/{x}/{y}');
    const { status, bytes } = await server.request('GET', template.replace('{z}/{x}/{y}', '1/1/0'));
    expect(status).toBe(200);
    expect(await pixel(bytes)).toEqual([...BLUE, 255]);
    const item = await get('/api/datasets/world');
    expect(await get(hrefOf(item, 'tilejson'))).toEqual(tilejson);
  });
});

const WORLD = resolve('../shared/data/world');
(existsSync(WORLD) ? describe : describe.skip)(`the 15 COGs of the world${existsSync(WORLD) ? '' : ' (../shared/data/world is missing)'}`, () => {
  it('posted as hrefs only become one dataset', async () => {
    const names = readdirSync(WORLD).filter((name) => name.endsWith('.tif')).toSorted();
    const variant = await server.variant({ allowedFileRoots: [WORLD] });
    try {
      const answer = await postDataset(variant, { dataset: { id: 'earth' }, tiles: names.map((name) => ({ href: pathToFileURL(join(WORLD, name)).href })) });
      expect(answer).toMatchObject({ tile_count: 15, warnings: [] });
      const bytes = names.reduce((sum, name) => sum + statSync(join(WORLD, name)).size, 0);
      const item = await get('/api/datasets/earth');
      expect(item['properties']).toMatchObject({ 'file:size': bytes, 'file:tile_count': 15, 'mosaic:search_id': answer['search_id'] });
      const tiles = await tilesOf('earth');
      expect(tiles).toHaveLength(15);
      const edges = (i: number, of: (...numbers: number[]) => number): number => of(...tiles.map((tile) => Number(tile['bbox']?.[i])));
      expect(item['bbox']).toEqual([edges(0, Math.min), edges(1, Math.min), edges(2, Math.max), edges(3, Math.max)]);
      expect((await server.services.validator.validateMany([item, ...tiles], 'item')).flatMap(({ faults }) => faults)).toEqual([]);
      expect(hrefOf(item, 'tilejson')).toContain(text(answer['search_id']));
      for (const [z, x, y] of [[0, 0, 0], [1, 1, 0], [2, 2, 1], [3, 4, 3]]) {
        const drawn = await variant.request('GET', `/api/datasets/earth/tiles/${z}/${x}/${y}`);
        expect(drawn.status).toBe(200);
        expect((await sharp(drawn.bytes).stats()).entropy).toBeGreaterThan(1);
      }
    } finally {
      await variant.close();
    }
  });
});
