/** The tile items that go into `system_tiles` (API.md section 2 and 8, Tile ids). */
import type { JsonObject, Json } from '../json.js';
import type { StacItem } from '../pgstac/items-write.js';
import { COG_TYPE } from '../stac/assets.js';
import { extensionsOf } from '../stac/extensions.js';
import { hasInstant } from './extent.js';
import type { PlacedTile } from './headers.js';
import { SYSTEM_TILES } from './collections.js';

/** The index with at least three digits: `001`, `1000`. */
export const padIndex = (index: number): string => String(index).padStart(3, '0');

export const tileId = (datasetId: string, index: number): string => `${datasetId}_tile_${padIndex(index)}`;

/** What a tile item takes from its dataset. */
export interface TileContext {
  readonly datasetId: string;
  /** How many tiles the dataset has, with at least three digits. */
  readonly count: string;
  /** `datetime`, `start_datetime`, `end_datetime` for tiles that name none. */
  readonly instants: JsonObject;
  /** Now, RFC 3339: when the tiles were processed, unless they say. */
  readonly now: string;
}

/** @param extensions what the item uses, where that is known */
export function tileItem(tile: PlacedTile, context: TileContext, extensions?: readonly string[]): StacItem {
  const { datasetId, count, instants, now } = context;
  const title = `Tile ${padIndex(tile.index)} of ${count}`;
  const properties: JsonObject = {
    title,
    ...(hasInstant(tile.properties) ? {} : instants),
    'processing:datetime': now,
    ...tile.properties,
    parent_dataset: datasetId,
    tile_index: tile.index,
    ...(tile.row === undefined ? {} : { tile_row: tile.row }),
    ...(tile.col === undefined ? {} : { tile_col: tile.col }),
  };
  if (properties['datetime'] === undefined) properties['datetime'] = null;
  const data: JsonObject = { type: COG_TYPE, roles: ['data'], title, ...tile.asset, href: tile.href };
  if (!Array.isArray(data['roles']) || !data['roles'].includes('data')) data['roles'] = ['data'];
  const item: JsonObject = {
    type: 'Feature',
    stac_version: '1.1.0',
    id: tileId(datasetId, tile.index),
    collection: SYSTEM_TILES,
    geometry: tile.footprint.geometry as unknown as Json,
    bbox: [...tile.footprint.bbox],
    properties,
    assets: { data, ...tile.rest.assets },
    links: [{ rel: 'via', href: viaHref(tile), title: 'Where this tile came from' }],
  };
  item['stac_extensions'] = extensions === undefined ? extensionsOf(item, tile.rest.extensions) : [...extensions];
  return item as StacItem;
}

/** The item that a tile was posted as, else its file. */
export function viaHref(tile: PlacedTile): string {
  const self = tile.rest.links.find((link) => link['rel'] === 'via') ?? tile.rest.links.find((link) => link['rel'] === 'self');
  return typeof self?.['href'] === 'string' ? self['href'] : tile.href;
}
