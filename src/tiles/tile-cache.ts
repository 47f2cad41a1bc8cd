/** Drawn tiles, kept for who asks for the same: the port that a cache in memory, Redis or memcached stands behind. */
import { LRUCache } from 'lru-cache';
import type { RenderedTile } from './renderer.js';

/** A tile without failed assets: those are drawn anew each time. */
export type CachedTile = RenderedTile;

/** No failure of a cache is the caller's: it is then as if nothing were known. */
export interface TileCache {
  get(key: string): Promise<CachedTile | undefined>;
  set(key: string, tile: CachedTile): Promise<void>;
  close(): Promise<void>;
}

/** A PNG of 256 x 256 is about 100 KB: 600 of them. */
const MEMORY_BYTES = 64 * 1024 * 1024;
/** As long as workers keep headers (tiles/assets.ts): a file that was replaced under its name is seen after it. */
export const MEMORY_MS = 300_000;
/** What an entry costs beside its bytes. */
const ENTRY_BYTES = 1024;

export function memoryCache(maxBytes: number = MEMORY_BYTES): TileCache {
  const tiles = new LRUCache<string, CachedTile>({
    maxSize: maxBytes,
    ttl: MEMORY_MS,
    sizeCalculation: ({ bytes, used }) => ENTRY_BYTES + bytes.length + used.reduce((sum, href) => sum + 2 * href.length, 0),
  });
  return {
    get: async (key) => tiles.get(key),
    set: async (key, tile) => void tiles.set(key, tile),
    close: async () => tiles.clear(),
  };
}

export const noCache: TileCache = { get: async () => undefined, set: async () => undefined, close: async () => undefined };
