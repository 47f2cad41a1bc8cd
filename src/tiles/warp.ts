/** Where the pixels of a tile lie in a raster: exact along the axes, or interpolated in a grid of exact points. */
import proj4 from 'proj4';
import type { CogHeader } from '../cog/types.js';
import type { Extent, TilePlace, TileMatrixSet } from './matrices.js';
import { MERCATOR_EDGE, latToMercator, lonToMercator, mercatorToLat, mercatorToLon } from './matrices.js';
import type { Dimensions, Point } from './overviews.js';
import { warpedResolution } from './overviews.js';

export type TileInRange = Extract<TilePlace, { inRange: true }>;

/** Source coordinates of pixel centres, in pixels of one level: column 0 spans 0 to 1. NaN where there are none. */
export interface Warp {
  /** Fills in row `y` of the tile; both arrays are as long as the tile is wide. */
  row(y: number, columns: Float64Array, rows: Float64Array): void;
}

/** Pixels of the tile between two exact points. */
const GRID_STEP = 16;
/** Pixels of the source that interpolation may be off; GDAL's approximating transformer allows 0.125. */
const TOLERANCE = 0.1;
/** Pixels that rounding may be off at an edge. */
const EDGE = 1e-6;

const PROJ4: Readonly<Record<TileMatrixSet['epsg'], string>> = {
  3857: '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
  4326: '+proj=longlat +datum=WGS84 +no_defs',
};

const epsgOf = ({ crs }: CogHeader): number => Number(crs.code.slice('EPSG:'.length));

/** Full-resolution pixels of the raster that one pixel of the tile stands for: what the overview is chosen by. */
export function decimationOf({ tms, extent: [west, south, east, north] }: TileInRange, tileSize: number, header: CogHeader): number {
  const { transform: [a, b, c, d, e, f], width, height } = header;
  const resX = (east - west) / tileSize;
  const resY = (north - south) / tileSize;
  const from = epsgOf(header);
  if (from === tms.epsg) return Math.min(resX / Math.hypot(a, d), resY / Math.hypot(b, e));
  const corners = [[c, f], [a * width + b * height + c, d * width + e * height + f]] as const;
  const resolution = warpedResolution(header, corners, { from, to: tms.epsg, forward: projection(header, tms).toTile });
  return Math.min(resX, resY) / resolution;
}

/** Whether a tile can have pixels of a raster, by longitude and latitude: most assets of a mosaic end here. */
export const mayTouch = (place: TileInRange, header: CogHeader): boolean => nearness(place, header, 1)(0, 0, 1, 1);

/** The warp from a tile to one level of a raster, which has the extent of the full image in other pixels. */
export function warpOf(place: TileInRange, tileSize: number, header: CogHeader, level: Dimensions): Warp {
  const { transform: [, b, , d] } = header;
  const from = epsgOf(header);
  const straight = b === 0 && d === 0 && (from === 4326 || from === 3857);
  return straight ? axisWarp(place, tileSize, header, level) : gridWarp(place, tileSize, header, level);
}

/** Both CRSs have the same axes, so that a column of the tile is a column of the source. */
function axisWarp({ tms, extent: [west, south, east, north] }: TileInRange, size: number, header: CogHeader, level: Dimensions): Warp {
  const { toSource } = projection(header, tms);
  const pixel = toPixels(header, level);
  const wrap = wrapping(header);
  const columns = Float64Array.from({ length: size }, (_, i) => pixel(wrap(toSource(west + ((east - west) * (i + 0.5)) / size, 0)[0]), 0)[0]);
  const rows = Float64Array.from({ length: size }, (_, i) => pixel(0, toSource(0, north - ((north - south) * (i + 0.5)) / size)[1])[1]);
  return {
    row(y, outColumns, outRows) {
      outColumns.set(columns);
      outRows.fill(rows[y] ?? Number.NaN);
    },
  };
}

function gridWarp(place: TileInRange, size: number, header: CogHeader, level: Dimensions): Warp {
  const { extent: [west, south, east, north] } = place;
  const { toSource } = projection(header, place.tms);
  const pixel = toPixels(header, level);
  const wrap = wrapping(header);
  const allColumns = new Float64Array(size * size).fill(Number.NaN);
  const allRows = new Float64Array(size * size).fill(Number.NaN);
  /** The exact place of a point of the tile, in its pixels. */
  const exact = (x: number, y: number): Point => {
    const [px, py] = toSource(west + ((east - west) * x) / size, north - ((north - south) * y) / size);
    return pixel(wrap(px), py);
  };
  const near = nearness(place, header, size);

  for (let top = 0; top < size; top += GRID_STEP) {
    for (let left = 0; left < size; left += GRID_STEP) {
      if (!near(left, top, left + GRID_STEP, top + GRID_STEP)) continue;
      const [x0, y0, x1, y1] = [left + 0.5, top + 0.5, left + GRID_STEP - 0.5, top + GRID_STEP - 0.5];
      const corners = [exact(x0, y0), exact(x1, y0), exact(x0, y1), exact(x1, y1)] as const;
      const bent = [[0.5, 0.5], [0.5, 0], [0, 0.5]].some(([u = 0, v = 0]) => {
        const guess = between(corners, u, v);
        const truth = exact(x0 + (x1 - x0) * u, y0 + (y1 - y0) * v);
        return !(Math.abs(guess[0] - truth[0]) <= TOLERANCE && Math.abs(guess[1] - truth[1]) <= TOLERANCE);
      });
      for (let y = top; y < top + GRID_STEP; y++) {
        for (let x = left; x < left + GRID_STEP; x++) {
          const [column, row] = bent ? exact(x + 0.5, y + 0.5) : between(corners, (x - left) / (GRID_STEP - 1), (y - top) / (GRID_STEP - 1));
          allColumns[y * size + x] = column;
          allRows[y * size + x] = row;
        }
      }
    }
  }
  return {
    row(y, outColumns, outRows) {
      outColumns.set(allColumns.subarray(y * size, (y + 1) * size));
      outRows.set(allRows.subarray(y * size, (y + 1) * size));
    },
  };
}

