/** The item of a dataset in the collection `datasets`: what the caller said, and what its tiles add up to. */
import { createHash } from 'node:crypto';
import type { Geometry } from 'geojson';
import type { Bbox } from '../geojson.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { hookLinks, type Link, paths, segment } from '../links.js';
import type { StacItem } from '../pgstac/items-write.js';
import { extensionsOf } from '../stac/extensions.js';
import { modernFields } from '../stac/spellings.js';
import { DATASETS } from './collections.js';
import type { PlacedTile } from './headers.js';
import type { MosaicOptions } from './mosaic-options.js';
import { shared } from './warnings.js';

export interface DatasetParts {
  readonly id: string;
  readonly dataset: JsonObject;
  readonly tiles: readonly PlacedTile[];
  readonly instants: JsonObject;
  readonly bbox: Bbox;
  readonly mosaic: MosaicOptions;
  readonly created: string;
  readonly updated: string;
}

/** File systems hold names of 255 bytes, of which the store's own endings take up to 83 while it writes. */
const LONGEST_NAME = 160;

/** The id as a file's name; one that is too long by its digest. */
function fileName(id: string): string {
  const name = segment(id);
  return name.length <= LONGEST_NAME && !name.startsWith('sha256~') ? name : `sha256~${createHash('sha256').update(id).digest('hex')}`;
}

/** Where the stored copy of a dataset's MosaicJSON is served. @param attempt the mark of a copy that is not yet the live one */
export const snapshotPath = (id: string, attempt?: string): string => `metadata/mosaics/${fileName(id)}${attempt === undefined ? '' : `.${attempt}`}.json`;

/** Properties that are computed; a caller's value for them is not kept. */
const COMPUTED = ['file:tile_count', 'file:size', 'file:format', 'mosaic:search_id', 'created', 'updated'];

/** Links that are computed, or written by the hook. */
const COMPUTED_RELS = new Set(['self', 'root', 'parent', 'collection', 'child', 'preview', 'tilejson', 'tiles', 'mosaicjson']);

/**
 * @param geometry the union of the tiles
 * @param base '' or the public URL: what the links are stored under
 * @param snapshot where the stored copy can be read by everybody, else it is served by us
 */
export function datasetItem(parts: DatasetParts, searchId: string, geometry: Geometry, base: string, snapshot = `${base}/files/${snapshotPath(parts.id)}`): StacItem {
  const { id, dataset, tiles } = parts;
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
      'mosaic-snapshot': { href: snapshot, type: 'application/json', roles: ['mosaic'], title: 'MosaicJSON as stored with the dataset' },
    },
    links: [...callersLinks(dataset), ...datasetLinks(id, searchId, base)] as unknown as Json[],
  };
  const declared = Array.isArray(dataset['stac_extensions']) ? dataset['stac_extensions'].filter((uri) => typeof uri === 'string') : [];
  item['stac_extensions'] = extensionsOf(item, declared);
  if (tiles.length === 0) throw new Error('A dataset without tiles was let through.');
  return item as StacItem;
}

const callersLinks = (dataset: JsonObject): Link[] =>
  Array.isArray(dataset['links']) ? (dataset['links'] as unknown as Link[]).filter((link) => !COMPUTED_RELS.has(link.rel)) : [];

/** The links of a dataset's own routes, and the hook's. */
export const datasetLinks = (id: string, searchId: string, base: string): Link[] => [
  { rel: 'child', href: base + paths.datasetTiles(id), type: 'application/geo+json', title: 'The tiles of this dataset' },
  ...hookLinks(base, searchId, 'data', paths.datasetMosaic(id)),
];

/** The ground resolution differs from tile to tile of a geographic raster; what the bands hold does not. */
function withoutResolution(band: Json): Json {
  if (!isObject(band)) return band;
  const { 'raster:spatial_resolution': _resolution, ...rest } = band;
  return rest;
}

function properties({ dataset, tiles, instants, mosaic, created, updated }: DatasetParts, searchId: string): JsonObject {
  const given = modernFields(isObject(dataset['properties']) ? dataset['properties'] : {});
  for (const name of COMPUTED) delete given[name];
  const sizes = tiles.map((tile) => tile.asset['file:size']).filter((size) => typeof size === 'number');
  const gsds = tiles.map((tile) => tile.properties['gsd']).filter((gsd) => typeof gsd === 'number');
  const code = shared(tiles, (tile) => tile.properties['proj:code']);
  const bands = shared(tiles, ({ asset }) => (Array.isArray(asset['bands']) ? asset['bands'].map(withoutResolution) : undefined));
  return {
    ...(gsds.length === 0 ? {} : { gsd: gsds.reduce((a, b) => Math.min(a, b)) }),
    ...(code === undefined ? {} : { 'proj:code': code }),
    ...(bands === undefined ? {} : { bands }),
    ...given,
    ...instants,
    // Only what the tiles say of themselves is summed: a sum over some of them would be wrong, not approximate.
    ...(sizes.length === tiles.length ? { 'file:size': sizes.reduce((a, b) => a + b, 0) } : {}),
    'file:tile_count': tiles.length,
    'file:format': 'COG',
    'mosaic:search_id': searchId,
    ...Object.fromEntries(Object.entries(mosaic).map(([option, value]) => [`mosaic:${option}`, value])),
    created,
    updated,
  };
}
