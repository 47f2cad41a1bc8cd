/** The short roads of nearest neighbour: straight axes as lists, and grids of exact points. */
import { createCanvas } from '../../src/tiles/canvas.js';
import { projection, warpOf } from '../../src/tiles/warp.js';
import { findSamples, paint, blocksOf } from '../../src/tiles/nearest.js';
import type { Plane } from '../../src/tiles/raster.js';
import { blocksOfStraight, paintStraight, straightOf } from '../../src/tiles/straight.js';
import type { CogHeader } from '../../src/cog/types.js';

const plane = { width: 100, height: 90, blockWidth: 32, blockHeight: 16, blocksAcross: 4, blocksDown: 6, blockSamples: 3, samples: 3 } as Plane;
const blocks = new Map(Array.from({ length: 24 }, (_, index) => [index, index === 5 ? undefined : Uint8Array.from({ length: 32 * 16 * 3 }, (__, i) => (i * 7 + index * 13) % 256)]));
const plain = { colours: 3, alpha: undefined, nodata: 7 } as const;
const axis = (from: number, step: number): Float64Array => Float64Array.from({ length: 64 }, (_, i) => (i === 20 ? Number.NaN : from + i * step));

describe('Painting along straight axes', () => {
  it('paints the pixels, and asks for the blocks, that painting sample by sample does', () => {
    const axes = { columns: axis(-8, 1.9), rows: axis(95, -1.7) };
    const canvases = [0, 1].map(() => {
      const canvas = createCanvas({ width: 64, height: 64 });
      canvas.opacity.fill(255, 0, 64 * 40);
      canvas.left -= 64 * 40;
      return canvas;
    });
    const [one = createCanvas({ width: 0, height: 0 }), two = createCanvas({ width: 0, height: 0 })] = canvases;
    const straight = straightOf(axes, plane);
    const samples = findSamples(two, two.opacity, { part: { left: 0, top: 0, right: 64, bottom: 64 }, row: (y, columns, rows) => { columns.set(axes.columns); rows.fill(axes.rows[y] ?? Number.NaN); } }, plane);
    const wanted = blocksOf(samples, plane, 100);
    expect(new Set(blocksOfStraight(straight, one, plane, 100))).toEqual(new Set(wanted));
    expect(blocksOfStraight(straight, one, plane, 2)).toHaveLength(3);
    expect(paintStraight(one, straight, plain, plane, blocks)).toBe(paint(two, samples, plain, plane, blocks));
    expect(one).toEqual(two);
    expect(one.left).toBeLessThan(64 * 24);
  });
});

describe('Warping through a grid', () => {
  const utm = {
    crs: { code: 'EPSG:32632', proj4: '+proj=utm +zone=32 +datum=WGS84 +units=m +no_defs', units: 'metre' },
    transform: [30, 0, 300_000, 0, -30, 5_600_000], width: 10_000, height: 10_000, bbox: [6.1, 47.7, 10.4, 50.6], projBbox: [300_000, 5_300_000, 600_000, 5_600_000],
  } as unknown as CogHeader;

  it.each([6, 9, 11])('lies within a tenth of a pixel of exact places, at zoom %i', (z) => {
    const edge = 20_037_508.342789244;
    const side = (2 * edge) / 2 ** z;
    const [x, y] = [Math.floor((946_000 + edge) / side), Math.floor((edge - 6_274_861) / side)];
    const extent = [x * side - edge, edge - (y + 1) * side, (x + 1) * side - edge, edge - y * side] as const;
    const { toTile, toSource } = projection(utm, 3857);
    expect(toTile(...toSource(946_000, 6_274_861))[0]).toBeCloseTo(946_000, 3);
    const degrees = (mx: number, my: number): [number, number] => [(mx * 180) / edge, (Math.atan(Math.sinh(my / 6_378_137)) * 180) / Math.PI];
    const level = { width: 10_000 / 2 ** Math.max(0, 11 - z), height: 10_000 / 2 ** Math.max(0, 11 - z) };
    const warp = warpOf({ epsg: 3857, extent, bbox: [...degrees(extent[0], extent[1]), ...degrees(extent[2], extent[3])] }, { width: 256, height: 256 }, utm, level);
    const [columns, rows] = [new Float64Array(256), new Float64Array(256)];
    let [seen, worst] = [0, 0];
    for (let row = 0; row < 256; row += 5) {
      warp.row(row, columns, rows);
      for (let column = 0; column < 256; column += 3) {
        const [ex, ey] = toSource(extent[0] + ((column + 0.5) * side) / 256, extent[3] - ((row + 0.5) * side) / 256);
        const [px, py] = [((ex - 300_000) / 30) * (level.width / 10_000), ((5_600_000 - ey) / 30) * (level.height / 10_000)];
        if (px < 0 || py < 0 || px > level.width || py > level.height) continue;
        seen += 1;
        worst = Math.max(worst, Math.abs((columns[column] ?? Number.NaN) - px), Math.abs((rows[column] ?? Number.NaN) - py));
      }
    }
    expect(seen).toBeGreaterThan(100);
    expect(worst).toBeLessThan(0.1);
  });
});

it('A raster of the whole world is met on both sides of the antimeridian, whatever the picture reaches over', () => {
  const world = {
    crs: { code: 'EPSG:4326', proj4: '+proj=longlat +datum=WGS84 +no_defs', units: 'degree' },
    transform: [1, 0, -180, 0, -1, 90], width: 360, height: 180, bbox: [-180, -90, 180, 90], projBbox: [-180, -90, 180, 90],
  } as unknown as CogHeader;
  const { axes } = warpOf({ epsg: 4326, extent: [175, -5, 185, 5], bbox: [175, -5, -175, 5] }, { width: 10, height: 10 }, world, { width: 360, height: 180 });
  expect(axes?.columns).toEqual(Float64Array.of(355.5, 356.5, 357.5, 358.5, 359.5, 0.5, 1.5, 2.5, 3.5, 4.5));
});
