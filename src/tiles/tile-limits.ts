/** Which tiles of a tile matrix set a box lies on. Pure. */
import type { Bbox } from '../geojson.js';
import { matrixAt, TILE_MATRIX_SET_IDS, type TileMatrixSet, type TileMatrixSetId, tileMatrixSet } from './matrices.js';
import { extentOfMatrix } from './matrix-definitions.js';
import { isCylindrical, type ProjectedBox, projectedBox, waysOf } from './projections.js';

/** `tileMatrixSetLimits` of OGC TMS 2.0, section 6.2.2.2: both ends included. */
export interface TileLimits {
  readonly tileMatrix: string;
  readonly minTileRow: number;
  readonly maxTileRow: number;
  readonly minTileCol: number;
  readonly maxTileCol: number;
}

/**
 * Tiles that the box only touches are not among them; a point or line has one all the same. None where the box lies outside
 * of the set's ground, in another part of the world; all where its projection ends before the box does.
 */
export function tileLimits(id: TileMatrixSetId, box: Bbox, minzoom: number, maxzoom: number): TileLimits[] {
  const tms = tileMatrixSet(id);
  const projected = projectedTo(tms, box);
  const first = Math.max(minzoom, tms.minZoom);
  return Array.from({ length: Math.max(0, Math.min(maxzoom, tms.maxZoom) - first + 1) }, (_, i) => first + i).flatMap((zoom): TileLimits[] => {
    const matrix = matrixAt(tms, zoom);
    if (matrix === undefined) return [];
    const { columns, rows } = matrix;
    const [left, bottom, right, top] = extentOfMatrix(tms, matrix);
    const [x0, y0, x1, y1] = projected === undefined || isTorn(projected) ? [left, bottom, right, top] : projected.box;
    if (x1 < left || x0 > right || y1 < bottom || y0 > top) return [];
    const [minTileCol, maxTileCol] = range((x0 - left) / (right - left), (x1 - left) / (right - left), columns);
    const [minTileRow, maxTileRow] = range((top - y1) / (top - bottom), (top - y0) / (top - bottom), rows);
    return [{ tileMatrix: String(zoom), minTileRow, maxTileRow, minTileCol, maxTileCol }];
  });
}

function projectedTo({ epsg }: TileMatrixSet, [west, south, east, north]: Bbox): ProjectedBox | undefined {
  if (!isCylindrical(epsg)) return projectedBox(epsg, [west, south, east, north]);
  const lat = (value: number): number => (epsg === 4326 ? value : Math.max(-MERCATOR_END, Math.min(MERCATOR_END, value)));
  return projectedBox(epsg, west > east ? [-180, lat(south), 180, lat(north)] : [west, lat(south), east, lat(north)]);
}

/** A projection that ends within the box has its two sides far from each other. */
const isTorn = ({ box: [left, bottom, right, top], step }: ProjectedBox): boolean => step > 0.5 * Math.max(right - left, top - bottom);

/** A hair before the poles, where Mercator is finite and beyond every row. */
const MERCATOR_END = 89.9;

/** The first and the last of so many that a part of the whole lies on. */
function range(from: number, to: number, count: number): [number, number] {
  const within = (share: number): number => Math.max(0, Math.min(1, share));
  const first = Math.min(count - 1, Math.floor(within(from) * count));
  return [first, Math.max(first, Math.min(count - 1, Math.ceil(within(to) * count) - 1))];
}

const isInside = ([west, south, east, north]: Bbox, lon: number, lat: number): boolean =>
  lat >= south && lat <= north && (west <= east ? lon >= west && lon <= east : lon >= west || lon <= east);

/** The tile matrix sets on whose ground a box lies, as far as can be told. */
export const setsOver = (box: Bbox): TileMatrixSetId[] =>
  TILE_MATRIX_SET_IDS.filter((id) => {
    const tms = tileMatrixSet(id);
    const [first] = tms.matrices;
    const projected = projectedTo(tms, box);
    if (isCylindrical(tms.epsg) || projected === undefined || isTorn(projected) || first === undefined) return true;
    const [left, bottom, right, top] = extentOfMatrix(tms, first);
    const [lon, lat] = waysOf(tms.epsg).toLonLat((left + right) / 2, (bottom + top) / 2);
    return projected.points.some(([x, y]) => x >= left && x <= right && y >= bottom && y <= top) || isInside(box, lon, lat);
  });
