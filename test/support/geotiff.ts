/** Writes small uncompressed GeoTIFFs with whatever tags a test needs, right or wrong. */

/** A value of a tag: numbers of a TIFF type, or text. */
export interface TagValue {
  /** 1 byte, 2 text, 3 short, 4 long, 12 double, 16 long8. */
  readonly type: 1 | 2 | 3 | 4 | 12 | 16;
  readonly values: readonly number[];
}

export interface GeoTiffSpec {
  readonly width: number;
  readonly height: number;
  /** EPSG code; left out with `crs: 'none'`. */
  readonly epsg?: number;
  readonly crs?: 'projected' | 'geographic' | 'none';
  /** GeoKeys beside those of `epsg`, values inline. */
  readonly geoKeys?: readonly (readonly [key: number, value: number])[];
  /** Upper left corner and pixel size; y grows downwards in the file unless `matrix` says otherwise. */
  readonly origin?: readonly [x: number, y: number];
  readonly pixel?: readonly [width: number, height: number];
  /** Instead of origin and pixel: a, b, c, d, e, f. */
  readonly matrix?: readonly number[];
  readonly point?: boolean;
  readonly bands?: number;
  /** Bits and TIFF sample format of each band. */
  readonly bits?: 8 | 16 | 32 | 64;
  readonly sampleFormat?: number;
  readonly photometric?: number;
  readonly extraSamples?: readonly number[];
  readonly nodata?: string;
  readonly metadata?: string;
  /** Tile side; 0 writes one strip. */
  readonly tile?: number;
  /** Factors of overviews. */
  readonly overviews?: readonly number[];
  readonly mask?: boolean;
  readonly bigEndian?: boolean;
  readonly bigTiff?: boolean;
  /** Blocks before directories: a valid TIFF, but no COG. */
  readonly dataFirst?: boolean;
  /** Tags to add or to put in the place of the usual ones; undefined takes one away. */
  readonly tags?: Readonly<Record<number, TagValue | undefined>>;
  /** Value of a sample; 0 when not given. Bytes and unsigned shorts only. */
  readonly fill?: (column: number, row: number, band: number) => number;
}

interface Image {
  readonly tags: Map<number, TagValue>;
  readonly blocks: Uint8Array[];
  readonly tiled: boolean;
}

export const short = (...values: number[]): TagValue => ({ type: 3, values });
export const long = (...values: number[]): TagValue => ({ type: 4, values });
export const double = (...values: number[]): TagValue => ({ type: 12, values });
export const text = (value: string): TagValue => ({ type: 2, values: [...Buffer.from(`${value}\0`, 'utf8')] });

const SIZES: Readonly<Record<TagValue['type'], number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 12: 8, 16: 8 };

/** The file's bytes. */
export function makeGeoTiff(spec: GeoTiffSpec): Uint8Array<ArrayBuffer> {
  const sizes = [1, ...(spec.overviews ?? [])].map((factor) => [Math.ceil(spec.width / factor), Math.ceil(spec.height / factor), factor] as const);
  const images = sizes.map(([width, height, factor], i) => image(spec, width, height, factor, i === 0 ? 'main' : 'overview'));
  if (spec.mask === true) images.push(image({ ...spec, bands: 1, bits: 8 }, spec.width, spec.height, 1, 'mask'));
  return write(images, spec);
}

function image(spec: GeoTiffSpec, width: number, height: number, factor: number, role: 'main' | 'overview' | 'mask'): Image {
  const { bands = 1, bits = 8, tile = 16 } = spec;
  const tags = new Map<number, TagValue>([
    [256, long(width)], [257, long(height)],
    [258, short(...Array.from({ length: bands }, () => bits))],
    [259, short(1)],
    [262, short(role === 'mask' ? 4 : (spec.photometric ?? (bands >= 3 ? 2 : 1)))],
    [277, short(bands)], [284, short(1)],
    [339, short(...Array.from({ length: bands }, () => spec.sampleFormat ?? 1))],
  ]);
  if (role !== 'main') tags.set(254, long(role === 'mask' ? 4 : 1));
  if (spec.extraSamples !== undefined) tags.set(338, short(...spec.extraSamples));
  if (tile > 0) tags.set(322, short(tile)).set(323, short(tile));
  else tags.set(278, long(height));
  if (role === 'main') for (const [id, value] of geoTags(spec)) tags.set(id, value);
  return { tags, blocks: blocks(spec, width, height, factor), tiled: tile > 0 };
}

function geoTags(spec: GeoTiffSpec): Map<number, TagValue> {
  const tags = new Map<number, TagValue>();
  const { origin = [0, 0], pixel = [1, 1], matrix, epsg = 4326 } = spec;
  const crs = spec.crs ?? ([4326, 4258, 4269].includes(epsg) ? 'geographic' : 'projected');
  if (matrix === undefined) {
    tags.set(33_550, double(pixel[0], pixel[1], 0)).set(33_922, double(0, 0, 0, origin[0], origin[1], 0));
  } else {
    const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = matrix;
    tags.set(34_264, double(a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1));
  }
  const keys: (readonly [number, number])[] = crs === 'none' ? [] : [
    [1024, crs === 'geographic' ? 2 : 1],
    [1025, spec.point === true ? 2 : 1],
    ...(spec.geoKeys ?? []),
    [crs === 'geographic' ? 2048 : 3072, epsg],
  ];
  const sorted = keys.toSorted(([a], [b]) => a - b);
  if (sorted.length > 0) tags.set(34_735, short(1, 1, 0, sorted.length, ...sorted.flatMap(([key, value]) => [key, 0, 1, value])));
  if (spec.nodata !== undefined) tags.set(42_113, text(spec.nodata));
  if (spec.metadata !== undefined) tags.set(42_112, text(spec.metadata));
  for (const [id, value] of Object.entries(spec.tags ?? {})) {
    if (value !== undefined) tags.set(Number(id), value);
  }
  return tags;
}

