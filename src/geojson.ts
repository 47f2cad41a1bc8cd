/** GeoJSON as pgSTAC can hold it: geometries parsed from untrusted JSON, and boxes. */
import type { Geometry, Position } from 'geojson';
import { crossesItselfTooOften } from './crossings.js';
import { invalidAt } from './errors.js';

/** West, south, east, north in degrees; west > east where the box crosses the antimeridian (RFC 7946 section 5.2). */
export type Bbox = readonly [west: number, south: number, east: number, north: number];

export const WORLD: Bbox = [-180, -90, 180, 90];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const DEPTH = { Point: 0, MultiPoint: 1, LineString: 1, MultiLineString: 2, Polygon: 2, MultiPolygon: 3 } as const;

type Simple = keyof typeof DEPTH;
const isSimple = (type: unknown): type is Simple => typeof type === 'string' && Object.hasOwn(DEPTH, type);

/**
 * A GeoJSON geometry (RFC 7946 section 3.1) from untrusted JSON, or InvalidInput that names the place.
 * Rings must be closed and have four positions or more; their winding is taken as it is (3.1.6).
 */
export function parseGeometry(value: unknown, path: string, depth = 0): Geometry {
  if (!isRecord(value)) throw invalidAt(path, 'must be a GeoJSON geometry object');
  const { type } = value;
  if (type === 'GeometryCollection') {
    if (depth > 4) throw invalidAt(path, 'geometry collections may be nested four deep');
    const parts = value['geometries'];
    if (!Array.isArray(parts) || parts.length === 0) throw invalidAt(`${path}/geometries`, 'must be a non-empty array');
    return { type, geometries: parts.map((part, i) => parseGeometry(part, `${path}/geometries/${i}`, depth + 1)) };
  }
  if (!isSimple(type)) throw invalidAt(`${path}/type`, `must be a GeoJSON geometry type, not ${JSON.stringify(type)}`);
  const at = `${path}/coordinates`;
  checkCoordinates(value['coordinates'], DEPTH[type], at);
  checkShape(type, value['coordinates'], at);
  if (DEPTH[type] >= 1 && type !== 'MultiPoint' && crossesItselfTooOften(value['coordinates'])) throw invalidAt(at, 'crosses itself too often to be understood');
  return { type, coordinates: value['coordinates'] } as Geometry;
}

function checkCoordinates(value: unknown, depth: number, path: string): asserts value is unknown[] {
  if (!Array.isArray(value)) throw invalidAt(path, 'must be an array');
  if (depth === 0) {
    const numbers = value.length >= 2 && value.length <= 4 && value.every((n) => typeof n === 'number' && Number.isFinite(n));
    if (!numbers) throw invalidAt(path, 'must be a position of 2 or 3 finite numbers');
    return;
  }
  if (value.length === 0) throw invalidAt(path, 'must not be empty');
  value.forEach((part, i) => checkCoordinates(part, depth - 1, `${path}/${i}`));
}

function checkShape(type: Simple, coordinates: unknown[], path: string): void {
  const parts = coordinates as Position[][] & Position[][][] & Position[];
  if (type === 'LineString') checkLine(parts, path);
  if (type === 'MultiLineString') parts.forEach((line, i) => checkLine(line, `${path}/${i}`));
  if (type === 'Polygon') parts.forEach((ring, i) => checkRing(ring, `${path}/${i}`));
  if (type === 'MultiPolygon') {
    (coordinates as Position[][][]).forEach((polygon, i) => polygon.forEach((ring, j) => checkRing(ring, `${path}/${i}/${j}`)));
  }
}

function checkLine(line: Position[], path: string): void {
  if (line.length < 2) throw invalidAt(path, 'a line has two positions or more (RFC 7946 3.1.4)');
}

function checkRing(ring: Position[], path: string): void {
  const first = ring[0];
  const last = ring.at(-1);
  if (ring.length < 4) throw invalidAt(path, 'a linear ring has four positions or more (RFC 7946 3.1.6)');
  if (first?.[0] !== last?.[0] || first?.[1] !== last?.[1]) {
    throw invalidAt(path, 'a linear ring must be closed: its first and last position are the same (RFC 7946 3.1.6)');
  }
}

/**
 * A box of 4 or 6 numbers, 2D part returned; InvalidInput where it is out of range or upside down.
 * West may be greater than east: the box then crosses the antimeridian (RFC 7946 section 5.2).
 */
export function parseBbox(value: unknown, path: string): Bbox {
  if (!Array.isArray(value) || (value.length !== 4 && value.length !== 6)) {
    throw invalidAt(path, 'must be an array of 4 or 6 numbers: west, south, (low,) east, north(, high)');
  }
  if (!value.every((n): n is number => typeof n === 'number' && Number.isFinite(n))) {
    throw invalidAt(path, 'must hold finite numbers only');
  }
  const [west, south] = value as [number, number];
  const [east, north] = (value.length === 4 ? value.slice(2) : value.slice(3)) as [number, number];
  if (west < -180 || west > 180 || east < -180 || east > 180) throw invalidAt(path, 'longitudes must be within -180 and 180');
  if (south < -90 || north > 90) throw invalidAt(path, 'latitudes must be within -90 and 90');
  if (south > north) throw invalidAt(path, `is upside down: south ${south} is above north ${north}`);
  if (value.length === 6 && (value[2] as number) > (value[5] as number)) throw invalidAt(path, 'the lower height is above the upper one');
  return [west, south, east, north];
}

/** The area of a box as GeoJSON: one polygon, or two where it crosses the antimeridian. */
export function bboxGeometry([west, south, east, north]: Bbox): Geometry {
  const ring = (w: number, e: number): Position[] => [[w, south], [e, south], [e, north], [w, north], [w, south]];
  return west <= east
    ? { type: 'Polygon', coordinates: [ring(west, east)] }
    : { type: 'MultiPolygon', coordinates: [[ring(west, 180)], [ring(-180, east)]] };
}

/** Boxes that do not cross the antimeridian: the box itself, or its two parts. */
export const splitBbox = ([west, south, east, north]: Bbox): Bbox[] =>
  west <= east ? [[west, south, east, north]] : [[west, south, 180, north], [-180, south, east, north]];
