/** What a style makes of small COGs: selections, resampling, opacity and data formats. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { silentLogger } from '../../src/log.js';
import { createTileRenderer, type TileRenderer } from '../../src/tiles/renderer.js';
import type { Style } from '../../src/tiles/style.js';
import { makeCog, type CogOptions } from '../support/cogs.js';

let folder: string;
let renderer: TileRenderer;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-styles-'));
  renderer = createTileRenderer({ policy: { allowedHosts: [], allowedFileRoots: [folder] }, workers: 1, logger: silentLogger() });
});
afterAll(async () => {
  await renderer.close();
  await rm(folder, { recursive: true, force: true });
});

async function put(options: Partial<CogOptions>): Promise<string> {
  const path = join(folder, `${files++}.tif`);
  await writeFile(path, await makeCog({ width: 360, height: 180, block: 64, bands: 1, ...options }));
  return pathToFileURL(path).href;
}

/** The pixel in the middle of tile 1/1/0, at 90 degrees east and 66 north. */
async function middle(hrefs: readonly string[], style: Style, format: 'png' | 'tif' = 'png'): Promise<number[]> {
  const { bytes } = await renderer.render({ tms: 'WebMercatorQuad', z: 1, x: 1, y: 0, tileSize: 256, hrefs, format, style });
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const at = (128 * info.width + 128) * info.channels;
  return [...data.subarray(at, at + info.channels)];
}

describe('a style', () => {
  it.each([['first', 10], ['highest', 90], ['lowest', 10], ['mean', 43], ['median', 30]] as const)('shows the %s of pixels that lie on one another', async (selection, value) => {
    const hrefs = await Promise.all([10, 30, 90].map((grey) => put({ pixels: () => [grey] })));
    expect((await middle(hrefs, { selection }))[0]).toBe(value);
  });

  it('lets what is empty count for nothing', async () => {
    const hrefs = [await put({ pixels: () => [0], nodata: 0 }), await put({ pixels: () => [80] }), await put({ pixels: () => [40] })];
    expect((await middle(hrefs, { selection: 'mean' }))[0]).toBe(60);
    expect((await middle(hrefs, { selection: 'lowest' }))[0]).toBe(40);
  });

  it('takes bands in any order, by number or name', async () => {
    const href = await put({ bands: 3, pixels: () => [10, 20, 30] });
    expect((await middle([href], { bands: [3, 1, 2] })).slice(0, 3)).toEqual([30, 10, 20]);
    expect((await middle([href], { bands: ['b2'] }))[0]).toBe(20);
    await expect(middle([href], { bands: [4] })).rejects.toMatchObject({ kind: 'InvalidInput', message: expect.stringContaining('b1, b2, b3') as unknown });
    await expect(middle([href], { bands: [1, 2, 3, 1, 2] })).rejects.toMatchObject({ kind: 'InvalidInput' });
  });

  it('smooths a step where asked to, and leaves flat land flat', async () => {
    const step = await put({ width: 36, height: 18, res: 10, block: 16, overviews: false, pixels: (x) => [x < 27 ? 0 : 200] });
    const [nearest, bilinear] = await Promise.all((['nearest', 'bilinear'] as const).map(async (reproject) => {
      const { bytes } = await renderer.render({ tms: 'WebMercatorQuad', z: 2, x: 3, y: 1, tileSize: 256, hrefs: [step], format: 'png', style: { reproject, bands: [1] } });
      return new Set(await sharp(bytes).extractChannel(0).raw().toBuffer());
    }));
    expect([...(nearest ?? [])].toSorted((a, b) => a - b)).toEqual([200]);
    expect((bilinear ?? new Set()).size).toBeGreaterThan(5);
    const flat = await put({ pixels: () => [77] });
    for (const resampling of ['bilinear', 'cubic', 'cubic_spline', 'lanczos', 'average'] as const) expect((await middle([flat], { resampling, reproject: resampling }))[0]).toBe(77);
  });

  it('leaves opacity out with return_mask=false, and writes it as a last band of a GeoTIFF', async () => {
    const half = await put({ width: 180, west: 90, pixels: () => [50] });
    const { bytes } = await renderer.render({ tms: 'WebMercatorQuad', z: 1, x: 1, y: 0, tileSize: 256, hrefs: [half], format: 'png', style: { returnMask: false } });
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    const samples = await middle([half], {}, 'tif');
    expect([samples[0], samples.at(-1)]).toEqual([50, 255]);
  });
});
