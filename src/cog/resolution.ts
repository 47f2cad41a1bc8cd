/** How fine a raster is: metres on the ground, and the zoom levels that fit it. */
import { toLonLat, wrap } from './crs.js';
import type { Span } from './footprint.js';
import { apply } from './transform.js';
import type { Crs, Transform } from './types.js';

/** Metres a pixel at zoom 0 of WebMercatorQuad with 256 pixel tiles. */
const ZOOM_0 = (2 * Math.PI * 6_378_137) / 256;
/** The last zoom of OGC's WebMercatorQuad. */
const MAX_ZOOM = 24;
/** Overviews end where a side is no longer than one tile. */
const TILE = 256;
/** A projected CRS that is right within 2 % keeps its nominal pixel: 10 m in UTM is 10 m, not 9.997. */
const SCALE_ERROR = 0.02;

/**
 * Ground sample distance in metres at the raster's centre, of the coarser direction, so that the parts of a raster in degrees
 * agree whatever their latitude; six digits. Mercator's enlargement is taken out.
 */
export function gsdOf(crs: Crs, transform: Transform, width: number, height: number): number {
  const [a, b, , d, e] = transform;
  const nominal = Math.max(Math.hypot(a, d), Math.hypot(b, e)) * crs.metresPerUnit;
  const convert = toLonLat(crs);
  const at = (column: number, row: number) => convert(...apply(transform, width / 2 + column, height / 2 + row));
  const [left, right, above, below] = [at(-0.5, 0), at(0.5, 0), at(0, -0.5), at(0, 0.5)];
  const across = left && right && metresBetween(left, right);
  const along = above && below && metresBetween(above, below);
  const ground = across && along ? Math.max(across, along) : nominal;
  const known = crs.units !== 'degree' && Math.abs(ground / nominal - 1) < SCALE_ERROR ? nominal : ground;
  return Number(known.toPrecision(6));
}

/** Between near points, by the lengths of a degree on WGS 84 at their latitude (series good to 1 cm a degree). */
function metresBetween([lon1, lat1]: [number, number], [lon2, lat2]: [number, number]): number {
  const phi = (((lat1 + lat2) / 2) * Math.PI) / 180;
  const x = wrap(lon2 - lon1) * (111_412.84 * Math.cos(phi) - 93.5 * Math.cos(3 * phi) + 0.118 * Math.cos(5 * phi));
  const y = (lat2 - lat1) * (111_132.92 - 559.82 * Math.cos(2 * phi) + 1.175 * Math.cos(4 * phi));
  return Math.hypot(x, y);
}

/** WebMercatorQuad zooms by rio-tiler's rule: the zoom next to the resolution that GDAL would warp to, and the zoom next to that of its last theoretical overview. */
export function zoomsOf(crs: Crs, transform: Transform, width: number, height: number, span: Span): { minzoom: number; maxzoom: number } {
  const { resolution, columns, rows } = crs.code === 'EPSG:3857'
    ? { resolution: Math.max(Math.abs(transform[0]), Math.abs(transform[4])), columns: width, rows: height }
    : warped(width, height, span);
  let coarsest = resolution;
  for (let side = Math.min(columns, rows); side > TILE; side = Math.floor(Math.min(columns, rows) / (coarsest / resolution))) coarsest *= 2;
  const maxzoom = zoomFor(resolution);
  return { minzoom: Math.min(zoomFor(coarsest), maxzoom), maxzoom };
}

/** GDAL's suggested output: as many pixels on the diagonal as the source has. */
function warped(width: number, height: number, { west, south, east, north, upperLeft, lowerRight }: Span): { resolution: number; columns: number; rows: number } {
  const [left, top] = mercator(upperLeft);
  const [right, bottom] = mercator(lowerRight);
  const resolution = Math.hypot(right - left, bottom - top) / Math.hypot(width, height);
  const [xmin, ymin] = mercator([west, south]);
  const [xmax, ymax] = mercator([east, north]);
  return { resolution, columns: Math.round((xmax - xmin) / resolution), rows: Math.round((ymax - ymin) / resolution) };
}

/** Latitudes end short of the poles, which Mercator puts at infinity. */
function mercator([lon, lat]: readonly [number, number]): [number, number] {
  const phi = (Math.max(-89.99, Math.min(89.99, lat)) * Math.PI) / 180;
  return [(lon * Math.PI * 6_378_137) / 180, 6_378_137 * Math.log(Math.tan(Math.PI / 4 + phi / 2))];
}

/** The zoom whose resolution is nearest by ratio. */
function zoomFor(resolution: number): number {
  if (!(resolution > 0)) return MAX_ZOOM;
  let zoom = 0;
  while (zoom < MAX_ZOOM && resolution < (ZOOM_0 / 2 ** zoom) * (1 - 1e-8)) zoom++;
  const finer = ZOOM_0 / 2 ** zoom;
  if (zoom === 0 || Math.abs(resolution - finer) / finer <= 1e-8) return zoom;
  return (2 * finer) / resolution < resolution / finer ? zoom - 1 : zoom;
}
