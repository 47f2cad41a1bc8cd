/** Writes a small GeoTIFF: one strip, deflate, its bands interleaved, the opacity as a last band. */
import { deflateSync } from 'node:zlib';
import { BYTES, createSamples, isFloat, type SampleType } from './samples.js';
import type { Area } from './warp.js';

export interface GeoTiffPicture {
  readonly width: number;
  readonly height: number;
  readonly type: SampleType;
  readonly bands: readonly ArrayLike<number>[];
  /** Whether the last band is the opacity. */
  readonly alpha: boolean;
}

export interface Tag {
  readonly id: number;
  /** TIFF 6.0 section 2: 3 short, 4 long, 12 double. */
  readonly type: 3 | 4 | 12;
  readonly values: readonly number[];
}

const SIZES = { 3: 2, 4: 4, 12: 8 } as const;
const DEFLATE = 8;

/** Little-endian classic TIFF with GeoTIFF 1.1 keys. */
export function encodeGeoTiff({ width, height, type, bands, alpha }: GeoTiffPicture, { epsg, extent: [west, south, east, north] }: Area): Uint8Array<ArrayBuffer> {
  const count = bands.length;
  const samples = createSamples(type, width * height * count);
  bands.forEach((band, b) => {
    for (let i = 0; i < width * height; i++) samples[i * count + b] = band[i] ?? 0;
  });
  const data = deflateSync(new Uint8Array(samples.buffer), { level: 6 });
  const colours = count - (alpha ? 1 : 0);
  const rgb = colours === 3;
  const extras = Array.from({ length: count - (rgb ? 3 : 1) }, (_, i, ) => (alpha && i === count - (rgb ? 3 : 1) - 1 ? 2 : 0));
  const each = (value: number): number[] => Array.from({ length: count }, () => value);
  const keys = epsg === 4326 ? [[1024, 2], [1025, 1], [2048, 4326], [2054, 9102]] : [[1024, 1], [1025, 1], [3072, epsg], [3076, 9001]];
  const tags: Tag[] = [
    { id: 256, type: 4, values: [width] }, { id: 257, type: 4, values: [height] },
    { id: 258, type: 3, values: each(8 * BYTES[type]) }, { id: 259, type: 3, values: [DEFLATE] },
    { id: 262, type: 3, values: [rgb ? 2 : 1] }, { id: 273, type: 4, values: [0] }, { id: 277, type: 3, values: [count] },
    { id: 278, type: 4, values: [height] }, { id: 279, type: 4, values: [data.length] }, { id: 284, type: 3, values: [1] },
    ...(extras.length === 0 ? [] : [{ id: 338, type: 3, values: extras } satisfies Tag]),
    { id: 339, type: 3, values: each(isFloat(type) ? 3 : type.startsWith('int') ? 2 : 1) },
    { id: 33_550, type: 12, values: [(east - west) / width, (north - south) / height, 0] },
    { id: 33_922, type: 12, values: [0, 0, 0, west, north, 0] },
    { id: 34_735, type: 3, values: [1, 1, 0, keys.length, ...keys.flatMap(([key = 0, value = 0]) => [key, 0, 1, value])] },
  ];
  return assemble(tags, data);
}

/** Header, directory, the values that do not fit into it, the strip: its place, tag 273, is filled in. */
export function assemble(tags: readonly Tag[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytesOf = ({ type, values }: Tag): number => SIZES[type] * values.length;
  let valuesAt = 8 + 2 + tags.length * 12 + 4;
  const dataAt = tags.reduce((at, tag) => (bytesOf(tag) > 4 ? at + bytesOf(tag) + (bytesOf(tag) % 2) : at), valuesAt);
  const out = new Uint8Array(dataAt + data.length);
  const view = new DataView(out.buffer);
  out.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  view.setUint16(8, tags.length, true);
  tags.forEach((tag, i) => {
    const entry = 10 + i * 12;
    view.setUint16(entry, tag.id, true);
    view.setUint16(entry + 2, tag.type, true);
    view.setUint32(entry + 4, tag.values.length, true);
    const inline = bytesOf(tag) <= 4;
    const at = inline ? entry + 8 : valuesAt;
    if (!inline) {
      view.setUint32(entry + 8, valuesAt, true);
      valuesAt += bytesOf(tag) + (bytesOf(tag) % 2);
    }
    tag.values.forEach((value, j) => {
      const stored = tag.id === 273 ? dataAt : value;
      if (tag.type === 3) view.setUint16(at + j * 2, stored, true);
      else if (tag.type === 4) view.setUint32(at + j * 4, stored, true);
      else view.setFloat64(at + j * 8, stored, true);
    });
  });
  out.set(data, dataAt);
  return out;
}
