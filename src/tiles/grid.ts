/** The pixels of a raster in the CRS of an area: which sizes and edges rio-tiler derives from them. Pure. */
import type { CogHeader } from '../cog/types.js';
import type { Extent } from './matrices.js';
import { type Dimensions, MERCATOR_MAX_LAT } from './overviews.js';
import { type Area, epsgOf, projection, resolutionOf } from './warp.js';

/** A picture's sides in pixels; one of them follows the other, both follow `maxSize` (at most, for the longer one) or the raster. */
export interface Fit extends Partial<Dimensions> {
  readonly maxSize?: number;
}

/** Pixels of a raster, north up: their upper left corner and their sides. */
export interface Grid {
  readonly left: number;
  readonly top: number;
  readonly resX: number;
  readonly resY: number;
  /** The raster is of another CRS: its pixels would be whole ones of a warped raster. */
  readonly isWarped: boolean;
}

/** Parts of an edge whose ends GDAL projects to find the bounds of what it warps, as its answers show (GDALSuggestedWarpOutput). */
const edgeParts = ({ width, height }: Dimensions): number => Math.max(21, Math.min(101, Math.floor(Math.min(width, height) / 50 + 0.5)));
/** Longest side of a picture whose size nothing tells. */
const UNKNOWN = 256;

export function nativeGrid(epsg: Area['epsg'], header: CogHeader): Grid {
  const { transform: [a, b, , d, e], projBbox: [west, south, east, north] } = header;
  if (epsgOf(header) === epsg) return { left: west, top: north, resX: Math.hypot(a, d), resY: Math.hypot(b, e), isWarped: false };
  const { toTile } = projection(header, epsg);
  const polar = epsgOf(header) === 4326 && epsg === 3857;
  const [low, high] = polar ? [Math.max(south, -MERCATOR_MAX_LAT), Math.min(north, MERCATOR_MAX_LAT)] : [south, north];
  let [left, top] = [Infinity, -Infinity];
  const parts = edgeParts(header);
  for (let i = 0; i <= parts; i++) {
    const [x, y] = [west + ((east - west) * i) / parts, low + ((high - low) * i) / parts];
    for (const [px, py] of [toTile(x, low), toTile(x, high), toTile(west, y), toTile(east, y)]) {
      if (px < left) left = px;
      if (py > top) top = py;
    }
  }
  const resolution = resolutionOf(epsg, header);
  return { left, top, resX: resolution, resY: resolution, isWarped: true };
}

/** Sides in pixels (rio-tiler's `output_size`): what is said, else those of the raster's own pixels. */
export function fitted([west, south, east, north]: Extent, { width, height, maxSize }: Fit, grid: Grid | undefined): Dimensions {
  if (width !== undefined && height !== undefined) return { width, height };
  const whole = (pixels: number): number => Math.max(1, Math.round(pixels));
  const { resX, resY, isWarped } = grid ?? { resX: Math.max(east - west, north - south) / (maxSize ?? UNKNOWN), resY: Math.max(east - west, north - south) / (maxSize ?? UNKNOWN), isWarped: false };
  const across = isWarped ? whole((east - west) / resX) : (east - west) / resX;
  const down = isWarped ? whole((north - south) / resY) : (north - south) / resY;
  if (width !== undefined) return { width, height: Math.max(1, Math.ceil(width * (down / across))) };
  if (height !== undefined) return { width: Math.max(1, Math.ceil(height / (down / across))), height };
  const native = { width: whole(across), height: whole(down) };
  if (maxSize === undefined || Math.max(native.width, native.height) < maxSize) return native;
  const ratio = native.height / native.width;
  return ratio > 1 ? { width: Math.max(1, Math.ceil(maxSize / ratio)), height: maxSize } : { width: maxSize, height: Math.max(1, Math.ceil(maxSize * ratio)) };
}

/** The extent grown to whole pixels of the raster (rio-tiler's `align_bounds_with_dataset`). */
export function aligned([west, south, east, north]: Extent, { left, top, resX, resY }: Grid): Extent {
  const [first, last] = [Math.floor((west - left) / resX), Math.ceil((east - left) / resX)];
  const [upper, lower] = [Math.floor((top - north) / resY), Math.ceil((top - south) / resY)];
  return [left + first * resX, top - lower * resY, left + last * resX, top - upper * resY];
}
