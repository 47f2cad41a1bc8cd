/** The outline of a raster on the globe: footprint and bbox in longitude and latitude, across antimeridian and poles. */
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { invalidInput } from '../errors.js';
import { isCylindrical, toLonLat, wrap } from './crs.js';
import { apply, projectedBbox } from './transform.js';
import type { Bbox, Crs, Transform } from './types.js';

export interface Outline {
  readonly footprint: Polygon | MultiPolygon;
  readonly bbox: Bbox;
  /** The edges, longitudes unwrapped: continuous, possibly beyond ±180. Upper left corner first, against GeoJSON's order. */
  readonly ring: readonly Point[];
}

type Point = [lon: number, lat: number];

/** 21 points between the corners of each side, as rasterio's transform_bounds adds. */
const STEPS = 22;
/** Beyond what any grid of the earth uses, in degrees (several turns) and in metres, feet or the like. */
const MAX_DEGREES = 1000;
const MAX_UNITS = 1e9;
/** 1 cm: longitudes nearer to the antimeridian than this lie on it. */
const TINY = 1e-7;

/**
 * The outline of a raster of `width` × `height` pixels.
 * @throws DomainError InvalidInput when its edges have no longitude and latitude, or enclose nothing
 */
export function outlineOf(crs: Crs, transform: Transform, width: number, height: number): Outline {
  const extent = crs.units === 'degree' ? MAX_DEGREES : MAX_UNITS;
  if (projectedBbox(transform, width, height).some((value) => !(Math.abs(value) <= extent))) {
    throw invalidInput(`its georeferencing lies outside the earth (${crs.code})`);
  }
  const outline = trace(crs, transform, width, height);
  const [west, south, east, north] = outline.bbox;
  if (west === east || south >= north) throw invalidInput(`its georeferencing covers no area (${crs.code})`);
  return outline;
}

function trace(crs: Crs, transform: Transform, width: number, height: number): Outline {
  const ring = edges(crs, transform, width, height);
  if (ring.length < 3) throw invalidInput(`its edges have no place in longitude and latitude (${crs.code})`);
  const winding = ring.length > 3 ? turnsAroundPole(ring) : 0;
  const pole = Math.abs(winding) > 180 ? aroundPole(ring) : undefined;
  if (pole !== undefined) return { ...pole, ring };
  const lats = ring.map(([, lat]) => lat);
  const south = Math.min(...lats);
  const north = Math.max(...lats);
  const lons = ring.map(([lon]) => lon);
  const west = Math.min(...lons);
  if (Math.max(...lons) - west >= 360 - TINY) return { ...box(-180, south, 180, north), ring };
  const shift = wrap(west + TINY) - TINY - west;
  const corners = corner(crs, transform) ? ring.filter((_, i) => i % STEPS === 0) : ring;
  const moved = corners.map(([lon, lat]): Point => [snap(lon + shift), lat]);
  const east = Math.max(...moved.map(([lon]) => lon));
  if (east <= 180) {
    return { footprint: { type: 'Polygon', coordinates: [closed(moved)] }, bbox: rounded([Math.min(...moved.map(([lon]) => lon)), south, east, north]), ring };
  }
  const parts = [clipAt180(moved, 1), clipAt180(moved, -1).map(([lon, lat]): Point => [lon - 360, lat])];
  return {
    footprint: { type: 'MultiPolygon', coordinates: parts.map((part) => [closed(part)]) },
    bbox: rounded([west + shift, south, east - 360, north]),
    ring,
  };
}

/** Edges are straight in longitude and latitude: an upright raster in a cylindrical CRS. */
const corner = (crs: Crs, [, b, , d]: Transform): boolean => b === 0 && d === 0 && isCylindrical(crs.proj4);

