/** The tiles that a geometry covers: exact on lon/lat outlines, row by row. */
import type { Geometry } from 'geojson';
import { columnOf, latitudesOfRows, rowOf, TOUCH } from './grid.js';
import { type BBox, ShapeKind, Shapes } from './shapes.js';
import { Spans, type VisitSpan } from './spans.js';

/**
 * Visits, each once and row by row from the north, the tiles of a zoom whose interior the geometry's interior meets.
 *
 * Edges are straight in longitude and latitude (RFC 7946, section 3.1.1), as PostGIS and shapely take them; holes count.
 * A tile that the geometry only touches, or enters by less than TOUCH of a tile, is not visited. What lies beyond
 * ±85.0511 degrees is on no tile; longitudes beyond ±180 come round the world. Lines and points visit the tiles they
 * run through. `zoom` is 0 to 16.
 */
export function coverGeometry(geometry: Geometry | BBox, zoom: number, visit: (x: number, y: number) => void): void {
  const shapes = new Shapes();
  shapes.add(geometry);
  new Cover(shapes, zoom).visit(0, (y, from, to) => {
    for (let x = from; x <= to; x += 1) visit(x, y);
  });
}

/** How the edge between two vertices is drawn: straight in degrees, or straight on the Mercator map. */
type Line = 'degrees' | 'mercator';

/** Covers shape after shape at one zoom, reusing its scratch memory. */
export class Cover {
  /** Whether some edge of the shape visited last runs through other tiles when it is drawn straight on the Mercator map. */
  bends = false;
  private readonly size: number;
  private readonly latitudes: Float64Array;
  private readonly spans: Spans;

  constructor(
    private readonly shapes: Shapes,
    zoom: number,
  ) {
    this.size = 2 ** zoom;
    this.latitudes = latitudesOfRows(zoom);
    this.spans = new Spans(this.size);
  }

  /** Visits the tiles of one shape, as coverGeometry does. */
  visit(shape: number, visit: VisitSpan): void {
    this.bends = false;
    if (this.shapes.kinds.at(shape) === ShapeKind.Box) this.visitBox(shape, visit);
    else {
      this.visitRings(shape, 'degrees', true);
      this.spans.drain(visit);
    }
  }

  /**
   * Visits the tiles that the shape meets with its edges straight on the Mercator map, and those whose middle it holds
   * with its edges straight in degrees; for a shape that bends.
   */
  visitFirm(shape: number, visit: VisitSpan): void {
    this.visitRings(shape, 'mercator', true);
    this.visitRings(shape, 'degrees', false);
    this.spans.drain(visit);
  }

  private visitBox(shape: number, visit: VisitSpan): void {
    const { boxes } = this.shapes;
    const west = columnOf(boxes.at(4 * shape), this.size);
    const south = rowOf(boxes.at(4 * shape + 1), this.size);
    const east = columnOf(boxes.at(4 * shape + 2), this.size);
    const north = rowOf(boxes.at(4 * shape + 3), this.size);
    const from = firstTile(west, east);
    const to = lastTile(west, east);
    const top = Math.max(0, firstTile(north, south));
    const bottom = Math.min(this.size - 1, lastTile(north, south));
    if (from >= 0 && to < this.size) {
      for (let y = top; y <= bottom; y += 1) if (from <= to) visit(y, from, to);
      return;
    }
    for (let y = top; y <= bottom; y += 1) this.spans.add(y, from, to);
    this.spans.drain(visit);
  }

  private visitRings(shape: number, line: Line, edges: boolean): void {
    const { shapes, spans } = this;
    const inside = shapes.kinds.at(shape) === ShapeKind.Rings;
    let ring = shape === 0 ? 0 : shapes.ends.at(shape - 1);
    const end = shapes.ends.at(shape);
    let at = ring === 0 ? 0 : shapes.ringEnds.at(ring - 1);
    for (; ring < end; ring += 1) {
      const ringEnd = shapes.ringEnds.at(ring);
      if (inside && shapes.ringOpens.at(ring) === 1) spans.fill();
      if (at + 2 === ringEnd) this.addPoint(at);
      for (; at + 2 < ringEnd; at += 2) this.addEdge(at, inside, line, edges);
      at = ringEnd;
    }
    if (inside) spans.fill();
  }

