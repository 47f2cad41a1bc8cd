/** The variables of tiles: who draws them and where they are kept (API.md section 7). */

export interface TilesConfig {
  /** Tiles are asked of a TiTiler in the place of being drawn. */
  readonly titiler: { readonly url: string; readonly kind: 'pgstac' | 'mosaicjson' } | undefined;
  /** A shared tile cache, `redis:`, `rediss:` or `memcached:`; undefined: memory. May carry a password. */
  readonly cacheUrl: string | undefined;
  readonly cacheDisabled: boolean;
}

/** What the reader of config.ts offers. */
interface Variables {
  readonly problems: string[];
  text(name: string): string | undefined;
  flag(name: string, fallback: boolean): boolean;
  httpUrl(name: string): string | undefined;
}

export function readTiles(variables: Variables): TilesConfig {
  const { problems } = variables;
  const url = variables.httpUrl('TITILER_URL');
  const said = variables.text('TITILER_KIND') ?? 'pgstac';
  const kind = said === 'pgstac' || said === 'mosaicjson' ? said : undefined;
  if (kind === undefined) problems.push(`TITILER_KIND must be one of pgstac, mosaicjson, not "${said}"`);
  return { titiler: url === undefined || kind === undefined ? undefined : { url, kind }, cacheUrl: readCacheUrl(variables), cacheDisabled: variables.flag('CACHE_DISABLE', false) };
}

function readCacheUrl(variables: Variables): string | undefined {
  const value = variables.text('CACHE_URL');
  if (value === undefined || value === 'memory' || value === 'memory:' || value === 'memory://') return undefined;
  // The value may carry a password: it is not repeated.
  const isUrl = URL.canParse(value) && ['redis:', 'rediss:', 'memcached:'].includes(new URL(value).protocol) && new URL(value).hostname !== '';
  if (!isUrl) variables.problems.push('CACHE_URL must be memory, or a URL that begins with redis://, rediss:// or memcached://');
  return isUrl ? value : undefined;
}
