/** Tiles of small COGs against pixels that are computed here from the function that made the COG. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import proj4 from 'proj4';
import sharp from 'sharp';
import { readDirectories, writeDirectories } from '../../src/demo/tiff-directories.js';
import { silentLogger } from '../../src/log.js';
import { locateTile, mercatorToLat, mercatorToLon, type TileMatrixSetId } from '../../src/tiles/matrices.js';
import { createTileRenderer, type TileRenderer } from '../../src/tiles/renderer.js';
import { makeCog, type CogOptions } from '../support/cogs.js';

type Pixel = readonly [r: number, g: number, b: number, a: number];
type Address = readonly [z: number, x: number, y: number];

let folder: string;
let renderer: TileRenderer;
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-tiles-'));
  renderer = createTileRenderer({ policy: { allowedHosts: [], allowedFileRoots: [folder] }, workers: 1, logger: silentLogger() });
});
afterAll(async () => {
  await renderer.close();
  await rm(folder, { recursive: true, force: true });
});

async function put(options: CogOptions): Promise<string> {
  const path = join(folder, `${files++}.tif`);
  await writeFile(path, await makeCog(options));
  return pathToFileURL(path).href;
}

const render = (hrefs: readonly string[], [z, x, y]: Address, options: { tms?: TileMatrixSetId; tileSize?: 256 | 512 } = {}) =>
  renderer.render({ tms: 'WebMercatorQuad', z, x, y, tileSize: 256, hrefs, format: 'png', ...options });

async function pixelsOf(bytes: Buffer): Promise<(x: number, y: number) => Pixel> {
  const { data, info } = await sharp(bytes).toColourspace('srgb').ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return (x, y) => {
    const at = (y * info.width + x) * 4;
    return [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0, data[at + 3] ?? 0];
  };
}

/** Longitude and latitude of the centre of a tile's pixel, in WebMercatorQuad or WorldCRS84Quad. */
function centre([z, x, y]: Address, px: number, py: number, tms: TileMatrixSetId = 'WebMercatorQuad', size = 256): readonly [number, number] {
  const place = locateTile(tms, z, x, y);
  if (!place.inRange) throw new Error(place.reason);
  const [west, south, east, north] = place.extent;
  const at = [west + ((east - west) * (px + 0.5)) / size, north - ((north - south) * (py + 0.5)) / size] as const;
  return tms === 'WorldCRS84Quad' ? at : [mercatorToLon(at[0]), mercatorToLat(at[1])];
}

/** Compares a whole tile with a function of longitude and latitude; undefined is transparent. */
async function expectTile(bytes: Buffer, address: Address, truth: (lon: number, lat: number) => readonly number[] | undefined, tms: TileMatrixSetId = 'WebMercatorQuad', size = 256): Promise<void> {
  const pixel = await pixelsOf(bytes);
  const wrong: string[] = [];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const want = truth(...centre(address, x, y, tms, size));
      const [r, g, b, a] = pixel(x, y);
      const same = want === undefined ? a === 0 : a === 255 && r === want[0] && g === want[1] && b === want[2];
      if (!same) wrong.push(`${x},${y}: ${[r, g, b, a].join(' ')} instead of ${want?.join(' ') ?? 'nothing'}`);
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
}

/** One degree a pixel: red counts columns, green rows. */
const counted = (x: number, y: number): number[] => [x % 256, y % 256, (x + y) % 7];
const WORLD: CogOptions = { width: 360, height: 180, block: 64, pixels: counted };
const worldPixel = (lon: number, lat: number): number[] => counted(Math.floor(lon + 180), Math.floor(90 - lat));

