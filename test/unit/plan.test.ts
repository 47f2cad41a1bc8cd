/** The plan of a large raster: windows that cover it exactly once, aligned, inside, and of the size that was asked for. */
import { readCogHeader } from '../../src/cog/open.js';
import type { CogHeader } from '../../src/cog/types.js';
import { planTiles, windowTransform } from '../../src/plan/plan.js';
import { parseSize, rasterSizes, sizeText } from '../../src/plan/sizes.js';
import { BLOCK, gridSize, type GridTile, gridTiles } from '../../src/plan/windows.js';
import { type GeoTiffSpec, makeGeoTiff } from '../support/geotiff.js';

/** A seeded generator (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const grids = (count: number): { raster: { width: number; height: number }; most: number; overlap: number }[] => {
  const next = random(7);
  return Array.from({ length: count }, () => ({
    raster: { width: 1 + Math.floor(next() ** 3 * 60_000), height: 1 + Math.floor(next() ** 3 * 60_000) },
    most: Math.ceil(BLOCK * BLOCK * 4 * 1000 ** next()),
    overlap: [0, 1, 128, 256, 300][Math.floor(next() * 5)] ?? 0,
  }));
};

/** Areas and edges tell: in each row the windows follow one another, and so do the rows. */
function expectExactCover({ width, height }: { width: number; height: number }, tiles: readonly GridTile[], rows: number, cols: number): void {
  expect(tiles).toHaveLength(rows * cols);
  let top = 0;
  for (let row = 0; row < rows; row++) {
    let left = 0;
    const inRow = tiles.slice(row * cols, (row + 1) * cols);
    for (const [col, tile] of inRow.entries()) {
      expect([tile.index, tile.row, tile.col]).toEqual([row * cols + col + 1, row, col]);
      expect(tile.window.slice(0, 2)).toEqual([left, top]);
      expect(tile.window[3]).toBe(inRow[0]?.window[3]);
      expect(Math.min(tile.window[2], tile.window[3])).toBeGreaterThan(0);
      left += tile.window[2];
    }
    expect(left).toBe(width);
    top += inRow[0]?.window[3] ?? 0;
  }
  expect(top).toBe(height);
}

describe('a grid of windows', () => {
  it('covers every pixel exactly once, whatever the raster, the size and the overlap', () => {
    for (const { raster, most, overlap } of grids(400)) {
      const grid = gridSize(raster, most, overlap);
      if (grid.rows * grid.cols > 600) continue;
      expectExactCover(raster, [...gridTiles(raster, grid, overlap)], grid.rows, grid.cols);
    }
  });

  it('begins each window at a multiple of 512 pixels, and makes none larger than asked unless it is one block', () => {
    for (const { raster, most, overlap } of grids(400)) {
      const grid = gridSize(raster, most, overlap);
      if (grid.rows * grid.cols > 600) continue;
      for (const { window, buffered } of gridTiles(raster, grid, overlap)) {
        expect([window[0] % BLOCK, window[1] % BLOCK]).toEqual([0, 0]);
        if (buffered[2] * buffered[3] > most) expect(Math.min(window[2], window[3])).toBeLessThanOrEqual(BLOCK);
      }
    }
  });

  it('adds the overlap on every side that has a neighbour, and never leaves the raster', () => {
    for (const { raster, most, overlap } of grids(200)) {
      const grid = gridSize(raster, most, overlap);
      if (grid.rows * grid.cols > 600) continue;
      for (const { window: [left, top, width, height], buffered: [west, north, wide, high] } of gridTiles(raster, grid, overlap)) {
        expect([left - west, top - north]).toEqual([Math.min(left, overlap), Math.min(top, overlap)]);
        expect(west + wide).toBe(Math.min(raster.width, left + width + overlap));
        expect(north + high).toBe(Math.min(raster.height, top + height + overlap));
      }
    }
  });

  it('cuts a long strip across and not along, and leaves a small raster whole', () => {
    expect(gridSize({ width: 1000, height: 100_000 }, 10_000_000, 0)).toEqual({ rows: 11, cols: 1, tile: { width: 1000, height: 9216 } });
    expect(gridSize({ width: 100_000, height: 1000 }, 10_000_000, 0)).toEqual({ rows: 1, cols: 11, tile: { width: 9216, height: 1000 } });
    expect(gridSize({ width: 700, height: 300 }, 1_000_000, 256)).toEqual({ rows: 1, cols: 1, tile: { width: 700, height: 300 } });
  });

  it('makes tiles alike: the last of a row is smaller by the alignment alone', () => {
    const grid = gridSize({ width: 12_000, height: 12_000 }, 5_632 ** 2, 0);
    expect(grid).toEqual({ rows: 3, cols: 3, tile: { width: 4096, height: 4096 } });
    expect([...gridTiles({ width: 12_000, height: 12_000 }, grid, 0)].at(-1)?.window).toEqual([8192, 8192, 3808, 3808]);
  });
});

const header = async (spec: GeoTiffSpec, claims: Partial<CogHeader> = {}): Promise<CogHeader> => {
  const bytes = makeGeoTiff(spec);
  const source = { url: new URL('file:///a.tif'), metadata: { size: bytes.byteLength }, fetch: async (offset: number, length?: number) => bytes.buffer.slice(offset, length === undefined ? undefined : offset + length) };
  return { ...(await readCogHeader(source)), ...claims };
};

