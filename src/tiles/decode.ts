/** Decompresses one block of a TIFF into interleaved samples; with lerc.ts and pictures.ts the only place that knows codecs. */
import * as zlib from 'node:zlib';
import { notImplemented } from '../errors.js';
import { decodeLerc } from './lerc.js';
import { decodeLzw } from './lzw.js';
import { decodePackBits } from './packbits.js';
import { decodePicture } from './pictures.js';
import type { Plane } from './raster.js';
import type { SampleArray } from './samples.js';
import { rowBytesOf, toSamples } from './unpack.js';

/** LERC's second coat: LercParameters[1]. */
const LERC_DEFLATE = 1;
const LERC_ZSTD = 2;

/**
 * The samples of a block, `blockWidth * rows * blockSamples` or more.
 * @param rows of the block; fewer than `blockHeight` only in the last strip
 * @throws DomainError NotImplemented for a codec that is not read, Error for damaged data
 */
export async function decodeBlock(packed: Uint8Array<ArrayBuffer>, plane: Plane, rows: number): Promise<SampleArray> {
  const { compression, blockWidth, blockHeight, blockSamples, bits, format, predictor, littleEndian, type } = plane;
  if (compression === 'jpeg' || compression === 'webp') return decodePicture(packed, plane, rows);
  const rowSamples = blockWidth * blockSamples;
  if (compression === 'lerc') {
    const inner = unwrapLerc(packed, plane.lercCoat, rowSamples * blockHeight * 8 + 65_536);
    return decodeLerc(inner, { width: blockWidth, rows, samples: blockSamples, type });
  }
  const rowBytes = rowBytesOf({ rowSamples, bits });
  const bytes = unpack(packed, compression, rowBytes * blockHeight);
  if (bytes.length < rowBytes * rows) throw new Error(`a block unpacks to ${bytes.length} bytes instead of ${rowBytes * rows}`);
  return toSamples(bytes, { rowSamples, samples: blockSamples, rows, bits, format, predictor, littleEndian, type });
}

/** At most `length` bytes, so that a few packed bytes cannot fill the memory. */
function unpack(packed: Uint8Array<ArrayBuffer>, compression: string, length: number): Uint8Array<ArrayBuffer> {
  switch (compression) {
    case 'none':
      return packed.slice(0, length);
    case 'deflate':
      return inflate(packed, length);
    case 'lzw':
      return decodeLzw(packed, length);
    case 'packbits':
      return decodePackBits(packed, length);
    case 'zstd':
      return unzstd(packed, length);
    default:
      throw notImplemented(`${compression} compression cannot be read; deflate, lzw, zstd, jpeg, webp, lerc, packbits and none can.`);
  }
}

/** Unpacked in one piece: by default zlib makes pieces of 16 KB and then a copy of them all. A little more room than needed tells it that it is done. */
const inOnePiece = (length: number): { maxOutputLength: number; chunkSize: number } => ({ maxOutputLength: length, chunkSize: Math.max(64, length + 1) });

const inflate = (packed: Uint8Array, length: number): Uint8Array<ArrayBuffer> => zlib.inflateSync(packed, inOnePiece(length));
const unzstd = (packed: Uint8Array, length: number): Uint8Array<ArrayBuffer> => zlib.zstdDecompressSync(packed, inOnePiece(length));

function unwrapLerc(packed: Uint8Array, coat: number, limit: number): Uint8Array {
  if (coat === LERC_DEFLATE) return inflate(packed, limit);
  return coat === LERC_ZSTD ? unzstd(packed, limit) : packed;
}
