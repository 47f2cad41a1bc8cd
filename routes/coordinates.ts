/** Coordinates of any CRS of the EPSG register: what is drawn is drawn in EPSG:4326 or EPSG:3857. */
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { crsOf } from '../src/cog/crs.js';
import { invalidAt, messageOf } from '../src/errors.js';
import { type Bbox, parseBbox } from '../src/geojson.js';
import type { Extent } from '../src/tiles/matrices.js';
import type { Outline } from '../src/tiles/outline.js';
import { lonLatBoxBy, type Ways, waysBy } from '../src/tiles/projections.js';
import type { Area } from '../src/tiles/warp.js';
import { boundsOf, degreesOf, locate, locateGeometry, type Located, polygonsOf } from './areas.js';

type Epsg = Extract<Area['epsg'], 4326 | 3857>;

export const isDrawn = (code: number): code is Epsg => code === 4326 || code === 3857;

/** The CRS to draw in: as told, else that of the coordinates. @throws InvalidInput where that is another */
export function drawnCrs(from: number, told: Area['epsg'] | undefined): Area['epsg'] {
  if (told !== undefined) return told;
  if (!isDrawn(from)) throw invalidAt('dst_crs', `must be told, EPSG:4326 or EPSG:3857: nothing is drawn in EPSG:${from}`);
  return from;
}

interface Known extends Ways {
  readonly code: number;
  readonly units: string;
}

async function waysFrom(code: number): Promise<Known> {
  const { proj4, units } = await crsOf(code).catch((error: unknown) => {
    throw invalidAt('coord_crs', messageOf(error));
  });
  return { ...waysBy(proj4), code, units };
}

/** Far outside of its domain a projection answers something that leads back elsewhere. @throws InvalidInput */
function positionIn({ toLonLat, fromLonLat, code, units }: Known, [x = Number.NaN, y = Number.NaN]: Position, path: string): [lon: number, lat: number] {
  const [lon, lat] = toLonLat(x, y);
  const back = fromLonLat(lon, lat);
  const leadsBack = [x, y].every((at, axis) => Math.abs((back[axis] ?? Number.NaN) - at) <= 1 + 1e-6 * Math.abs(at));
  if (!leadsBack) throw invalidAt(path, `lies outside of EPSG:${code} (in ${units}s)`);
  return [lon, lat];
}

/** A box of the caller's in degrees. @throws InvalidInput for a CRS that is not known, or coordinates outside of it */
export async function inDegrees(box: Extent, code: number, path: string): Promise<Bbox> {
  if (isDrawn(code)) return degreesOf(box, code, path);
  const ways = await waysFrom(code);
  const [minx, miny, maxx, maxy] = box;
  if (minx > maxx || miny > maxy) throw invalidAt(path, 'must be the lower left corner, then the upper right one');
  const [[lon, lat]] = [positionIn(ways, [minx, miny], path), positionIn(ways, [maxx, maxy], path)] as const;
  return parseBbox(minx === maxx && miny === maxy ? [lon, lat, lon, lat] : [...lonLatBoxBy(ways, box)], path);
}

/** As {@link locate}, from any CRS. @throws InvalidInput */
export async function locateFrom(box: Extent, from: number, told: Area['epsg'] | undefined, path: string): Promise<Located> {
  const epsg = drawnCrs(from, told);
  return isDrawn(from) ? locate(box, from, epsg, path) : locate(await inDegrees(box, from, path), 4326, epsg, path);
}

/** As {@link locateGeometry}, from any CRS: over the box that it has there, as TiTiler does. @throws InvalidInput */
export async function locateGeometryFrom(geometry: Polygon | MultiPolygon, from: number, told: Area['epsg'] | undefined, path: string): Promise<Located & { readonly cut: Outline }> {
  const epsg = drawnCrs(from, told);
  if (isDrawn(from)) return locateGeometry(geometry, from, epsg, path);
  const ways = await waysFrom(from);
  const polygons = polygonsOf(geometry);
  const coordinates = polygons.map((polygon) => polygon.map((ring) => ring.map((position) => positionIn(ways, position, path))));
  const { cut } = locateGeometry({ type: 'MultiPolygon', coordinates }, 4326, epsg, path);
  return { ...(await locateFrom(boundsOf(polygons), from, epsg, path)), cut };
}
