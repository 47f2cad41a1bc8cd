/**
 * Tiles of COGs made here against golden pictures, which rio-tiler 9.4.12 drew of the same COGs: the mean difference within
 * half of 1/255, and 99.9 % of the mask. TEST_GOLDEN=write with STAC_MOSAIC_TEST_PYTHON draws them anew.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { readDirectories, shorts, writeDirectories } from '../../src/demo/tiff-directories.js';
import { silentLogger } from '../../src/log.js';
import { namedColormap } from '../../src/tiles/colormaps.js';
import type { WantedFormat } from '../../src/tiles/encode.js';
import type { TileMatrixSetId } from '../../src/tiles/matrices.js';
import { createTileRenderer, type TileRenderer } from '../../src/tiles/renderer.js';
import type { Style } from '../../src/tiles/style.js';
import { python } from '../support/cogeo-mosaic.js';
import { makeCog, type CogOptions } from '../support/cogs.js';

interface Golden {
  /** Names of {@link COGS}, the first on top. */
  readonly cogs: readonly string[];
  readonly tile: readonly [z: number, x: number, y: number];
  readonly tms?: TileMatrixSetId;
  readonly style?: Omit<Style, 'colormap' | 'rescale'>;
  readonly rescale?: readonly [number, number];
  readonly colormap?: string;
  readonly format?: WantedFormat;
  /** For lossy codecs, whose decoders and encoders differ a little. */
  readonly apart?: number;
}

const GOLDEN = resolve('test/render/golden');
const WRITE = process.env['TEST_GOLDEN'] === 'write';
const EDGE = 20_037_508.342_789_244;

/** Fields of 8 x 8 pixels, so that the pictures are small, in steps so low that GDAL's approximate warps (0.125 pixels) do not count. */
const fields = (x: number, y: number): number[] => [20 + (x >> 3) * 3, 230 - (y >> 3) * 3, ((x >> 4) + (y >> 4)) % 2 === 0 ? 100 : 116];
const WORLD: CogOptions = { width: 360, height: 180, block: 64, pixels: fields };
const UTM: CogOptions = { width: 600, height: 500, block: 128, epsg: 32_633, west: 300_000, north: 5_400_000, res: 100, pixels: fields };

/** Nothing alike beside each other: it tells how wide a kernel is. */
const rough = (x: number, y: number): number[] => [(Math.imul(x * 7919 + y * 104_729, 2_654_435_761) >>> 24) & 255];
const ROUGH: CogOptions = { ...UTM, bands: 1, pixels: rough };

/** From 10 to 20 degrees east. */
const DEGREES: Partial<CogOptions> = { width: 400, height: 300, epsg: 4326, west: 10, north: 55, res: 0.025 };

const COGS: Readonly<Record<string, () => Promise<Buffer>>> = {
  world: () => makeCog(WORLD),
  'world-jpeg': () => makeCog({ ...WORLD, compression: 'jpeg' }),
  'world-webp': () => makeCog({ ...WORLD, compression: 'webp' }),
  'world-lzw': () => makeCog({ ...WORLD, compression: 'lzw' }),
  'world-zstd': () => makeCog({ ...WORLD, compression: 'zstd' }),
  utm: () => makeCog(UTM),
  mercator: () => makeCog({ width: 512, height: 512, block: 128, epsg: 3857, west: -EDGE, north: EDGE, res: (2 * EDGE) / 512, pixels: fields }),
  masked: () => makeCog({ ...UTM, mask: (x, y) => (x - 300) ** 2 + (y - 250) ** 2 < 40_000 }),
  alpha: () => makeCog({ ...UTM, bands: 4, pixels: (x, y) => [...fields(x, y), (x >> 5) % 4 * 85] }),
  nodata: () => makeCog({ ...UTM, bands: 1, nodata: 7, pixels: (x, y) => [(x >> 6) % 2 === (y >> 6) % 2 ? 7 : 20 + (x >> 3)] }),
  wide: () => makeCog({ ...UTM, bands: 1, dtype: 'uint16', pixels: (x, y) => [(x >> 3) * 300 + (y >> 3) * 100] }),
  rough: () => makeCog({ ...ROUGH, overviews: false }),
  'rough-overviews': () => makeCog(ROUGH),
  'rough-nodata': () => makeCog({ ...ROUGH, nodata: 7 }),
  'rough-alpha': () => makeCog({ ...ROUGH, bands: 2, pixels: (x, y) => [...rough(x, y), x < 400 ? 255 : 0] }),
  degrees: () => makeCog({ ...ROUGH, ...DEGREES }),
  'degrees-nodata': () => makeCog({ ...ROUGH, ...DEGREES, nodata: 7 }),
  web: () => makeCog({ ...ROUGH, width: 301, height: 287, epsg: 3857, west: -8_635_679, north: 5_959_936, res: 620 }),
  west: () => makeCog({ ...WORLD, width: 190, pixels: () => [200, 30, 30] }),
  palette: async () => {
    const directories = readDirectories(await makeCog({ ...UTM, bands: 1, pixels: (x, y) => [((x >> 4) + (y >> 4)) % 6] }));
    const colours = Array.from({ length: 256 }, (_, i) => [i * 40, 255 - i * 40, (i % 2) * 200].map((value) => (((value % 256) + 256) % 256) * 257));
    for (const { tags } of directories) tags.set(262, shorts(3)).set(320, shorts(...[0, 1, 2].flatMap((band) => colours.map((colour) => colour[band] ?? 0))));
    return writeDirectories(directories);
  },
};

