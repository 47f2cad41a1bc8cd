/** Every link that the server writes: one place builds hrefs, so that hosts, prefixes and ids are spelled alike. */
import type { JsonObject } from './json.js';

export interface Link {
  readonly rel: string;
  readonly href: string;
  readonly type?: string;
  readonly title?: string;
  readonly method?: string;
  readonly body?: JsonObject;
  readonly templated?: boolean;
}

export const JSON_TYPE = 'application/json';
export const GEOJSON_TYPE = 'application/geo+json';
export const HTML_TYPE = 'text/html';
export const SCHEMA_TYPE = 'application/schema+json';
export const OPENAPI_TYPE = 'application/vnd.oai.openapi+json;version=3.0';

/** One path segment, percent-encoded; what RFC 3986 section 3.3 allows in a segment stays readable. */
export const segment = (id: string): string =>
  encodeURIComponent(id).replace(/%(3A|40|2C|3B|3D|2B|24)/g, (code) => decodeURIComponent(code));

/** A base with the root path, never doubled: one that ends with it is left as it is. */
export const withRootPath = (base: string, rootPath: string): string => (base.endsWith(rootPath) ? base : base + rootPath);

export const paths = {
  collection: (id: string): string => `/collections/${segment(id)}`,
  items: (id: string): string => `/collections/${segment(id)}/items`,
  item: (collection: string, id: string): string => `/collections/${segment(collection)}/items/${segment(id)}`,
  dataset: (id: string): string => `/api/datasets/${segment(id)}`,
  datasetTiles: (id: string): string => `/api/datasets/${segment(id)}/tiles`,
  datasetTile: (id: string, tile: string): string => `/api/datasets/${segment(id)}/tiles/${segment(tile)}`,
  datasetPreview: (id: string): string => `/api/datasets/${segment(id)}/preview`,
  datasetMosaic: (id: string): string => `/api/datasets/${segment(id)}/mosaic.json`,
  job: (id: string): string => `/api/jobs/${segment(id)}`,
  colorMap: (id: string): string => `/colorMaps/${segment(id)}`,
  search: (id: string): string => `/searches/${segment(id)}`,
  viewer: (id: string, asset: string): string =>
    `/searches/${segment(id)}/WebMercatorQuad/map.html?assets=${encodeURIComponent(asset)}`,
  tilejson: (id: string, asset: string): string =>
    `/searches/${segment(id)}/WebMercatorQuad/tilejson.json?assets=${encodeURIComponent(asset)}`,
  tiles: (id: string, asset: string): string =>
    `/searches/${segment(id)}/tiles/WebMercatorQuad/{z}/{x}/{y}?assets=${encodeURIComponent(asset)}`,
  searchMosaic: (id: string, asset: string): string => `/searches/${segment(id)}/mosaic.json?asset=${encodeURIComponent(asset)}`,
} as const;

/** Relations that the server computes at each reading; stored ones of these are replaced. */
const COMPUTED = new Set(['self', 'root', 'parent', 'collection', 'items', 'http://www.opengis.net/def/rel/ogc/1.0/queryables', 'http://www.opengis.net/def/rel/ogc/1.0/sortables', 'aggregate', 'aggregations', 'http://www.opengis.net/def/rel/ogc/1.0/tilesets-map']);

/** The relations of the hook's links (API.md section 4, The hook). */
export const HOOK_RELS = new Set(['preview', 'tilejson', 'tiles', 'mosaicjson']);

/** Whether a link is one that {@link hookLinks} writes, whatever base it was written under; what pypgstac loaded may be no link at all. */
export const isHookLink = (link: Link | null): boolean =>
  typeof link?.href === 'string' && HOOK_RELS.has(link.rel) && /(^|\/)(searches|collections|api\/datasets)\/[^?]*(map\.html|tilejson\.json|\/\{y\}|mosaic\.json)/.test(link.href);

/** The links of a registered search as the hook writes them: viewer, TileJSON, tiles and MosaicJSON. */
export function hookLinks(base: string, searchId: string, asset: string, mosaicPath?: string): Link[] {
  return [
    { rel: 'preview', href: base + paths.viewer(searchId, asset), type: HTML_TYPE, title: 'Interactive collection mosaic viewer' },
    { rel: 'tilejson', href: base + paths.tilejson(searchId, asset), type: JSON_TYPE, title: 'TileJSON' },
    { rel: 'tiles', href: base + paths.tiles(searchId, asset), type: 'image/png', title: 'Map tiles', templated: true },
    { rel: 'mosaicjson', href: base + (mosaicPath ?? paths.searchMosaic(searchId, asset)), type: JSON_TYPE, title: 'MosaicJSON' },
  ];
}

/** An href as stored (`/…` is ours and relative to the base of the API) made absolute. */
export const resolveHref = (base: string, href: string): string => (href.startsWith('/') && !href.startsWith('//') && !href.startsWith('/vsi') ? base + href : href);

/** Stored links without those that are computed, hrefs made absolute. */
export function storedLinks(base: string, links: unknown): Link[] {
  if (!Array.isArray(links)) return [];
  return (links as Link[])
    .filter((link) => typeof link?.href === 'string' && !COMPUTED.has(link.rel))
    .map((link) => ({ ...link, href: resolveHref(base, link.href) }));
}

/** Assets with the hrefs of our own routes made absolute. */
export function resolveAssets(base: string, assets: unknown): JsonObject {
  const entries = Object.entries((assets ?? {}) as Record<string, JsonObject>);
  return Object.fromEntries(
    entries.map(([key, asset]) => [
      key,
      typeof asset?.['href'] === 'string' ? { ...asset, href: resolveHref(base, asset['href']) } : asset,
    ]),
  );
}
