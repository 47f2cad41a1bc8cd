/** Polygons burnt into pixels as GDAL burns them with `all_touched`: a pixel that is touched at all is inside. Pure. */
import { invalidInput } from '../errors.js';
import type { Extent } from './matrices.js';
import type { Dimensions } from './overviews.js';

/** Polygons, each of closed rings, the first its outer one; positions are x and y. */
export type Outline = readonly (readonly (readonly (readonly [x: number, y: number])[])[])[];

interface Edge {
  /** From its upper to its lower end, in pixels. */
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** A line this near to the border between two pixels touches neither: the inside decides (GDAL since 3.7). */
const BORDER = 0.01;
const onBorder = (at: number): boolean => Math.abs(at - Math.round(at)) < BORDER;

function edgesOf(polygon: Outline[number], [west, , east, north]: Extent, south: number, { width, height }: Dimensions): Edge[] {
  const [scaleX, scaleY] = [width / (east - west), height / (north - south)];
  return polygon.flatMap((ring) =>
    ring.slice(1).map(([bx, by], i): Edge => {
      const [ax, ay] = ring[i] ?? [bx, by];
      const [p, q] = [[(ax - west) * scaleX, (north - ay) * scaleY], [(bx - west) * scaleX, (north - by) * scaleY]] as const;
      const [[x0, y0], [x1, y1]] = p[1] <= q[1] ? [p, q] : [q, p];
      return { x0, y0, x1, y1 };
    })).toSorted((a, b) => a.y0 - b.y0);
}

/** Rows that all edges together may run through: a second or two. A coast of a hundred thousand positions stays far below. */
const MAX_CROSSINGS = 10_000_000;

/** @throws DomainError InvalidInput for polygons that would take too long */
function checkEdges(edges: readonly Edge[], height: number): void {
  const crossings = edges.reduce((sum, { y0, y1 }) => sum + Math.max(0, Math.min(height, y1) - Math.max(0, y0)) + 1, 0);
  if (crossings > MAX_CROSSINGS) throw invalidInput('The polygons are too intricate for so many pixels; give a smaller max_size, or simpler ones.');
}

/** Row by row from the top: `line` holds 1 where a pixel is touched, and is used again for the next row. */
function sweep(outline: Outline, extent: Extent, size: Dimensions, each: (line: Uint8Array, y: number) => void): void {
  const polygons = outline.map((polygon) => ({ edges: edgesOf(polygon, extent, extent[1], size), next: 0, active: [] as Edge[] }));
  checkEdges(polygons.flatMap(({ edges }) => edges), size.height);
  const line = new Uint8Array(size.width);
  for (let y = 0; y < size.height; y++) {
    line.fill(0);
    for (const polygon of polygons) {
      const { edges } = polygon;
      while (polygon.next < edges.length && (edges[polygon.next]?.y0 ?? Infinity) < y + 1) {
        const edge = edges[polygon.next++];
        if (edge !== undefined) polygon.active.push(edge);
      }
      polygon.active = polygon.active.filter(({ y1 }) => y1 >= y);
      fill(line, polygon.active, y + 0.5);
      for (const edge of polygon.active) touch(line, edge, y);
    }
    each(line, y);
  }
}

/** Pixels whose centre lies inside, by the even-odd rule. */
function fill(line: Uint8Array, edges: readonly Edge[], centre: number): void {
  const crossings: number[] = [];
  for (const { x0, y0, x1, y1 } of edges) if (y0 <= centre && centre < y1) crossings.push(Math.floor(x0 + ((centre - y0) * (x1 - x0)) / (y1 - y0) + 0.5));
  crossings.sort((a, b) => a - b);
  for (let i = 0; i + 1 < crossings.length; i += 2) line.fill(1, clamp(crossings[i] ?? 0, line.length), clamp(crossings[i + 1] ?? 0, line.length));
}

/** Pixels of the row `y` that an edge runs through. */
function touch(line: Uint8Array, { x0, y0, x1, y1 }: Edge, y: number): void {
  const [isUpright, isLevel] = [Math.abs(x1 - x0) < BORDER, Math.abs(y1 - y0) < BORDER];
  if (isUpright && onBorder(x0) && onBorder(x1)) return;
  if (isLevel && onBorder(y0) && onBorder(y1)) return;
  const [from, to] = [Math.max(y0, y), Math.min(y1, y + 1)];
  // An edge that only ends on the row's border is not in the row.
  if (to <= from ? Math.floor(y0) !== y : to - from < 1e-9 && Math.floor(from) !== y) return;
  const at = (row: number): number => (y1 === y0 ? x0 : x0 + ((row - y0) * (x1 - x0)) / (y1 - y0));
  const [p, q] = y1 === y0 ? [x0, x1] : [at(from), at(to)];
  const [left, right] = [Math.min(p, q), Math.max(p, q)];
  line.fill(1, clamp(Math.floor(left + 1e-9), line.length), clamp(Math.max(Math.floor(left + 1e-9) + 1, Math.ceil(right - 1e-9)), line.length));
}

const clamp = (at: number, length: number): number => Math.max(0, Math.min(length, at));

/** 1 for each pixel that the polygons touch. @throws DomainError InvalidInput for polygons that would take too long */
export function touched(outline: Outline, extent: Extent, size: Dimensions): Uint8Array {
  const inside = new Uint8Array(size.width * size.height);
  sweep(outline, extent, size, (line, y) => inside.set(line, y * size.width));
  return inside;
}

/** The share of each pixel that the polygons cover, counted in `scale` x `scale` parts of it, as rio-tiler counts. @throws as {@link touched} */
export function coverage(outline: Outline, extent: Extent, { width, height }: Dimensions, scale: number): Float64Array {
  const shares = new Float64Array(width * height);
  const part = 1 / scale ** 2;
  sweep(outline, extent, { width: width * scale, height: height * scale }, (line, y) => {
    const row = Math.floor(y / scale) * width;
    for (let x = 0; x < line.length; x++) if (line[x] !== 0) shares[row + Math.floor(x / scale)] = (shares[row + Math.floor(x / scale)] ?? 0) + 1;
  });
  return shares.map((count) => count * part);
}
