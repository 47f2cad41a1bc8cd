/** Where the pixels of a tile lie in a raster: exact along the axes, or interpolated in a grid of exact points. */
import proj4 from 'proj4';
import type { CogHeader } from '../cog/types.js';
import { cellWarp } from './cells.js';
import { careful, type Extent, latToMercator, lonToMercator, MERCATOR_EDGE, mercatorToLat, mercatorToLon, PROJ4, projectedBox, type TileEpsg } from './projections.js';
import type { Dimensions, Point } from './overviews.js';
import { warpedResolution } from './overviews.js';

/** What is drawn: a tile, or any rectangle of one of the CRSs of tiles. */
export interface Area {
  readonly epsg: TileEpsg;
  /** In the units of the CRS. */
  readonly extent: Extent;
  /** In EPSG:4326, longitude first. */
  readonly bbox: Extent;
}

/** Source coordinates of pixel centres, in pixels of one level: column 0 spans 0 to 1. NaN where there are none. */
export interface Warp {
  /** The pixels of the tile that may have a place in the source, few of it where the raster is small. */
  readonly part: Part;
  /** Fills in row `y` of the tile within `part`; both arrays are as long as the tile is wide. */
  row(y: number, columns: Float64Array, rows: Float64Array): void;
  /** Where all rows have the same columns and all columns the same rows. */
  readonly axes?: Axes;
}

/** Pixels of a tile, from the first column and row to before the last. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** As in {@link Warp}, for each column and each row of the tile. */
export interface Axes {
  readonly columns: Float64Array;
  readonly rows: Float64Array;
}

/** Pixels that rounding may be off at an edge. */
const EDGE = 1e-6;

export const epsgOf = ({ crs }: CogHeader): number => Number(crs.code.slice('EPSG:'.length));

/** Full-resolution pixels of the raster that one pixel of the tile stands for: what the overview is chosen by. */
export function decimationOf(area: Area, size: Dimensions, header: CogHeader): number {
  const { epsg, extent: [west, south, east, north] } = area;
  const { transform: [a, b, , d, e] } = header;
  const resX = (east - west) / size.width;
  const resY = (north - south) / size.height;
  if (epsgOf(header) === epsg) return Math.min(resX / Math.hypot(a, d), resY / Math.hypot(b, e));
  const factor = isPlain(epsg) || !isWide(header) ? Math.min(resX, resY) / resolutionOf(epsg, header) : Number.NaN;
  return Number.isFinite(factor) ? factor : decimationInside(area, size, header);
}

/** Two corners of a raster of half the world tell nothing of its pixels in a projection that ends before it. */
const isWide = ({ bbox: [west, , east] }: CogHeader): boolean => (west > east ? east + 360 - west : east - west) >= 180;

const PROBES = [0.1, 0.3, 0.5, 0.7, 0.9];

/** Pixels of the raster between neighbouring pixels of the tile, where they are fewest of some places inside the raster; 1 where there are none. */
function decimationInside(area: Area, size: Dimensions, header: CogHeader): number {
  const place = placeIn(area, size, header, header);
  const factors = PROBES.flatMap((u) => PROBES.flatMap((v) => {
    const [x, y] = [size.width * u, size.height * v];
    const here = place(x, y);
    if (!(here[0] >= 0 && here[0] <= header.width && here[1] >= 0 && here[1] <= header.height)) return [];
    return [place(x + 1, y), place(x, y + 1)].map(([column, row]) => Math.hypot(column - here[0], row - here[1])).filter((factor) => factor > 0 && Number.isFinite(factor));
  }));
  return factors.length === 0 ? 1 : Math.min(...factors);
}

/** The side of a pixel that a raster of another CRS has once it is warped. */
export function resolutionOf(epsg: Area['epsg'], header: CogHeader): number {
  const { transform: [a, b, c, d, e, f], width, height } = header;
  const corners = [[c, f], [a * width + b * height + c, d * width + e * height + f]] as const;
  return warpedResolution(header, corners, { from: epsgOf(header), to: epsg, forward: projection(header, epsg).toTile });
}

