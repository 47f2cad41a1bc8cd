/** Which footprints lie on which quadkey: burnt from packed outlines, kept as linked lists of numbers. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { invalidInput } from '../errors.js';
import { Cover } from './cover.js';
import type { Footprints } from './footprints.js';
import { columnOf, rowOf } from './grid.js';
import { Integers } from './growable.js';

/** API.md section 3: a document of more quadkeys is refused. */
export const MOST_QUADKEYS = 500_000;
/** Entries of all lists together: 160 MB of numbers, a document of more than a gigabyte. */
const MOST_ENTRIES = 20_000_000;
/** Entries a footprint at the zoom that is chosen for it: two to four, as chooseQuadkeyZoom says. */
const ENTRIES_EXPECTED = 4;
/** Runs of tiles burnt before the event loop gets its turn: some milliseconds. */
const RUNS_A_TURN = 20_000;

export interface BurnOptions {
  readonly zoom: number;
  /** Keeps the top so many footprints of each quadkey. */
  readonly maxPerQuadkey?: number | undefined;
  /** Order of each quadkey's list: as the footprints came, or those first whose centre is nearest to the quadkey's. */
  readonly order?: 'given' | 'center' | undefined;
  /** Over so many quadkeys the burning stops with InvalidInput; MOST_QUADKEYS when not given. */
  readonly limit?: number | undefined;
  /** The footprints in stacking order by their numbers, where that is not the order they came in. */
  readonly sequence?: Int32Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Lists of footprints by tile. A tile's number is `y * 2^zoom + x`; numbers ascend row by row, as cogeo-mosaic writes them. */
export class Quadkeys {
  /** Tile numbers, -1 where the table is free. The table's length is a power of two, at most half of it in use. */
  private table = new Int32Array(1024).fill(-1);
  private slots = new Int32Array(1024).fill(-1);
  private readonly tiles = new Integers();
  private readonly heads = new Integers();
  private readonly tails = new Integers();
  private readonly lengths = new Integers();
  private readonly next = new Integers();
  private readonly members = new Integers();
  /** Per slot: 1 where the document has this quadkey. */
  private readonly firm = new Integers();
  private firmCount = 0;

  /** @param entries how many its lists will have about */
  constructor(readonly zoom: number, entries = 0) {
    this.next.reserve(entries);
    this.members.reserve(entries);
  }

  /** How many quadkeys the document has. */
  get count(): number {
    return this.firmCount;
  }

  /** How many quadkeys have a footprint, confirmed or not. */
  get touched(): number {
    return this.tiles.length;
  }

  /** How many entries all lists have together. */
  get entries(): number {
    return this.members.length;
  }

  /** Puts a footprint at the end of a tile's list, unless that already has `most`; `firm` takes the tile into the document. */
  append(tile: number, footprint: number, most: number, firm: boolean): void {
    const slot = this.slotOf(tile);
    if (firm) this.confirmSlot(slot);
    const length = this.lengths.at(slot);
    if (length >= most) return;
    const entry = this.members.length;
    this.members.push(footprint);
    this.next.push(-1);
    if (length === 0) this.heads.values[slot] = entry;
    else this.next.values[this.tails.at(slot)] = entry;
    this.tails.values[slot] = entry;
    this.lengths.values[slot] = length + 1;
  }

  /** Takes a tile into the document, where it has a footprint. */
  confirm(tile: number): void {
    const slot = this.slots[this.placeOf(tile)] ?? -1;
    if (slot >= 0) this.confirmSlot(slot);
  }

  /** Numbers of the document's tiles, ascending. */
  sortedTiles(): Int32Array {
    const tiles = this.tiles.values.subarray(0, this.tiles.length);
    return tiles.filter((_, slot) => this.firm.at(slot) === 1).toSorted();
  }

  /** The footprints of a tile, top first. */
  listOf(tile: number): number[] {
    const list: number[] = [];
    for (let entry = this.heads.at(this.slotOf(tile)); entry >= 0; entry = this.next.at(entry)) list.push(this.members.at(entry));
    return list;
  }

  private confirmSlot(slot: number): void {
    if (this.firm.values[slot] === 1) return;
    this.firm.values[slot] = 1;
    this.firmCount += 1;
  }

  /** The place of a tile in the table, or the free one where it belongs. */
  private placeOf(tile: number): number {
    const mask = this.table.length - 1;
    let place = (Math.imul(tile, 0x9e3779b1) >>> 7) & mask;
    for (;;) {
      const found = this.table[place];
      if (found === tile || found === -1) return place;
      place = (place + 1) & mask;
    }
  }

  private slotOf(tile: number): number {
    const place = this.placeOf(tile);
    const known = this.slots[place] ?? -1;
    if (known >= 0) return known;
    const slot = this.tiles.length;
    this.tiles.push(tile);
    this.heads.push(-1);
    this.tails.push(-1);
    this.lengths.push(0);
    this.firm.push(0);
    this.table[place] = tile;
    this.slots[place] = slot;
    if (this.tiles.length * 2 > this.table.length) this.widen();
    return slot;
  }

