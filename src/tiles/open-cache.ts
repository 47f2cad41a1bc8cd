/** Where drawn tiles are kept, by CACHE_URL and CACHE_DISABLE. */
import type { TilesConfig } from '../config-tiles.js';
import type { Logger } from '../log.js';
import { memoryCache, noCache, type TileCache } from './tile-cache.js';
import { memcachedStore, redisStore, remoteCache } from './remote-cache.js';

export function openTileCache({ cacheUrl, cacheDisabled }: TilesConfig, logger: Logger): TileCache {
  if (cacheDisabled) return noCache;
  if (cacheUrl === undefined) return memoryCache();
  const url = new URL(cacheUrl);
  return remoteCache(url.protocol === 'memcached:' ? memcachedStore(url) : redisStore(url, logger), logger);
}
