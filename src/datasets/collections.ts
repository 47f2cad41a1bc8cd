/** The two collections that exist from the first start: what users search, and the tiles behind it. */
import type { StacCollection } from '../pgstac/collections.js';

export const DATASETS = 'datasets';
/** Internal: it and its items do not exist for callers (API.md section 2). */
export const SYSTEM_TILES = 'system_tiles';

const base = (id: string, title: string, description: string): StacCollection => ({
  type: 'Collection',
  stac_version: '1.1.0',
  stac_extensions: [],
  id,
  title,
  description,
  license: 'other',
  extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } },
  links: [],
});

export const SEED_COLLECTIONS: readonly StacCollection[] = [
  base(DATASETS, 'Datasets', 'Rasters published as one dataset each; the tile COGs that they are made of are at /api/datasets/{id}/tiles.'),
  base(SYSTEM_TILES, 'Tiles of datasets', 'The tile COGs behind the collection datasets. Written through /api/datasets only.'),
];
