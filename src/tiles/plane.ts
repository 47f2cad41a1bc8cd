/** One image of a TIFF as it is cut into blocks. */
import type { Tiff, TiffImage } from '@cogeotiff/core';
import { TiffTag } from '@cogeotiff/core';
import { compressionName, photometricName, readNumber, readNumbers } from '../cog/tags.js';
import { DomainError, notImplemented } from '../errors.js';
import { BYTES, type SampleType } from './samples.js';

/** One image of a TIFF, cut into blocks: tiles, or strips as wide as the image. */
export interface Plane {
  readonly image: TiffImage;
  readonly tiff: Tiff;
  readonly width: number;
  readonly height: number;
  readonly tiled: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Samples of a pixel. */
  readonly samples: number;
  /** Each sample has blocks of its own (PlanarConfiguration 2): those of band b begin at b * blocksAcross * blocksDown. */
  readonly separate: boolean;
  /** Samples of a pixel that one block holds, interleaved. */
  readonly blockSamples: number;
  readonly bits: number;
  /** TIFF tag 339: 1 unsigned, 2 signed, 3 floating point. */
  readonly format: number;
  /** What decoded samples are. */
  readonly type: SampleType;
  /** In the words of CogHeader. */
  readonly compression: string;
  readonly photometric: string;
  /** TIFF tag 317: 1 none, 2 horizontal differencing, 3 floating point. */
  readonly predictor: number;
  readonly littleEndian: boolean;
  /** What is around LERC: 0 nothing, 1 deflate, 2 zstd. */
  readonly lercCoat: number;
  /** The tables that all JPEG blocks share (TIFF Technical Note 2), a JPEG stream of their own; empty without. */
  readonly jpegTables: Uint8Array;
}

/** A decoded block may be this large: 4096 x 4096 RGBA. Larger ones are a trap, or no COG. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;
/** GDAL's limit of one dimension, which pixels are counted in by 32 bits. */
const MAX_SIDE = 2 ** 31 - 1;
/** Four tables of each kind are under 2 KB. */
const MAX_JPEG_TABLES = 64 * 1024;
const SEPARATE = 2;

export async function planeOf(tiff: Tiff, image: TiffImage, type: SampleType, name: string): Promise<Plane> {
  const number = (tag: TiffTag, fallback: number): Promise<number> => readNumber(image, tag, fallback);
  const width = await number(TiffTag.ImageWidth, 0);
  const height = await number(TiffTag.ImageHeight, 0);
  const tiled = image.has(TiffTag.TileWidth);
  const blockWidth = tiled ? await number(TiffTag.TileWidth, 0) : width;
  const blockHeight = tiled ? await number(TiffTag.TileHeight, 0) : Math.min(height, await number(TiffTag.RowsPerStrip, height));
  const samples = await number(TiffTag.SamplesPerPixel, 1);
  if (![width, height, blockWidth, blockHeight, samples].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE)) {
    throw new DomainError('Upstream', `${name}: a directory without usable sizes.`);
  }
  const listed = await readNumbers(image, TiffTag.BitsPerSample);
  const bits = listed[0] ?? 1;
  if (!Number.isInteger(bits) || bits < 1 || bits > 64 || (bits > 32 && bits < 64)) throw notImplemented(`${name}: samples of ${bits} bits cannot be read.`);
  if (listed.some((bit) => bit !== bits)) throw notImplemented(`${name}: bands of different depths (${[...new Set(listed)].join(', ')} bits) cannot be read.`);
  if ((await number(TiffTag.FillOrder, 1)) !== 1) throw notImplemented(`${name}: bytes with reversed bits (FillOrder 2) cannot be read.`);
  const separate = samples > 1 && (await number(TiffTag.PlanarConfiguration, 1)) === SEPARATE;
  const blockSamples = separate ? 1 : samples;
  if (blockWidth * blockHeight * blockSamples * BYTES[type] > MAX_BLOCK_BYTES) {
    throw notImplemented(`${name}: its blocks of ${blockWidth} x ${blockHeight} pixels are too large; make it a COG with blocks of 512.`);
  }
  const compression = compressionName(await number(TiffTag.Compression, 1));
  if ((image.tags.get(TiffTag.JpegTables)?.count ?? 0) > MAX_JPEG_TABLES) throw new DomainError('Upstream', `${name}: JPEG tables of more than ${MAX_JPEG_TABLES} bytes.`);
  const photometric = photometricName(await number(TiffTag.Photometric, 1));
  if (photometric === 'ycbcr' && compression !== 'jpeg') throw notImplemented(`${name}: YCbCr without JPEG cannot be read.`);
  return {
    image, tiff, width, height, tiled, blockWidth, blockHeight, samples, separate, blockSamples, bits, type, compression, photometric,
    blocksAcross: Math.ceil(width / blockWidth),
    blocksDown: Math.ceil(height / blockHeight),
    format: await number(TiffTag.SampleFormat, 1),
    predictor: await number(TiffTag.Predictor, 1),
    littleEndian: tiff.isLittleEndian,
    lercCoat: compression === 'lerc' ? ((await readNumbers(image, TiffTag.LercParameters))[1] ?? 0) : 0,
    jpegTables: Uint8Array.from(compression === 'jpeg' ? await readNumbers(image, TiffTag.JpegTables) : []),
  };
}