describe('a tile', () => {
  it.each([[[3, 4, 2]], [[4, 15, 8]], [[6, 0, 20]], [[5, 17, 31]]] satisfies [Address][])(
    'at %p shows the nearest pixel of an EPSG:4326 COG', async (address) => {
      const tile = await render([await put(WORLD)], address);
      expect(tile).toMatchObject({ contentType: 'image/png', empty: false, failed: [] });
      await expectTile(tile.bytes, address, worldPixel);
    });

  it.each(['none', 'deflate', 'lzw', 'zstd'] as const)('is the same from a COG packed with %s', async (compression) => {
    const tile = await render([await put({ ...WORLD, compression })], [4, 9, 6]);
    await expectTile(tile.bytes, [4, 9, 6], worldPixel);
  });

  it.each(['jpeg', 'webp'] as const)('has the colours of a COG packed with %s, RGB and not YCbCr', async (compression) => {
    const colour = [200, 60, 20];
    const pixel = await pixelsOf((await render([await put({ ...WORLD, compression, pixels: () => colour })], [3, 4, 2])).bytes);
    for (const [band, value] of colour.entries()) expect(Math.abs((pixel(100, 100)[band] ?? 0) - value)).toBeLessThanOrEqual(4);
  });

  it('shows the nearest pixel of an EPSG:3857 COG', async () => {
    const res = 40_075_016.685_578_49 / 1024;
    const href = await put({ width: 1024, height: 1024, epsg: 3857, res, west: -20_037_508.342_789_244, north: 20_037_508.342_789_244, block: 256, pixels: counted });
    const tile = await render([href], [2, 1, 2]); // its 256 pixels are pixels of the COG
    const pixel = await pixelsOf(tile.bytes);
    for (const [x, y] of [[0, 0], [255, 0], [17, 200], [255, 255]] as const) expect(pixel(x, y)).toEqual([...counted(256 + x, 512 + y), 255]);
  });

  it('shows the nearest pixel of a UTM COG, within the tenth of a pixel that its grid may be off', async () => {
    const href = await put({ width: 512, height: 512, epsg: 32_633, res: 100, west: 480_000, north: 5_200_000, block: 128, pixels: (x, y) => [x >> 1, y >> 1, 9] });
    const toUtm = proj4('+proj=utm +zone=33 +datum=WGS84 +units=m +no_defs');
    const address: Address = [11, 1109, 722];
    const pixel = await pixelsOf((await render([href], address)).bytes);
    let [covered, exact] = [0, 0];
    for (let y = 0; y < 256; y++) {
      for (let x = 0; x < 256; x++) {
        const [east = 0, north = 0] = toUtm.forward([...centre(address, x, y)]);
        const [column, row] = [(east - 480_000) / 100, (5_200_000 - north) / 100];
        if (column < 0.1 || row < 0.1 || column > 511.9 || row > 511.9) continue;
        const [r, g, , a] = pixel(x, y);
        covered++;
        expect(a).toBe(255);
        expect(Math.abs(r * 2 + 1 - column)).toBeLessThanOrEqual(1.1);
        expect(Math.abs(g * 2 + 1 - row)).toBeLessThanOrEqual(1.1);
        if (r === Math.floor(column) >> 1 && g === Math.floor(row) >> 1) exact++;
      }
    }
    expect(covered).toBeGreaterThan(30_000);
    expect(exact / covered).toBeGreaterThan(0.98);
  });

  it('of 512 pixels has the same edges', async () => {
    const tile = await render([await put(WORLD)], [4, 9, 6], { tileSize: 512 });
    await expectTile(tile.bytes, [4, 9, 6], worldPixel, 'WebMercatorQuad', 512);
  });

  it('of WorldCRS84Quad reaches the poles', async () => {
    const href = await put(WORLD);
    for (const address of [[2, 0, 0], [2, 7, 3]] satisfies Address[]) {
      await expectTile((await render([href], address, { tms: 'WorldCRS84Quad' })).bytes, address, worldPixel, 'WorldCRS84Quad');
    }
  });

  it('comes from an overview when it is coarser than the COG: the mean of what it covers', async () => {
    const href = await put({ width: 2048, height: 1024, res: 360 / 2048, block: 128, pixels: (x) => [(x >> 3) & 255, 0, 0] });
    const pixel = await pixelsOf((await render([href], [0, 0, 0])).bytes);
    for (const x of [0, 31, 128, 255]) expect(Math.abs(pixel(x, 128)[0] - x)).toBeLessThanOrEqual(1);
  });

  it('of a grey COG is grey', async () => {
    const tile = await render([await put({ ...WORLD, bands: 1, pixels: (x) => [x % 256] })], [4, 3, 6]);
    expect((await sharp(tile.bytes).metadata()).channels).toBe(1);
    await expectTile(tile.bytes, [4, 3, 6], (lon) => Array.from({ length: 3 }, () => Math.floor(lon + 180) % 256));
  });

  it('is encoded as JPEG or WebP when asked', async () => {
    const href = await put(WORLD);
    for (const [format, type] of [['jpg', 'image/jpeg'], ['webp', 'image/webp']] as const) {
      const tile = await renderer.render({ tms: 'WebMercatorQuad', z: 3, x: 4, y: 2, tileSize: 256, hrefs: [href], format });
      expect(tile.contentType).toBe(type);
      expect((await sharp(tile.bytes).metadata()).width).toBe(256);
    }
  });
});