const GB = 1e9;
const OPTIONS = { targetSize: GB, overlap: 256, threshold: 2 * GB };
const LARGE: Partial<CogHeader> = { width: 100_000, height: 80_000, fileSize: 16 * GB };
const UTM: GeoTiffSpec = { width: 32, height: 32, epsg: 32618, origin: [300_000, 4_500_000], pixel: [2, 2], overviews: [2] };

describe('a plan', () => {
  it('leaves a raster of up to 2 GB in one piece', async () => {
    const plan = planTiles(await header(UTM, { fileSize: 2 * GB }), OPTIONS);
    expect([plan.shouldTile, plan.grid]).toEqual([false, { rows: 1, cols: 1, tile: { width: 32, height: 32 } }]);
    expect(plan.tiles.map(({ window }) => window)).toEqual([[0, 0, 32, 32]]);
  });

  it('tiles a larger one, each tile about as large as asked', async () => {
    const raster = await header(UTM, LARGE);
    const { shouldTile, grid, tiles } = planTiles(raster, OPTIONS);
    expect(shouldTile).toBe(true);
    expectExactCover(raster, tiles, grid.rows, grid.cols);
    expect(Math.max(...tiles.map((tile) => tile.estimatedSize))).toBeLessThanOrEqual(GB);
    expect(Math.max(...tiles.map((tile) => tile.estimatedSize))).toBeGreaterThan(GB / 2);
    expect(tiles.reduce((sum, tile) => sum + tile.estimatedSize, 0)).toBeGreaterThan(15.9 * GB);
  });

  it('places the tiles side by side in the CRS, and names the box of each in longitude and latitude', async () => {
    const raster = await header(UTM, LARGE);
    const { tiles, grid } = planTiles(raster, OPTIONS);
    expect(tiles[0]?.projBbox).toEqual([300_000, 4_500_000 - 2 * grid.tile.height, 300_000 + 2 * grid.tile.width, 4_500_000]);
    expect(tiles.at(-1)?.projBbox.slice(1, 3)).toEqual([4_500_000 - 160_000, 300_000 + 200_000]);
    for (const { bbox } of tiles) {
      expect(bbox?.[0]).toBeGreaterThan(-78);
      expect(bbox?.[2]).toBeLessThan(-74.9);
      expect(bbox?.[1]).toBeGreaterThan(39);
    }
  });

  it('knows tiles over the antimeridian', async () => {
    const raster = await header({ width: 16, height: 16, epsg: 4326, origin: [170, 10], pixel: [0.0002, 0.0002] }, LARGE);
    const { tiles } = planTiles(raster, OPTIONS);
    const crossing = tiles.filter(({ bbox }) => bbox !== null && bbox[0] > bbox[2]);
    expect(crossing.length).toBeGreaterThan(0);
    expect(tiles.every(({ bbox }) => bbox !== null && Math.abs(bbox[0]) <= 180 && Math.abs(bbox[2]) <= 180)).toBe(true);
  });

  it('refuses a grid of more than a million tiles', async () => {
    const raster = await header(UTM, { width: 2_000_000, height: 2_000_000, fileSize: 16_000 * GB });
    expect(() => planTiles(raster, { ...OPTIONS, targetSize: 1000, overlap: 0 })).toThrow('choose a larger target size');
  });

  it('keeps a rotated transform', () => {
    expect(windowTransform([2, 1, 100, 1, -2, 200], [512, 1024, 1, 1])).toEqual([2, 1, 100 + 1024 + 1024, 1, -2, 200 + 512 - 2048]);
  });
});

describe('sizes', () => {
  it('reckon with the bands, their types, the compression and the overviews of the file', async () => {
    const spec: GeoTiffSpec = { width: 32, height: 32, bands: 4, bits: 16 };
    const plain = rasterSizes(await header(spec, { width: 1000, height: 1000, fileSize: 4_000_000 }));
    expect([plain.raw, plain.ratio, plain.perPixel.toFixed(3)]).toEqual([8_000_000, 0.5, (4 * 4 / 3).toFixed(3)]);
    const withOverviews = rasterSizes(await header({ ...spec, overviews: [2] }, { width: 1000, height: 1000, fileSize: 4_000_000 }));
    expect([withOverviews.ratio, withOverviews.perPixel]).toEqual([0.375, 4]);
    expect(rasterSizes(await header(spec, { width: 1000, height: 1000, fileSize: undefined })).file).toBe(8_000_000);
  });

  it.each([['1GB', 1e9], ['512 MiB', 512 * 1024 ** 2], ['1.5g', 1.5e9], ['100', 100], ['2TB', 2e12]])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'GB', '0', '-1GB', '1 XB', '1e9', '0.4', '1GB2', 'NaN', 'constructor', '1constructor'])('refuses %p', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });

  it.each([[1e9, '1 GB'], [1.25e9, '1.3 GB'], [340e6, '340 MB'], [12_345, '12 kB'], [999, '999 B'], [16e9, '16 GB'], [123e9, '123 GB']])('writes %d as %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});
