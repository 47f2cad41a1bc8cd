/** How many bytes the tiles of a raster will have, from what its own file has. */
import type { CogHeader, DataType } from '../cog/types.js';

const BITS: Readonly<Record<DataType, number>> = {
  int8: 8, int16: 16, int32: 32, int64: 64, uint8: 8, uint16: 16, uint32: 32, uint64: 64, float16: 16, float32: 32, float64: 64,
  cint16: 32, cint32: 64, cfloat32: 64, cfloat64: 128, other: 64,
};

/** Overviews of a half, a quarter, … of the side: 1/4 + 1/16 + … of the pixels. */
const WITH_OVERVIEWS = 4 / 3;

export interface RasterSizes {
  /** Bytes of the pixels, unpacked, without overviews. */
  readonly raw: number;
  /** Bytes of the file; of the unpacked pixels where its size is not known. */
  readonly file: number;
  /** File to unpacked pixels, overviews taken out: 0.3 is a third left by compression. */
  readonly ratio: number;
  /** Bytes that a pixel of a tile is reckoned to take on disk, overviews included. */
  readonly perPixel: number;
}

/** Tiles are taken to compress as the raster itself does; all of them get overviews. */
export function rasterSizes({ width, height, bands, overviews, fileSize }: Pick<CogHeader, 'width' | 'height' | 'bands' | 'overviews' | 'fileSize'>): RasterSizes {
  const pixels = width * height;
  const raw = bands.reduce((sum, band) => sum + BITS[band.dataType] / 8, 0) * pixels;
  const file = fileSize ?? raw;
  // A file of a few KB is mostly header, and a sparse one has no blocks: below 1 % nothing is taken on trust.
  const ratio = Math.max(0.01, file / (overviews.length > 0 ? WITH_OVERVIEWS : 1) / raw);
  return { raw, file, ratio, perPixel: (ratio * raw * WITH_OVERVIEWS) / pixels };
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1, b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9, t: 1e12, tb: 1e12, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3, tib: 1024 ** 4,
};

/** Bytes of `1GB`, `512 MiB` or `1.5g`; undefined for anything else, and for less than one byte. */
export function parseSize(text: string): number | undefined {
  const [, digits = '', unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  const bytes = digits === '' || factor === undefined ? 0 : Math.floor(Number(digits) * factor);
  return Number.isSafeInteger(bytes) && bytes >= 1 ? bytes : undefined;
}

/** `1.2 GB`, `340 MB`, `12 kB`: decimal units, as {@link parseSize} takes them. */
export function sizeText(bytes: number): string {
  for (const [unit, factor] of [['TB', 1e12], ['GB', 1e9], ['MB', 1e6], ['kB', 1e3]] as const) {
    if (bytes >= factor) return `${bytes / factor >= 100 ? Math.round(bytes / factor) : Number((bytes / factor).toPrecision(2))} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}