/** Points along the four edges, each longitude within 180 degrees of the one before (but for geographic CRSs, which are continuous). */
function edges(crs: Crs, transform: Transform, width: number, height: number): Point[] {
  const convert = toLonLat(crs);
  const sides: [from: Point, to: Point][] = [
    [[0, 0], [width, 0]], [[width, 0], [width, height]], [[width, height], [0, height]], [[0, height], [0, 0]],
  ];
  const ring: Point[] = [];
  for (const [[x0, y0], [x1, y1]] of sides) {
    for (let i = 0; i < STEPS; i++) {
      const point = convert(...apply(transform, x0 + ((x1 - x0) * i) / STEPS, y0 + ((y1 - y0) * i) / STEPS));
      if (point === undefined) continue;
      const before = ring.at(-1);
      const lon = before === undefined || crs.units === 'degree' ? point[0] : before[0] + wrap(point[0] - before[0]);
      ring.push([lon, point[1]]);
    }
  }
  return ring;
}

/** ±360 where the unwrapped ring does not come back to its start: it goes round a pole. */
function turnsAroundPole(ring: readonly Point[]): number {
  const [first] = ring;
  const last = ring.at(-1);
  if (first === undefined || last === undefined) return 0;
  const step = first[0] - last[0];
  return wrap(step) - step;
}

/** A ring around a pole, laid open at the antimeridian and closed along the pole. */
function aroundPole(ring: readonly Point[]): Pick<Outline, 'footprint' | 'bbox'> | undefined {
  const byLon = ring.map(([lon, lat]): Point => [wrap(lon), lat]).toSorted(([a], [b]) => a - b);
  const [first] = byLon;
  const last = byLon.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const gap = first[0] + 360 - last[0];
  const edge = gap === 0 ? first[1] : last[1] + ((first[1] - last[1]) * (180 - last[0])) / gap;
  const lats = ring.map(([, lat]) => lat);
  const pole = lats.reduce((sum, lat) => sum + lat, 0) > 0 ? 90 : -90;
  const open: Point[] = [[-180, edge], ...byLon, [180, edge], [180, pole], [-180, pole]];
  return {
    footprint: { type: 'Polygon', coordinates: [closed(open)] },
    bbox: rounded([-180, Math.min(pole, ...lats), 180, Math.max(pole, ...lats)]),
  };
}

function box(west: number, south: number, east: number, north: number): Pick<Outline, 'footprint' | 'bbox'> {
  const ring: Point[] = [[west, south], [east, south], [east, north], [west, north]];
  return { footprint: { type: 'Polygon', coordinates: [closed(ring)] }, bbox: rounded([west, south, east, north]) };
}

/** The part of a ring on one side of the 180th meridian (Sutherland and Hodgman): west of it (1) or east of it (-1). */
function clipAt180(ring: readonly Point[], side: 1 | -1): Point[] {
  const inside = ([lon]: Point): boolean => side * (180 - lon) >= 0;
  return ring.flatMap((point, i) => {
    const before = ring.at(i - 1) ?? point;
    const kept = inside(point) ? [point] : [];
    if (inside(before) === inside(point)) return kept;
    const at = (180 - before[0]) / (point[0] - before[0]);
    return [[180, before[1] + at * (point[1] - before[1])] as Point, ...kept];
  });
}

/** A closed GeoJSON ring, counter-clockwise (RFC 7946 section 3.1.6), 0.1 mm. */
function closed(ring: readonly Point[]): Position[] {
  let area = 0;
  ring.forEach(([x, y], i) => {
    const [x0, y0] = ring.at(i - 1) ?? [x, y];
    area += x0 * y - x * y0;
  });
  const ordered = area < 0 ? ring.toReversed() : [...ring];
  const [first] = ordered;
  return (first === undefined ? [] : [...ordered, first]).map(([lon, lat]) => [round(lon), round(lat)]);
}

/** Longitudes that miss ±180 by rounding lie on it. */
const snap = (lon: number): number => (Math.abs(lon - 180) < TINY ? 180 : Math.abs(lon + 180) < TINY ? -180 : lon);

const round = (degrees: number): number => Math.round(degrees * 1e9) / 1e9 + 0;

const rounded = ([w, s, e, n]: Bbox): Bbox => [round(snap(w)), round(s), round(e), round(n)];
