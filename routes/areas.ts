/** Boxes and features of a request as areas to draw: in which CRS, over which extent, cut to what. */
import type { MultiPolygon, Polygon, Position } from 'geojson';
import type { Parsed } from '../schemas/parameters.js';
import { formatOf, FORMAT_NAMES, styleOf } from '../schemas/tiles.js';
import type { itemStyleParameters } from '../schemas/tiles.js';
import type { sizeParameters } from '../schemas/parts.js';
import { invalidAt } from '../src/errors.js';
import { type Bbox, parseBbox } from '../src/geojson.js';
import { MERCATOR_LATITUDE } from '../src/mosaics/grid.js';
import { tileKey } from '../src/tiles/cached-renderer.js';
import type { WantedFormat } from '../src/tiles/encode.js';
import { type Extent, latToMercator, lonToMercator, MERCATOR_EDGE, mercatorToLonLat } from '../src/tiles/matrices.js';
import type { Outline } from '../src/tiles/outline.js';
import { MAX_SIDE, type Place } from '../src/tiles/request.js';
import type { Area } from '../src/tiles/warp.js';
import type { Call } from './http.js';
import type { TileQuestion } from './tile-reply.js';

type Epsg = Area['epsg'];

/** Where something lies, in degrees and in the CRS that it is drawn in. */
export interface Located {
  readonly bbox: Bbox;
  readonly epsg: Epsg;
  readonly extent: Extent;
}

/** A number of a path. @throws InvalidInput */
export function numberOf(params: Call['params'], name: string): number {
  const written = params[name] ?? '';
  const value = Number(written);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(written) || !Number.isFinite(value)) throw invalidAt(name, `must be a number, not ${JSON.stringify(written)}`);
  return value;
}

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

/** Web Mercator ends before the poles. */
export const toMercator = ([lon = 0, lat = 0]: Position): [number, number] => [lonToMercator(lon), latToMercator(clamp(lat, MERCATOR_LATITUDE))];

/** A box in degrees; the edges of Web Mercator's square, rounded, are the antimeridian. */
export function degreesOf([west, south, east, north]: Extent, from: Epsg, path: string): Bbox {
  const inside = (x: number): number => (Math.abs(x) > MERCATOR_EDGE && Math.abs(x) < MERCATOR_EDGE + 1 ? Math.sign(x) * MERCATOR_EDGE : x);
  return parseBbox(from === 4326 ? [west, south, east, north] : mercatorToLonLat([inside(west), south, inside(east), north]).map((value) => clamp(value, 360)), path);
}

/** A box; one whose west lies beyond its east crosses the antimeridian. @throws InvalidInput */
export function locate(box: Extent, from: Epsg, epsg: Epsg, path: string): Located {
  const bbox = degreesOf(box, from, path);
  const [minx, miny, maxx, maxy] = from === epsg ? box : epsg === 4326 ? bbox : [...toMercator([bbox[0], bbox[1]]), ...toMercator([bbox[2], bbox[3]])];
  const turn = epsg === 4326 ? 360 : 2 * MERCATOR_EDGE;
  return { bbox, epsg, extent: [minx, miny, bbox[0] > bbox[2] ? maxx + turn : maxx, maxy] };
}

export const polygonsOf = (geometry: Polygon | MultiPolygon): Position[][][] => (geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates);

export const boundsOf = (polygons: readonly (readonly (readonly Position[])[])[]): Extent =>
  polygons.flat(2).reduce<Extent>(
    ([west, south, east, north], [x = 0, y = 0]) => [Math.min(west, x), Math.min(south, y), Math.max(east, x), Math.max(north, y)],
    [Infinity, Infinity, -Infinity, -Infinity],
  );

/** A feature's bounds, and its polygons in the CRS that it is drawn in. @throws InvalidInput */
export function locateGeometry(geometry: Polygon | MultiPolygon, from: Epsg, epsg: Epsg, path: string): Located & { readonly cut: Outline } {
  const polygons = polygonsOf(geometry);
  const to = (position: Position): readonly [number, number] => {
    const [x = 0, y = 0] = position;
    if (from === epsg) return [x, y];
    if (epsg === 3857) return toMercator(position);
    const [lon, lat] = mercatorToLonLat([x, y, x, y]);
    return [lon, lat];
  };
  return { ...locate(boundsOf(polygons), from, epsg, path), cut: polygons.map((polygon) => polygon.map((ring) => ring.map(to))) };
}

/** `256` and `512.png` of a path: the size that it says, else that of the query. */
export function sizeOf({ params, query }: { readonly params: Call['params']; readonly query: Parsed<typeof sizeParameters> }): Place['size'] {
  const side = (name: 'width' | 'height'): number | undefined => {
    const written = params[name];
    if (written === undefined) return query[name];
    if (!/^\d{1,5}$/.test(written) || Number(written) < 1 || Number(written) > MAX_SIDE) throw invalidAt(name, `must be a whole number from 1 to ${MAX_SIDE}, not ${JSON.stringify(written)}`);
    return Number(written);
  };
  const [width, height] = [side('width'), side('height')];
  const isSaid = width !== undefined || height !== undefined;
  return { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }), ...(isSaid || query.max_size === undefined ? {} : { maxSize: query.max_size }) };
}

/** The format of a path. @throws InvalidInput */
export function pathFormat({ format: written }: Call['params']): WantedFormat | undefined {
  if (written === undefined) return undefined;
  const format = formatOf(written);
  if (format === undefined) throw invalidAt('format', `must be one of ${FORMAT_NAMES.join(', ')}`);
  return format;
}

type StyledCall = Pick<Call, 'services' | 'signal'> & { readonly query: Parsed<typeof itemStyleParameters> };

/** How the picture of an area is drawn, once its assets are known. @throws InvalidInput */
export function areaDrawing({ services, query, signal }: StyledCall, { epsg, extent, size, cut }: Place, format: WantedFormat): TileQuestion['draw'] {
  const style = styleOf(query);
  return ({ hrefs, version }) => {
    const request = { epsg, extent, size, ...(cut === undefined ? {} : { cut }), hrefs, format, style };
    return { key: tileKey(request, version), tile: () => services.renderer.render(request, signal, version) };
  };
}

/** Where a picture lies, as OGC API - Maps and TiTiler say it. */
export const contentHeaders = ({ epsg, extent }: Located): Record<string, string> => ({
  'Content-Bbox': extent.join(','),
  'Content-Crs': `<http://www.opengis.net/def/crs/EPSG/0/${epsg}>`,
});