/** Whether a tile can have pixels of a raster, by longitude and latitude: most assets of a mosaic end here. */
export const mayTouch = (area: Area, header: CogHeader): boolean => nearness(area, header, { width: 1, height: 1 })(0, 0, 1, 1);

/** Whether the raster has the CRS of the area, so that it is read and not warped. */
export const isSameCrs = ({ epsg }: Area, header: CogHeader): boolean => epsgOf(header) === epsg;

/** The warp from a tile to one level of a raster, which has the extent of the full image in other pixels. */
export function warpOf(area: Area, size: Dimensions, header: CogHeader, level: Dimensions): Warp {
  const { transform: [, b, , d] } = header;
  const from = epsgOf(header);
  const straight = b === 0 && d === 0 && (from === area.epsg || (isPlain(from) && isPlain(area.epsg)));
  return straight ? axisWarp(area, size, header, level) : gridWarp(area, size, header, level);
}

/** The two whose columns and rows are meridians and parallels. */
const isPlain = (epsg: number): boolean => epsg === 4326 || epsg === 3857;

/** Both CRSs have the same axes, so that a column of the tile is a column of the source. */
function axisWarp({ epsg, extent: [west, south, east, north] }: Area, { width, height }: Dimensions, header: CogHeader, level: Dimensions): Warp {
  const { toSource } = projection(header, epsg);
  const pixel = toPixels(header, level);
  const wrap = wrapping(header);
  const [left, top] = pixel(west, north);
  const [right, bottom] = pixel(east, south);
  const read = epsgOf(header) === epsg && (left < -EDGE || top < -EDGE || right > level.width + EDGE || bottom > level.height + EDGE);
  // Tiles in degrees are of CRS84, to which GDAL warps what is of EPSG:4326.
  const across: Point = epsg === 4326 ? [Number.NaN, Number.NaN] : windowOf(header, [west, south, east, north]);
  const columns = (read && isWithinOneTurn(header, header.projBbox) && isWithinOneTurn(header, [west, south, east, north]) ? readAxis(left, right, width, level.width, header.width, across[0]) : undefined)
    ?? Float64Array.from({ length: width }, (_, i) => pixel(wrap(toSource(west + ((east - west) * (i + 0.5)) / width, 0)[0]), 0)[0]);
  const rows = (read ? readAxis(top, bottom, height, level.height, header.height, across[1]) : undefined)
    ?? Float64Array.from({ length: height }, (_, i) => pixel(0, toSource(0, north - ((north - south) * (i + 0.5)) / height)[1])[1]);
  return {
    axes: { columns, rows },
    part: { left: 0, top: 0, right: width, bottom: height },
    row(y, outColumns, outRows) {
      outColumns.set(columns);
      outRows.fill(rows[y] ?? Number.NaN);
    },
  };
}

/**
 * Along an axis of the raster's own CRS where the area reaches beyond the raster: GDAL reads into whole pixels of the output
 * (VRTSimpleSource::GetSrcDstWindow), so that a pixel that is covered in part shows the raster's edge. Undefined where
 * the raster is not met.
 * @param from, to the area's edges in pixels of the level
 * @param full pixels of the full image along the axis, `length` those of the level
 * @param across the area in pixels of the full image, NaN where it is read to scale
 */
function readAxis(from: number, to: number, size: number, length: number, full: number, across: number): Float64Array | undefined {
  const [first, last] = [Math.max(0, from), Math.min(length, to)];
  if (!(first < last)) return undefined;
  const step = ((to - from) * stretchOf(across, length, full)) / size;
  const start = Math.max(0, Math.floor((first - from) / step + 0.001));
  const end = Math.min(size, Math.ceil((Math.min(length, from + step * size) - from) / step - 0.001));
  return Float64Array.from({ length: size }, (_, i) => (i < start || i >= end ? Number.NaN : Math.max(0, Math.min(length, from + (i + 0.5) * step))));
}