  private widen(): void {
    const length = this.table.length * 2;
    this.table = new Int32Array(length).fill(-1);
    this.slots = new Int32Array(length).fill(-1);
    for (let slot = 0; slot < this.tiles.length; slot += 1) {
      const place = this.placeOf(this.tiles.at(slot));
      this.table[place] = this.tiles.at(slot);
      this.slots[place] = slot;
    }
  }
}

/**
 * Burns footprints into quadkeys of one zoom (0 to 12), giving the event loop its turns.
 *
 * Lists hold the footprints that coverGeometry puts on the tile. A quadkey is left out when no footprint has more of it
 * than a sliver between an edge straight in degrees and the same edge straight on the Mercator map: no footprint's middle
 * rule and no outline drawn on the map reaches it. cogeo-mosaic finds its quadkeys on the map and their assets in
 * degrees, so that this, and only this, gives its keys.
 * @throws InvalidInput over the limit, saying which `quadkey_zoom` fits; the signal's reason when aborted.
 */
export async function burnQuadkeys(footprints: Footprints, options: BurnOptions): Promise<Quadkeys> {
  const { zoom, limit = MOST_QUADKEYS, signal } = options;
  const burnt = await burn(footprints, options, zoom, limit);
  if (burnt !== undefined) return burnt;
  let fitting = zoom;
  let fits = false;
  while (!fits && fitting > 1) {
    fitting -= 1;
    fits = (await burn(footprints, { ...options, signal }, fitting, limit)) !== undefined;
  }
  const message = fits
    ? `quadkey_zoom ${zoom} makes a document of over ${limit} quadkeys; quadkey_zoom ${fitting} or lower fits.`
    : `No quadkey_zoom makes a document of at most ${limit} quadkeys; set max_per_quadkey, or select fewer items.`;
  throw invalidInput(message, [{ path: 'quadkey_zoom', message }]);
}

/** The same at the deepest zoom from this one up that keeps the limit. @throws as burnQuadkeys, where none does */
export async function burnFittingQuadkeys(footprints: Footprints, options: BurnOptions): Promise<Quadkeys> {
  const { zoom, limit = MOST_QUADKEYS } = options;
  for (let fitting = zoom; fitting > 1; fitting -= 1) {
    const burnt = await burn(footprints, options, fitting, limit);
    if (burnt !== undefined) return burnt;
  }
  return burnQuadkeys(footprints, { ...options, zoom: 1 });
}

/** Counts the quadkeys that footprints lie on, or undefined where there are more than the limit. */
export async function countQuadkeys(footprints: Footprints, zoom: number, limit = MOST_QUADKEYS): Promise<number | undefined> {
  return (await burn(footprints, { zoom, maxPerQuadkey: 1 }, zoom, limit))?.count;
}

async function burn(footprints: Footprints, options: BurnOptions, zoom: number, limit: number): Promise<Quadkeys | undefined> {
  const { order = 'given', maxPerQuadkey: most = Infinity, sequence, signal } = options;
  const size = 2 ** zoom;
  const cover = new Cover(footprints.shapes, zoom);
  const quadkeys = new Quadkeys(zoom, ENTRIES_EXPECTED * footprints.count);
  // nearest centres are only known when all have been burnt, so nothing may be cut off before
  const mostNow = order === 'center' ? Infinity : most;
  let runs = 0;
  let footprint = 0;
  const visit = (y: number, from: number, to: number): void => {
    runs += 1;
    for (let x = from; x <= to && quadkeys.touched <= limit && quadkeys.entries <= MOST_ENTRIES; x += 1) {
      quadkeys.append(y * size + x, footprint, mostNow, !cover.bends);
    }
  };
  const confirm = (y: number, from: number, to: number): void => {
    for (let x = from; x <= to; x += 1) quadkeys.confirm(y * size + x);
  };
  for (let turn = 0; turn < footprints.count; turn += 1) {
    footprint = sequence?.[turn] ?? turn;
    cover.visit(footprint, visit);
    if (quadkeys.touched > limit || quadkeys.entries > MOST_ENTRIES) return undefined;
    if (cover.bends) cover.visitFirm(footprint, confirm);
    if (runs >= RUNS_A_TURN) {
      runs = 0;
      await nextTurn();
      signal?.throwIfAborted();
    }
  }
  return quadkeys;
}

/** Orders one quadkey's list by the distance of the footprints' centres from the quadkey's, on the Mercator square; ties keep their order. */
export function nearestFirst(footprints: Footprints, list: readonly number[], tile: number, zoom: number): number[] {
  const size = 2 ** zoom;
  const x = (tile % size) + 0.5;
  const y = Math.floor(tile / size) + 0.5;
  const { boxes } = footprints.shapes;
  const distance = (footprint: number): number => {
    const at = 4 * footprint;
    const across = Math.abs(columnOf((boxes.at(at) + boxes.at(at + 2)) / 2, size) - x) % size;
    const down = (rowOf(boxes.at(at + 1), size) + rowOf(boxes.at(at + 3), size)) / 2 - y;
    return Math.hypot(Math.min(across, size - across), down);
  };
  const placed = list.map((footprint) => ({ footprint, distance: distance(footprint) }));
  return placed.toSorted((a, b) => a.distance - b.distance).map(({ footprint }) => footprint);
}
