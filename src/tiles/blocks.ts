/** Fetches and decodes blocks of a plane, at most once while they stay in a cache that is bounded in bytes. */
import { TiffTag } from '@cogeotiff/core';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { DomainError, messageOf } from '../errors.js';
import { decodeBlock } from './decode.js';
import type { Plane } from './plane.js';
import { BYTES, type SampleArray } from './samples.js';

/** A block, or undefined where the file has none: a sparse TIFF leaves empty blocks out. */
export type Block = SampleArray | undefined;

export interface BlockReader {
  /**
   * The blocks of these indices. Blocks that lie side by side in the file are fetched together.
   * @throws DomainError Upstream (unreadable, damaged), UpstreamTimeout, NotImplemented
   */
  read(plane: Plane, indices: readonly number[], name: string): Promise<Map<number, Block>>;
  stats(): { readonly bytes: number; readonly hits: number; readonly misses: number };
}

interface Place {
  readonly index: number;
  readonly offset: number;
  readonly length: number;
}

const NO_BLOCK = new Uint8Array(0);
/** Reads of one asset at a time. */
const READS_AT_A_TIME = 8;
/** Bytes between two blocks that are read along rather than asked for by a request of their own. */
const MAX_GAP = 16 * 1024;
const MAX_READ = 2 * 1024 * 1024;
/** Blocks whose places are read one by one from here on, instead of the whole table (8 bytes each). */
const LONG_TABLE = 32_768;
/** Places of strips can only be read as a whole table, of 16 MB at most. */
const MAX_TABLE = 1_048_576;
/** Decoded bytes of one reading beyond which a worker does it alone: a few files of huge blocks must not fill the memory together. */
const HEAVY_BYTES = 32 * 1024 * 1024;
/** Milliseconds that one such reading may keep the others waiting. */
const HEAVY_MS = 15_000;

/** A packed block larger than its pixels is a count that lies; JPEG tables and incompressible data need a little more. */
const packedLimit = ({ blockWidth, blockHeight, blockSamples, type }: Plane): number => 2 * blockWidth * blockHeight * blockSamples * BYTES[type] + 65_536;

export function createBlockReader(options: { readonly maxBytes: number }): BlockReader {
  const alone = pLimit(1);
  const ids = new WeakMap<Plane, number>();
  const loading = new Map<string, Promise<SampleArray>>();
  let nextId = 0;
  let hits = 0;
  let misses = 0;
  const cache = new LRUCache<string, SampleArray>({ maxSize: options.maxBytes, sizeCalculation: (block) => block.byteLength + 64 });

  /** Blocks are known by the opened file they belong to: a file that is opened anew brings new blocks. */
  function keyOf(plane: Plane): string {
    let id = ids.get(plane);
    if (id === undefined) ids.set(plane, (id = nextId++));
    return `${id}/`;
  }

  /** Starts to load what is neither cached nor on its way. */
  function load(plane: Plane, prefix: string, indices: readonly number[], name: string): void {
    const { blockWidth, blockHeight, blockSamples, type } = plane;
    const isHeavy = indices.length * blockWidth * blockHeight * blockSamples * BYTES[type] > HEAVY_BYTES;
    const fetched = isHeavy ? alone(() => settled(fetchBlocks(plane, indices, name))) : fetchBlocks(plane, indices, name);
    for (const [i, index] of indices.entries()) {
      const key = `${prefix}${index}`;
      const pending = (async () => {
        try {
          const block = (await (await fetched)[i]) ?? NO_BLOCK;
          cache.set(key, block);
          return block;
        } finally {
          loading.delete(key);
        }
      })();
      loading.set(key, pending);
      pending.catch(() => undefined); // whoever waits for it is told
    }
  }

  return {
    async read(plane, indices, name) {
      const prefix = keyOf(plane);
      const found = new Map<number, SampleArray>();
      const missing: number[] = [];
      for (const index of indices) {
        const cached = cache.get(`${prefix}${index}`);
        if (cached !== undefined) found.set(index, cached);
        else if (!loading.has(`${prefix}${index}`)) missing.push(index);
      }
      hits += found.size;
      misses += indices.length - found.size;
      if (missing.length > 0) load(plane, prefix, missing, name);
      const blocks = await Promise.all(indices.map(async (index) => found.get(index) ?? loading.get(`${prefix}${index}`)));
      return new Map(indices.map((index, i) => [index, blocks[i]?.length === 0 ? undefined : blocks[i]]));
    },
    stats: () => ({ bytes: cache.calculatedSize, hits, misses }),
  };
}

