/** The registered search of a dataset: its tiles in stacking order (API.md section 2). */
import type { JsonObject } from '../json.js';
import { parentFilter } from '../pgstac/tiles.js';
import { SYSTEM_TILES } from './collections.js';
import type { MosaicOptions } from './mosaic-options.js';

/** `sortby` stacks the tiles as the overlap rule says; an overlap that changes makes a new id. */
export const datasetSearch = (id: string, overlap: MosaicOptions['overlap']): JsonObject => ({
  collections: [SYSTEM_TILES],
  'filter-lang': 'cql2-json',
  filter: parentFilter(id),
  sortby: [{ field: 'tile_index', direction: overlap === 'first' ? 'asc' : 'desc' }],
});

export const datasetSearchMetadata = (id: string): JsonObject => ({ type: 'mosaic', name: `${id} mosaic` });
