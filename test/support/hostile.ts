/** TIFFs that lie: sizes, counts and blocks that would fill the memory or take for ever if they were believed. */
import { deflateSync, zstdCompressSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { type Directory, longs, readDirectories, shorts, type TagValue, writeDirectories } from '../../src/demo/tiff-directories.js';
import { makeCog } from './cogs.js';
import { long, makeGeoTiff, short } from './geotiff.js';

export interface Hostile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether its header alone tells, so that it is refused when it is posted. */
  readonly header: boolean;
}

/** The whole earth in pixels of one degree, blocks of 64 x 64 RGB. */
const WORLD = { width: 360, height: 180, block: 64, overviews: false } as const;
const ALL = 0xffff_fff0;

/** Puts tags into the first directory. */
async function tagged(tags: Readonly<Record<number, TagValue>>, compression: 'deflate' | 'jpeg' | 'none' = 'deflate'): Promise<Buffer> {
  const [first, ...rest] = readDirectories(await makeCog({ ...WORLD, compression }));
  if (first === undefined) throw new Error('no image');
  for (const [id, value] of Object.entries(tags)) first.tags.set(Number(id), value);
  return writeDirectories([first, ...rest]);
}

/** The same tile in every place, under a compression's number. */
async function filled(tile: Uint8Array, compression: number, change: (directory: Directory) => void = () => undefined): Promise<Buffer> {
  const directories = readDirectories(await makeCog({ ...WORLD, compression: compression === 7 ? 'jpeg' : 'none' }));
  for (const directory of directories) {
    directory.tags.set(259, shorts(compression));
    change(directory);
  }
  return writeDirectories(directories.map(({ tags, tiles }) => ({ tags, tiles: tiles.map(() => Buffer.from(tile)) })));
}

/** Changes an entry of the first directory where it stands: `count` and `value` as they are in the file. */
function patched(file: Uint8Array, tag: number, { count, value, at }: { readonly count?: number; readonly value?: number; readonly at?: (view: DataView, place: number) => void }): Uint8Array {
  const bytes = Uint8Array.from(file);
  const view = new DataView(bytes.buffer);
  const directory = view.getUint32(4, true);
  for (let i = 0; i < view.getUint16(directory, true); i++) {
    const entry = directory + 2 + 12 * i;
    if (view.getUint16(entry, true) !== tag) continue;
    if (count !== undefined) view.setUint32(entry + 4, count, true);
    if (value !== undefined) view.setUint32(entry + 8, value, true);
    at?.(view, view.getUint32(entry + 8, true));
  }
  return bytes;
}

const fill = (to: number) => (view: DataView, place: number): void => {
  for (let i = 0; i < 18; i++) view.setUint32(place + 4 * i, to, true);
};

/** A chain of so many directories without a tag, and one that never ends. */
function chain(length: number): Uint8Array {
  const bytes = Buffer.alloc(8 + 6 * length);
  bytes.write('II*\0', 0, 'latin1');
  bytes.writeUInt32LE(8, 4);
  for (let i = 0; i < length; i++) bytes.writeUInt32LE(i === length - 1 ? 8 : 8 + 6 * (i + 1), 8 + 6 * i + 2);
  return bytes;
}

/** LERC2 of version 2: one value for all its pixels, in 70 bytes. */
function lerc(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(70);
  bytes.write('Lerc2 ', 0, 'latin1');
  [2, height, width, Math.min(2 ** 31 - 1, width * height), 8, 70, 1].forEach((value, i) => bytes.writeInt32LE(value, 6 + 4 * i));
  [0.5, 7, 7].forEach((value, i) => bytes.writeDoubleLE(value, 34 + 8 * i));
  return bytes; // zMin = zMax and no bytes of a mask: nothing follows
}

