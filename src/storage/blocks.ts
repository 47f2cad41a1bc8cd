/** A small cache of aligned blocks before a source: a header and its tags cost one request instead of ten. */
import type { FetchOptions, Source } from './source.js';

/** 32 KB hold the header of a normal COG (RENDER.md: one request, against five of geotiff's). */
export const BLOCK_SIZE = 32 * 1024;

/** The header's block and three more for tile offsets: at most 128 KB a source. */
const MAX_BLOCKS = 4;

/**
 * Serves reads of up to {@link BLOCK_SIZE} bytes from cached blocks; one request fills what is missing. Longer reads (tiles)
 * go through unless the cache holds all of them. A block that failed is not kept. A block may be shared by several
 * callers: an abort signal ends the caller's waiting, not the block's fetch.
 */
export function cachedInBlocks(source: Source): Source {
  const blocks = new Map<number, Promise<ArrayBuffer>>(); // the least recently used first: there are too few for a library

  function used(index: number): Promise<ArrayBuffer> | undefined {
    const block = blocks.get(index);
    if (block !== undefined) keep(index, block);
    return block;
  }

  function keep(index: number, block: Promise<ArrayBuffer>): void {
    blocks.delete(index);
    blocks.set(index, block);
    const [oldest] = blocks.size > MAX_BLOCKS ? blocks.keys() : [];
    if (oldest !== undefined) blocks.delete(oldest);
  }

  /** Fetches blocks `first` to `last` in one request. */
  function fill(first: number, last: number): void {
    const run = source.fetch(first * BLOCK_SIZE, (last - first + 1) * BLOCK_SIZE);
    for (const index of range(first, last)) {
      const start = (index - first) * BLOCK_SIZE;
      const block = first === last ? run : run.then((bytes) => bytes.slice(start, start + BLOCK_SIZE));
      keep(index, block);
      block.catch(() => {
        if (blocks.get(index) === block) blocks.delete(index);
      });
    }
  }

  /** The promises of blocks. Those at hand are taken before the missing are fetched, which may push them out of the cache. */
  function take(first: number, last: number): Promise<ArrayBuffer>[] {
    const wanted = range(first, last).map((index) => ({ index, block: used(index) }));
    const missing = wanted.filter(({ block }) => block === undefined).map(({ index }) => index);
    const [from] = missing;
    if (from !== undefined) fill(from, missing.at(-1) ?? from);
    return wanted.map(({ index, block }) => block ?? filled(index));
  }

  function filled(index: number): Promise<ArrayBuffer> {
    const block = used(index);
    if (block === undefined) throw new Error(`Block ${index} was pushed out of the cache by the read that fetched it.`);
    return block;
  }

  async function fetch(offset: number, length?: number, options?: FetchOptions): Promise<ArrayBuffer> {
    const size = source.metadata?.size;
    const wanted = size === undefined ? length : Math.min(length ?? size, size - offset);
    if (wanted === undefined) return source.fetch(offset, undefined, options);
    if (wanted <= 0) return new ArrayBuffer(0);
    const first = Math.floor(offset / BLOCK_SIZE);
    const last = Math.floor((offset + wanted - 1) / BLOCK_SIZE);
    const only = first === last ? used(first) : undefined;
    if (only !== undefined) return cut([await abortable(only, options?.signal)], offset - first * BLOCK_SIZE, wanted);
    const cached = last - first < MAX_BLOCKS && range(first, last).every((index) => blocks.has(index));
    if (wanted > BLOCK_SIZE && !cached) return source.fetch(offset, wanted, options);
    const parts = await abortable(Promise.all(take(first, last)), options?.signal);
    return cut(parts, offset - first * BLOCK_SIZE, wanted);
  }

  return {
    url: source.url,
    get metadata() {
      return source.metadata ?? {};
    },
    fetch,
  };
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** `length` bytes from `start` of blocks laid end to end; fewer where the file ends earlier (a short block is its last). */
function cut(parts: readonly ArrayBuffer[], start: number, length: number): ArrayBuffer {
  const [only] = parts;
  // A header is read as a whole block, which nobody writes into: no copy of 32 KB for each file.
  if (parts.length === 1 && only !== undefined) return start === 0 && length === only.byteLength ? only : only.slice(start, start + length);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return whole.buffer.slice(start, start + length);
}