describe('the edges of a tile', () => {
  it('leave no seam between the COGs of a dataset, nor between tiles', async () => {
    const cut = (west: number, north: number, left: number, top: number): Promise<string> =>
      put({ width: 120, height: 90, west, north, block: 64, pixels: (x, y) => counted(x + left, y + top) });
    const parts = await Promise.all([0, 120, 240].flatMap((left) => [0, 90].map((top) => cut(left - 180, 90 - top, left, top))));
    for (const address of [[2, 0, 1], [2, 1, 1], [2, 1, 2], [2, 3, 3]] satisfies Address[]) {
      const tile = await render(parts, address);
      expect(tile.failed).toEqual([]);
      await expectTile(tile.bytes, address, worldPixel);
    }
  });

  it('leave no seam where cuts do not fall on binary fractions', async () => {
    const res = 1 / 3;
    const parts = await Promise.all(Array.from({ length: 9 }, (_, i) =>
      put({ width: 37, height: 40, res, west: 10 + i * 37 * res, north: 20 + 20 * res, block: 16, overviews: false, pixels: () => [255, 255, 255] })));
    for (const z of [5, 8]) {
      const n = 2 ** z;
      const y = Math.floor(((1 - Math.asinh(Math.tan((20 * Math.PI) / 180)) / Math.PI) / 2) * n);
      for (let x = Math.ceil(((10 + 180) / 360) * n); x < Math.floor(((10 + 9 * 37 * res + 180) / 360) * n); x++) {
        const pixel = await pixelsOf((await render(parts, [z, x, y])).bytes);
        const row = [...Array.from({ length: 256 }).keys()].find((candidate) => Math.abs(centre([z, x, y], 0, candidate)[1] - 20) < 1) ?? 0;
        const gaps = Array.from({ length: 256 }, (_, column) => pixel(column, row)[3]).filter((opacity) => opacity === 0);
        expect(gaps).toEqual([]);
      }
    }
  });

  it('meet at the antimeridian: the first and the last column are both drawn, x = 0 and x = 2^z - 1', async () => {
    const href = await put(WORLD);
    for (const [z, x] of [[1, 0], [1, 1], [5, 0], [5, 31]] as const) {
      const address: Address = [z, x, 2 ** (z - 1)];
      await expectTile((await render([href], address)).bytes, address, worldPixel);
    }
  });

  it('draw a COG that crosses the antimeridian on both sides of it', async () => {
    const href = await put({ width: 20, height: 20, west: 170, north: 10, block: 16, pixels: (x, y) => [x * 10, y * 10, 1] });
    const truth = (lon: number, lat: number): number[] | undefined => {
      const column = Math.floor((lon < 0 ? lon + 360 : lon) - 170);
      const row = Math.floor(10 - lat);
      return column >= 0 && column < 20 && row >= 0 && row < 20 ? [column * 10, row * 10, 1] : undefined;
    };
    for (const address of [[4, 15, 7], [4, 0, 7], [4, 0, 8]] satisfies Address[]) await expectTile((await render([href], address)).bytes, address, truth);
  });

  it('draw up to both ends of Mercator, 85.05 degrees, from a COG that reaches the poles', async () => {
    const href = await put(WORLD);
    for (const y of [0, 15]) await expectTile((await render([href], [4, 8, y])).bytes, [4, 8, y], worldPixel);
  });
});

describe('what a COG calls empty', () => {
  const half = (lon: number, lat: number): number[] | undefined => (lon < 0 ? undefined : worldPixel(lon, lat));

  it('is empty: its nodata value, where every band has it', async () => {
    const href = await put({ ...WORLD, nodata: 0, overviews: false, pixels: (x, y) => (x < 180 ? [0, 0, 0] : counted(x, y)) });
    await expectTile((await render([href], [1, 0, 0])).bytes, [1, 0, 0], half);
    await expectTile((await render([href], [1, 1, 0])).bytes, [1, 1, 0], half);
  });

  it('is empty: alpha 0; other opacity is kept', async () => {
    const href = await put({ ...WORLD, bands: 4, overviews: false, pixels: (x, y) => [...counted(x, y), x < 180 ? 0 : 255] });
    await expectTile((await render([href], [0, 0, 0])).bytes, [0, 0, 0], half);
    const sheer = await put({ ...WORLD, bands: 4, overviews: false, pixels: () => [9, 8, 7, 100] });
    expect((await pixelsOf((await render([sheer], [1, 0, 0])).bytes))(50, 50)).toEqual([9, 8, 7, 100]);
  });

  it('is empty: grey with alpha', async () => {
    const href = await put({ ...WORLD, bands: 2, overviews: false, pixels: (x) => [77, x < 180 ? 0 : 255] });
    await expectTile((await render([href], [0, 0, 0])).bytes, [0, 0, 0], (lon) => (lon < 0 ? undefined : [77, 77, 77]));
  });

  it('is empty: what its internal mask hides', async () => {
    const href = await put({ ...WORLD, overviews: false, mask: (x) => x >= 180 });
    await expectTile((await render([href], [0, 0, 0])).bytes, [0, 0, 0], half);
  });

  it('is empty: all beyond its edges; a tile without any pixel says so', async () => {
    const href = await put({ width: 10, height: 10, west: 0, north: 10, pixels: () => [5, 5, 5] });
    const beside = await render([href], [3, 0, 0]);
    expect(beside).toMatchObject({ empty: true, used: [], failed: [] });
    await expectTile(beside.bytes, [3, 0, 0], () => undefined);
    expect(await render([], [3, 0, 0])).toMatchObject({ empty: true, used: [] });
  });
});