  private addPoint(at: number): void {
    const row = Math.floor(rowOf(this.shapes.coordinates.at(at + 1), this.size));
    const column = Math.floor(columnOf(this.shapes.coordinates.at(at), this.size));
    if (row >= 0 && row < this.size) this.spans.add(row, column, column);
  }

  /**
   * Adds the tiles whose interior an edge runs through and, for the inside, where the edge crosses the middles of rows.
   * A tile that no edge enters is wholly inside or outside, so its middle decides for it.
   */
  private addEdge(at: number, inside: boolean, line: Line, edges: boolean): void {
    const { size, latitudes, spans } = this;
    const values = this.shapes.coordinates.values;
    const swap = (values[at + 1] ?? 0) < (values[at + 3] ?? 0);
    // A is the northern end
    const a = swap ? at + 2 : at;
    const b = swap ? at : at + 2;
    const latA = values[a + 1] ?? 0;
    const latB = values[b + 1] ?? 0;
    const rowA = rowOf(latA, size);
    const rowB = rowOf(latB, size);
    const top = Math.max(0, firstTile(rowA, rowB));
    const bottom = Math.min(size - 1, lastTile(rowA, rowB));
    if (top > bottom) return;
    const xA = columnOf(values[a] ?? 0, size);
    const xB = columnOf(values[b] ?? 0, size);
    const ofLatitude = latA === latB ? 0 : (xB - xA) / (latB - latA);
    const ofRow = latA === latB ? 0 : (xB - xA) / (rowB - rowA);
    for (let y = top; y <= bottom; y += 1) {
      const north = latitudes[2 * y] ?? 0;
      const middle = latitudes[2 * y + 1] ?? 0;
      const south = latitudes[2 * y + 2] ?? 0;
      const whole = y > rowA;
      const last = y + 1 >= rowB;
      const upper = whole ? xA + (north - latA) * ofLatitude : xA;
      const lower = last ? xB : xA + (south - latA) * ofLatitude;
      const upperOnMap = whole ? xA + (y - rowA) * ofRow : xA;
      const lowerOnMap = last ? xB : xA + (y + 1 - rowA) * ofRow;
      const from = Math.floor(Math.min(upper, lower) + TOUCH);
      const to = Math.ceil(Math.max(upper, lower) - TOUCH) - 1;
      const fromOnMap = Math.floor(Math.min(upperOnMap, lowerOnMap) + TOUCH);
      const toOnMap = Math.ceil(Math.max(upperOnMap, lowerOnMap) - TOUCH) - 1;
      if (from !== fromOnMap || to !== toOnMap) this.bends = true;
      const straight = line === 'degrees';
      if (edges) spans.add(y, straight ? from : fromOnMap, straight ? to : toOnMap);
      if (inside && latA > middle && latB <= middle) {
        spans.cross(y, xA + (straight ? (middle - latA) * ofLatitude : (y + 0.5 - rowA) * ofRow));
      }
    }
  }
}

/** The first and last tile whose interior an interval enters; an interval narrower than the tolerance lies in the tile of its middle. */
const firstTile = (from: number, to: number): number =>
  to - from > 2 * TOUCH ? Math.floor(from + TOUCH) : onEdge(from) ? Math.round(from) : Math.floor(from);
const lastTile = (from: number, to: number): number =>
  to - from > 2 * TOUCH ? Math.ceil(to - TOUCH) - 1 : onEdge(from) ? Math.round(from) - 1 : Math.floor(from);
const onEdge = (place: number): boolean => Math.abs(place - Math.round(place)) <= TOUCH;