const both = (method: 'average' | 'bilinear' | 'cubic'): Style => ({ resampling: method, reproject: method });
/** Far below the UTM rasters' own zoom, as a whole and cut off. */
const [FAR, CUT] = [[7, 68, 44], [8, 136, 88]] as const;
/** Of the world; across the edge of the UTM raster, and inside it; of the mercator raster. */
const [W, U, I, M] = [[2, 1, 1], [9, 274, 176], [10, 548, 353], [3, 2, 3]] as const;

const TILES: Readonly<Record<string, Golden>> = {
  'world nearest': { cogs: ['world'], tile: W },
  'world overview': { cogs: ['world'], tile: [0, 0, 0] },
  'world bilinear': { cogs: ['world'], tile: W, style: both('bilinear') },
  'world cubic': { cogs: ['world'], tile: W, style: both('cubic') },
  'world average': { cogs: ['world'], tile: [0, 0, 0], style: both('average') },
  'world in degrees': { cogs: ['world'], tile: [2, 3, 1], tms: 'WorldCRS84Quad' },
  'world in degrees bilinear': { cogs: ['world'], tile: [2, 3, 1], tms: 'WorldCRS84Quad', style: both('bilinear') },
  'utm nearest': { cogs: ['utm'], tile: U },
  'utm bilinear': { cogs: ['utm'], tile: U, style: both('bilinear') },
  'utm cubic': { cogs: ['utm'], tile: U, style: both('cubic') },
  'utm average': { cogs: ['utm'], tile: I, style: both('average') },
  'utm edge': { cogs: ['utm'], tile: [9, 273, 176] },
  'utm in degrees': { cogs: ['utm'], tile: [8, 273, 59], tms: 'WorldCRS84Quad' },
  'mercator nearest': { cogs: ['mercator'], tile: M },
  'mercator bilinear': { cogs: ['mercator'], tile: M, style: both('bilinear') },
  'mercator average': { cogs: ['mercator'], tile: [0, 0, 0], style: both('average') },
  masked: { cogs: ['masked'], tile: U },
  'masked bilinear': { cogs: ['masked'], tile: U, style: both('bilinear') },
  alpha: { cogs: ['alpha'], tile: U },
  nodata: { cogs: ['nodata'], tile: U },
  'nodata cubic': { cogs: ['nodata'], tile: U, style: both('cubic') },
  palette: { cogs: ['palette'], tile: U },
  'wide rescaled': { cogs: ['wide'], tile: U, rescale: [0, 25_000] },
  'wide coloured': { cogs: ['wide'], tile: U, rescale: [0, 25_000], colormap: 'viridis' },
  expression: { cogs: ['utm'], tile: I, style: { expressions: ['(b1-b2)/(b1+b2+1)'] }, rescale: [-1, 1] },
  'two assets': { cogs: ['west', 'world'], tile: [1, 0, 0] },
  'mean of two': { cogs: ['west', 'world'], tile: [1, 0, 0], style: { selection: 'mean' } },
  'highest of two': { cogs: ['west', 'world'], tile: [1, 0, 0], style: { selection: 'highest' } },
  'rough far bilinear': { cogs: ['rough'], tile: FAR, style: both('bilinear') },
  'rough far cubic': { cogs: ['rough'], tile: FAR, style: both('cubic') },
  'rough cut bilinear': { cogs: ['rough'], tile: CUT, style: both('bilinear') },
  'rough overviews far bilinear': { cogs: ['rough-overviews'], tile: FAR, style: both('bilinear') },
  'rough overviews cut by nearest': { cogs: ['rough-overviews'], tile: CUT, style: { resampling: 'bilinear', reproject: 'nearest' } },
  'rough nodata far bilinear': { cogs: ['rough-nodata'], tile: FAR, style: both('bilinear') },
  'rough nodata cut bilinear': { cogs: ['rough-nodata'], tile: CUT, style: both('bilinear') },
  'rough alpha far bilinear': { cogs: ['rough-alpha'], tile: FAR, style: both('bilinear') },
  'degrees cut in the west': { cogs: ['degrees'], tile: [6, 33, 21], style: both('bilinear') },
  'degrees nodata cut in the west': { cogs: ['degrees-nodata'], tile: [6, 33, 21], style: both('bilinear') },
  'web inside': { cogs: ['web'], tile: [6, 18, 22] },
  'web cut': { cogs: ['web'], tile: [7, 36, 45] },
  jpeg: { cogs: ['world-jpeg'], tile: W },
  webp: { cogs: ['world-webp'], tile: W },
  lzw: { cogs: ['world-lzw'], tile: W },
  zstd: { cogs: ['world-zstd'], tile: W },
  'as webp': { cogs: ['utm'], tile: [9, 273, 176], format: 'webp', apart: 3 },
  'as jpg': { cogs: ['utm'], tile: I, format: 'jpg', apart: 3 },
  'as tif': { cogs: ['masked'], tile: I, format: 'tif' },
  'as auto': { cogs: ['masked'], tile: U, format: 'auto' },
};