/** Chunky samples, tile by tile or in one strip; overviews take every factor-th pixel. */
function blocks(spec: GeoTiffSpec, width: number, height: number, factor: number): Uint8Array[] {
  const { bands = 1, bits = 8, tile = 16, fill } = spec;
  const [w, h] = tile > 0 ? [tile, tile] : [width, height];
  const out: Uint8Array[] = [];
  for (let top = 0; top < height; top += h) {
    for (let left = 0; left < width; left += w) {
      const block = new Uint8Array((w * h * bands * bits) / 8);
      const view = new DataView(block.buffer);
      const samples = fill === undefined ? 0 : w * h * bands;
      for (let i = 0; i < samples; i++) {
        const value = fill?.((left + (Math.floor(i / bands) % w)) * factor, (top + Math.floor(i / bands / w)) * factor, i % bands) ?? 0;
        if (bits === 8) view.setUint8(i, value);
        else if (bits === 16) view.setUint16(i * 2, value, spec.bigEndian !== true);
      }
      out.push(block);
    }
  }
  return out;
}

function write(images: readonly Image[], spec: GeoTiffSpec): Uint8Array<ArrayBuffer> {
  const big = spec.bigTiff === true;
  const little = spec.bigEndian !== true;
  const [countSize, entrySize, pointerSize] = big ? [8, 20, 8] : [2, 12, 4];
  const header = big ? 16 : 8;
  const dataBytes = images.reduce((sum, { blocks }) => sum + blocks.reduce((all, block) => all + block.byteLength, 0), 0);
  const entries = images.map(({ tags, blocks, tiled }) => {
    const all = new Map(tags);
    const zeros = blocks.map(() => 0);
    all.set(tiled ? 324 : 273, long(...zeros)).set(tiled ? 325 : 279, long(...blocks.map((block) => block.byteLength)));
    for (const [id, value] of Object.entries(spec.tags ?? {})) if (value === undefined) all.delete(Number(id));
    return all;
  });
  const directoryBytes = (tags: ReadonlyMap<number, TagValue>): number =>
    countSize + entrySize * tags.size + pointerSize + [...tags.values()].reduce((sum, tag) => sum + (tagBytes(tag) > pointerSize ? even(tagBytes(tag)) : 0), 0);
  const allDirectories = entries.reduce((sum, tags) => sum + directoryBytes(tags), 0);
  let dataAt = spec.dataFirst === true ? header : header + allDirectories;
  let at = spec.dataFirst === true ? header + even(dataBytes) : header;

  const out = new Uint8Array(header + allDirectories + even(dataBytes));
  const view = new DataView(out.buffer);
  const pointer = (where: number, value: number): void => (big ? view.setBigUint64(where, BigInt(value), little) : view.setUint32(where, value, little));
  out.set(Buffer.from(little ? 'II' : 'MM'));
  view.setUint16(2, big ? 43 : 42, little);
  if (big) view.setUint16(4, 8, little);
  pointer(big ? 8 : 4, at);

  images.forEach(({ blocks, tiled }, index) => {
    const tags = entries[index] ?? new Map<number, TagValue>();
    tags.set(tiled ? 324 : 273, long(...blocks.map((block) => {
      const where = dataAt;
      out.set(block, where);
      dataAt += block.byteLength;
      return where;
    })));
    const end = at + directoryBytes(tags);
    let valuesAt = at + countSize + entrySize * tags.size + pointerSize;
    if (big) view.setBigUint64(at, BigInt(tags.size), little);
    else view.setUint16(at, tags.size, little);
    [...tags].toSorted(([a], [b]) => a - b).forEach(([id, tag], i) => {
      const entry = at + countSize + i * entrySize;
      view.setUint16(entry, id, little);
      view.setUint16(entry + 2, tag.type, little);
      pointer(entry + 4, tag.values.length);
      const inline = tagBytes(tag) <= pointerSize;
      if (!inline) pointer(entry + 4 + pointerSize, valuesAt);
      writeValues(view, inline ? entry + 4 + pointerSize : valuesAt, tag, little);
      if (!inline) valuesAt += even(tagBytes(tag));
    });
    pointer(at + countSize + entrySize * tags.size, index === images.length - 1 ? 0 : end);
    at = end;
  });
  return out;
}

function writeValues(view: DataView, at: number, { type, values }: TagValue, little: boolean): void {
  values.forEach((value, i) => {
    const where = at + i * SIZES[type];
    if (type === 3) view.setUint16(where, value, little);
    else if (type === 4) view.setUint32(where, value, little);
    else if (type === 12) view.setFloat64(where, value, little);
    else if (type === 16) view.setBigUint64(where, BigInt(value), little);
    else view.setUint8(where, value);
  });
}

const tagBytes = ({ type, values }: TagValue): number => SIZES[type] * values.length;
const even = (bytes: number): number => bytes + (bytes % 2);