/** An area in pixels of a raster without rotation, rounded as rasterio's windows are: whether 2048 or a little less counts. */
function windowOf({ transform: [a, , c, , e, f] }: CogHeader, [west, south, east, north]: Extent): Point {
  const factor = 1 / (a * e);
  const [perX, perY] = [e * factor, a * factor];
  const [offsetX, offsetY] = [-c * perX, -f * perY];
  return [east * perX + offsetX - (west * perX + offsetX), south * perY + offsetY - (north * perY + offsetY)];
}

/**
 * rasterio puts a virtual raster of whole pixels, one more than there are, around raster and area; its overviews have whole
 * pixels too, and so are not quite to scale. @param across the area in pixels of the full image
 */
function stretchOf(across: number, length: number, full: number): number {
  if (length === full || Number.isNaN(across)) return 1;
  const around = Math.floor(Math.max(full, across) + 1);
  const reduced = across > full ? Math.floor((around * length) / full + 0.5) : length;
  return ((reduced / around) * full) / length;
}

/** What reaches over the antimeridian, a raster or a picture in its CRS, has two sides. */
const isWithinOneTurn = ({ crs }: CogHeader, [west, , east]: Readonly<CogHeader['projBbox']>): boolean => {
  const half = crs.units === 'degree' ? 180 : MERCATOR_EDGE;
  return west >= -half * (1 + 1e-9) && east <= half * (1 + 1e-9);
};

const gridWarp = (area: Area, size: Dimensions, header: CogHeader, level: Dimensions): Warp =>
  cellWarp(size, level, placeIn(area, size, header, level), nearness(area, header, size));

/** The place in a level of a point of the tile, in pixels of either; NaN where there is none. */
export type Place = (x: number, y: number) => Point;

export const placeIn = (area: Area, size: Dimensions, header: CogHeader, level: Dimensions): Place => placeTurned(area, size, header, level, wrapping(header));

/**
 * As {@link placeIn} where the raster goes on beyond its ends: all points take the same turns around the earth, so that what
 * lies a little west of it is not a turn east of it.
 */
export const placeAround = (area: Area, size: Dimensions, header: CogHeader, level: Dimensions): Place => placeTurned(area, size, header, level, turning(area, header));

/** @param turned brings an x of the raster's CRS to where the raster is looked for */
function placeTurned({ epsg, extent: [west, south, east, north] }: Area, { width, height }: Dimensions, header: CogHeader, level: Dimensions, turned: (x: number) => number): Place {
  const { toSource } = projection(header, epsg);
  const pixel = toPixels(header, level);
  return (x, y) => {
    const [px, py] = toSource(west + ((east - west) * x) / width, north - ((north - south) * y) / height);
    return pixel(turned(px), py);
  };
}

/**
 * Whether a part of the tile, in its pixels, can touch the raster, by longitude and latitude. It spares the projection
 * of what lies elsewhere, and keeps points far outside a projection's domain from folding back into the raster.
 */
function nearness(area: Area, header: CogHeader, size: Dimensions): (...pixels: Extent) => boolean {
  const { epsg, extent: [west, south, east, north] } = area;
  if (!isPlain(epsg)) return nearnessOfBoxes(area, header, size);
  const [left, bottom, right, top] = header.bbox;
  const width = left > right ? right + 360 - left : right - left;
  const margin = 0.02 * Math.max(width, top - bottom) + 1e-9;
  const lon = (x: number): number => (epsg === 4326 ? x : mercatorToLon(x));
  const lat = (y: number): number => (epsg === 4326 ? y : mercatorToLat(y));
  return (x0, y0, x1, y1) => {
    const partTop = lat(north - ((north - south) * y0) / size.height);
    const partBottom = lat(north - ((north - south) * y1) / size.height);
    if (partBottom > top + margin || partTop < bottom - margin) return false;
    const partLeft = lon(west + ((east - west) * x0) / size.width);
    const partRight = lon(west + ((east - west) * x1) / size.width);
    return [-360, 0, 360].some((turn) => partLeft + turn <= left + width + margin && partRight + turn >= left - margin);
  };
}