/** One promise for each index, so that one damaged block spoils no other. */
async function fetchBlocks(plane: Plane, indices: readonly number[], name: string): Promise<Promise<Block>[]> {
  const limit = pLimit(READS_AT_A_TIME);
  const blocks = new Map<number, Promise<Block>>();
  const all = await Promise.all(indices.map((index) => placeOf(plane, index))).catch((error: unknown) => Promise.reject(named(error, name)));
  const places = all.filter(({ offset, length }) => offset > 0 && length > 0);
  const most = packedLimit(plane);
  for (const { index, length } of places) if (length > most) blocks.set(index, Promise.reject(named(new Error(`a block claims ${length} bytes`), name)));
  for (const run of runsOf(places.filter(({ length }) => length <= most))) {
    const [first] = run;
    const last = run.at(-1);
    if (first === undefined || last === undefined) continue;
    const bytes = limit(() => plane.tiff.source.fetch(first.offset, last.offset + last.length - first.offset));
    for (const place of run) blocks.set(place.index, decodeAt(plane, place, first.offset, bytes).catch((error: unknown) => Promise.reject(named(error, name))));
  }
  for (const block of blocks.values()) block.catch(() => undefined);
  return indices.map((index) => blocks.get(index) ?? Promise.resolve(undefined));
}

/** The same promises once all of them are kept or broken, or have taken too long. */
async function settled(blocks: Promise<Promise<Block>[]>): Promise<Promise<Block>[]> {
  const all = await blocks;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, HEAVY_MS)));
  await Promise.race([Promise.allSettled(all), late]);
  clearTimeout(timer);
  return all;
}

/** Neighbours in the file, to be read together. */
function runsOf(places: readonly Place[]): Place[][] {
  const runs: Place[][] = [];
  let [start, end] = [0, -Infinity];
  for (const place of places.toSorted((a, b) => a.offset - b.offset)) {
    const next = place.offset + place.length;
    if (place.offset >= end && place.offset - end <= MAX_GAP && next - start <= MAX_READ) {
      runs.at(-1)?.push(place);
    } else {
      runs.push([place]);
      start = place.offset;
    }
    end = next;
  }
  return runs;
}

async function decodeAt(plane: Plane, { index, offset, length }: Place, start: number, run: Promise<ArrayBuffer>): Promise<Block> {
  const packed = new Uint8Array(await run).subarray(offset - start, offset - start + length);
  if (packed.length < length) throw new Error(`the file ends inside a block: ${packed.length} of ${length} bytes`);
  const row = Math.floor((index % (plane.blocksAcross * plane.blocksDown)) / plane.blocksAcross);
  const rows = plane.tiled ? plane.blockHeight : Math.min(plane.blockHeight, plane.height - row * plane.blockHeight);
  return decodeBlock(packed, plane, rows);
}

function named(cause: unknown, name: string): DomainError {
  if (cause instanceof DomainError) return cause.message.startsWith(name) ? cause : new DomainError(cause.kind, `${name}: ${cause.message}`, { cause });
  return new DomainError('Upstream', `${name}: a damaged or truncated block (${messageOf(cause).split('\n', 1)[0]?.slice(0, 120)}).`, { cause });
}

async function placeOf({ image, tiled, blocksAcross, blocksDown, separate, samples }: Plane, index: number): Promise<Place> {
  const [offsetsTag, lengthsTag] = tiled ? ([TiffTag.TileOffsets, TiffTag.TileByteCounts] as const) : ([TiffTag.StripOffsets, TiffTag.StripByteCounts] as const);
  const [offsetCount, lengthCount] = [offsetsTag, lengthsTag].map((tag) => image.tags.get(tag)?.count ?? 0) as [number, number];
  if (offsetCount === 0 || lengthCount === 0) throw new Error('it does not say where its blocks are');
  const expected = blocksAcross * blocksDown * (separate ? samples : 1);
  if (tiled && expected > LONG_TABLE) {
    const { offset, imageSize } = await image.getTileSize(index);
    return { index, offset, length: imageSize };
  }
  // Some writers list a few more than there are.
  if (Math.max(offsetCount, lengthCount) > Math.max(LONG_TABLE, tiled ? 0 : MAX_TABLE)) throw new Error(`a table of ${Math.max(offsetCount, lengthCount)} blocks for ${expected}`);
  const offsets = await image.fetch(offsetsTag);
  const lengths = await image.fetch(lengthsTag);
  return { index, offset: at(offsets, index), length: at(lengths, index) };
}

/** An entry of a table; a table of one block is its number alone. */
const at = (table: unknown, index: number): number => {
  const value: unknown = typeof table === 'number' ? (index === 0 ? table : 0) : table !== null && typeof table === 'object' ? Reflect.get(table, index) : 0;
  return typeof value === 'number' ? value : 0;
};