/** TIFF's LZW of zeros: strings that grow by one with each code, 12 bits in the end. */
function lzw(codes: number): Buffer {
  const out: number[] = [];
  let [held, bits] = [0, 0];
  const put = (code: number, width: number): void => {
    held = (held << width) | code;
    bits += width;
    for (; bits >= 8; bits -= 8) out.push((held >>> (bits - 8)) & 255);
    held &= (1 << bits) - 1;
  };
  put(256, 9);
  put(0, 9);
  for (let i = 0; i < codes; i++) put(Math.min(4094, 258 + i), 258 + i < 510 ? 9 : 258 + i < 1022 ? 10 : 258 + i < 2046 ? 11 : 12);
  return Buffer.from(out);
}

const blank = (width: number, height: number): Sharp => sharp({ create: { width, height, channels: 3, background: '#123' }, limitInputPixels: false });

/** A JPEG of many scans, each of which goes over the whole picture: the last one over and over. */
async function scans(count: number): Promise<Buffer> {
  const jpeg = await blank(64, 64).jpeg({ progressive: true }).toBuffer();
  const last = jpeg.lastIndexOf(Buffer.from([0xff, 0xda]));
  return Buffer.concat([jpeg.subarray(0, -2), ...Array.from({ length: count }, () => jpeg.subarray(last, -2)), jpeg.subarray(-2)]);
}

/** Another width and height in the frame header of a JPEG. */
function claimed(jpeg: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(jpeg);
  const frame = [0xc0, 0xc1, 0xc2].map((marker) => bytes.indexOf(Buffer.from([0xff, marker]))).find((at) => at >= 0) ?? 0;
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return bytes;
}

/** Each in a few hundred KB at most; they are made anew at each call. */
export async function hostileFiles(): Promise<Hostile[]> {
  const good = await tagged({});
  const strips = Buffer.from(makeGeoTiff({ width: 360, height: 180, bands: 3, origin: [-180, 90], tile: 0 }));
  const zeros = Buffer.alloc(32 * 1024 * 1024);
  const jpeg = await blank(64, 64).jpeg().toBuffer();
  const blocks: Record<string, Uint8Array> = {
    'counts of 4 GB': patched(good, 325, { at: fill(ALL) }),
    'offsets beyond the file': patched(good, 324, { at: fill(ALL) }),
    'a table of 4 billion offsets': patched(good, 324, { count: ALL }),
    'a table of 4 billion counts': patched(good, 325, { count: ALL }),
    'no counts': await without(325),
    'an image 2^31 wide and high': await tagged({ 256: longs([2 ** 31 - 1]), 257: longs([2 ** 31 - 1]), 33_550: pixels(360 / 2 ** 31, 180 / 2 ** 31) }),
    'a tile 2^20 wide': await tagged({ 322: longs([2 ** 20]), 323: longs([2 ** 20]) }),
    'tiles of one pixel': await tagged({ 256: longs([36_000]), 257: longs([18_000]), 322: longs([1]), 323: longs([1]), 33_550: pixels(0.01, 0.01) }),
    'a strip of 400 million pixels': Buffer.from(makeGeoTiff({ width: 360, height: 180, origin: [-180, 90], pixel: [0.01, 0.01], tile: 0, tags: { 256: long(20_000), 257: long(18_000), 278: long(18_000) } })),
    'JPEG tables of 4 GB': patched(await tagged({}, 'jpeg'), 347, { count: ALL }),
    'a mask of 4 billion pixels': await masked(60_000),
    'an overview larger than the image': await pyramid(4096),
    'a bomb of deflate': await filled(deflateSync(zeros), 8),
    'a bomb of zstd': await filled(zstdCompressSync(zeros), 50_000),
    'a bomb of LERC': await filled(lerc(46_000, 46_000), 34_887, oneBand),
    'a bomb of LERC below deflate': await filled(deflateSync(zeros), 34_887, ({ tags }) => tags.set(50_674, longs([4, 1]))),
    'a bomb of WebP': await filled(await blank(4000, 4000).webp({ effort: 0 }).toBuffer(), 50_001),
    'a bomb of JPEG': await filled(claimed(jpeg, 65_500, 65_500), 7),
    'a JPEG of other sides': await filled(await blank(32, 128).jpeg().toBuffer(), 7),
    'a WebP of other sides': await filled(await blank(128, 32).webp().toBuffer(), 50_001),
    'a JPEG of 5,000 scans': await filled(await scans(5000), 7),
    'blocks cut short': await filled(Buffer.alloc(10), 1),
    'LZW that is none': await filled(Buffer.alloc(100, 0xff), 5),
  };
  const headers: Record<string, Uint8Array> = {
    'a chain of 100,000 directories in a ring': chain(100_000),
    'depths of 4 billion bands': patched(strips, 258, { count: ALL, value: 200 }),
    'a directory of 65,535 tags': Uint8Array.from(good, (byte, i) => (i === 8 || i === 9 ? 0xff : byte)),
    'a directory of 2^40 tags': bigTags(),
    'no pixels': Buffer.from(makeGeoTiff({ width: 16, height: 16, tags: { 256: long(0) } })),
    '65,535 bands': Buffer.from(makeGeoTiff({ width: 16, height: 16, tags: { 277: short(65_535) } })),
    'coordinates of 4 billion points': patched(good, 33_922, { count: ALL }),
  };
  return [...Object.entries(blocks).map(([name, bytes]) => ({ name, bytes, header: false })), ...Object.entries(headers).map(([name, bytes]) => ({ name, bytes, header: true }))];
}