/** The same by the box that the raster has in the tile's CRS; all is near where a part of it has no place there. */
function nearnessOfBoxes({ epsg, extent: [west, south, east, north] }: Area, header: CogHeader, size: Dimensions): (...pixels: Extent) => boolean {
  const projected = projectedBox(epsg, header.bbox);
  if (projected === undefined) return () => true;
  const { box: [left, bottom, right, top], step: margin } = projected;
  const x = (column: number): number => west + ((east - west) * column) / size.width;
  const y = (row: number): number => north - ((north - south) * row) / size.height;
  return (x0, y0, x1, y1) => x(x1) >= left - margin && x(x0) <= right + margin && y(y0) >= bottom - margin && y(y1) <= top + margin;
}

/** Coordinates of the CRS to pixels of a level: the inverse of the header's affine, scaled. */
function toPixels({ transform: [a, b, c, d, e, f], width, height }: CogHeader, level: Dimensions): (x: number, y: number) => Point {
  const determinant = a * e - b * d;
  const scaleX = level.width / width / determinant;
  const scaleY = level.height / height / determinant;
  return (x, y) => [(e * (x - c) - b * (y - f)) * scaleX, (a * (y - f) - d * (x - c)) * scaleY];
}

/** A turn around the earth in units of the CRS, where that goes round. */
const periodOf = (header: CogHeader): number | undefined => (header.crs.units === 'degree' ? 360 : epsgOf(header) === 3857 ? 2 * MERCATOR_EDGE : undefined);

/** Brings an x that lies outside the raster into it by whole turns around the earth, where the CRS goes round. */
function wrapping(header: CogHeader): (x: number) => number {
  const period = periodOf(header);
  if (period === undefined) return (x) => x;
  const slack = EDGE * Math.abs(header.transform[0]);
  const from = header.projBbox[0] - slack;
  const to = header.projBbox[2] + slack;
  return (x) => (x >= from && x <= to ? x : x + period * Math.ceil((from - x) / period));
}

/** Brings all x of an area by the same turns next to the raster. */
function turning({ epsg, extent: [west, south, east, north] }: Area, header: CogHeader): (x: number) => number {
  const period = periodOf(header);
  if (period === undefined) return (x) => x;
  const [middle] = projection(header, epsg).toSource((west + east) / 2, (south + north) / 2);
  const nearest = (x: number, to: number): number => (Math.abs(to - x) > period / 2 + EDGE ? x + period * Math.round((to - x) / period) : x);
  const turn = Number.isFinite(middle) ? nearest(middle, (header.projBbox[0] + header.projBbox[2]) / 2) - middle : 0;
  // A projection may jump at the antimeridian.
  return (x) => nearest(x, middle) + turn;
}

interface Projection {
  /** From the tile's CRS to the raster's; NaN where the projection has no answer. */
  readonly toSource: (x: number, y: number) => Point;
  readonly toTile: (x: number, y: number) => Point;
}

const same = (x: number, y: number): Point => [x, y];
const fromMercator = (x: number, y: number): Point => [mercatorToLon(x), mercatorToLat(y)];
const toMercator = (lon: number, lat: number): Point => [lonToMercator(lon), latToMercator(lat)];

export function projection(header: CogHeader, epsg: Area['epsg']): Projection {
  const source = epsgOf(header);
  if (source === epsg) return { toSource: same, toTile: same };
  if (source === 4326 && epsg === 3857) return { toSource: fromMercator, toTile: toMercator };
  if (source === 3857 && epsg === 4326) return { toSource: toMercator, toTile: fromMercator };
  const converter = proj4(PROJ4[epsg], header.crs.proj4);
  return { toSource: careful((point) => converter.forward(point)), toTile: careful((point) => converter.inverse(point)) };
}
