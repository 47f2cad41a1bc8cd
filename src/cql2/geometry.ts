/** GeoJSON geometry literals, checked as strictly as CQL2's schema asks, so that none fails inside PostGIS. */
import { crossesItselfTooOften } from '../crossings.js';
import type { Place } from './ast.js';
import { invalidNode } from './faults.js';

export type Position = readonly number[];
export type GeoJsonGeometry =
  | { readonly type: 'Point'; readonly coordinates: Position }
  | { readonly type: 'LineString' | 'MultiPoint'; readonly coordinates: readonly Position[] }
  | { readonly type: 'Polygon' | 'MultiLineString'; readonly coordinates: readonly (readonly Position[])[] }
  | { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly (readonly Position[])[])[] }
  | { readonly type: 'GeometryCollection'; readonly geometries: readonly GeoJsonGeometry[] };

/** More vertices than this in one filter are refused: they would cost PostGIS seconds a row. */
export const MAX_POSITIONS = 50_000;

/** Far beyond any reference system's axes; GEOS loses itself in coordinates near the ends of a double. */
export const MAX_COORDINATE = 1e9;
const isCoordinate = (value: unknown): value is number => typeof value === 'number' && Math.abs(value) <= MAX_COORDINATE;

export const GEOMETRY_TYPES = [
  'Point',
  'MultiPoint',
  'LineString',
  'MultiLineString',
  'Polygon',
  'MultiPolygon',
  'GeometryCollection',
] as const;

class Reader {
  #positions = 0;
  #dimensions = 0;

  constructor(private readonly place: (path: string) => Place) {}

  private fail(path: string, message: string): never {
    throw invalidNode(this.place(path), message);
  }

  private list<T>(value: unknown, path: string, least: number, what: string, read: (item: unknown, path: string) => T): T[] {
    if (!Array.isArray(value)) this.fail(path, `must be an array of ${what}s.`);
    if (value.length < least) this.fail(path, `must hold at least ${least} ${what}${least === 1 ? '' : 's'}.`);
    return value.map((item: unknown, index) => read(item, `${path}/${index}`));
  }

  position = (value: unknown, path: string): Position => {
    if (!Array.isArray(value) || value.length < 2 || value.length > 4) this.fail(path, 'must be a position of 2 or 3 numbers.');
    const numbers = value.map((item: unknown) => {
      if (!isCoordinate(item)) this.fail(path, 'must be a position of numbers, none beyond 1e9.');
      return item;
    });
    if (++this.#positions > MAX_POSITIONS) this.fail(path, `geometries of more than ${MAX_POSITIONS} positions are not taken.`);
    // PostGIS has no geometry that is flat in one vertex and high in the next.
    const dimensions = Math.min(numbers.length, 3);
    if (this.#dimensions === 0) this.#dimensions = dimensions;
    if (dimensions !== this.#dimensions) this.fail(path, 'must have as many coordinates as the other positions.');
    return numbers.slice(0, 3);
  };

  line = (value: unknown, path: string): readonly Position[] => this.list(value, path, 2, 'position', this.position);

  ring = (value: unknown, path: string): readonly Position[] => {
    const ring = this.list(value, path, 4, 'position', this.position);
    const [first, last] = [ring[0] ?? [], ring.at(-1) ?? []];
    if (first.some((coordinate, axis) => coordinate !== last[axis])) this.fail(path, 'must be closed: its last position must equal its first.');
    return ring;
  };

  polygon = (value: unknown, path: string): readonly (readonly Position[])[] => this.list(value, path, 1, 'ring', this.ring);

  geometry = (value: unknown, path: string, nested = false): GeoJsonGeometry => {
    if (typeof value !== 'object' || value === null || !('type' in value)) this.fail(path, 'must be a GeoJSON geometry.');
    const type = value.type;
    const coordinates = 'coordinates' in value ? value.coordinates : undefined;
    const below = `${path}/coordinates`;
    switch (type) {
      case 'Point':
        return { type, coordinates: this.position(coordinates, below) };
      case 'MultiPoint':
        return { type, coordinates: this.list(coordinates, below, 1, 'position', this.position) };
      case 'LineString':
        return { type, coordinates: this.line(coordinates, below) };
      case 'MultiLineString':
        return { type, coordinates: this.list(coordinates, below, 1, 'line', this.line) };
      case 'Polygon':
        return { type, coordinates: this.polygon(coordinates, below) };
      case 'MultiPolygon':
        return { type, coordinates: this.list(coordinates, below, 1, 'polygon', this.polygon) };
      case 'GeometryCollection': {
        if (nested) this.fail(path, 'a GeometryCollection may not hold another one.');
        const geometries = 'geometries' in value ? value.geometries : undefined;
        return {
          type,
          geometries: this.list(geometries, `${path}/geometries`, 1, 'geometry', (item, at) => this.geometry(item, at, true)),
        };
      }
      default:
        return this.fail(`${path}/type`, `must be one of ${GEOMETRY_TYPES.join(', ')}.`);
    }
  };
}

/**
 * Reads a GeoJSON geometry (RFC 7946 section 3.1; OGC 21-065r2 schema `geometryLiteral`).
 * @param place turns a path below the geometry into the place that errors name
 * @throws DomainError InvalidInput for unknown types, too few positions, open rings, mixed dimensions, and shapes that cross
 *   themselves so often that PostGIS would be busy for minutes
 */
export function readGeometry(value: unknown, place: (path: string) => Place): GeoJsonGeometry {
  const geometry = new Reader(place).geometry(value, '');
  if (isTangled(geometry)) throw invalidNode(place(''), 'crosses itself too often to be understood.');
  return geometry;
}

function isTangled(geometry: GeoJsonGeometry): boolean {
  if (geometry.type === 'GeometryCollection') return geometry.geometries.some(isTangled);
  return geometry.type !== 'Point' && geometry.type !== 'MultiPoint' && crossesItselfTooOften(geometry.coordinates);
}

/**
 * Reads a bounding box of 4 or 6 numbers (OGC 21-065r2 section 7.6). West may be greater than east.
 * @throws DomainError InvalidInput for another length, for numbers that are not finite, and for south above north
 */
export function readBbox(value: unknown, place: (path: string) => Place): readonly number[] {
  if (!Array.isArray(value) || (value.length !== 4 && value.length !== 6)) throw invalidNode(place(''), 'must be a bounding box of 4 or 6 numbers.');
  const numbers = value.map((item: unknown, index) => {
    if (!isCoordinate(item)) throw invalidNode(place(`/${index}`), 'must be a number not beyond 1e9.');
    return item;
  });
  const half = numbers.length / 2;
  if ((numbers[1] ?? 0) > (numbers[half + 1] ?? 0)) throw invalidNode(place(''), 'its south edge must not lie north of its north edge.');
  return numbers;
}
