/**
 * The union of many boxes as few: PostGIS takes 10 ms for a hundred tiles, and those of a raster are boxes side by side.
 * Coordinates are compared in steps of 1e-9 degrees (0.1 mm), so that corners that differ in the last digit leave no slivers.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bbox } from '../geojson.js';
import { type Shapes, ShapeKind } from '../mosaics/shapes.js';

const STEPS = 1e9;
const HALF_TURN = 180 * STEPS;
/** Spans looked at in all rows together: about a second. Scattered boxes need more, rasters far less. */
const MOST_WORK = 30_000_000;
/** Rows looked at before the event loop gets its turn: some 10 ms of a wide raster. */
const ROWS_A_TURN = 50;
/** Latitudes at which boxes begin or end; more are no raster's. */
const MOST_EDGES = 200_000;
/** More rectangles than these are not worth their union. */
const MOST_RECTANGLES = 5000;

/** Spans of longitude as west and east in turn, sorted and disjoint, of boxes that begin and end alike. */
interface Group {
  readonly north: number;
  readonly spans: readonly number[];
}

/** Disjoint rectangles with the same union as the shapes; undefined where a shape is no box, or there would be too many. */
export async function rectanglesOf(shapes: Shapes): Promise<Bbox[] | undefined> {
  const rows = rowsOf(shapes);
  if (rows === undefined) return undefined;
  const found: Bbox[] = [];
  let open: { spans: readonly number[]; south: number; north: number } | undefined;
  let active: Group[] = [];
  let work = 0;
  const close = (): void => {
    if (open === undefined) return;
    for (let i = 0; i < open.spans.length; i += 2) found.push([(open.spans[i] ?? 0) / STEPS, open.south / STEPS, (open.spans[i + 1] ?? 0) / STEPS, open.north / STEPS]);
  };
  for (let row = 0; row + 1 < rows.edges.length; row += 1) {
    if (row % ROWS_A_TURN === 0) await nextTurn();
    const [south, north] = [at(rows.edges, row), at(rows.edges, row + 1)];
    active = [...active.filter((group) => group.north > south), ...groupsOf(shapes, rows.boxes.subarray(at(rows.begins, row), at(rows.begins, row + 1)))];
    work += active.reduce((sum, { spans }) => sum + spans.length, 0);
    if (work > MOST_WORK || found.length > MOST_RECTANGLES) return undefined;
    const spans = merged(active.flatMap((group) => group.spans));
    if (open !== undefined && sameNumbers(open.spans, spans)) open.north = north;
    else {
      close();
      open = { spans, south, north };
    }
  }
  close();
  return found.length > MOST_RECTANGLES ? undefined : found;
}

const at = (values: Float64Array | Int32Array, index: number): number => values[index] ?? 0;

/** A side of a box, west, south, east, north; east is beyond 180 degrees where the box crosses the antimeridian. */
const steps = ({ boxes }: Shapes, box: number, side: number): number => Math.round(boxes.at(4 * box + side) * STEPS);

interface Rows {
  /** The latitudes at which boxes begin or end, each once, from the south. */
  readonly edges: Float64Array;
  /** The boxes by the edge that they begin at. */
  readonly boxes: Int32Array;
  /** Of each edge: the place of its first box in `boxes`. */
  readonly begins: Int32Array;
}

/** Undefined where a shape is no box, or the boxes are no raster's. */
function rowsOf(shapes: Shapes): Rows | undefined {
  const { count, kinds } = shapes;
  const known = new Set<number>();
  for (let box = 0; box < count; box += 1) {
    if (kinds.at(box) !== ShapeKind.Box) return undefined;
    known.add(steps(shapes, box, 1)).add(steps(shapes, box, 3));
    if (known.size > MOST_EDGES) return undefined;
  }
  const edges = Float64Array.from(known).toSorted();
  const rowOfEdge = new Map(Array.from(edges, (edge, row) => [edge, row]));
  const rowOf = (box: number): number => rowOfEdge.get(steps(shapes, box, 1)) ?? 0;
  // A counting sort: where each row's boxes begin, then each box to the next place of its row.
  const begins = new Int32Array(edges.length + 1);
  for (let box = 0; box < count; box += 1) begins[rowOf(box) + 1] = at(begins, rowOf(box) + 1) + 1;
  for (let row = 1; row < begins.length; row += 1) begins[row] = at(begins, row) + at(begins, row - 1);
  const next = begins.slice();
  const boxes = new Int32Array(count);
  for (let box = 0; box < count; box += 1) {
    const row = rowOf(box);
    boxes[at(next, row)] = box;
    next[row] = at(next, row) + 1;
  }
  return { edges, boxes, begins };
}

/** The boxes that begin at one edge, by the edge that they end at. */
function groupsOf(shapes: Shapes, boxes: Int32Array): Group[] {
  const byNorth = new Map<number, number[]>();
  for (const box of boxes) {
    const north = steps(shapes, box, 3);
    let spans = byNorth.get(north);
    if (spans === undefined) byNorth.set(north, (spans = []));
    const [west, east] = [steps(shapes, box, 0), steps(shapes, box, 2)];
    spans.push(west, Math.min(east, HALF_TURN));
    if (east > HALF_TURN) spans.push(-HALF_TURN, east - 2 * HALF_TURN);
  }
  return [...byNorth].map(([north, spans]) => ({ north, spans: merged(spans) }));
}

/** The union of spans, sorted and disjoint; spans that touch are one. */
function merged(spans: readonly number[]): number[] {
  const order = Int32Array.from({ length: spans.length / 2 }, (_, i) => i);
  const west = (i: number): number => spans[2 * i] ?? 0;
  if (order.some((i) => i > 0 && west(i) < west(i - 1))) order.sort((a, b) => west(a) - west(b));
  const union: number[] = [];
  for (const i of order) {
    const last = union.length - 1;
    if (last > 0 && west(i) <= (union[last] ?? 0)) union[last] = Math.max(union[last] ?? 0, spans[2 * i + 1] ?? 0);
    else union.push(west(i), spans[2 * i + 1] ?? 0);
  }
  return union;
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((number, i) => number === b[i]);
