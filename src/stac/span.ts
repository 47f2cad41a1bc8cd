/** Space and time that items span together: what the extent of a collection says of its items. */
import type { Geometry } from 'geojson';
import { type Bbox, parseBbox } from '../geojson.js';
import { isObject, type JsonObject, textOf } from '../json.js';
import { itemInstants } from '../pgstac/items-write.js';
import { bboxOf } from './bbox.js';

/** West > east never occurs, as PostGIS boxes have it; times in milliseconds. */
export interface Span {
  readonly bbox: Bbox;
  readonly first: number;
  readonly last: number;
}

/** Sides of a box and ends of time. */
export interface Sides {
  readonly west: boolean;
  readonly south: boolean;
  readonly east: boolean;
  readonly north: boolean;
  readonly first: boolean;
  readonly last: boolean;
}

const instant = (ms: number): string => new Date(ms).toISOString();

const within = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

/** A geometry may stick out of the world, and others than us write items: the box of a collection must not (STAC, Spatial Extent). */
export function toExtent({ bbox: [west, south, east, north], first, last }: Span): JsonObject {
  const box = [within(west, 180), within(south, 90), within(east, 180), within(north, 90)];
  return { spatial: { bbox: [box] }, temporal: { interval: [[instant(first), instant(last)]] } };
}

/** A box as said by whoever wrote the collection; one over the antimeridian spans the world. Undefined where it is none. */
function saidBox(box: unknown): Bbox | undefined {
  try {
    const [west, south, east, north] = parseBbox(box, '');
    return west <= east ? [west, south, east, north] : [-180, south, 180, north];
  } catch {
    return undefined;
  }
}

/** What a collection says of itself, where that is a box and a closed interval; undefined otherwise. */
export function spanOfCollection(collection: JsonObject): Span | undefined {
  const extent = isObject(collection['extent']) ? collection['extent'] : {};
  const boxes = isObject(extent['spatial']) ? extent['spatial']['bbox'] : undefined;
  const intervals = isObject(extent['temporal']) ? extent['temporal']['interval'] : undefined;
  const [box] = Array.isArray(boxes) ? boxes : [];
  const [interval] = Array.isArray(intervals) ? intervals : [];
  const [first, last] = Array.isArray(interval) ? interval.map((end) => Date.parse(textOf(end))) : [];
  const bbox = saidBox(box);
  if (bbox === undefined || first === undefined || last === undefined || Number.isNaN(first) || Number.isNaN(last)) return undefined;
  return { bbox, first, last };
}

export function spanOfItems(items: readonly JsonObject[]): Span {
  let [west, south, east, north, first, last] = [Infinity, Infinity, -Infinity, -Infinity, Infinity, -Infinity];
  for (const item of items) {
    // Validated before it was written, or as PostGIS has it: judged again, an item that others wrote could not be deleted.
    const box = bboxOf(item['geometry'] as unknown as Geometry);
    const { start, end } = itemInstants(isObject(item['properties']) ? item['properties'] : {});
    [west, south] = [Math.min(west, box[0]), Math.min(south, box[1])];
    [east, north] = [Math.max(east, box[2]), Math.max(north, box[3])];
    [first, last] = [Math.min(first, Date.parse(start)), Math.max(last, Date.parse(end))];
  }
  return { bbox: [west, south, east, north], first, last };
}

export const union = (a: Span, b: Span): Span => ({
  bbox: [Math.min(a.bbox[0], b.bbox[0]), Math.min(a.bbox[1], b.bbox[1]), Math.max(a.bbox[2], b.bbox[2]), Math.max(a.bbox[3], b.bbox[3])],
  first: Math.min(a.first, b.first),
  last: Math.max(a.last, b.last),
});

/** A stored geometry is read with 15 decimals, so -0.30000000000000004 comes as -0.3. */
const SLACK = 1e-12;

/** Which sides of `outer` the span reaches: taking it away could move only those. */
export const sidesReached = ({ bbox: outer, first, last }: Span, inner: Span): Sides => ({
  west: inner.bbox[0] <= outer[0] + SLACK,
  south: inner.bbox[1] <= outer[1] + SLACK,
  east: inner.bbox[2] >= outer[2] - SLACK,
  north: inner.bbox[3] >= outer[3] - SLACK,
  first: inner.first <= first,
  last: inner.last >= last,
});

export const ALL_SIDES: Sides = { west: true, south: true, east: true, north: true, first: true, last: true };

/** The sides of `a` that are not of `b`. */
export const sidesWithout = (a: Sides, b: Sides): Sides => ({
  west: a.west && !b.west,
  south: a.south && !b.south,
  east: a.east && !b.east,
  north: a.north && !b.north,
  first: a.first && !b.first,
  last: a.last && !b.last,
});

export const hasSide = (sides: Sides): boolean => Object.values(sides).includes(true);
