/** Takes a small TIFF apart into its directories (IFDs) and puts directories together again in the order of a COG. */

/** TIFF 6.0 section 2 "Types": bytes of one value. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 };

const ENTRY_BYTES = 12;
export const TAG = {
  newSubfileType: 254,
  photometric: 262,
  tileOffsets: 324,
  tileByteCounts: 325,
  modelPixelScale: 33_550,
  modelTiepoint: 33_922,
  geoKeyDirectory: 34_735,
  geoAsciiParams: 34_737,
  gdalNodata: 42_113,
} as const;

/** One directory entry: its TIFF type, the number of values and their little-endian bytes. */
export interface TagValue {
  readonly type: number;
  readonly count: number;
  readonly bytes: Buffer;
}

/** One image of a TIFF: its tags but for the places of its tiles, and the compressed tiles themselves. */
export interface Directory {
  readonly tags: Map<number, TagValue>;
  readonly tiles: readonly Buffer[];
}

export const shorts = (...values: readonly number[]): TagValue => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => bytes.writeUInt16LE(value, i * 2));
  return { type: 3, count: values.length, bytes };
};

export const longs = (values: readonly number[]): TagValue => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32LE(value, i * 4));
  return { type: 4, count: values.length, bytes };
};

export const doubles = (...values: readonly number[]): TagValue => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, i) => bytes.writeDoubleLE(value, i * 8));
  return { type: 12, count: values.length, bytes };
};

export const ascii = (text: string): TagValue => {
  const bytes = Buffer.from(`${text}\0`, 'latin1');
  return { type: 2, count: bytes.length, bytes };
};

/**
 * The directories of a classic little-endian tiled TIFF, in the file's order.
 * @throws Error for any other file: this reads what sharp has just written, never what a caller sent.
 */
export function readDirectories(tiff: Buffer): Directory[] {
  if (tiff.toString('latin1', 0, 2) !== 'II' || tiff.readUInt16LE(2) !== 42) {
    throw new Error('only classic little-endian TIFF can be turned into a COG');
  }
  const directories: Directory[] = [];
  let offset = tiff.readUInt32LE(4);
  while (offset !== 0) {
    const entries = tiff.readUInt16LE(offset);
    const tags = new Map<number, TagValue>();
    for (let i = 0; i < entries; i++) {
      const at = offset + 2 + i * ENTRY_BYTES;
      const type = tiff.readUInt16LE(at + 2);
      const count = tiff.readUInt32LE(at + 4);
      const length = (TYPE_BYTES[type] ?? 1) * count;
      const start = length <= 4 ? at + 8 : tiff.readUInt32LE(at + 8);
      tags.set(tiff.readUInt16LE(at), { type, count, bytes: Buffer.from(tiff.subarray(start, start + length)) });
    }
    directories.push({ tags, tiles: takeTiles(tiff, tags) });
    offset = tiff.readUInt32LE(offset + 2 + entries * ENTRY_BYTES);
  }
  return directories;
}

function takeTiles(tiff: Buffer, tags: Map<number, TagValue>): Buffer[] {
  const offsets = numbersOf(tags.get(TAG.tileOffsets));
  const lengths = numbersOf(tags.get(TAG.tileByteCounts));
  if (offsets.length === 0 || offsets.length !== lengths.length) throw new Error('only a tiled TIFF can be turned into a COG');
  tags.delete(TAG.tileOffsets);
  tags.delete(TAG.tileByteCounts);
  return offsets.map((offset, i) => tiff.subarray(offset, offset + (lengths[i] ?? 0)));
}

function numbersOf(value: TagValue | undefined): number[] {
  if (value === undefined) return [];
  return Array.from({ length: value.count }, (_, i) =>
    value.type === 3 ? value.bytes.readUInt16LE(i * 2) : value.bytes.readUInt32LE(i * 4));
}

/**
 * A TIFF whose directories come first, in the given order, each followed by its values, and whose tiles follow
 * from the last directory to the first: overviews before the full image, as a COG reader wants them
 * (OGC 21-026 section 7).
 */
export function writeDirectories(directories: readonly Directory[]): Buffer {
  const places = directories.map(({ tiles }) => ({ offsets: tiles.map(() => 0), lengths: tiles.map((tile) => tile.length) }));
  const full = directories.map(({ tags, tiles }, i) =>
    [...tags, [TAG.tileOffsets, longs(places[i]?.offsets ?? tiles.map(() => 0))] as const,
      [TAG.tileByteCounts, longs(places[i]?.lengths ?? [])] as const].toSorted(([a], [b]) => a - b));

  let position = 8;
  const plan = full.map((tags) => {
    const start = roundUp(position, 2);
    position = start + 2 + tags.length * ENTRY_BYTES + 4;
    const values = tags.map(([, value]) => {
      if (value.bytes.length <= 4) return undefined;
      const at = roundUp(position, 8);
      position = at + value.bytes.length;
      return at;
    });
    return { start, tags, values };
  });

  const tilesStart = roundUp(position, 16);
  let tilePosition = tilesStart;
  const data: Buffer[] = [];
  for (let i = directories.length - 1; i >= 0; i--) {
    const offsets = (directories[i]?.tiles ?? []).map((tile) => {
      const at = tilePosition;
      tilePosition += tile.length;
      data.push(tile);
      return at;
    });
    const entry = full[i]?.find(([tag]) => tag === TAG.tileOffsets);
    longs(offsets).bytes.copy(entry?.[1].bytes ?? Buffer.alloc(0));
  }

  const head = Buffer.alloc(tilesStart);
  head.write('II', 0, 'latin1');
  head.writeUInt16LE(42, 2);
  head.writeUInt32LE(plan[0]?.start ?? 0, 4);
  plan.forEach(({ start, tags, values }, i) => {
    head.writeUInt16LE(tags.length, start);
    tags.forEach(([tag, value], j) => {
      const at = start + 2 + j * ENTRY_BYTES;
      head.writeUInt16LE(tag, at);
      head.writeUInt16LE(value.type, at + 2);
      head.writeUInt32LE(value.count, at + 4);
      const place = values[j];
      if (place !== undefined) head.writeUInt32LE(place, at + 8);
      value.bytes.copy(head, place ?? at + 8);
    });
    head.writeUInt32LE(plan[i + 1]?.start ?? 0, start + 2 + tags.length * ENTRY_BYTES);
  });
  return Buffer.concat([head, ...data]);
}

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;
