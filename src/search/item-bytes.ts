/** Items as they were last sent, kept by the version of their rows: what people look at again is not made again. */
import { LRUCache } from 'lru-cache';
import type { KnownItems } from '../pgstac/known-page.js';

/** About 30,000 items of 3 KB. */
const MAX_BYTES = 128 * 2 ** 20;
/** A share of known items from which on asking for versions first is quicker than reading all content at once. */
const WARM = 0.6;
/** How much a page counts in the share: about the last twenty of them do. */
const WEIGHT = 0.05;

export interface ItemBytes extends KnownItems<Buffer> {
  /** Keeps the text of an item and gives its bytes. */
  keep(version: string, text: string): Buffer;
}

/** @returns what is kept for answers whose links begin with `base` */
export function createItemBytes(maxBytes = MAX_BYTES): (base: string) => ItemBytes {
  const kept = new LRUCache<string, Buffer>({ maxSize: maxBytes, sizeCalculation: (bytes, key) => bytes.length + key.length + 200 });
  let share = 0;
  return (base) => ({
    get: (version) => kept.get(`${version} ${base}`),
    get isWarm() {
      return share >= WARM;
    },
    saw(known, count) {
      if (count > 0) share += (known / count - share) * WEIGHT;
    },
    keep(version, text) {
      // Not of Node's shared pool: a slice of it would keep the whole alive.
      const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
      bytes.write(text);
      kept.set(`${version} ${base}`, bytes);
      return bytes;
    },
  });
}
