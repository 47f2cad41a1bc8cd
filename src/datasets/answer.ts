/** What a dataset's writer is told (API.md section 2, Answer). */
import type { Bbox } from '../geojson.js';
import type { Json, JsonObject } from '../json.js';
import { paths } from '../links.js';
import { DATASETS } from './collections.js';
import type { Warning } from './warnings.js';

export interface WrittenDataset {
  readonly id: string;
  readonly count: number;
  readonly bbox: Bbox;
  readonly created: string;
  readonly warnings: readonly Warning[];
}

/** With hrefs relative to the base of the API. */
export function datasetAnswer({ id, count, bbox, created, warnings }: WrittenDataset, searchId: string): JsonObject {
  return {
    id,
    collection: DATASETS,
    tile_count: count,
    bbox: [...bbox],
    search_id: searchId,
    viewer_url: paths.viewer(searchId, 'data'),
    tilejson_url: paths.tilejson(searchId, 'data'),
    mosaic_url: paths.datasetMosaic(id),
    created_at: created,
    warnings: warnings as unknown as Json,
    links: [
      { rel: 'self', href: paths.item(DATASETS, id), type: 'application/geo+json' },
      { rel: 'child', href: paths.datasetTiles(id), type: 'application/geo+json' },
      { rel: 'preview', href: paths.viewer(searchId, 'data'), type: 'text/html' },
      { rel: 'tilejson', href: paths.tilejson(searchId, 'data'), type: 'application/json' },
      { rel: 'mosaicjson', href: paths.datasetMosaic(id), type: 'application/json' },
    ],
  };
}
