/** Stored documents as users see them: links computed, hrefs of our own made absolute. */
import { browsePath } from '../src/collections/browse.js';
import { DATASETS } from '../src/datasets/collections.js';
import { datasetLinks, snapshotPath } from '../src/datasets/dataset-item.js';
import { collectionAsset, searchIdOf } from '../src/hooks/collection-search.js';
import { isObject, type Json, type JsonObject, textOf } from '../src/json.js';
import { GEOJSON_TYPE, hookLinks, HTML_TYPE, isHookLink, JSON_TYPE, type Link, paths, resolveAssets, SCHEMA_TYPE, storedLinks } from '../src/links.js';
import { alternateLink } from './negotiate.js';

export const QUERYABLES = 'http://www.opengis.net/def/rel/ogc/1.0/queryables';
export const TILESETS_MAP = 'http://www.opengis.net/def/rel/ogc/1.0/tilesets-map';
export const SORTABLES = 'http://www.opengis.net/def/rel/ogc/1.0/sortables';

/** What lies below a collection is what is stored here: links of its items elsewhere, which pypgstac keeps, would lead away. */
const TREE_RELS = new Set(['child', 'item']);

const asJson = (links: readonly Link[]): Json => links as unknown as Json;

/** The collection's own links, then the stored ones; those of the hook always under today's base. */
export function presentCollection(base: string, collection: JsonObject): JsonObject {
  const id = textOf(collection['id']);
  const self = base + paths.collection(id);
  const { title } = collection;
  const searchId = searchIdOf(collection);
  const stored = storedLinks(base, collection['links']).filter((link) => !isHookLink(link) && !TREE_RELS.has(link.rel));
  const hook = searchId === undefined ? [] : hookLinks(base, searchId, collectionAsset(collection), `${paths.collection(id)}/mosaic.json`);
  return {
    ...collection,
    ...(isObject(collection['assets']) ? { assets: resolveAssets(base, collection['assets']) } : {}),
    links: asJson([
      { rel: 'self', href: self, type: JSON_TYPE, title: typeof title === 'string' ? title : id },
      { rel: 'root', href: base, type: JSON_TYPE, title: 'stac-mosaic' },
      { rel: 'parent', href: base, type: JSON_TYPE, title: 'stac-mosaic' },
      { rel: 'items', href: base + paths.items(id), type: GEOJSON_TYPE, title: 'Items' },
      // One for each encoding (OGC API - Features 1.0, /req/core/fc-md-items-links); readers of STAC take the first.
      { rel: 'items', href: `${base}${paths.items(id)}?f=html`, type: HTML_TYPE, title: 'Items as a page' },
      { rel: QUERYABLES, href: `${self}/queryables`, type: SCHEMA_TYPE, title: 'Queryables' },
      { rel: SORTABLES, href: `${self}/sortables`, type: SCHEMA_TYPE, title: 'Sortables' },
      { rel: 'aggregate', href: `${self}/aggregate`, type: JSON_TYPE, method: 'GET', title: 'Counts over the items' },
      { rel: 'aggregate', href: `${self}/aggregate`, type: JSON_TYPE, method: 'POST', title: 'Counts over the items' },
      { rel: 'aggregations', href: `${self}/aggregations`, type: JSON_TYPE, title: 'What can be counted' },
      { rel: 'child', href: base + browsePath(id), type: JSON_TYPE, title: 'Catalog of all items' },
      { rel: TILESETS_MAP, href: `${self}/map/tiles`, type: JSON_TYPE, title: 'Map tilesets' },
      ...hook,
      ...stored,
    ]),
  };
}

/** An item under its collection; the links and assets of a dataset always under today's base. */
export function presentItem(base: string, item: JsonObject): JsonObject {
  const collection = textOf(item['collection']);
  const id = textOf(item['id']);
  const isDataset = collection === DATASETS;
  const parent = base + paths.collection(collection);
  const stored = storedLinks(base, item['links']).filter((link) => !isDataset || (!isHookLink(link) && link.rel !== 'child'));
  const properties = isObject(item['properties']) ? item['properties'] : {};
  const own = isDataset ? datasetLinks(id, textOf(properties['mosaic:search_id']), base) : [];
  const assets = resolveAssets(base, item['assets']);
  if (isDataset) rebase(assets, id, base);
  return {
    ...item,
    assets,
    links: asJson([
      { rel: 'self', href: base + paths.item(collection, id), type: GEOJSON_TYPE },
      { rel: 'root', href: base, type: JSON_TYPE },
      { rel: 'parent', href: parent, type: JSON_TYPE },
      { rel: 'collection', href: parent, type: JSON_TYPE },
      ...own,
      ...stored,
    ]),
  };
}

