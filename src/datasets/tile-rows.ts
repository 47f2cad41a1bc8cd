/**
 * Tiles as rows for COPY, written while it is not yet known how many there will be nor when the dataset is: such texts are
 * left as single bytes that JSON never writes (RFC 8259 section 7 escapes them) and filled in on the way to the database.
 */
import { randomUUID } from 'node:crypto';
import { type Base, itemInstants, itemRow } from '../pgstac/items-write.js';
import type { JsonObject } from '../json.js';
import { hasInstant } from './extent.js';
import type { PlacedTile } from './headers.js';
import { padIndex, tileItem } from './tile-item.js';

/** The marks: the count, the dataset's instants as JSON members, and the two columns that they are filed under. */
const COUNT = '\u0001';
const INSTANTS = '\u0002';
const START = '\u0003';
const END = '\u0004';
const MARKS = /[\u0001-\u0004]/g; // oxlint-disable-line no-control-regex -- they are what is looked for

const MOST_KINDS = 1000;

export interface RowContext {
  readonly datasetId: string;
  readonly base: Base;
  /** Where the caller said how many tiles there will be. */
  readonly count: number | undefined;
  /** The dataset's own instants, where it names some. */
  readonly instants: JsonObject | undefined;
  readonly now: string;
}

export class TileRows {
  /** Stand for what is unknown while the item is made: nobody else can have written them. */
  private readonly countToken = `count-${randomUUID()}`;
  private readonly instantToken = `instant-${randomUUID()}`;
  private readonly count: string;
  private readonly extensions = new Map<string, string[]>();
  private readonly instants: JsonObject;
  private hasMarks = false;

  constructor(private readonly context: RowContext) {
    this.count = context.count === undefined ? this.countToken : padIndex(context.count);
    this.instants = context.instants ?? { datetime: this.instantToken };
  }

  /** @param kind of the tile, as `kindOf` tells it: tiles of one kind use the same extensions */
  row(tile: PlacedTile, kind: string): string {
    const { datasetId, base, now, count, instants } = this.context;
    const known = this.extensions.get(kind);
    const item = tileItem(tile, { datasetId, count: this.count, instants: this.instants, now }, known);
    if (known === undefined && this.extensions.size < MOST_KINDS) this.extensions.set(kind, item['stac_extensions'] as string[]);
    let text = itemRow(item, base);
    if (count === undefined) text = text.replaceAll(this.countToken, COUNT);
    const isDated = instants !== undefined || hasInstant(tile.properties);
    this.hasMarks ||= count === undefined || !isDated;
    if (isDated) return text;
    const token = this.instantToken;
    // The columns come first in the row, the JSON member last.
    return text.replace(token, START).replace(token, END).replace(`"datetime":"${token}"`, INSTANTS);
  }

  /** Whether any row so far has marks that must be filled in. */
  get marked(): boolean {
    return this.hasMarks;
  }
}

/** Rows with their marks filled in; pieces may be cut anywhere, since a mark is one byte. */
export async function* filledRows(pieces: AsyncIterable<Buffer>, count: number, instants: JsonObject): AsyncGenerator<Buffer, void, undefined> {
  const { start, end } = itemInstants(instants);
  const texts: Readonly<Record<string, string>> = {
    [COUNT]: padIndex(count),
    [INSTANTS]: JSON.stringify(instants).slice(1, -1),
    [START]: start,
    [END]: end,
  };
  // All that is filled in is ASCII, so bytes may pass as Latin-1 and come out as they were.
  for await (const piece of pieces) yield Buffer.from(piece.toString('latin1').replace(MARKS, (mark) => texts[mark] ?? ''), 'latin1');
}
