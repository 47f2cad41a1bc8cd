/** Where the pixels of a tile lie in a raster, interpolated between exact points in squares of fitting size. Pure. */
import type { Dimensions, Point } from './overviews.js';
import type { Extent } from './projections.js';
import type { Warp } from './warp.js';

/** Sides of the parts of the tile between whose corners is interpolated, in pixels: as large as the tolerance allows. */
const LARGEST_CELL = 64;
const SMALLEST_CELL = 16;
/** Pixels of the source that interpolation may be off; GDAL's approximating transformer allows 0.125. */
const TOLERANCE = 0.05;

/** A square part of the tile, in its pixels, and the exact places of its corners. */
interface Cell {
  readonly left: number;
  readonly top: number;
  readonly size: number;
  readonly corners: Corners;
  /** Too crooked for interpolation even at the smallest size. */
  readonly bent: boolean;
}

type Corners = readonly [upperLeft: Point, upperRight: Point, lowerLeft: Point, lowerRight: Point];

/**
 * A warp of cells as large as interpolation between their corners allows; none where the raster is far.
 * @param level the source: what lies outside of it has no place
 * @param exact the place in the source of a point of the tile, in pixels of either; NaN where there is none
 * @param near whether a part of the tile, in its pixels, can touch the source
 */
export function cellWarp({ width, height }: Dimensions, level: Dimensions, exact: (x: number, y: number) => Point, near: (...pixels: Extent) => boolean): Warp {
  /** By the rows of the smallest cells. */
  const lines: Cell[][] = Array.from({ length: Math.ceil(height / SMALLEST_CELL) }, () => []);
  const part = { left: width, top: height, right: 0, bottom: 0 };

  function divide(left: number, top: number, side: number, corners: Corners): void {
    if (left >= width || top >= height || !near(left, top, left + side, top + side)) return;
    const half = side / 2;
    const middles = [exact(left + half, top), exact(left, top + half), exact(left + half, top + half), exact(left + side, top + half), exact(left + half, top + side)] as const;
    const [p, q, r, s] = corners;
    const [pq, pr, centre, qs, rs] = middles;
    const straight = isBetween(pq, p, q) && isBetween(pr, p, r) && isBetween(qs, q, s) && isBetween(rs, r, s) && isBetween(centre, pr, qs) && isBetween(centre, pq, rs);
    if (straight || half < SMALLEST_CELL) {
      if (straight && !mayHold(corners, level)) return;
      part.left = Math.min(part.left, left);
      part.top = Math.min(part.top, top);
      part.right = Math.max(part.right, Math.min(width, left + side));
      part.bottom = Math.max(part.bottom, Math.min(height, top + side));
      for (let line = top; line < Math.min(height, top + side); line += SMALLEST_CELL) lines[line / SMALLEST_CELL]?.push({ left, top, size: side, corners, bent: !straight });
      return;
    }
    divide(left, top, half, [p, pq, pr, centre]);
    divide(left + half, top, half, [pq, q, centre, qs]);
    divide(left, top + half, half, [pr, centre, r, rs]);
    divide(left + half, top + half, half, [centre, qs, rs, s]);
  }
  const largest = Math.min(LARGEST_CELL, 2 ** Math.ceil(Math.log2(Math.max(width, height))));
  for (let top = 0; top < height; top += largest) {
    for (let left = 0; left < width; left += largest) {
      const [right, bottom] = [left + largest, top + largest];
      if (near(left, top, right, bottom)) divide(left, top, largest, [exact(left, top), exact(right, top), exact(left, bottom), exact(right, bottom)]);
    }
  }
  return {
    part,
    row(y, outColumns, outRows) {
      outColumns.fill(Number.NaN, part.left, part.right);
      outRows.fill(Number.NaN, part.left, part.right);
      for (const { left, top, size: side, corners, bent } of lines[Math.floor(y / SMALLEST_CELL)] ?? []) {
        const end = Math.min(width, left + side);
        if (bent) {
          for (let x = left; x < end; x++) [outColumns[x], outRows[x]] = exact(x + 0.5, y + 0.5);
          continue;
        }
        const [p, q, r, s] = corners;
        const v = (y + 0.5 - top) / side;
        interpolate(outColumns, left, end, side, p[0] + (r[0] - p[0]) * v, q[0] + (s[0] - q[0]) * v);
        interpolate(outRows, left, end, side, p[1] + (r[1] - p[1]) * v, q[1] + (s[1] - q[1]) * v);
      }
    },
  };
}

/** The centres of pixels from `left` to before `end`, on a line over `side` pixels. */
function interpolate(out: Float64Array, left: number, end: number, side: number, from: number, to: number): void {
  const step = (to - from) / side;
  for (let x = left; x < end; x++) out[x] = from + step * (x - left + 0.5);
}

/** Whether a point is the middle of two, within the tolerance; false where any is no place. */
const isBetween = (middle: Point, a: Point, b: Point): boolean =>
  Math.abs((a[0] + b[0]) / 2 - middle[0]) <= TOLERANCE && Math.abs((a[1] + b[1]) / 2 - middle[1]) <= TOLERANCE;

/** Whether a part with these corners can lie on the level at all. */
function mayHold(corners: Corners, { width, height }: Dimensions): boolean {
  const reaches = (axis: 0 | 1, length: number): boolean => corners.some((corner) => corner[axis] >= -1) && corners.some((corner) => corner[axis] <= length + 1);
  return reaches(0, width) && reaches(1, height);
}
