/** TIFF's LZW (TIFF 6.0 section 13): codes of 9 to 12 bits, high bits first, each width left one code early. */

const CLEAR = 256;
const END = 257;
const FIRST_FREE = 258;
const MAX_CODES = 4096;

/**
 * Unpacks `packed` into at most `limit` bytes.
 * @throws Error for a code that cannot occur
 */
export function decodeLzw(packed: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(limit);
  // A string of the table is a run of the output: where it was written when its code was made, and how long it is.
  const starts = new Int32Array(MAX_CODES);
  const lengths = new Int32Array(MAX_CODES);
  let written = 0;
  let free = FIRST_FREE;
  let width = 9;
  let buffer = 0;
  let bits = 0;
  let previousStart = 0;
  let previousLength = 0;
  let position = 0;

  while (written < limit) {
    while (bits < width) {
      if (position >= packed.length) return out.subarray(0, written);
      buffer = ((buffer << 8) | (packed[position++] ?? 0)) & 0xff_ffff;
      bits += 8;
    }
    const code = (buffer >>> (bits - width)) & ((1 << width) - 1);
    bits -= width;
    if (code === END) return out.subarray(0, written);
    if (code === CLEAR) {
      free = FIRST_FREE;
      width = 9;
      previousLength = 0;
      continue;
    }
    const start = written;
    if (code < CLEAR) {
      out[written++] = code;
    } else {
      const known = code < free;
      if (!known && (code !== free || previousLength === 0)) throw new Error('damaged LZW data');
      // The code being made now stands for the previous string and its own first byte.
      const from = known ? (starts[code] ?? 0) : previousStart;
      const length = Math.min(known ? (lengths[code] ?? 0) : previousLength + 1, limit - written);
      for (let i = 0; i < length; i++) out[written + i] = out[from + i] ?? 0;
      written += length;
    }
    if (previousLength > 0 && free < MAX_CODES) {
      starts[free] = previousStart;
      lengths[free] = previousLength + 1;
      free++;
    }
    if (free >= (1 << width) - 1 && width < 12) width++;
    previousStart = start;
    previousLength = written - start;
  }
  return out.subarray(0, written);
}
