/** What a dataset is in space and time, from its tiles. */
import type { Bbox } from '../geojson.js';
import type { JsonObject } from '../json.js';
import type { PlacedTile } from './headers.js';

/**
 * The smallest box around boxes. It crosses the antimeridian (west > east, RFC 7946 section 5.2) only where the boxes
 * themselves touch it on both sides and leave a gap elsewhere.
 */
export function unionBbox(boxes: readonly Bbox[]): Bbox {
  let [south, north] = [90, -90];
  const spans: [number, number][] = [];
  for (const [w, s, e, n] of boxes) {
    south = Math.min(south, s);
    north = Math.max(north, n);
    if (w <= e) spans.push([w, e]);
    else spans.push([w, 180], [-180, e]);
  }
  spans.sort((a, b) => a[0] - b[0]);
  const west = spans[0]?.[0] ?? -180;
  let reached = -Infinity;
  let gap = { width: 0, from: 0, to: 0 };
  for (const [w, e] of spans) {
    if (reached !== -Infinity && w - reached > gap.width) gap = { width: w - reached, from: reached, to: w };
    reached = Math.max(reached, e);
  }
  if (west <= -180 && reached >= 180 && gap.width > 0) return [gap.to, south, gap.from, north];
  return [west, south, reached, north];
}

/** The instants of the dataset: its own, else those of its tiles, else now (a STAC Item must have one). */
export function datasetInstants(own: JsonObject, tiles: readonly PlacedTile[], now: string): JsonObject {
  const { datetime, start_datetime: start, end_datetime: end } = own;
  if (typeof datetime === 'string' || (typeof start === 'string' && typeof end === 'string')) {
    return { datetime: datetime ?? null, ...(start === undefined ? {} : { start_datetime: start }), ...(end === undefined ? {} : { end_datetime: end }) };
  }
  let [first, last] = [Infinity, -Infinity];
  for (const { properties } of tiles) {
    for (const name of ['datetime', 'start_datetime', 'end_datetime']) {
      const value = properties[name];
      if (typeof value !== 'string') continue;
      first = Math.min(first, Date.parse(value));
      last = Math.max(last, Date.parse(value));
    }
  }
  if (first === Infinity) return { datetime: now };
  const text = (ms: number): string => new Date(ms).toISOString();
  return first === last ? { datetime: text(first) } : { datetime: null, start_datetime: text(first), end_datetime: text(last) };
}