function rebase(assets: JsonObject, id: string, base: string): void {
  const snapshot = `/files/${snapshotPath(id)}`;
  const preview = paths.datasetPreview(id);
  const hrefs = { thumbnail: base + preview, mosaic: base + paths.datasetMosaic(id), 'mosaic-snapshot': base + snapshot };
  for (const [key, href] of Object.entries(hrefs)) {
    const asset = assets[key];
    if (!isObject(asset)) continue;
    // A copy that everybody can read in the blob store keeps its URL there, and a caller's own picture its own.
    const own = { 'mosaic-snapshot': snapshot, thumbnail: preview }[key];
    if (own !== undefined && !textOf(asset['href']).endsWith(own)) continue;
    assets[key] = { ...asset, href };
  }
}

/** A tile of a dataset: its collection is hidden, so it hangs below its dataset (API.md section 8, Tile ids). */
export function presentTile(base: string, datasetId: string, item: JsonObject): JsonObject {
  return {
    ...item,
    assets: resolveAssets(base, item['assets']),
    links: asJson([
      { rel: 'self', href: base + paths.datasetTile(datasetId, textOf(item['id'])), type: GEOJSON_TYPE },
      { rel: 'root', href: base, type: JSON_TYPE },
      { rel: 'parent', href: base + paths.dataset(datasetId), type: GEOJSON_TYPE },
      { rel: 'collection', href: base + paths.collection(DATASETS), type: JSON_TYPE },
      ...storedLinks(base, item['links']),
    ]),
  };
}

export interface PageLinks {
  readonly base: string;
  readonly path: string;
  /** The query as written, for GET; its token is replaced. */
  readonly search?: URLSearchParams;
  /** The body, for POST: STAC Browser does not merge, so links carry it whole. */
  readonly body?: JsonObject;
  readonly next: string | undefined;
  readonly prev: string | undefined;
  /** The media type of the pages; GeoJSON unless told. */
  readonly type?: string;
}

/** `self`, `root`, `next` and `prev` of a page; by GET also the form that people read (/req/core/fc-links). */
export function pageLinks({ base, path, search, body, next, prev, type = GEOJSON_TYPE }: PageLinks): Link[] {
  const href = (token?: string): string => {
    const query = new URLSearchParams(search);
    if (token !== undefined) query.set('token', token);
    const text = query.toString();
    return `${base}${path}${text === '' ? '' : `?${text}`}`;
  };
  const to = (rel: string, token: string): Link =>
    body === undefined
      ? { rel, href: href(token), type, method: 'GET' }
      : { rel, href: `${base}${path}`, type, method: 'POST', body: { ...body, token } };
  return [
    { rel: 'self', href: href(), type },
    ...(body === undefined ? [alternateLink({ base, path, search: new URLSearchParams(search) })] : []),
    { rel: 'root', href: base, type: JSON_TYPE },
    ...(next === undefined ? [] : [to('next', next)]),
    ...(prev === undefined ? [] : [to('prev', prev)]),
  ];
}

/** Hrefs of an answer that was remembered relative to the base. */
export function resolveAnswer(base: string, answer: JsonObject): JsonObject {
  const resolve = (value: Json): Json => (typeof value === 'string' && value.startsWith('/') ? base + value : value);
  return {
    ...answer,
    ...Object.fromEntries(['viewer_url', 'tilejson_url', 'mosaic_url'].filter((key) => answer[key] !== undefined).map((key) => [key, resolve(answer[key] ?? null)])),
    links: Array.isArray(answer['links']) ? answer['links'].map((link) => (isObject(link) ? { ...link, href: resolve(link['href'] ?? null) } : link)) : [],
  };
}
