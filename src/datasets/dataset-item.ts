/** The item of a dataset in the collection `datasets`: what the caller said, and what its tiles add up to. */
import { createHash } from 'node:crypto';
import type { Geometry } from 'geojson';
import type { Bbox } from '../geojson.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { hookLinks, type Link, paths, segment } from '../links.js';
import type { StacItem } from '../pgstac/items-write.js';
import { extensionsOf } from '../stac/extensions.js';
import { modernFields } from '../stac/spellings.js';
import { isOwnPage } from '../stac/stored.js';
import { DATASETS } from './collections.js';
import type { MosaicOptions } from './mosaic-options.js';
import type { TileFactsSum } from './summary.js';

export interface DatasetParts {
  readonly id: string;
  readonly dataset: JsonObject;
  readonly facts: TileFactsSum;
  /** Whether the caller gave the source's own description. */
  readonly hasMetadata: boolean;
  /** Whether this server may read its tiles, and so draw its picture. */
  readonly isDrawable: boolean;
  readonly instants: JsonObject;
  readonly bbox: Bbox;
  readonly mosaic: MosaicOptions;
  readonly created: string;
  readonly updated: string;
}

/** File systems hold names of 255 bytes, of which the store's own endings take up to 83 while it writes. */
const LONGEST_NAME = 160;

/** `{dataset}.{uuid}.json`, the copy of one attempt, and `{name}.{uuid}.tmp`, a file that is being written. */
export const isUnfinished = (name: string): boolean => /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(json|tmp)$/.test(name);

/** The id as a file's name; one that is too long, or looks like an attempt's, by its digest. */
function fileName(id: string): string {
  const name = segment(id);
  return name.length <= LONGEST_NAME && !name.startsWith('sha256~') && !isUnfinished(`${name}.json`) ? name : `sha256~${createHash('sha256').update(id).digest('hex')}`;
}

const storedPath = (folder: string, id: string, attempt: string | undefined): string => `metadata/${folder}/${fileName(id)}${attempt === undefined ? '' : `.${attempt}`}.json`;

/** Where the stored copy of a dataset's MosaicJSON is served. @param attempt the mark of a copy that is not yet the live one */
export const snapshotPath = (id: string, attempt?: string): string => storedPath('mosaics', id, attempt);

/** Where the source's own description is served, likewise. */
export const originalPath = (id: string, attempt?: string): string => storedPath('original', id, attempt);

/** Where the picture that is drawn of a dataset is stored. */
export const thumbnailPath = (id: string): string => `metadata/thumbnails/${fileName(id)}.png`;

/** The id in the name of a stored copy; undefined where that is the id's digest, or no copy's name. */
export function idOfStored(path: string): string | undefined {
  const [, name] = /\/([^/]+)\.(?:json|png)$/.exec(path) ?? [];
  try {
    return name === undefined || name.startsWith('sha256~') ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

/** Whether an href of a dataset leads to its stored description: through us, or in a public blob store. */
export function isOriginalHref(href: string, id: string): boolean {
  const path = originalPath(id);
  return href.endsWith(`/files/${path}`) || href.endsWith(`/${path.split('/').map(encodeURIComponent).join('/')}`);
}

/** Properties that are computed; a caller's value for them is not kept. */
const COMPUTED = ['file:tile_count', 'file:size', 'file:format', 'mosaic:search_id', 'created', 'updated'];

/** Links that are computed, or written by the hook. */
const COMPUTED_RELS = new Set(['self', 'root', 'parent', 'collection', 'child', 'preview', 'tilejson', 'tiles', 'mosaicjson']);

/**
 * @param geometry the union of the tiles
 * @param base '' or the public URL: what the links are stored under
 * @param publicUrl where a stored copy can be read by everybody, else it is served by us
 */
export function datasetItem(parts: DatasetParts, searchId: string, geometry: Geometry, base: string, publicUrl: (name: string) => string | undefined = () => undefined): StacItem {
  const { id, dataset, hasMetadata, isDrawable } = parts;
  const stored = (path: string): string => publicUrl(path) ?? `${base}/files/${path}`;
  const given = isObject(dataset['assets']) ? dataset['assets'] : {};
  const own = properties(parts, searchId);
  // STAC 1.1 (item.json, bands) takes bands in the properties only where an asset has them too: those of the mosaic are the tiles'.
  const bands = own['bands'] === undefined ? {} : { bands: own['bands'] };
  const item: JsonObject = {
    type: 'Feature',
    stac_version: '1.1.0',
    id,
    collection: DATASETS,
    geometry: geometry as unknown as Json,
    bbox: [...parts.bbox],
    properties: own,
    assets: {
      ...Object.fromEntries(Object.entries(given).map(([key, asset]) => [key, isObject(asset) ? modernFields(asset) : asset])),
      mosaic: { href: base + paths.datasetMosaic(id), type: 'application/json', roles: ['mosaic'], title: 'MosaicJSON of the tiles as they are now', ...bands },
      'mosaic-snapshot': { href: stored(snapshotPath(id)), type: 'application/json', roles: ['mosaic'], title: 'MosaicJSON as stored with the dataset' },
      ...(!isDrawable || hasPicture(given) ? {} : { thumbnail: { href: base + paths.datasetPreview(id), type: 'image/png', roles: ['thumbnail'], title: 'Picture of all tiles' } }),
      ...(hasMetadata ? { metadata: { href: stored(originalPath(id)), type: 'application/json', roles: ['metadata'], title: "The source's own description" } } : {}),
    },
    links: [...callersLinks(dataset), ...datasetLinks(id, searchId, base)] as unknown as Json[],
  };
  const declared = Array.isArray(dataset['stac_extensions']) ? dataset['stac_extensions'].filter((uri) => typeof uri === 'string') : [];
  item['stac_extensions'] = extensionsOf(item, declared);
  return item as StacItem;
}

/** The caller's own thumbnail, under whatever name. */
const hasPicture = (assets: JsonObject): boolean =>
  Object.entries(assets).some(([key, asset]) => key === 'thumbnail' || (isObject(asset) && Array.isArray(asset['roles']) && asset['roles'].includes('thumbnail')));

const callersLinks = (dataset: JsonObject): Link[] =>
  Array.isArray(dataset['links']) ? (dataset['links'] as unknown as Link[]).filter((link) => !COMPUTED_RELS.has(link.rel) && !isOwnPage(link)) : [];

/** The links of a dataset's own routes, and the hook's. */
export const datasetLinks = (id: string, searchId: string, base: string): Link[] => [
  { rel: 'child', href: base + paths.datasetTiles(id), type: 'application/geo+json', title: 'The tiles of this dataset' },
  ...hookLinks(base, searchId, 'data', paths.datasetMosaic(id)),
];

function properties({ dataset, facts, instants, mosaic, created, updated }: DatasetParts, searchId: string): JsonObject {
  const given = modernFields(isObject(dataset['properties']) ? dataset['properties'] : {});
  for (const name of COMPUTED) delete given[name];
  const { count, size, gsd, code, bands } = facts;
  return {
    ...(gsd === undefined ? {} : { gsd }),
    ...(code === undefined ? {} : { 'proj:code': code }),
    ...(bands === undefined ? {} : { bands }),
    ...given,
    ...instants,
    ...(size === undefined ? {} : { 'file:size': size }),
    'file:tile_count': count,
    'file:format': 'COG',
    'mosaic:search_id': searchId,
    ...Object.fromEntries(Object.entries(mosaic).map(([option, value]) => [`mosaic:${option}`, value])),
    created,
    updated,
  };
}
