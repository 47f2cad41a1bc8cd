/** Values of TIFF tags as typed arrays of numbers or text, whatever the file claims they are. */
import type { TiffImage } from '@cogeotiff/core';
import { TiffTag } from '@cogeotiff/core';

/** The numbers of a tag; empty when it is absent or holds something else. */
export async function readNumbers(image: TiffImage, tag: TiffTag): Promise<number[]> {
  const value: unknown = await image.fetch(tag);
  if (typeof value === 'number') return [value];
  if (value instanceof Uint8Array || value instanceof Uint16Array || value instanceof Uint32Array) return Array.from(value);
  return Array.isArray(value) && value.every((entry): entry is number => typeof entry === 'number') ? value : [];
}

/** The first number of a tag, or the fallback. */
export const readNumber = async (image: TiffImage, tag: TiffTag, fallback: number): Promise<number> =>
  (await readNumbers(image, tag))[0] ?? fallback;

/** The text of an ASCII tag, which GDAL writes as UTF-8; undefined when it is absent. */
export async function readText(image: TiffImage, tag: TiffTag): Promise<string | undefined> {
  const entry = image.tags.get(tag);
  if (entry === undefined) return undefined;
  // @cogeotiff/core spreads the bytes of a late tag over a call's arguments, which fails from about 120,000 on
  const bytes =
    entry.type === 'lazy' && entry.value === undefined
      ? Buffer.from(await image.tiff.source.fetch(entry.dataOffset, entry.count))
      : Buffer.from(typeof entry.value === 'string' ? entry.value : '', 'latin1');
  return bytes.toString('utf8').replace(/\0.*$/s, '').trim();
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
