/** The outline of a raster on the globe: footprint and bbox in longitude and latitude, across antimeridian and poles. */
import type { MultiPolygon, Polygon, Position } from 'geojson';
import { invalidInput } from '../errors.js';
import { isCylindrical, toLonLat, wrap } from './crs.js';
import { apply, projectedBbox } from './transform.js';
import type { Bbox, Crs, Transform } from './types.js';

export interface Outline {
  readonly footprint: Polygon | MultiPolygon;
  readonly bbox: Bbox;
  readonly span: Span;
}

/** What the edges reach; longitudes are unwrapped: continuous, possibly beyond ±180. */
export interface Span {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
  /** Of the raster itself. */
  readonly upperLeft: Point;
  readonly lowerRight: Point;
}

type Point = readonly [lon: number, lat: number];

/** 21 points between the corners of each side, as rasterio's transform_bounds adds. */
const CURVED_STEPS = 22;
/** Where edges are straight, just enough that no step is half a turn of the earth. */
const STRAIGHT_STEPS = 4;
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
  const steps = isStraight(crs, transform) ? STRAIGHT_STEPS : CURVED_STEPS;
  const ring = edges(crs, transform, width, height, steps);
  const span = spanOf(ring);
  if (ring.length < 3 || span === undefined) throw invalidInput(`its edges have no place in longitude and latitude (${crs.code})`);
  const { west, south, east, north } = span;
  const winding = ring.length > 3 ? turnsAroundPole(ring) : 0;
  const pole = Math.abs(winding) > 180 ? aroundPole(ring, span) : undefined;
  if (pole !== undefined) return { ...pole, span };
  if (east - west >= 360 - TINY) return { ...box(-180, south, 180, north), span };
  const shift = wrap(west + TINY) - TINY - west;
  const corners = steps === STRAIGHT_STEPS ? ring.filter((_, i) => i % steps === 0) : ring;
  const moved = corners.map(([lon, lat]): Point => [snap(lon + shift), lat]);
  const end = snap(east + shift);
  if (end <= 180) return { footprint: { type: 'Polygon', coordinates: [closed(moved)] }, bbox: rounded([snap(west + shift), south, end, north]), span };
  const parts = [clipAt180(moved, 1), clipAt180(moved, -1).map(([lon, lat]): Point => [lon - 360, lat])];
  return {
    footprint: { type: 'MultiPolygon', coordinates: parts.map((part) => [closed(part)]) },
    bbox: rounded([west + shift, south, end - 360, north]),
    span,
  };
}

/** Edges are straight in longitude and latitude: an upright raster in a cylindrical CRS. */
const isStraight = (crs: Crs, transform: Transform): boolean => transform[1] === 0 && transform[3] === 0 && isCylindrical(crs.proj4);

/** Points along the four edges from the upper left corner on, each longitude within 180 degrees of the one before (but for geographic CRSs, which are continuous). */
function edges(crs: Crs, transform: Transform, width: number, height: number, steps: number): Point[] {
  const convert = toLonLat(crs);
  const ring: Point[] = [];
  let before: number | undefined;
  const add = (column: number, row: number): void => {
    const place = apply(transform, column, row);
    const point = convert(place[0], place[1]);
    if (point === undefined) return;
    if (before !== undefined && crs.units !== 'degree') point[0] = before + wrap(point[0] - before);
    before = point[0];
    ring.push(point);
  };
  for (let i = 0; i < steps; i++) add((width * i) / steps, 0);
  for (let i = 0; i < steps; i++) add(width, (height * i) / steps);
  for (let i = 0; i < steps; i++) add(width - (width * i) / steps, height);
  for (let i = 0; i < steps; i++) add(0, height - (height * i) / steps);
  return ring;
}

function spanOf(ring: readonly Point[]): Span | undefined {
  const upperLeft = ring[0];
  const lowerRight = ring[Math.floor(ring.length / 2)];
  if (upperLeft === undefined || lowerRight === undefined) return undefined;
  let west = Infinity;
  let south = Infinity;
  let east = -Infinity;
  let north = -Infinity;
  for (const point of ring) {
    west = Math.min(west, point[0]);
    east = Math.max(east, point[0]);
    south = Math.min(south, point[1]);
    north = Math.max(north, point[1]);
  }
  return { west, south, east, north, upperLeft, lowerRight };
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
function aroundPole(ring: readonly Point[], { south, north }: Span): Pick<Outline, 'footprint' | 'bbox'> | undefined {
  const byLon = ring.map(([lon, lat]): Point => [wrap(lon), lat]).toSorted(([a], [b]) => a - b);
  const [first] = byLon;
  const last = byLon.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const gap = first[0] + 360 - last[0];
  const edge = gap === 0 ? first[1] : last[1] + ((first[1] - last[1]) * (180 - last[0])) / gap;
  const pole = ring.reduce((sum, [, lat]) => sum + lat, 0) > 0 ? 90 : -90;
  const open: Point[] = [[-180, edge], ...byLon, [180, edge], [180, pole], [-180, pole]];
  return {
    footprint: { type: 'Polygon', coordinates: [closed(open)] },
    bbox: rounded([-180, Math.min(pole, south), 180, Math.max(pole, north)]),
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
  let last = ring.at(-1);
  for (const point of ring) {
    if (last !== undefined) area += last[0] * point[1] - point[0] * last[1];
    last = point;
  }
  const positions = ring.map((point): Position => [round(point[0]), round(point[1])]);
  if (area < 0) positions.reverse();
  const first = positions[0];
  if (first !== undefined) positions.push([...first]);
  return positions;
}

/** Longitudes that miss ±180 by rounding lie on it. */
const snap = (lon: number): number => (Math.abs(lon - 180) < TINY ? 180 : Math.abs(lon + 180) < TINY ? -180 : lon);

const round = (degrees: number): number => Math.round(degrees * 1e9) / 1e9 + 0;

const rounded = ([w, s, e, n]: Bbox): Bbox => [round(snap(w)), round(s), round(e), round(n)];
