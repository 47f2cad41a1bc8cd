/**
 * The union of many boxes as few: PostGIS takes 10 ms for a hundred tiles, and those of a raster are boxes side by side.
 * Coordinates are compared in steps of 1e-9 degrees (0.1 mm), so that corners that differ in the last digit leave no slivers.
 */
import type { Bbox } from '../geojson.js';
import { type Shapes, ShapeKind } from '../mosaics/shapes.js';

const STEPS = 1e9;
const HALF_TURN = 180 * STEPS;
/** Boxes looked at in all rows together: about a second. Scattered boxes need more, rasters far less. */
const MOST_WORK = 30_000_000;
/** More rectangles than these are not worth their union. */
const MOST_RECTANGLES = 5000;

/** Disjoint rectangles with the same union as the shapes; undefined where a shape is no box, or there would be too many. */
export function rectanglesOf(shapes: Shapes): Bbox[] | undefined {
  const boxes = boxesInSteps(shapes);
  if (boxes === undefined) return undefined;
  const bySouth = Int32Array.from({ length: boxes.length / 4 }, (_, box) => box).toSorted((a, b) => at(boxes, 4 * a + 1) - at(boxes, 4 * b + 1));
  const found: Bbox[] = [];
  let open: { spans: number[]; south: number; north: number } | undefined;
  let active: number[] = [];
  let next = 0;
  let work = 0;
  const close = (): void => {
    if (open === undefined) return;
    for (let i = 0; i < open.spans.length; i += 2) found.push([(open.spans[i] ?? 0) / STEPS, open.south / STEPS, (open.spans[i + 1] ?? 0) / STEPS, open.north / STEPS]);
  };
  const edges = edgesOf(boxes);
  for (let row = 0; row + 1 < edges.length; row += 1) {
    const [south, north] = [at(edges, row), at(edges, row + 1)];
    active = active.filter((box) => at(boxes, 4 * box + 3) > south);
    for (; next < bySouth.length && at(boxes, 4 * at(bySouth, next) + 1) <= south; next += 1) active.push(at(bySouth, next));
    work += active.length;
    if (work > MOST_WORK || found.length > MOST_RECTANGLES) return undefined;
    const spans = spansOf(boxes, active);
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

/** West, south, east, north of each box; those over the antimeridian in two. */
function boxesInSteps(shapes: Shapes): Float64Array | undefined {
  const { boxes, kinds, count } = shapes;
  let halves = 0;
  for (let shape = 0; shape < count; shape += 1) {
    if (kinds.at(shape) !== ShapeKind.Box) return undefined;
    if (boxes.at(4 * shape + 2) > 180) halves += 1;
  }
  const steps = new Float64Array(4 * (count + halves));
  let to = 0;
  const push = (west: number, south: number, east: number, north: number): void => {
    steps.set([west, south, east, north], to);
    to += 4;
  };
  for (let shape = 0; shape < count; shape += 1) {
    const [west, south, east, north] = [0, 1, 2, 3].map((side) => Math.round(boxes.at(4 * shape + side) * STEPS)) as [number, number, number, number];
    push(west, south, Math.min(east, HALF_TURN), north);
    if (east > HALF_TURN) push(-HALF_TURN, south, east - 2 * HALF_TURN, north);
  }
  return steps;
}

/** The latitudes at which boxes begin or end, each once, from the south. */
function edgesOf(boxes: Float64Array): Float64Array {
  const edges = new Float64Array(boxes.length / 2);
  for (let box = 0; box < boxes.length / 4; box += 1) edges.set([at(boxes, 4 * box + 1), at(boxes, 4 * box + 3)], 2 * box);
  edges.sort();
  return edges.filter((edge, i) => i === 0 || edge !== edges[i - 1]);
}

/** The union of the boxes' spans of longitude, as west and east in turn. */
function spansOf(boxes: Float64Array, active: number[]): number[] {
  active.sort((a, b) => at(boxes, 4 * a) - at(boxes, 4 * b));
  const spans: number[] = [];
  for (const box of active) {
    const [west, east] = [at(boxes, 4 * box), at(boxes, 4 * box + 2)];
    const last = spans.length - 1;
    if (last > 0 && west <= (spans[last] ?? 0)) spans[last] = Math.max(spans[last] ?? 0, east);
    else spans.push(west, east);
  }
  return spans;
}

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((number, i) => number === b[i]);
