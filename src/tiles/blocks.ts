/** Fetches and decodes blocks of a plane, at most once while they stay in a cache that is bounded in bytes. */
import { TiffTag } from '@cogeotiff/core';
import { LRUCache } from 'lru-cache';
import { DomainError, messageOf } from '../errors.js';
import { decodeBlock, type Bytes } from './decode.js';
import type { Plane } from './raster.js';

/** A block, or undefined where the file has none: a sparse TIFF leaves empty blocks out. */
export type Block = Bytes | undefined;

export interface BlockReader {
  /** @throws DomainError Upstream (unreadable, damaged), UpstreamTimeout, NotImplemented */
  read(plane: Plane, index: number, name: string): Promise<Block>;
  stats(): { readonly bytes: number; readonly hits: number; readonly misses: number };
}

const NO_BLOCK = new Uint8Array(0);

/** A packed block larger than its pixels is a count that lies; JPEG tables and incompressible data need a little more. */
const packedLimit = ({ blockWidth, blockHeight, samples }: Plane): number => 2 * blockWidth * blockHeight * samples + 65_536;

export function createBlockReader(options: { readonly maxBytes: number }): BlockReader {
  const ids = new WeakMap<Plane, number>();
  const loading = new Map<string, Promise<Bytes>>();
  let nextId = 0;
  let hits = 0;
  let misses = 0;
  const cache = new LRUCache<string, Bytes>({ maxSize: options.maxBytes, sizeCalculation: (block) => block.length + 64 });

  /** Blocks are known by the opened file they belong to: a file that is opened anew brings new blocks. */
  function keyOf(plane: Plane, index: number): string {
    let id = ids.get(plane);
    if (id === undefined) ids.set(plane, (id = nextId++));
    return `${id}/${index}`;
  }

  async function load(key: string, plane: Plane, index: number, name: string): Promise<Bytes> {
    try {
      const block = (await fetchBlock(plane, index, name)) ?? NO_BLOCK;
      cache.set(key, block);
      return block;
    } finally {
      loading.delete(key);
    }
  }

  return {
    async read(plane, index, name) {
      const key = keyOf(plane, index);
      const cached = cache.get(key);
      if (cached === undefined) misses++;
      else hits++;
      let pending = loading.get(key);
      if (cached === undefined && pending === undefined) loading.set(key, (pending = load(key, plane, index, name)));
      const block = cached ?? (await pending);
      return block === undefined || block.length === 0 ? undefined : block;
    },
    stats: () => ({ bytes: cache.calculatedSize, hits, misses }),
  };
}

async function fetchBlock(plane: Plane, index: number, name: string): Promise<Block> {
  try {
    const { offset, length } = await placeOf(plane, index);
    if (offset === 0 || length === 0) return undefined;
    if (length > packedLimit(plane)) throw new Error(`a block claims ${length} bytes`);
    const packed = new Uint8Array(await plane.tiff.source.fetch(offset, length));
    if (packed.length < length) throw new Error(`the file ends inside a block: ${packed.length} of ${length} bytes`);
    const row = Math.floor(index / plane.blocksAcross);
    const rows = plane.tiled ? plane.blockHeight : Math.min(plane.blockHeight, plane.height - row * plane.blockHeight);
    return await decodeBlock(packed, plane, rows);
  } catch (cause) {
    if (cause instanceof DomainError) throw cause.message.startsWith(name) ? cause : new DomainError(cause.kind, `${name}: ${cause.message}`, { cause });
    throw new DomainError('Upstream', `${name}: a damaged or truncated block (${messageOf(cause).split('\n', 1)[0]?.slice(0, 120)}).`, { cause });
  }
}

async function placeOf({ image, tiled }: Plane, index: number): Promise<{ offset: number; length: number }> {
  if (tiled) {
    const { offset, imageSize } = await image.getTileSize(index);
    return { offset, length: imageSize };
  }
  const offsets = await image.fetch(TiffTag.StripOffsets);
  const lengths = await image.fetch(TiffTag.StripByteCounts);
  return { offset: offsets?.[index] ?? 0, length: lengths?.[index] ?? 0 };
}
