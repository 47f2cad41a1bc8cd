/** The plan of cutting a large raster into tile COGs: whether at all, the grid, and where each tile lies. */
import { outlineOf } from '../cog/footprint.js';
import { apply, projectedBbox } from '../cog/transform.js';
import type { Bbox, CogHeader, Transform } from '../cog/types.js';
import { DomainError } from '../errors.js';
import { rasterSizes, type RasterSizes } from './sizes.js';
import { gridSize, type GridSize, type GridTile, gridTiles, type Window } from './windows.js';

export interface PlanOptions {
  /** Bytes that a tile COG should not exceed by much. */
  readonly targetSize: number;
  /** Pixels read beyond each side of a tile. */
  readonly overlap: number;
  /** Bytes up to which a raster is left in one piece. */
  readonly threshold: number;
}

export interface PlannedTile extends GridTile {
  /** EPSG:4326, west > east over the antimeridian; null where the CRS has no longitude and latitude there. */
  readonly bbox: Bbox | null;
  /** In the CRS. */
  readonly projBbox: Bbox;
  readonly transform: Transform;
  /** Bytes, overlap included. */
  readonly estimatedSize: number;
}

export interface Plan {
  /** False where the raster is small enough to be left as it is: the one tile is the whole of it. */
  readonly shouldTile: boolean;
  readonly sizes: RasterSizes;
  readonly grid: GridSize;
  readonly tiles: readonly PlannedTile[];
}

/** Beyond this many tiles a plan is a mistake in the target size: jobs and datasets end there as well. */
export const MOST_TILES = 1_000_000;

/** @throws InvalidInput where the grid would have more than a million tiles */
export function planTiles(header: CogHeader, { targetSize, overlap, threshold }: PlanOptions): Plan {
  const sizes = rasterSizes(header);
  const shouldTile = sizes.file > threshold;
  const grid = shouldTile ? gridSize(header, targetSize / sizes.perPixel, overlap) : { rows: 1, cols: 1, tile: { width: header.width, height: header.height } };
  if (grid.rows * grid.cols > MOST_TILES) {
    throw new DomainError('InvalidInput', `That makes ${grid.rows} x ${grid.cols} tiles, more than ${MOST_TILES}: choose a larger target size.`);
  }
  const tiles = Array.from(gridTiles(header, grid, overlap), (tile) => placed(tile, header, sizes));
  return { shouldTile, sizes, grid, tiles };
}

function placed(tile: GridTile, { crs, transform }: CogHeader, { perPixel }: RasterSizes): PlannedTile {
  const [, , width, height] = tile.window;
  const own = windowTransform(transform, tile.window);
  const [, , readWidth, readHeight] = tile.buffered;
  return { ...tile, bbox: bboxOf(), projBbox: projectedBbox(own, width, height), transform: own, estimatedSize: Math.round(readWidth * readHeight * perPixel) };

  function bboxOf(): Bbox | null {
    try {
      return outlineOf(crs, own, width, height).bbox;
    } catch (error) {
      if (error instanceof DomainError) return null; // the disc of a geostationary satellite has such corners
      throw error;
    }
  }
}

/** The affine of a window: the raster's, begun at the window's upper left corner. */
export function windowTransform(transform: Transform, [column, row]: Window): Transform {
  const [a, b, , d, e] = transform;
  const [x, y] = apply(transform, column, row);
  return [a, b, x, d, e, y];
}
