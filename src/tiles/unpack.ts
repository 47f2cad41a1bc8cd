/** Turns the unpacked bytes of a block into samples: byte order, predictors, and samples that are no whole bytes. */
import { endianness } from 'node:os';
import type { SampleArray, SampleType } from './samples.js';
import { createSamples, viewSamples } from './samples.js';

export interface BlockShape {
  /** Samples of a row: the block's width times the samples of a pixel. */
  readonly rowSamples: number;
  /** Samples of a pixel that lie side by side: the distance of the predictors. */
  readonly samples: number;
  readonly rows: number;
  readonly bits: number;
  /** TIFF tag 339: 1 unsigned, 2 signed, 3 floating point. */
  readonly format: number;
  /** 1 none, 2 horizontal differencing (TIFF 6.0 section 14), 3 floating point (TIFF Technical Note 3). */
  readonly predictor: number;
  readonly littleEndian: boolean;
  readonly type: SampleType;
}

const HORIZONTAL = 2;
const FLOATING = 3;
const MACHINE_IS_LITTLE = endianness() === 'LE';

export const rowBytesOf = ({ rowSamples, bits }: Pick<BlockShape, 'rowSamples' | 'bits'>): number => Math.ceil((rowSamples * bits) / 8);

/**
 * The samples of a block. `bytes` may be changed and become the samples' memory.
 * @throws Error for a predictor that does not fit the samples
 */
export function toSamples(bytes: Uint8Array<ArrayBuffer>, shape: BlockShape): SampleArray {
  const { bits, predictor, samples, rowSamples, rows, type, format, littleEndian } = shape;
  if (predictor !== 1 && predictor !== HORIZONTAL && predictor !== FLOATING) throw new Error(`predictor ${predictor} is unknown`);
  if (![8, 16, 32, 64].includes(bits)) {
    if (predictor !== 1) throw new Error(`predictor ${predictor} on samples of ${bits} bits`);
    return spread(bytes, shape);
  }
  const whole = bytes.subarray(0, rowBytesOf(shape) * rows);
  if (predictor === FLOATING) joinFloats(whole, shape);
  else if (bits > 8 && littleEndian !== MACHINE_IS_LITTLE) swap(whole, bits / 8);
  if (bits === 64 && format !== 3) return fromBigInts(whole, shape);
  const stored = viewSamples(format === 3 && bits === 16 ? 'uint16' : type, whole);
  if (predictor === HORIZONTAL) {
    if (format === 3 && bits > 16) throw new Error('horizontal differencing of floating point samples');
    sumRows(stored, rowSamples, rows, samples);
  }
  return format === 3 && bits === 16 ? Float32Array.from(stored, halfToFloat) : stored;
}

/** Undoes horizontal differencing in place; typed arrays wrap around as the writer did. */
function sumRows(values: SampleArray, rowSamples: number, rows: number, samples: number): void {
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * rowSamples;
    for (let i = row * rowSamples + samples; i < end; i++) values[i] = (values[i] ?? 0) + (values[i - samples] ?? 0);
  }
}

/** Undoes the floating point predictor in place: bytes were sorted by significance, highest first, then differenced. */
function joinFloats(bytes: Uint8Array<ArrayBuffer>, { rowSamples, rows, samples, bits, format }: BlockShape): void {
  if (format !== 3) throw new Error('the floating point predictor on integers');
  const size = bits / 8;
  const rowBytes = rowSamples * size;
  const sorted = new Uint8Array(rowBytes);
  for (let row = 0; row < rows; row++) {
    const start = row * rowBytes;
    for (let i = samples; i < rowBytes; i++) bytes[start + i] = (bytes[start + i] ?? 0) + (bytes[start + i - samples] ?? 0);
    sorted.set(bytes.subarray(start, start + rowBytes));
    for (let byte = 0; byte < size; byte++) {
      const place = MACHINE_IS_LITTLE ? size - 1 - byte : byte;
      for (let i = 0; i < rowSamples; i++) bytes[start + i * size + place] = sorted[byte * rowSamples + i] ?? 0;
    }
  }
}

function swap(bytes: Uint8Array<ArrayBuffer>, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength - (bytes.byteLength % size));
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else buffer.swap64();
}

function fromBigInts(bytes: Uint8Array<ArrayBuffer>, { rowSamples, rows, samples, format, predictor }: BlockShape): Float64Array<ArrayBuffer> {
  const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const values = format === 2 ? new BigInt64Array(buffer, byteOffset, rowSamples * rows) : new BigUint64Array(buffer, byteOffset, rowSamples * rows);
  if (predictor === HORIZONTAL) {
    for (let row = 0; row < rows; row++) {
      for (let i = row * rowSamples + samples; i < (row + 1) * rowSamples; i++) values[i] = (values[i] ?? 0n) + (values[i - samples] ?? 0n);
    }
  }
  return Float64Array.from({ length: rowSamples * rows }, (_, i) => Number(values[i] ?? 0n));
}

/** Samples of 1 to 31 bits, the highest bit first; each row begins at a byte (TIFF 6.0, BitsPerSample and PackBits). */
function spread(bytes: Uint8Array<ArrayBuffer>, shape: BlockShape): SampleArray {
  const { rowSamples, rows, bits, format, type } = shape;
  if (format === 3) throw new Error(`floating point samples of ${bits} bits`);
  const rowBytes = rowBytesOf(shape);
  const out = createSamples(type, rowSamples * rows);
  const sign = 2 ** (bits - 1);
  for (let row = 0; row < rows; row++) {
    let at = row * rowBytes;
    let held = 0;
    let heldBits = 0;
    for (let i = 0; i < rowSamples; i++) {
      while (heldBits < bits) {
        held = held * 256 + (bytes[at++] ?? 0);
        heldBits += 8;
      }
      const rest = 2 ** (heldBits - bits);
      const value = Math.floor(held / rest);
      held -= value * rest;
      heldBits -= bits;
      out[row * rowSamples + i] = format === 2 && value >= sign ? value - 2 * sign : value;
    }
  }
  return out;
}

/** IEEE 754 binary16. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
