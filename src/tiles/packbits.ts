/** PackBits (TIFF 6.0 section 9): a count, then that many bytes or one byte to repeat. */

/** Unpacks into at most `limit` bytes. */
export function decodePackBits(packed: Uint8Array, limit: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(limit);
  let written = 0;
  let at = 0;
  while (at < packed.length && written < limit) {
    const count = packed[at++] ?? 128;
    if (count < 128) {
      const run = packed.subarray(at, at + Math.min(count + 1, limit - written));
      out.set(run, written);
      written += run.length;
      at += count + 1;
    } else if (count > 128) {
      const end = Math.min(limit, written + 257 - count);
      out.fill(packed[at++] ?? 0, written, end);
      written = end;
    }
  }
  return out.subarray(0, written);
}
