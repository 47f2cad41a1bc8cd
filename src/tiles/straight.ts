/** Nearest neighbour where columns of the tile are columns of the raster: two short lists say where every pixel comes from. */
import type { Block } from './blocks.js';
import { type Canvas, makeColoured } from './canvas.js';
import { nearestPixel } from './nearest.js';
import type { Plain, Plane } from './raster.js';
import type { Axes } from './warp.js';

/** Pixels of the canvas, side by side, that come from one column (row) of blocks. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly block: number;
}

/** Where the pixels of a canvas lie in a level: runs of columns and of rows, and the source's column and row of each. */
export interface Straight {
  readonly columns: Int32Array;
  readonly rows: Int32Array;
  readonly across: readonly Run[];
  readonly down: readonly Run[];
}

export function straightOf({ columns, rows }: Axes, { width, height, blockWidth, blockHeight }: Plane): Straight {
  const sourceColumns = Int32Array.from(columns, (at) => nearestPixel(at, width));
  const sourceRows = Int32Array.from(rows, (at) => nearestPixel(at, height));
  return { columns: sourceColumns, rows: sourceRows, across: runsOf(sourceColumns, blockWidth), down: runsOf(sourceRows, blockHeight) };
}

function runsOf(places: Int32Array, blockLength: number): Run[] {
  const runs: { from: number; to: number; block: number }[] = [];
  for (let i = 0; i < places.length; i++) {
    const place = places[i] ?? -1;
    if (place < 0) continue;
    const block = Math.floor(place / blockLength);
    const last = runs.at(-1);
    if (last !== undefined && last.block === block && last.to === i) last.to = i + 1;
    else runs.push({ from: i, to: i + 1, block });
  }
  return runs;
}

/** The blocks that hold pixels which are still empty; no more are counted than one beyond `most`. */
export function blocksOfStraight({ across, down }: Straight, { width, opacity, left }: Canvas, { blocksAcross }: Plane, most: number): number[] {
  const untouched = left === opacity.length;
  const hasEmpty = (columns: Run, rows: Run): boolean => {
    for (let y = rows.from; y < rows.to; y++) if (opacity.subarray(y * width + columns.from, y * width + columns.to).includes(0)) return true;
    return false;
  };
  const blocks = new Set<number>();
  for (const rows of down) {
    for (const columns of across) {
      if (blocks.size > most) return [...blocks];
      if (untouched || hasEmpty(columns, rows)) blocks.add(rows.block * blocksAcross + columns.block);
    }
  }
  return [...blocks];
}

/**
 * Paints what holds data: not transparent, not nodata. Blocks that the file leaves out hold nodata, or 0.
 * @returns the number of pixels painted
 */
export function paintStraight(canvas: Canvas, { columns, rows, across, down }: Straight, { colours, alpha, nodata }: Plain, plane: Plane, blocks: ReadonlyMap<number, Block>): number {
  if (colours === 3) makeColoured(canvas);
  const { bands, pixels, opacity, width } = canvas;
  const { blockWidth, blockHeight, blockSamples, blocksAcross } = plane;
  const green = colours === 3 ? 1 : 0;
  const blue = colours === 3 ? 2 : 0;
  const offsets = columns.map((column) => (column % blockWidth) * blockSamples);
  const none = nodata ?? -1;
  let painted = 0;
  for (const { from: top, to: bottom, block: blockRow } of down) {
    for (const { from, to, block: blockColumn } of across) {
      const index = blockRow * blocksAcross + blockColumn;
      if (!blocks.has(index)) continue; // nothing is empty there
      const bytes = blocks.get(index) ?? new Uint8Array(blockWidth * blockHeight * blockSamples).fill(nodata ?? 0);
      for (let y = top; y < bottom; y++) {
        const line = ((rows[y] ?? 0) % blockHeight) * blockWidth * blockSamples;
        for (let x = from; x < to; x++) {
          const target = y * width + x;
          if (opacity[target] !== 0) continue;
          const at = line + (offsets[x] ?? 0);
          const opaque = alpha === undefined ? 255 : (bytes[at + alpha] ?? 0);
          if (opaque === 0) continue;
          const r = bytes[at] ?? 0;
          const g = bytes[at + green] ?? 0;
          const b = bytes[at + blue] ?? 0;
          if (r === none && g === none && b === none) continue;
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
      }
    }
  }
  canvas.left -= painted;
  return painted;
}
