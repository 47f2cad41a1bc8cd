/** Which tiles of a tile matrix set a box lies on. Pure. */
import type { Bbox } from '../geojson.js';
import { latToMercator, lonToMercator, type TileMatrixSetId, tileMatrixSet } from './matrices.js';

/** `tileMatrixSetLimits` of OGC TMS 2.0, section 6.2.2.2: both ends included. */
export interface TileLimits {
  readonly tileMatrix: string;
  readonly minTileRow: number;
  readonly maxTileRow: number;
  readonly minTileCol: number;
  readonly maxTileCol: number;
}

/** Tiles that the box only touches are not among them; a point or line has one all the same. */
export function tileLimits(id: TileMatrixSetId, [west, south, east, north]: Bbox, minzoom: number, maxzoom: number): TileLimits[] {
  const tms = tileMatrixSet(id);
  const [left, bottom, right, top] = tms.extent;
  const [x, y] = tms.epsg === 4326 ? [(lon: number) => lon, (lat: number) => lat] : [lonToMercator, latToMercator];
  const share = (value: number, from: number, to: number): number => Math.max(0, Math.min(1, (value - from) / (to - from)));
  const range = (from: number, to: number, count: number): [number, number] => {
    const first = Math.min(count - 1, Math.floor(from * count));
    return [first, Math.max(first, Math.min(count - 1, Math.ceil(to * count) - 1))];
  };
  return Array.from({ length: Math.min(maxzoom, tms.maxZoom) - minzoom + 1 }, (_, i): TileLimits => {
    const zoom = minzoom + i;
    const [minTileCol, maxTileCol] = range(share(x(west), left, right), share(x(east), left, right), tms.columns * 2 ** zoom);
    const [minTileRow, maxTileRow] = range(share(y(north), top, bottom), share(y(south), top, bottom), tms.rows * 2 ** zoom);
    return { tileMatrix: String(zoom), minTileRow, maxTileRow, minTileCol, maxTileCol };
  });
}
