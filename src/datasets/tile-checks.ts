/**
 * Tile items against the STAC schemas, each kind of tile once. Tiles of one raster differ in what our own parser has judged
 * already (place, file, box, times, sizes, numbers of a transform); whatever else they say is part of their kind.
 */
import { isDatetime } from '../datetime.js';
import type { Json, JsonObject } from '../json.js';
import { forSchema } from '../stac/stored.js';
import type { StacValidator } from '../validation/validator.js';
import type { Faults } from './faults.js';
import type { PlacedTile } from './headers.js';
import { type TileContext, tileItem, viaHref } from './tile-item.js';

/** Kinds that are remembered; tiles that all differ are each validated. */
const MOST_KINDS = 1000;
/** Tiles validated together. */
const BATCH = 100;

/** Texts that the schemas' formats `date-time` and `iri-reference` certainly take; others go to the schema. */
const PLAIN_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(\.\d+)?Z$/;
const PLAIN_HREF = /^([a-z][a-z0-9+.-]*:\/\/[\w.-]+(:\d+)?)?(\/([\w.~-]|%[0-9A-Fa-f]{2})+)+(\?([\w.~=&:/-]|%[0-9A-Fa-f]{2})*)?$/;

const isTime = (value: Json): boolean => typeof value === 'string' && PLAIN_TIME.test(value) && isDatetime(value);
const isNumbers = (value: Json, lengths: readonly number[]): boolean => Array.isArray(value) && lengths.includes(value.length) && value.every((part) => typeof part === 'number' && Number.isFinite(part));

/** Members whose values may differ within a kind: which values are good whatever else the item holds. */
const FREE: Readonly<Record<string, (value: Json) => boolean>> = {
  datetime: isTime,
  start_datetime: isTime,
  end_datetime: isTime,
  created: isTime,
  updated: isTime,
  'processing:datetime': isTime,
  title: (value) => typeof value === 'string' && value !== '',
  gsd: (value) => typeof value === 'number' && Number.isFinite(value) && value > 0,
  'file:size': (value) => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0,
  'proj:shape': (value) => isNumbers(value, [2]) && (value as number[]).every((part) => Number.isInteger(part) && part >= 0),
  'proj:bbox': (value) => isNumbers(value, [4]),
  'proj:transform': (value) => isNumbers(value, [6]),
};

/** The members with what is free taken out: equal for tiles of one kind. */
function kindOfFields(fields: JsonObject): JsonObject {
  const kind: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) kind[name] = FREE[name]?.(value) === true ? '' : [value];
  return kind;
}

/** What tiles have in common that differ only in what is free: they use the same extensions, and are all valid or none. */
export function kindOf(tile: PlacedTile): string {
  const { properties, asset, rest, footprint, href } = tile;
  const { start_datetime: start, end_datetime: end } = properties;
  const via = viaHref(tile);
  return JSON.stringify([
    footprint.geometry.type,
    PLAIN_HREF.test(href) ? '' : href,
    via === href || PLAIN_HREF.test(via) ? '' : via,
    kindOfFields(properties),
    kindOfFields(asset),
    rest.assets,
    rest.extensions,
    typeof start === 'string' && typeof end === 'string' && Date.parse(start) > Date.parse(end),
  ]);
}

export class TileChecks {
  /** Extensions whose schemas are not at hand. */
  readonly unchecked = new Set<string>();
  private readonly known = new Set<string>();
  private waiting: { tile: PlacedTile; kind: string }[] = [];

  constructor(
    private readonly validator: StacValidator,
    private readonly context: TileContext,
    private readonly faults: Faults,
  ) {}

  /** Resolves at once for a kind that is known to be good; other tiles are validated a hundred at a time. */
  add(tile: PlacedTile, kind: string = kindOf(tile)): Promise<void> | undefined {
    if (this.known.has(kind)) return undefined;
    this.waiting.push({ tile, kind });
    // The first of all alone, so that the many that are like it wait for nobody.
    return this.waiting.length >= BATCH || this.known.size === 0 ? this.finish() : undefined;
  }

  /** Validates what waits. */
  async finish(): Promise<void> {
    const batch = this.waiting;
    this.waiting = [];
    const verdicts = await this.validator.validateMany(batch.map(({ tile }) => forSchema(tileItem(tile, this.context))), 'item');
    for (const [i, { tile, kind }] of batch.entries()) {
      const { faults = [], unchecked = [] } = verdicts[i] ?? {};
      for (const uri of unchecked) this.unchecked.add(uri);
      for (const { path, message } of faults) this.faults.add(`/tiles/${tile.place}${path}`, message, tile.index);
      if (faults.length === 0 && this.known.size < MOST_KINDS) this.known.add(kind);
    }
  }
}
