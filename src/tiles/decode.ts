/** Decompresses one block of a TIFF into interleaved 8-bit samples; the only place that knows codecs. */
import * as zlib from 'node:zlib';
import { TiffTag } from '@cogeotiff/core';
import sharp from 'sharp';
import { readNumbers } from '../cog/tags.js';
import { notImplemented } from '../errors.js';
import { decodeLzw } from './lzw.js';
import type { Plane } from './raster.js';

export type Bytes = Uint8Array;

const NO_PREDICTOR = 1;
const HORIZONTAL = 2;

/**
 * The samples of a block, `blockWidth * rows * samples` bytes, one byte a sample (0 and 1 for 1-bit samples).
 * @param rows of the block; fewer than `blockHeight` only in the last strip
 * @throws DomainError NotImplemented for a codec that is not read yet, Error for damaged data
 */
export async function decodeBlock(packed: Bytes, plane: Plane, rows: number): Promise<Bytes> {
  const { compression, blockWidth, samples, bitsPerSample } = plane;
  if (compression === 'jpeg' || compression === 'webp') return decodePicture(packed, plane, rows);
  const rowBytes = Math.ceil((blockWidth * samples * bitsPerSample) / 8);
  const bytes = unpack(packed, compression, rowBytes * plane.blockHeight);
  if (bytes.length < rowBytes * rows) throw new Error(`a block unpacks to ${bytes.length} bytes instead of ${rowBytes * rows}`);
  if (bitsPerSample === 1) return spreadBits(bytes, blockWidth * samples, rowBytes, rows);
  if (plane.predictor === HORIZONTAL) sumRows(bytes, rowBytes, rows, samples);
  else if (plane.predictor !== NO_PREDICTOR) throw notImplemented(`Predictor ${plane.predictor} cannot be read yet; it comes with the tiles issue.`);
  return bytes;
}

/** At most `length` bytes, so that a few packed bytes cannot fill the memory. */
function unpack(packed: Bytes, compression: string, length: number): Bytes {
  const options = { maxOutputLength: length };
  switch (compression) {
    case 'none':
      return Uint8Array.from(packed.subarray(0, length));
    case 'deflate':
      return zlib.inflateSync(packed, options);
    case 'lzw':
      return decodeLzw(packed, length);
    case 'zstd':
      // From Node 22.15 on; engines begin at 22.12.
      if (typeof zlib.zstdDecompressSync !== 'function') throw notImplemented('Reading zstd needs Node 22.15 or later.');
      return zlib.zstdDecompressSync(packed, options);
    default:
      throw notImplemented(`${compression} compression cannot be read yet; it comes with the tiles issue.`);
  }
}

/** Undoes horizontal differencing (TIFF 6.0 section 14) in place. */
function sumRows(bytes: Bytes, rowBytes: number, rows: number, samples: number): void {
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * rowBytes;
    for (let i = row * rowBytes + samples; i < end; i++) bytes[i] = ((bytes[i] ?? 0) + (bytes[i - samples] ?? 0)) & 0xff;
  }
}

function spreadBits(bytes: Bytes, width: number, rowBytes: number, rows: number): Bytes {
  const out = new Uint8Array(width * rows);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) out[row * width + i] = ((bytes[row * rowBytes + (i >> 3)] ?? 0) >> (7 - (i & 7))) & 1;
  }
  return out;
}

/** JPEG and WebP blocks are whole pictures; libvips converts YCbCr to RGB as libjpeg and GDAL do. */
async function decodePicture(packed: Bytes, plane: Plane, rows: number): Promise<Bytes> {
  const { blockWidth, samples } = plane;
  if (plane.compression === 'jpeg' && samples !== 1 && samples !== 3) {
    throw notImplemented(`JPEG blocks of ${samples} bands cannot be read yet; it comes with the tiles issue.`);
  }
  if (!isPicture(packed, plane.compression)) throw new Error(`a block that is no ${plane.compression} picture`);
  const picture = plane.compression === 'jpeg' ? await wholeJpeg(packed, plane) : packed;
  let image = sharp(picture, { limitInputPixels: blockWidth * plane.blockHeight, failOn: 'error' });
  // A WebP block that happens to be opaque comes without its alpha.
  if (samples === 4) image = image.ensureAlpha();
  else if (samples === 1) image = image.toColourspace('b-w');
  else image = image.removeAlpha();
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  if (info.width !== blockWidth || info.height < rows || info.channels !== samples) {
    throw new Error(`a block holds a picture of ${info.width} x ${info.height} x ${info.channels} instead of ${blockWidth} x ${rows} x ${samples}`);
  }
  return data;
}

/** libvips would read whatever the bytes are, SVG and PDF too: only the two formats may reach it. */
function isPicture(packed: Bytes, compression: string): boolean {
  if (compression === 'jpeg') return packed[0] === 0xff && packed[1] === 0xd8;
  const start = String.fromCharCode(...packed.subarray(0, 12));
  return start.startsWith('RIFF') && start.endsWith('WEBP');
}

/** Adobe's marker with transform 0: the three components are RGB, whatever they are called. */
const ADOBE_RGB = Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0);

/** Puts the tables that all blocks share (TIFF Technical Note 2, tag JPEGTables) into the block's stream. */
async function wholeJpeg(packed: Bytes, { image, photometric, samples }: Plane): Promise<Bytes> {
  const tables = Uint8Array.from(await readNumbers(image, TiffTag.JpegTables));
  const parts: Bytes[] = [packed.subarray(0, 2)];
  if (photometric === 'rgb' && samples === 3) parts.push(ADOBE_RGB);
  if (tables.length > 4) parts.push(tables.subarray(2, -2)); // without its start and end of image
  if (parts.length === 1) return packed;
  return Buffer.concat([...parts, packed.subarray(2)]);
}