describe('the assets of a tile', () => {
  const plain = (colour: number, extra: Partial<CogOptions> = {}): Promise<string> => put({ ...WORLD, pixels: () => [colour, colour, colour], ...extra });

  it('lie in their order: the first on top, later ones only where it is empty', async () => {
    const top = await plain(10, { width: 180 });
    const below = await plain(20);
    const tile = await render([top, below], [0, 0, 0]);
    expect(tile.used).toEqual([top, below]);
    await expectTile(tile.bytes, [0, 0, 0], (lon) => Array.from({ length: 3 }, () => (lon < 0 ? 10 : 20)));
    await expectTile((await render([below, top], [0, 0, 0])).bytes, [0, 0, 0], () => [20, 20, 20]);
  });

  it('below a full tile are not even opened', async () => {
    const tile = await render([await plain(10), 'file:///nowhere/forbidden.tif'], [1, 0, 0]);
    expect(tile).toMatchObject({ empty: false, failed: [] });
  });

  it('may be grey and coloured in one tile', async () => {
    const grey = await put({ ...WORLD, width: 180, bands: 1, pixels: () => [40] });
    const coloured = await put({ ...WORLD, pixels: () => [1, 2, 3] });
    const truth = (lon: number): number[] => (lon < 0 ? [40, 40, 40] : [1, 2, 3]);
    await expectTile((await render([grey, coloured], [0, 0, 0])).bytes, [0, 0, 0], truth);
    const [east, west] = [await put({ ...WORLD, width: 180, west: 0, pixels: () => [1, 2, 3] }), grey];
    await expectTile((await render([east, west], [0, 0, 0])).bytes, [0, 0, 0], truth);
  });

  it('that fail are named, and others still drawn', async () => {
    const good = await plain(30);
    const missing = pathToFileURL(join(folder, 'missing.tif')).href;
    const tile = await render([`${missing}?sig=secret`, good], [0, 0, 0]);
    expect(tile).toMatchObject({ empty: false, used: [good], failed: [{ href: missing, message: expect.stringContaining('no such file') }] });
    await expectTile(tile.bytes, [0, 0, 0], () => [30, 30, 30]);
  });

  it('that all fail make the tile fail', async () => {
    const missing = pathToFileURL(join(folder, 'missing.tif')).href;
    await expect(render([missing, `${missing}2`], [0, 0, 0])).rejects.toMatchObject({ kind: 'Upstream' });
  });

  it('that are refused make the tile fail as the caller\'s fault', async () => {
    await expect(render(['file:///etc/passwd'], [0, 0, 0])).rejects.toMatchObject({ kind: 'InvalidInput' });
  });

  it('that are cut off or damaged fail as Upstream, wherever the cut is', async () => {
    const whole = await makeCog({ ...WORLD, compression: 'jpeg' });
    for (const [i, length] of [20, 300, 1000, whole.length / 2, whole.length - 50].entries()) {
      const path = join(folder, `cut-${i}.tif`);
      await writeFile(path, whole.subarray(0, Math.floor(length)));
      // zoom 3 needs the full image, whose data comes last
      await expect(render([pathToFileURL(path).href], [4, 15, 15])).rejects.toMatchObject({ kind: 'Upstream', message: expect.stringContaining(`cut-${i}.tif`) });
    }
    const path = join(folder, 'noise.tif');
    const noise = Buffer.from(await makeCog({ ...WORLD, compression: 'deflate' }));
    noise.fill(0xa5, noise.length - 4000);
    await writeFile(path, noise);
    await expect(render([pathToFileURL(path).href], [4, 15, 15])).rejects.toMatchObject({ kind: 'Upstream' });
  });

  it('cannot hand the decoder another format than their compression names', async () => {
    const directories = readDirectories(await makeCog({ ...WORLD, compression: 'webp' }));
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="red"/></svg>');
    const path = join(folder, 'svg.tif');
    await writeFile(path, writeDirectories(directories.map(({ tags, tiles }) => ({ tags, tiles: tiles.map(() => svg) }))));
    await expect(render([pathToFileURL(path).href], [3, 4, 2])).rejects.toMatchObject({ kind: 'Upstream', message: expect.stringContaining('no webp picture') });
  });

  it('cannot fill the memory: a block that unpacks to more than its pixels is damaged', async () => {
    const directories = readDirectories(await makeCog({ ...WORLD, compression: 'deflate' }));
    const bomb = deflateSync(Buffer.alloc(200_000_000));
    const path = join(folder, 'bomb.tif');
    await writeFile(path, writeDirectories(directories.map(({ tags, tiles }) => ({ tags, tiles: tiles.map(() => bomb) }))));
    await expect(render([pathToFileURL(path).href], [3, 4, 2])).rejects.toMatchObject({ kind: 'Upstream' });
    const small = deflateSync(Buffer.alloc(1_000_000));
    await writeFile(path.replace('bomb', 'small'), writeDirectories(directories.map(({ tags, tiles }) => ({ tags, tiles: tiles.map(() => small) }))));
    await expect(render([pathToFileURL(path.replace('bomb', 'small')).href], [3, 4, 2])).rejects.toMatchObject({ kind: 'Upstream' });
  });

  it('of 16 bits are a PNG of 16 bits, and 8 bits of the whole range where the format holds no more', async () => {
    const wide = await put({ width: 64, height: 64, bands: 1, dtype: 'uint16', epsg: 32_618, res: 10_000, west: 100_000, north: 5_000_000, pixels: () => [25_700] });
    const { bytes } = await render([wide], [6, 18, 23]);
    expect((await sharp(bytes).metadata()).depth).toBe('ushort');
    const jpg = await renderer.render({ tms: 'WebMercatorQuad', z: 6, x: 18, y: 23, tileSize: 256, hrefs: [wide], format: 'jpg' });
    expect((await pixelsOf(jpg.bytes))(128, 128)[0]).toBe(100);
  });
});

