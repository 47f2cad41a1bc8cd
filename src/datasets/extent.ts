/** What a dataset is in space and time, added up tile by tile. */
import type { Bbox } from '../geojson.js';
import type { JsonObject } from '../json.js';
import type { PlacedTile } from './headers.js';

/** Spans of longitude that are kept unmerged: those of a raster's tiles merge into a few. */
const MOST_UNMERGED = 4096;

type Span = readonly [west: number, east: number];

/** The union of spans, sorted and disjoint; spans that touch are one. */
function merged(spans: readonly Span[]): Span[] {
  const sorted = spans.toSorted((a, b) => a[0] - b[0]);
  const union: [number, number][] = [];
  for (const [west, east] of sorted) {
    const last = union.at(-1);
    if (last !== undefined && west <= last[1]) last[1] = Math.max(last[1], east);
    else union.push([west, east]);
  }
  return union;
}

/**
 * The smallest box around boxes. It crosses the antimeridian (west > east, RFC 7946 section 5.2) only where the boxes
 * themselves touch it on both sides and leave a gap elsewhere.
 */
export class BboxUnion {
  private south = 90;
  private north = -90;
  private spans: Span[] = [];
  private mergeAt = MOST_UNMERGED;
  /** The widest when they were merged last: most tiles of a raster lie in it, and are done with. */
  private widest: Span = [0, 0];

  add([w, s, e, n]: Bbox): void {
    this.south = Math.min(this.south, s);
    this.north = Math.max(this.north, n);
    if (w <= e) this.addSpan(w, e);
    else {
      this.addSpan(w, 180);
      this.addSpan(-180, e);
    }
  }

  private addSpan(west: number, east: number): void {
    if (west >= this.widest[0] && east <= this.widest[1] && west < east) return;
    this.spans.push([west, east]);
    if (this.spans.length < this.mergeAt) return;
    this.spans = merged(this.spans);
    this.mergeAt = this.spans.length * 2 + MOST_UNMERGED;
    this.widest = this.spans.reduce((widest, span) => (span[1] - span[0] > widest[1] - widest[0] ? span : widest));
  }

  result(): Bbox {
    const union = merged(this.spans);
    const west = union[0]?.[0] ?? -180;
    const east = union.at(-1)?.[1] ?? 180;
    let gap = { width: 0, from: 0, to: 0 };
    for (const [i, [w]] of union.entries()) {
      const reached = union[i - 1]?.[1] ?? w;
      if (w - reached > gap.width) gap = { width: w - reached, from: reached, to: w };
    }
    if (west <= -180 && east >= 180 && gap.width > 0) return [gap.to, this.south, gap.from, this.north];
    return [west, this.south, east, this.north];
  }
}

/** The dataset's own instants, where it names any: then tiles that name none take these. */
export function ownInstants({ datetime, start_datetime: start, end_datetime: end }: JsonObject): JsonObject | undefined {
  if (typeof datetime !== 'string' && !(typeof start === 'string' && typeof end === 'string')) return undefined;
  return { datetime: datetime ?? null, ...(start === undefined ? {} : { start_datetime: start }), ...(end === undefined ? {} : { end_datetime: end }) };
}

/** The earliest and latest of instants as they were written; compared in milliseconds. */
export class InstantSpan {
  private first = Infinity;
  private last = -Infinity;
  private firstText = '';
  private lastText = '';
  private added = '';

  add(text: string): void {
    // Tiles of one raster mostly say the same.
    if (text === this.added) return;
    this.added = text;
    const ms = Date.parse(text);
    if (ms < this.first) [this.first, this.firstText] = [ms, text];
    if (ms > this.last) [this.last, this.lastText] = [ms, text];
  }

  get range(): readonly [string, string] | undefined {
    return this.first === Infinity ? undefined : [this.firstText, this.lastText];
  }
}

/** Instants of all tiles that name some. */
export class TileInstants {
  private readonly all = new InstantSpan();

  add({ properties }: PlacedTile): void {
    for (const name of ['datetime', 'start_datetime', 'end_datetime']) {
      const value = properties[name];
      if (typeof value === 'string') this.all.add(value);
    }
  }

  /** The instants of the dataset: its own, else those of its tiles, else now (a STAC Item must have one). */
  ofDataset(own: JsonObject | undefined, now: string): JsonObject {
    if (own !== undefined) return own;
    if (this.all.range === undefined) return { datetime: now };
    const [first, last] = this.all.range.map((text) => new Date(text).toISOString());
    return first === last ? { datetime: first ?? now } : { datetime: null, start_datetime: first ?? now, end_datetime: last ?? now };
  }
}

/** Whether a tile is filed under instants of its own. */
export const hasInstant = (properties: JsonObject): boolean => typeof properties['datetime'] === 'string' || typeof properties['start_datetime'] === 'string';
