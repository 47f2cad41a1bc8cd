/** Collection extents follow what is written into a collection, in the same transaction. */
import type { Geometry } from 'geojson';
import type { PoolClient } from 'pg';
import { type Bbox, parseBbox } from '../geojson.js';
import { isObject, type JsonObject, sameJson, textOf } from '../json.js';
import { findCollection, hasOtherItems, itemsExtent, updateCollection } from '../pgstac/collections.js';
import { itemInstants } from '../pgstac/items-write.js';
import { bboxOf } from '../stac/bbox.js';

/** Space and time that items span: west > east never occurs, as PostGIS boxes have it; times in milliseconds. */
interface Span {
  readonly bbox: Bbox;
  readonly first: number;
  readonly last: number;
}

const EVERYWHERE = { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } };

const instant = (ms: number): string => new Date(ms).toISOString();

const within = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

/** A geometry may stick out of the world, and others than us write items: the box of a collection must not (STAC, Spatial Extent). */
function toExtent({ bbox: [west, south, east, north], first, last }: Span): JsonObject {
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
function spanOf(collection: JsonObject): Span | undefined {
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

function spanOfItems(items: readonly JsonObject[]): Span {
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

const union = (a: Span, b: Span): Span => ({
  bbox: [Math.min(a.bbox[0], b.bbox[0]), Math.min(a.bbox[1], b.bbox[1]), Math.max(a.bbox[2], b.bbox[2]), Math.max(a.bbox[3], b.bbox[3])],
  first: Math.min(a.first, b.first),
  last: Math.max(a.last, b.last),
});

/** Whether taking `inner` away could shrink `outer`: it reaches one of its sides or ends. */
const touches = (outer: Span, inner: Span): boolean =>
  inner.bbox[0] <= outer.bbox[0] || inner.bbox[1] <= outer.bbox[1] || inner.bbox[2] >= outer.bbox[2] || inner.bbox[3] >= outer.bbox[3] ||
  inner.first <= outer.first || inner.last >= outer.last;

/** Writes the extent under the row's lock, unless it is what it was. */
async function setExtent(client: PoolClient, id: string, next: (stored: JsonObject) => Promise<JsonObject> | JsonObject): Promise<void> {
  const collection = await findCollection(client, id, true);
  if (collection === undefined) return;
  const extent = await next(collection);
  if (!sameJson(extent, collection['extent'])) await updateCollection(client, { ...collection, extent });
}

/**
 * After an insert: the extent grows to hold the new items; that of a collection's first items is theirs. Costs one look at
 * the collection where they lie within it, whatever its size.
 */
export async function widenExtent(client: PoolClient, collectionId: string, items: readonly JsonObject[]): Promise<void> {
  if (items.length === 0) return;
  const collection = await findCollection(client, collectionId);
  if (collection === undefined) return;
  const added = spanOfItems(items);
  const said = spanOf(collection);
  const others = await hasOtherItems(client, collectionId, items.map((item) => textOf(item['id'])));
  if (others && said !== undefined && sameJson(toExtent(union(said, added)), toExtent(said))) return;
  await setExtent(client, collectionId, (stored) => {
    const now = spanOf(stored);
    if (!others) return toExtent(added);
    return now === undefined ? exactExtent(client, collectionId) : toExtent(union(now, added));
  });
}

async function exactExtent(client: PoolClient, collectionId: string): Promise<JsonObject> {
  const extent = await itemsExtent(client, collectionId);
  if (extent === undefined) return EVERYWHERE;
  return toExtent({ bbox: extent.bbox, first: Date.parse(extent.interval[0]), last: Date.parse(extent.interval[1]) });
}

/**
 * After a delete or a replacement: measured anew where the items that went reached the extent's edge.
 * @param gone the items as they were
 */
export async function shrinkExtent(client: PoolClient, collectionId: string, gone: readonly JsonObject[]): Promise<void> {
  if (gone.length === 0) return;
  const collection = await findCollection(client, collectionId);
  if (collection === undefined) return;
  const said = spanOf(collection);
  if (said !== undefined && !touches(said, spanOfItems(gone))) return;
  await setExtent(client, collectionId, () => exactExtent(client, collectionId));
}
