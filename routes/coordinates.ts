/** Coordinates of any CRS of the EPSG register: what is drawn is drawn in EPSG:4326 or EPSG:3857. */
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { crsOf } from '../src/cog/crs.js';
import type { Crs } from '../src/cog/types.js';
import { invalidAt, messageOf } from '../src/errors.js';
import { type Bbox, parseBbox } from '../src/geojson.js';
import type { Extent } from '../src/tiles/matrices.js';
import type { Outline } from '../src/tiles/outline.js';
import { lonLatBoxBy, MERCATOR_EDGE, type Ways, waysBy } from '../src/tiles/projections.js';
import type { Area } from '../src/tiles/warp.js';
import { boundsOf, degreesOf, locate, locateGeometry, type Located, polygonsOf, toMercator } from './areas.js';

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

const made = new WeakMap<Crs, Known>();

async function waysFrom(code: number): Promise<Known> {
  const crs = await crsOf(code).catch((error: unknown) => {
    throw invalidAt('coord_crs', messageOf(error));
  });
  const known = made.get(crs) ?? { ...waysBy(crs.proj4), code, units: crs.units };
  made.set(crs, known);
  return known;
}

/** A position takes 2 to 5 µs there and back, during which nothing else is answered. */
const MAX_PROJECTED = 100_000;

/** To be asked once of all that a request brings. @throws InvalidInput for more positions than one request may have projected */
export function checkProjected(areas: readonly { readonly geometry: Polygon | MultiPolygon }[], from: number, path: string): void {
  if (isDrawn(from)) return;
  const count = areas.reduce((sum, { geometry }) => polygonsOf(geometry).reduce((all, polygon) => polygon.reduce((more, ring) => more + ring.length, all), sum), 0);
  if (count > MAX_PROJECTED) throw invalidAt(path, `has ${count} positions; of EPSG:${from} one request takes ${MAX_PROJECTED}, of EPSG:4326 and EPSG:3857 more`);
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

/** Degrees of longitude by which the middle of an edge may be drawn elsewhere than it lies, in a box all around the world. */
const MAX_SHIFT = 30;

/** Around a pole an edge is no line in degrees. @throws InvalidInput */
function checkEdges(ring: readonly Position[], lonLats: readonly (readonly [lon: number, lat: number])[], { toLonLat }: Ways, path: string): void {
  const middles = ring.slice(1).map(([x = 0, y = 0], i) => toLonLat((x + (ring[i]?.[0] ?? 0)) / 2, (y + (ring[i]?.[1] ?? 0)) / 2)[0]);
  middles.forEach((middle, i) => {
    const drawn = ((lonLats[i]?.[0] ?? 0) + (lonLats[i + 1]?.[0] ?? 0)) / 2;
    const shift = Math.abs(((middle - drawn + 540) % 360) - 180);
    if (!(shift <= MAX_SHIFT)) throw invalidAt(path, 'goes around a pole, where its edges are no lines of a picture in EPSG:4326 or EPSG:3857; ask for parts of it, or give it in one of them');
  });
}

/** As {@link locateGeometry}, from any CRS: over the box that it has there, as TiTiler does. @throws InvalidInput */
export async function locateGeometryFrom(geometry: Polygon | MultiPolygon, from: number, told: Area['epsg'] | undefined, path: string): Promise<Located & { readonly cut: Outline }> {
  const epsg = drawnCrs(from, told);
  if (isDrawn(from)) return locateGeometry(geometry, from, epsg, path);
  const ways = await waysFrom(from);
  const polygons = polygonsOf(geometry);
  const located = await locateFrom(boundsOf(polygons), from, epsg, path);
  const [west, , east] = located.extent;
  const [centre, turn] = [(west + east) / 2, epsg === 4326 ? 360 : 2 * MERCATOR_EDGE];
  const isAround = east - west >= turn * (1 - 1e-9);
  const place = (position: Position): readonly [number, number] => {
    const [x, y] = epsg === 4326 ? [position[0] ?? 0, position[1] ?? 0] : toMercator(position);
    // The extent may reach beyond the antimeridian.
    return [Math.abs(x - centre) > turn / 2 ? x + Math.sign(centre - x) * turn : x, y];
  };
  const cut = polygons.map((polygon) => polygon.map((ring) => {
    const lonLats = ring.map((position) => positionIn(ways, position, path));
    if (isAround) checkEdges(ring, lonLats, ways, path);
    return lonLats.map(place);
  }));
  return { ...located, cut };
}
