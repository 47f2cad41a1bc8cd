/** Outlines of footprints, packed: a box costs 32 bytes, a polygon 16 bytes a vertex, so a million of them fit in memory. */
import type { Geometry, Position } from 'geojson';
import { Doubles, Integers } from './growable.js';

/** West, south, east, north in degrees; west > east where the box crosses the antimeridian (RFC 7946, section 5.2). */
export type BBox = readonly [number, number, number, number];

/** How the outline of a footprint is stored. */
export const ShapeKind = {
  /** The footprint is its bounding box. */
  Box: 0,
  /** Rings of one or more polygons. */
  Rings: 1,
  /** Lines and points: no area, so no inside. */
  Lines: 2,
} as const;

export type ShapeKind = (typeof ShapeKind)[keyof typeof ShapeKind];

/**
 * Shapes by index. Longitudes of a shape that crosses the antimeridian run on beyond 180, so that its box is as narrow
 * as it is on the globe; the cover takes columns modulo the world.
 */
export class Shapes {
  /** Longitude and latitude in turn. */
  readonly coordinates = new Doubles();
  /** Per ring or line: the place in `coordinates` after its last number. */
  readonly ringEnds = new Integers();
  /** Per ring: 1 where it opens a polygon, 0 where it is a hole of the polygon before it. */
  readonly ringOpens = new Integers();
  /** Per shape: the ring after its last one. */
  readonly ends = new Integers();
  /** Per shape: west, south, east, north; east >= west. */
  readonly boxes = new Doubles();
  readonly kinds = new Integers();

  get count(): number {
    return this.ends.length;
  }

  /**
   * Adds a GeoJSON geometry or a box. With `crosses`, or where that makes a geometry in parts narrower, negative
   * longitudes are read as those east of 180: the two halves of a footprint at the antimeridian become one again.
   */
  add(geometry: Geometry | BBox, crosses = false): void {
    if (isBox(geometry)) {
      const [west, south, east, north] = geometry;
      this.addBox(west, south, west > east ? east + 360 : east, north);
      return;
    }
    if (geometry.type === 'Polygon' && !crosses && geometry.coordinates.length === 1) {
      const box = boxOfRing(geometry.coordinates[0] ?? []);
      if (box !== undefined) {
        this.addBox(box[0], box[1], box[2], box[3]);
        return;
      }
    }
    const from = this.coordinates.length;
    const kind = this.addRings(geometry);
    this.close(from, kind, crosses);
  }

  /** Opens a ring or line; its coordinates follow by `vertex`, then `endRing`. */
  vertex(longitude: number, latitude: number): void {
    this.coordinates.push(longitude);
    this.coordinates.push(latitude);
  }

  endRing(opens: boolean): void {
    this.ringEnds.push(this.coordinates.length);
    this.ringOpens.push(opens ? 1 : 0);
  }

  /** Takes back the ring whose coordinates begin at `from`, the last one of a shape that is not closed yet. */
  dropRing(from: number): void {
    this.coordinates.length = from;
    this.ringEnds.length -= 1;
    this.ringOpens.length -= 1;
  }

  addBox(west: number, south: number, east: number, north: number): void {
    this.pushBox(west, south, east, north);
    this.ends.push(this.ringEnds.length);
    this.kinds.push(ShapeKind.Box);
  }

  /** Closes the shape whose coordinates begin at `from`. */
  close(from: number, kind: ShapeKind, crosses = false): void {
    const values = this.coordinates.values;
    const to = this.coordinates.length;
    let west = Infinity;
    let east = -Infinity;
    let south = Infinity;
    let north = -Infinity;
    let turnedWest = Infinity;
    let turnedEast = -Infinity;
    for (let at = from; at < to; at += 2) {
      const longitude = values[at] ?? 0;
      const latitude = values[at + 1] ?? 0;
      const turned = longitude < 0 ? longitude + 360 : longitude;
      if (longitude < west) west = longitude;
      if (longitude > east) east = longitude;
      if (turned < turnedWest) turnedWest = turned;
      if (turned > turnedEast) turnedEast = turned;
      if (latitude < south) south = latitude;
      if (latitude > north) north = latitude;
    }
    const halves = west === -180 && east === 180 && turnedEast - turnedWest < 360 && !this.spans180(from, to);
    if (crosses || halves) {
      for (let at = from; at < to; at += 2) {
        const longitude = values[at] ?? 0;
        if (longitude < 0) values[at] = longitude + 360;
      }
      west = turnedWest;
      east = turnedEast;
    }
    this.pushBox(west, south, east, north);
    this.ends.push(this.ringEnds.length);
    this.kinds.push(kind);
  }

  /** Whether any edge runs from the western half of the world into the eastern one: then turning would tear the shape. */
  private spans180(from: number, to: number): boolean {
    const values = this.coordinates.values;
    let ring = this.ends.length === 0 ? 0 : this.ends.at(this.ends.length - 1);
    for (let at = from; at < to; at += 2) {
      if (at + 2 === this.ringEnds.at(ring)) {
        ring += 1;
        continue;
      }
      if ((values[at] ?? 0) < 0 !== (values[at + 2] ?? 0) < 0) return true;
    }
    return false;
  }

  private pushBox(west: number, south: number, east: number, north: number): void {
    this.boxes.push(west);
    this.boxes.push(south);
    this.boxes.push(east);
    this.boxes.push(north);
  }

  private addRings(geometry: Geometry): ShapeKind {
    let kind: ShapeKind = ShapeKind.Lines;
    if (geometry.type === 'GeometryCollection') {
      for (const member of geometry.geometries) if (this.addRings(member) === ShapeKind.Rings) kind = ShapeKind.Rings;
    } else if (geometry.type === 'Polygon' || geometry.type === 'MultiPolygon') {
      const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
      for (const polygon of polygons) this.addPolygon(polygon);
      kind = ShapeKind.Rings;
    } else if (geometry.type === 'LineString' || geometry.type === 'MultiLineString') {
      const lines = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates;
      for (const line of lines) this.addLine(line);
    } else {
      const points = geometry.type === 'Point' ? [geometry.coordinates] : geometry.coordinates;
      for (const point of points) this.addLine([point]);
    }
    return kind;
  }

  private addPolygon(rings: readonly (readonly Position[])[]): void {
    rings.forEach((ring, index) => {
      this.addLine(ring, index === 0);
    });
  }

  private addLine(positions: readonly Position[], opens = true): void {
    for (const position of positions) this.vertex(position[0] ?? 0, position[1] ?? 0);
    this.endRing(opens);
  }
}

const isBox = (geometry: Geometry | BBox): geometry is BBox => Array.isArray(geometry);

/** The box that a ring of four axis-parallel edges draws, in either direction; undefined for every other ring. */
function boxOfRing(ring: readonly Position[]): BBox | undefined {
  if (ring.length !== 5) return undefined;
  const [a, b, c, d, e] = ring;
  if (a === undefined || b === undefined || c === undefined || d === undefined || e === undefined) return undefined;
  const [ax = 0, ay = 0] = a;
  const [cx = 0, cy = 0] = c;
  if (e[0] !== ax || e[1] !== ay) return undefined;
  const upright = b[0] === ax && b[1] === cy && d[0] === cx && d[1] === ay;
  const flat = b[1] === ay && b[0] === cx && d[1] === cy && d[0] === ax;
  if (!upright && !flat) return undefined;
  return [Math.min(ax, cx), Math.min(ay, cy), Math.max(ax, cx), Math.max(ay, cy)];
}
