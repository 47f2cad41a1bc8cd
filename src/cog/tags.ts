/** Values of TIFF tags as typed arrays of numbers or text, whatever the file claims they are. */
import type { TiffImage } from '@cogeotiff/core';
import { type TiffTag, TiffTagValueType } from '@cogeotiff/core';

/** Tags whose values are not in the file's first block are read; {@link numbersOf} and {@link textOf} then need not wait. */
export async function loadTags(image: TiffImage, tags: readonly TiffTag[]): Promise<void> {
  for (const tag of tags) {
    const entry = image.tags.get(tag);
    if (entry?.type !== 'lazy' || entry.value !== undefined) continue;
    // @cogeotiff/core spreads the bytes of a late text over a call's arguments, which fails from about 120,000 on
    if (entry.dataType === TiffTagValueType.Ascii) entry.value = Buffer.from(await image.tiff.source.fetch(entry.dataOffset, entry.count)).toString('latin1');
    else await image.fetch(tag);
  }
}

/** The numbers of a tag that is loaded; empty when it is absent or holds something else. */
export function numbersOf(image: TiffImage, tag: TiffTag): readonly number[] {
  const value: unknown = image.tags.get(tag)?.value;
  if (typeof value === 'number') return [value];
  if (isTyped(value)) return Array.from(value);
  return Array.isArray(value) && value.every((entry): entry is number => typeof entry === 'number') ? value : [];
}

/** The first number of a tag that is loaded, or the fallback. */
export function numberOf(image: TiffImage, tag: TiffTag, fallback: number): number {
  const value: unknown = image.tags.get(tag)?.value;
  const first: unknown = Array.isArray(value) || isTyped(value) ? value[0] : value;
  return typeof first === 'number' ? first : fallback;
}

const isTyped = (value: unknown): value is Uint8Array | Uint16Array | Uint32Array =>
  value instanceof Uint8Array || value instanceof Uint16Array || value instanceof Uint32Array;

/** The text of an ASCII tag that is loaded, which GDAL writes as UTF-8; undefined when it is absent. */
export function textOf(image: TiffImage, tag: TiffTag): string | undefined {
  const entry = image.tags.get(tag);
  if (entry === undefined) return undefined;
  const bytes = Buffer.from(typeof entry.value === 'string' ? entry.value : '', 'latin1');
  return bytes.toString('utf8').replace(/\0.*$/s, '').trim();
}

/** {@link numbersOf} of any tag, also of the places of blocks, which may be long. */
export async function readNumbers(image: TiffImage, tag: TiffTag): Promise<readonly number[]> {
  await image.fetch(tag);
  return numbersOf(image, tag);
}

/** {@link numberOf} of any tag. */
export async function readNumber(image: TiffImage, tag: TiffTag, fallback: number): Promise<number> {
  await image.fetch(tag);
  return numberOf(image, tag, fallback);
}

const COMPRESSIONS: Readonly<Record<number, string>> = {
  1: 'none', 2: 'ccitt', 3: 'fax3', 4: 'fax4', 5: 'lzw', 6: 'jpeg-old', 7: 'jpeg', 8: 'deflate', 32773: 'packbits',
  32946: 'deflate', 34712: 'jpeg2000', 34887: 'lerc', 34925: 'lzma', 50000: 'zstd', 50001: 'webp', 50002: 'jxl', 52546: 'jxl',
};

const PHOTOMETRICS: Readonly<Record<number, string>> = {
  0: 'white-is-zero', 1: 'gray', 2: 'rgb', 3: 'palette', 4: 'mask', 5: 'cmyk', 6: 'ycbcr', 8: 'cielab',
};

export const compressionName = (code: number): string => COMPRESSIONS[code] ?? `tiff-${code}`;
export const photometricName = (code: number): string => PHOTOMETRICS[code] ?? `tiff-${code}`;
