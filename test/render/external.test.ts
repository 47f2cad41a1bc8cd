/** Overviews beside a raster: asked for when a zoom needs them, once, and never of a COG that has its own. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { readDirectories, writeDirectories } from '../../src/demo/tiff-directories.js';
import { type Assets, createAssets } from '../../src/tiles/assets.js';
import { drawTile } from '../../src/tiles/draw.js';
import { makeCog, type CogOptions } from '../support/cogs.js';

const WORLD: CogOptions = { width: 1440, height: 720, res: 0.25, block: 256, overviews: false, pixels: () => [10, 10, 10] };

let host: Server;
let origin: string;
let assets: Assets;
const files = new Map<string, Buffer>();
const asked: string[] = [];

beforeAll(async () => {
  // 200 where the raster has 10, so that it is seen who was read.
  const bright = readDirectories(await makeCog({ ...WORLD, overviews: true, pixels: () => [200, 200, 200] })).slice(1);
  const other = readDirectories(await makeCog({ ...WORLD, overviews: true, bands: 1, pixels: () => [200] })).slice(1);
  const plain = await makeCog(WORLD);
  for (const name of ['with', 'without', 'other', 'broken']) files.set(`/${name}.tif`, plain);
  files.set('/with.tif.ovr', writeDirectories(bright));
  files.set('/other.tif.ovr', writeDirectories(other));
  files.set('/broken.tif.ovr', writeDirectories(bright).subarray(0, 100));
  files.set('/own.tif', await makeCog({ ...WORLD, overviews: true }));
  files.set('/small.tif', await makeCog({ ...WORLD, width: 360, height: 180, res: 1 }));
  host = createServer(({ url = '', headers }, response) => {
    const [path = ''] = url.split('?');
    asked.push(url);
    const file = files.get(path);
    if (file === undefined) return void response.writeHead(404).end();
    const [, first = '0', last = ''] = /bytes=(\d+)-(\d*)/.exec(headers.range ?? '') ?? [];
    const part = file.subarray(Number(first), Math.min(file.length, Number(last) + 1));
    return void response.writeHead(206, { 'content-range': `bytes ${first}-${Number(first) + part.length - 1}/${file.length}` }).end(part);
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
});
beforeEach(() => {
  asked.length = 0;
  assets = createAssets({ allowedHosts: ['127.0.0.1'], allowedFileRoots: [] });
});
afterEach(() => assets.close());
afterAll(async () => {
  host.closeAllConnections();
  await new Promise((resolve) => host.close(resolve));
});

/** The value in the middle of a tile of the east. */
async function middle(name: string, z: number, style = {}): Promise<number | undefined> {
  const { bytes } = await drawTile({ tms: 'WebMercatorQuad', z, x: z === 0 ? 0 : 2 ** z * 0.75, y: z === 0 ? 0 : 2 ** z / 2, tileSize: 256, hrefs: [`${origin}/${name}`], format: 'png', style }, assets);
  return (await sharp(bytes).toColourspace('srgb').raw().toBuffer())[(128 * 256 + 128) * 3];
}

const beside = (): string[] => asked.filter((url) => url.includes('.ovr'));

test('a tile of a low zoom is drawn from the overviews beside the raster, one of a high zoom from the raster', async () => {
  expect(await middle('with.tif', 3)).toBe(10);
  expect(beside()).toEqual([]);
  expect(await middle('with.tif', 0)).toBe(200);
  expect(await middle('with.tif', 0, { resampling: 'bilinear', reproject: 'bilinear' })).toBe(200);
  expect(await middle('with.tif', 3)).toBe(10);
});

test('a query of the href is kept behind the name', async () => {
  expect(await middle('with.tif?sig=a.tif', 0)).toBe(200);
  expect(new Set(beside())).toEqual(new Set(['/with.tif.ovr?sig=a.tif']));
});

test.each([['without.tif', 'missing'], ['other.tif', 'of other bands'], ['broken.tif', 'damaged']])('%s: those that are %s are asked for once, and the raster is drawn', async (name) => {
  expect(await middle(name, 0)).toBe(10);
  const requests = beside().length;
  expect(requests).toBeGreaterThan(0);
  expect(await middle(name, 0)).toBe(10);
  expect(beside()).toHaveLength(requests);
});

test.each(['own.tif', 'small.tif'])('%s: nobody looks beside a COG with overviews, or one that needs none', async (name) => {
  expect(await middle(name, 0)).toBe(10);
  expect(beside()).toEqual([]);
});