type Corners = readonly [upperLeft: Point, upperRight: Point, lowerLeft: Point, lowerRight: Point];

function between([p, q, r, s]: Corners, u: number, v: number): Point {
  const at = (axis: 0 | 1): number => (1 - v) * ((1 - u) * p[axis] + u * q[axis]) + v * ((1 - u) * r[axis] + u * s[axis]);
  return [at(0), at(1)];
}

/**
 * Whether a part of the tile, in its pixels, can touch the raster, by longitude and latitude. It spares the projection
 * of what lies elsewhere, and keeps points far outside a projection's domain from folding back into the raster.
 */
function nearness({ tms, extent: [west, south, east, north] }: TileInRange, header: CogHeader, size: number): (...pixels: Extent) => boolean {
  const [left, bottom, right, top] = header.bbox;
  const width = left > right ? right + 360 - left : right - left;
  const margin = 0.02 * Math.max(width, top - bottom) + 1e-9;
  const lon = (x: number): number => (tms.epsg === 4326 ? x : mercatorToLon(x));
  const lat = (y: number): number => (tms.epsg === 4326 ? y : mercatorToLat(y));
  return (x0, y0, x1, y1) => {
    const partTop = lat(north - ((north - south) * y0) / size);
    const partBottom = lat(north - ((north - south) * y1) / size);
    if (partBottom > top + margin || partTop < bottom - margin) return false;
    const partLeft = lon(west + ((east - west) * x0) / size);
    const partRight = lon(west + ((east - west) * x1) / size);
    return [-360, 0, 360].some((turn) => partLeft + turn <= left + width + margin && partRight + turn >= left - margin);
  };
}

/** Coordinates of the CRS to pixels of a level: the inverse of the header's affine, scaled. */
function toPixels({ transform: [a, b, c, d, e, f], width, height }: CogHeader, level: Dimensions): (x: number, y: number) => Point {
  const determinant = a * e - b * d;
  const scaleX = level.width / width / determinant;
  const scaleY = level.height / height / determinant;
  return (x, y) => [(e * (x - c) - b * (y - f)) * scaleX, (a * (y - f) - d * (x - c)) * scaleY];
}

/** Brings an x that lies outside the raster into it by whole turns around the earth, where the CRS goes round. */
function wrapping(header: CogHeader): (x: number) => number {
  const period = header.crs.units === 'degree' ? 360 : epsgOf(header) === 3857 ? 2 * MERCATOR_EDGE : undefined;
  if (period === undefined) return (x) => x;
  const slack = EDGE * Math.abs(header.transform[0]);
  const from = header.projBbox[0] - slack;
  const to = header.projBbox[2] + slack;
  return (x) => (x >= from && x <= to ? x : x + period * Math.ceil((from - x) / period));
}

interface Projection {
  /** From the tile's CRS to the raster's; NaN where the projection has no answer. */
  readonly toSource: (x: number, y: number) => Point;
  readonly toTile: (x: number, y: number) => Point;
}

const same = (x: number, y: number): Point => [x, y];
const fromMercator = (x: number, y: number): Point => [mercatorToLon(x), mercatorToLat(y)];
const toMercator = (lon: number, lat: number): Point => [lonToMercator(lon), latToMercator(lat)];

function projection(header: CogHeader, tms: TileMatrixSet): Projection {
  const source = epsgOf(header);
  if (source === tms.epsg) return { toSource: same, toTile: same };
  if (source === 4326) return { toSource: fromMercator, toTile: toMercator };
  if (source === 3857) return { toSource: toMercator, toTile: fromMercator };
  const converter = proj4(PROJ4[tms.epsg], header.crs.proj4);
  return { toSource: careful((point) => converter.forward(point)), toTile: careful((point) => converter.inverse(point)) };
}

const careful = (convert: (point: [number, number]) => number[]) => (x: number, y: number): Point => {
  try {
    const [px = Number.NaN, py = Number.NaN] = convert([x, y]);
    return [px, py];
  } catch {
    return [Number.NaN, Number.NaN]; // proj4 throws for what it cannot compute, such as a pole in Mercator
  }
};
