/** Samples as arrays: which typed array holds what a TIFF stores. */
import type { DataType } from '../cog/types.js';
import { notImplemented } from '../errors.js';

/** Types that samples have in memory; 64-bit integers are held as float64, half floats as float32, as GDAL's callers do. */
export type SampleType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

export type SampleArray =
  | Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** Lowest and highest value, as numpy and GDAL state them. */
export const RANGES: Readonly<Record<SampleType, readonly [number, number]>> = {
  uint8: [0, 255], int8: [-128, 127], uint16: [0, 65_535], int16: [-32_768, 32_767],
  uint32: [0, 2 ** 32 - 1], int32: [-(2 ** 31), 2 ** 31 - 1],
  float32: [-3.402_823_466_385_288_6e38, 3.402_823_466_385_288_6e38], float64: [-Number.MAX_VALUE, Number.MAX_VALUE],
};

export const BYTES: Readonly<Record<SampleType, 1 | 2 | 4 | 8>> = { uint8: 1, int8: 1, uint16: 2, int16: 2, uint32: 4, int32: 4, float32: 4, float64: 8 };

export const isFloat = (type: SampleType): boolean => type === 'float32' || type === 'float64';

export function createSamples(type: SampleType, length: number): SampleArray {
  switch (type) {
    case 'uint8': return new Uint8Array(length);
    case 'int8': return new Int8Array(length);
    case 'uint16': return new Uint16Array(length);
    case 'int16': return new Int16Array(length);
    case 'uint32': return new Uint32Array(length);
    case 'int32': return new Int32Array(length);
    case 'float32': return new Float32Array(length);
    default: return new Float64Array(length);
  }
}

/** Bytes in the order of this machine as samples; copied only where they do not lie on the boundary that their type needs. */
export function viewSamples(type: SampleType, bytes: Uint8Array<ArrayBuffer>): SampleArray {
  const size = BYTES[type];
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const length = Math.floor(bytes.byteLength / size);
  switch (type) {
    case 'uint8': return new Uint8Array(buffer, byteOffset, length);
    case 'int8': return new Int8Array(buffer, byteOffset, length);
    case 'uint16': return new Uint16Array(buffer, byteOffset, length);
    case 'int16': return new Int16Array(buffer, byteOffset, length);
    case 'uint32': return new Uint32Array(buffer, byteOffset, length);
    case 'int32': return new Int32Array(buffer, byteOffset, length);
    case 'float32': return new Float32Array(buffer, byteOffset, length);
    default: return new Float64Array(buffer, byteOffset, length);
  }
}

/**
 * The type in memory of a STAC data type.
 * @throws DomainError NotImplemented for complex numbers and what TIFF readers do not agree on
 */
export function sampleTypeOf(type: DataType, name: string): SampleType {
  switch (type) {
    case 'int64':
    case 'uint64':
      return 'float64';
    case 'float16':
      return 'float32';
    case 'cint16':
    case 'cint32':
    case 'cfloat32':
    case 'cfloat64':
    case 'other':
      throw notImplemented(`${name}: samples of type ${type} cannot be drawn.`);
    default:
      return type;
  }
}

/** The type that holds values of all of them, as numpy promotes its types; float64 in the place of int64. */
export function commonType(types: readonly SampleType[]): SampleType {
  const distinct = [...new Set(types)];
  const [first] = distinct;
  if (first !== undefined && distinct.length === 1) return first;
  const bytes = Math.max(...distinct.filter((type) => !isFloat(type)).map((type) => BYTES[type]), 0);
  if (distinct.some(isFloat)) return distinct.includes('float64') || bytes > 2 ? 'float64' : 'float32';
  const isSigned = (type: SampleType): boolean => type.startsWith('int');
  if (!distinct.some(isSigned)) return bytes === 4 ? 'uint32' : 'uint16';
  const unsigned = Math.max(...distinct.filter((type) => !isSigned(type)).map((type) => BYTES[type]), 0);
  const needed = Math.max(2 * unsigned, ...distinct.filter(isSigned).map((type) => BYTES[type]));
  return needed > 4 ? 'float64' : needed === 4 ? 'int32' : needed === 2 ? 'int16' : 'int8';
}