let folder: string;
let renderer: TileRenderer;
const pathOf = (cog: string): string => join(folder, `${cog}.tif`);
const fileOf = (name: string): string => name.replaceAll(' ', '-');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-golden-'));
  await Promise.all(Object.entries(COGS).map(async ([name, make]) => writeFile(pathOf(name), await make())));
  renderer = createTileRenderer({ policy: { allowedHosts: [], allowedFileRoots: [folder] }, workers: 2, logger: silentLogger() });
  if (WRITE) await writeGoldens();
});
afterAll(async () => {
  await renderer.close();
  await rm(folder, { recursive: true, force: true });
});

async function writeGoldens(): Promise<void> {
  const requests = Object.entries(TILES).map(([name, { cogs, style = {}, ...rest }]) => ({ ...rest, ...style, name: fileOf(name), assets: cogs.map(pathOf), expression: style.expressions?.[0] }));
  await writeFile(join(folder, 'request.json'), JSON.stringify(requests));
  await promisify(execFile)(python ?? '', [resolve('test/peers/python/render_golden.py'), join(folder, 'request.json'), folder]);
  for (const { name } of requests) await sharp(join(folder, `${name}.png`)).png({ compressionLevel: 9 }).toFile(join(GOLDEN, `${name}.png`));
}

const rgba = (picture: Uint8Array): Promise<Buffer> => sharp(picture).ensureAlpha().toColourspace('srgb').raw().toBuffer();

test.each(Object.entries(TILES))('%s', async (name, { cogs, tile: [z, x, y], tms = 'WebMercatorQuad', style = {}, rescale, colormap, format = 'png', apart = 0.5 }) => {
  const looks: Style = { ...style, ...(rescale === undefined ? {} : { rescale: [rescale] }), ...(colormap === undefined ? {} : { colormap: namedColormap(colormap) }) };
  const hrefs = cogs.map((cog) => pathToFileURL(pathOf(cog)).href);
  const drawn = await renderer.render({ tms, z, x, y, tileSize: 256, hrefs, format, style: looks });
  const [ours, golden] = await Promise.all([rgba(drawn.bytes), rgba(await readFile(join(GOLDEN, `${fileOf(name)}.png`)))]);
  expect(ours.length).toBe(golden.length);
  let [difference, samples, unequal] = [0, 0, 0];
  for (let i = 0; i < ours.length; i += 4) {
    const [a, b] = [ours[i + 3] ?? 0, golden[i + 3] ?? 0];
    if (a > 0 !== b > 0) unequal++;
    if (a === 0 || b === 0) continue;
    for (let band = 0; band < 4; band++) difference += Math.abs((ours[i + band] ?? 0) - (golden[i + band] ?? 0));
    samples += 4;
  }
  expect(samples).toBeGreaterThan(0);
  expect(difference / samples).toBeLessThanOrEqual(apart);
  expect(unequal / 65_536).toBeLessThanOrEqual(0.001);
});
