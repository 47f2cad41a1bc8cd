/** NumPy's file format (NEP 1, version 1.0): one array of bands, rows and columns. */
import { BYTES, createSamples, type SampleType } from './samples.js';

const CODES: Readonly<Record<SampleType, string>> = {
  uint8: '|u1', int8: '|i1', uint16: '<u2', int16: '<i2', uint32: '<u4', int32: '<i4', float32: '<f4', float64: '<f8',
};

/** Rows follow each other within a band; `bands` all have `width * height` values. */
export function encodeNpy(bands: readonly ArrayLike<number>[], type: SampleType, width: number, height: number): Uint8Array<ArrayBuffer> {
  const dictionary = `{'descr': '${CODES[type]}', 'fortran_order': False, 'shape': (${bands.length}, ${height}, ${width}), }`;
  // Magic, version and length are 10 bytes; with the text and a line's end they fill multiples of 64.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const size = width * height * BYTES[type];
  const out = new Uint8Array(10 + length + bands.length * size);
  out.set([0x93, ...Buffer.from('NUMPY', 'latin1'), 1, 0, length & 0xff, length >> 8]);
  out.set(Buffer.from(`${dictionary.padEnd(length - 1)}\n`, 'latin1'), 10);
  bands.forEach((band, b) => {
    const samples = createSamples(type, width * height);
    samples.set(band);
    out.set(new Uint8Array(samples.buffer), 10 + length + b * size);
  });
  return out;
}
