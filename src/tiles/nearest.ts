/** Nearest neighbour: finds the source pixel of every pixel that is still empty, and paints it. */
import type { Block } from './blocks.js';
import type { Canvas } from './canvas.js';
import { makeColoured } from './canvas.js';
import type { Dimensions } from './overviews.js';
import type { Level, Plain, Plane } from './raster.js';
import type { SampleArray } from './samples.js';
import type { Warp } from './warp.js';

/** Which pixels of a level belong to which pixels of a canvas. */
export interface Samples {
  /** Indices into the canvas. */
  readonly targets: Int32Array;
  /** The source pixel of each. */
  readonly columns: Int32Array;
  readonly rows: Int32Array;
}

/** GDAL's warper adds as much before it rounds down (GWKNearest), which settles what lies on an edge. */
const ROUNDING = 1e-10;
/** A centre this near to the raster's edge is inside, so that rounding leaves no gap between neighbours. */
const EDGE = 1e-6;

/**
 * The samples of all pixels that the level covers.
 * @param taken not 0 for pixels that need none
 */
export function findSamples(size: Dimensions, taken: Uint8Array | undefined, warp: Warp, { width, height }: Plane): Samples {
  const { targets, columns, rows } = scratchFor(size.width * size.height);
  const rowOfColumns = new Float64Array(size.width);
  const rowOfRows = new Float64Array(size.width);
  let count = 0;
  const { left, top, right, bottom } = warp.part;
  for (let y = top; y < bottom; y++) {
    warp.row(y, rowOfColumns, rowOfRows);
    for (let x = left; x < right; x++) {
      const target = y * size.width + x;
      if (taken !== undefined && taken[target] !== 0) continue;
      const column = rowOfColumns[x] ?? Number.NaN;
      const row = rowOfRows[x] ?? Number.NaN;
      const sourceColumn = nearestPixel(column, width);
      const sourceRow = nearestPixel(row, height);
      if (sourceColumn < 0 || sourceRow < 0) continue;
      targets[count] = target;
      columns[count] = sourceColumn;
      rows[count] = sourceRow;
      count++;
    }
  }
  return { targets: targets.slice(0, count), columns: columns.slice(0, count), rows: rows.slice(0, count) };
}

let scratch: Samples = { targets: new Int32Array(0), columns: new Int32Array(0), rows: new Int32Array(0) };

/** Room to find samples in: most assets have few, and 768 KB for each of 30 assets keep the garbage collector busy. */
function scratchFor(pixels: number): Samples {
  if (scratch.targets.length < pixels) scratch = { targets: new Int32Array(pixels), columns: new Int32Array(pixels), rows: new Int32Array(pixels) };
  return scratch;
}

/** The pixel under a point along an axis of `length` pixels, -1 where there is none. */
export const nearestPixel = (at: number, length: number): number => (at >= -EDGE && at <= length + EDGE ? clamp(Math.floor(at + ROUNDING), length) : -1);

const clamp = (index: number, length: number): number => Math.max(0, Math.min(length - 1, index));

/** The blocks that hold the samples; no more are counted than one beyond `most`. */
export function blocksOf({ columns, rows }: Samples, plane: Plane, most: number): number[] {
  const { blockWidth, blockHeight } = plane;
  const blocks = new Set<number>();
  let [left, top] = [-1, -1];
  for (let i = 0; i < columns.length && blocks.size <= most; i++) {
    const column = columns[i] ?? 0;
    const row = rows[i] ?? 0;
    if (left >= 0 && column >= left && column < left + blockWidth && row >= top && row < top + blockHeight) continue;
    left = column - (column % blockWidth);
    top = row - (row % blockHeight);
    blocks.add(blockAt(plane, column, row));
  }
  return [...blocks];
}

export const blockAt = ({ blockWidth, blockHeight, blocksAcross }: Plane, column: number, row: number): number =>
  Math.floor(row / blockHeight) * blocksAcross + Math.floor(column / blockWidth);

/** The place of a pixel's first sample inside its block. */
export const offsetIn = ({ blockWidth, blockHeight, blockSamples }: Plane, column: number, row: number): number =>
  ((row % blockHeight) * blockWidth + (column % blockWidth)) * blockSamples;

/** The same places in a mask, which may be of another size than the level. */
export function inMask(samples: Samples, level: Level, mask: Plane): Samples {
  if (mask.width === level.width && mask.height === level.height) return samples;
  const scaled = (values: Int32Array, from: number, to: number): Int32Array => values.map((at) => clamp(Math.floor(((at + 0.5) * to) / from), to));
  return { ...samples, columns: scaled(samples.columns, level.width, mask.width), rows: scaled(samples.rows, level.height, mask.height) };
}

/** Drops the samples that the mask hides; a block that the file leaves out hides all of its pixels. */
export function unmasked(samples: Samples, places: Samples, mask: Plane, blocks: ReadonlyMap<number, Block>): Samples {
  const kept = Int32Array.from(samples.targets.keys()).filter((i) => {
    const column = places.columns[i] ?? 0;
    const row = places.rows[i] ?? 0;
    return (blocks.get(blockAt(mask, column, row))?.[offsetIn(mask, column, row)] ?? 0) !== 0;
  });
  const pick = (values: Int32Array): Int32Array => kept.map((i) => values[i] ?? 0);
  return { targets: pick(samples.targets), columns: pick(samples.columns), rows: pick(samples.rows) };
}

/**
 * Paints the samples that hold data: not transparent, not nodata. Blocks that the file leaves out hold nodata, or 0.
 * @returns the number of pixels painted
 */
export function paint(canvas: Canvas, { targets, columns, rows }: Samples, { colours, alpha, nodata }: Plain, plane: Plane, blocks: ReadonlyMap<number, Block>): number {
  if (colours === 3) makeColoured(canvas);
  const { bands, pixels, opacity } = canvas;
  const green = colours === 3 ? 1 : 0;
  const blue = colours === 3 ? 2 : 0;
  const { blockWidth, blockHeight, blockSamples } = plane;
  let [left, top] = [-1, -1];
  let bytes: SampleArray = new Uint8Array(0);
  let painted = 0;
  for (let i = 0; i < targets.length; i++) {
    const column = columns[i] ?? 0;
    const row = rows[i] ?? 0;
    if (left < 0 || column < left || column >= left + blockWidth || row < top || row >= top + blockHeight) {
      left = column - (column % blockWidth);
      top = row - (row % blockHeight);
      bytes = blocks.get(blockAt(plane, column, row)) ?? new Uint8Array(blockWidth * blockHeight * blockSamples).fill(nodata ?? 0);
    }
    const at = ((row - top) * blockWidth + column - left) * blockSamples;
    const opaque = alpha === undefined ? 255 : (bytes[at + alpha] ?? 0);
    if (opaque === 0) continue;
    const r = bytes[at] ?? 0;
    const g = bytes[at + green] ?? 0;
    const b = bytes[at + blue] ?? 0;
    if (r === nodata && g === nodata && b === nodata) continue;
    const target = targets[i] ?? 0;
    if (bands === 1) {
      pixels[target] = r;
    } else {
      pixels[target * 3] = r;
      pixels[target * 3 + 1] = g;
      pixels[target * 3 + 2] = b;
    }
    opacity[target] = opaque;
    painted++;
  }
  canvas.left -= painted;
  return painted;
}