/** Lies that draw: what they claim is not asked for. */
export async function harmlessLies(): Promise<{ readonly name: string; readonly bytes: Uint8Array }[]> {
  const strips = Buffer.from(makeGeoTiff({ width: 360, height: 180, bands: 3, origin: [-180, 90], tile: 0 }));
  return [
    { name: 'an image 2^31 wide', bytes: await tagged({ 256: longs([2 ** 31 - 1]), 33_550: pixels(360 / 2 ** 31, 1) }) },
    { name: 'rows a strip of 2^32', bytes: patched(strips, 278, { value: 0xffff_ffff }) },
    { name: 'a bomb of LZW', bytes: await filled(lzw(60_000), 5) },
    { name: 'a bomb of PackBits', bytes: await filled(Buffer.alloc(24_000, Buffer.from([129, 0])), 32_773) },
  ];
}

const pixels = (x: number, y: number): TagValue => {
  const bytes = Buffer.alloc(24);
  bytes.writeDoubleLE(x, 0);
  bytes.writeDoubleLE(y, 8);
  return { type: 12, count: 3, bytes };
};

const oneBand = ({ tags }: Directory): void => {
  tags.set(277, shorts(1)).set(258, shorts(8)).set(262, shorts(1)).set(339, shorts(1));
};

async function without(tag: number): Promise<Uint8Array> {
  const bytes = Buffer.from(await tagged({}));
  const directory = bytes.readUInt32LE(4);
  for (let i = 0; i < bytes.readUInt16LE(directory); i++) if (bytes.readUInt16LE(directory + 2 + 12 * i) === tag) bytes.writeUInt16LE(tag + 40_000, directory + 2 + 12 * i);
  return bytes;
}

async function masked(side: number): Promise<Buffer> {
  const [image, mask] = readDirectories(await makeCog({ ...WORLD, mask: () => true }));
  if (image === undefined || mask === undefined) throw new Error('no mask');
  mask.tags.set(256, longs([side])).set(257, longs([side]));
  return writeDirectories([image, mask]);
}

async function pyramid(side: number): Promise<Buffer> {
  const [image, overview] = readDirectories(await makeCog({ ...WORLD, overviews: true }));
  if (image === undefined || overview === undefined) throw new Error('no overview');
  overview.tags.set(256, longs([side])).set(257, longs([side]));
  return writeDirectories([image, overview]);
}

function bigTags(): Uint8Array {
  const bytes = Buffer.alloc(64);
  bytes.write('II+\0', 0, 'latin1');
  bytes.writeUInt16LE(8, 4);
  bytes.writeBigUInt64LE(16n, 8);
  bytes.writeBigUInt64LE(2n ** 40n, 16);
  return bytes;
}
