/** A large raster cut into a grid of windows: every pixel in exactly one of them, all but the last of a row or column aligned to blocks. */
import type { Size } from '../cog/types.js';

/** Pixels: `[column of the left edge, row of the upper edge, width, height]`. */
export type Window = readonly [column: number, row: number, width: number, height: number];

export interface GridTile {
  /** From 1, row by row. */
  readonly index: number;
  /** From the top and from the left, counted from 0. */
  readonly row: number;
  readonly col: number;
  /** The tile's own pixels. */
  readonly window: Window;
  /** What is read to make it: its own pixels and the overlap around them, within the raster. */
  readonly buffered: Window;
}

export interface GridSize {
  readonly rows: number;
  readonly cols: number;
  /** Of all tiles but those at the right and the lower edge, which may be smaller. */
  readonly tile: Size;
}

/** The block of GDAL's COG driver; windows that begin elsewhere would read the blocks at their edges twice. */
export const BLOCK = 512;

const alignedUp = (pixels: number): number => Math.ceil(pixels / BLOCK) * BLOCK;
const alignedDown = (pixels: number): number => Math.max(BLOCK, Math.floor(pixels / BLOCK) * BLOCK);

/**
 * The coarsest grid of evenly large tiles, square unless the raster is too narrow for that, of which none has more than
 * `mostPixels` pixels with its overlap (one block is the least, even where that is more).
 */
export function gridSize({ width, height }: Size, mostPixels: number, overlap: number): GridSize {
  const square = Math.sqrt(mostPixels);
  const inner = (most: number): number => alignedDown(most - 2 * overlap);
  let most = { width: inner(square), height: inner(square) };
  if (width * height <= mostPixels) most = { width, height };
  else if (width <= square) most = { width, height: inner(mostPixels / width) };
  else if (height <= square) most = { width: inner(mostPixels / height), height };
  const tile = { width: evened(width, most.width), height: evened(height, most.height) };
  return { rows: Math.ceil(height / tile.height), cols: Math.ceil(width / tile.width), tile };
}

/** As many tiles as there must be, all of them alike: three of 4,096 in the place of two of 5,632 and a rest of 1,024. */
const evened = (side: number, most: number): number => (most >= side ? side : alignedUp(side / Math.ceil(side / most)));

/** The tiles of a grid, row by row. */
export function* gridTiles(raster: Size, { rows, cols, tile }: GridSize, overlap: number): Generator<GridTile> {
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      const [left, top] = [col * tile.width, row * tile.height];
      const [right, bottom] = [Math.min(left + tile.width, raster.width), Math.min(top + tile.height, raster.height)];
      yield { index: row * cols + col + 1, row, col, window: [left, top, right - left, bottom - top], buffered: buffered(raster, left, top, right, bottom, overlap) };
    }
  }
}

function buffered(raster: Size, left: number, top: number, right: number, bottom: number, overlap: number): Window {
  const [west, north] = [Math.max(0, left - overlap), Math.max(0, top - overlap)];
  return [west, north, Math.min(raster.width, right + overlap) - west, Math.min(raster.height, bottom + overlap) - north];
}