describe('an asset behind http', () => {
  it('is drawn from ranges of it', async () => {
    const cog = await makeCog(WORLD);
    const ranges: string[] = [];
    const server = createServer((request, response) => {
      const [, first = '0', last = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
      ranges.push(request.headers.range ?? 'everything');
      const part = cog.subarray(Number(first), last === '' ? undefined : Number(last) + 1);
      response.writeHead(206, { 'Content-Range': `bytes ${first}-${Number(first) + part.length - 1}/${cog.length}`, 'Content-Length': part.length });
      response.end(part);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const remote = createTileRenderer({ policy: { allowedHosts: ['127.0.0.1'], allowedFileRoots: [] }, workers: 1, logger: silentLogger() });
    try {
      const request = { tms: 'WebMercatorQuad', z: 3, x: 4, y: 2, tileSize: 256, hrefs: [`http://127.0.0.1:${port}/world.tif`], format: 'png' } as const;
      await expectTile((await remote.render(request)).bytes, [3, 4, 2], worldPixel);
      const requests = ranges.length;
      await remote.render(request);
      expect(ranges).toHaveLength(requests); // header and blocks are cached
      expect(ranges).not.toContain('everything');
    } finally {
      await remote.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('a tile that does not exist', () => {
  it.each([[[1, 2, 0]], [[1, 0, 2]], [[25, 0, 0]], [[0, -1, 0]]] satisfies [Address][])('%p is not found', async (address) => {
    await expect(render([], address)).rejects.toMatchObject({ kind: 'NotFound' });
  });

  it('is no longer drawn when its client has left', async () => {
    const controller = new AbortController();
    const hrefs = await Promise.all(Array.from({ length: 3 }, () => put(WORLD)));
    const drawing = renderer.render({ tms: 'WebMercatorQuad', z: 0, x: 0, y: 0, tileSize: 256, hrefs, format: 'png' }, controller.signal);
    controller.abort();
    await expect(drawing).rejects.toMatchObject({ name: 'AbortError' });
  });
});
