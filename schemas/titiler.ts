/** The query parameters of titiler-pgstac's routes, in its groups: every one is known, and what draws reads them closer. */
import { fromParameters, searchParameters } from './search.js';
import { choice, flag, integer, type Parsed, repeated, text } from './parameters.js';
import { invalidAt } from '../src/errors.js';
import type { AccessLimits } from '../src/pgstac/stacked-items.js';
import type { ItemSelection, SortKey } from '../src/search/query.js';
import { TILE_MATRIX_SET_IDS } from '../src/tiles/matrices.js';

/** Which of the assets of a place are looked at; 0 means the default, as there. */
export const accessParameters = {
  scan_limit: integer('Looks at so many items at most; 10000 unless told.', 0, 1_000_000),
  items_limit: integer('Takes so many items at most; 100 unless told.', 0, 10_000),
  time_limit: integer('Ends after so many seconds; 5 unless told.', 0, 60),
  exitwhenfull: flag('Ends as soon as the place is covered; true unless told.'),
  skipcovered: flag('Leaves out items that earlier ones cover; true unless told.'),
};

/** What is drawn of which assets. */
export const layerParameters = {
  assets: repeated('The assets to draw; `data`, else the only GeoTIFF asset, unless told.'),
  expression: text('Band math over the assets.'),
  asset_as_band: flag('Each asset is one band of the expression.'),
  bidx: repeated('Bands of the asset, counted from 1.'),
  nodata: text('The value that stands for no data; the file says it unless told.'),
  unscale: flag('Applies the scale and offset of the file.'),
  resampling: text('How pixels are resampled where a tile is finer or coarser than its asset.'),
  reproject: text('How pixels are resampled where the CRS differs.'),
};

/** How the pixels are combined and coloured. */
export const renderParameters = {
  pixel_selection: text('Which of the pixels that lie on one another is shown.'),
  algorithm: text('An algorithm over the pixels.'),
  algorithm_params: text('JSON of its parameters.'),
  colormap_name: text('The name of a colour map.'),
  colormap: text('JSON of a colour map.'),
  rescale: repeated('The least and greatest value, with a comma between; once, or for each band.'),
  color_formula: text('A colour formula, as rio-color writes them.'),
  return_mask: flag('Whether places without data are transparent.'),
};

export const tileParameters = {
  tilesize: integer('Pixels of a side.', 1, 4096),
  buffer: text('Pixels read beyond the edges of a tile.'),
  padding: text('Pixels that resampling reads beyond the edges.'),
};

/** Everything that a URL of tiles may say. */
export const drawParameters = { ...accessParameters, ...layerParameters, ...renderParameters, ...tileParameters };

/** Narrowing, under a collection. */
const { ids, bbox, datetime, query, sortby, filter, 'filter-lang': language, 'filter-crs': crs } = searchParameters;
export const narrowParameters = { ids, bbox, datetime, query, sortby, filter, 'filter-lang': language, 'filter-crs': crs };

const FORMATS = ['png', 'jpg', 'jpeg', 'webp', 'tif', 'npy'] as const;

export const tileFormat = choice('The format of the tiles; chosen tile by tile unless told.', FORMATS);

export const zoomParameters = {
  minzoom: integer('Overwrites the least zoom.', 0, 30),
  maxzoom: integer('Overwrites the most zoom.', 0, 30),
};

/** `zooms=WebMercatorQuad::0,5`, or `*::0,5` for all sets: the zooms of each tile matrix set. */
export const zooms = {
  ...repeated('Overwrites zooms by tile matrix set: `WebMercatorQuad::0,5`, or `*::0,5` for all.'),
  parse: (values: readonly string[], name: string): Readonly<Record<string, readonly [number, number]>> =>
    Object.fromEntries(
      values.filter((value) => value !== '').map((value) => {
        const match = /^([^:]+)::(\d{1,2}),(\d{1,2})$/.exec(value);
        const [, id = '', from = '', to = ''] = match ?? [];
        const known: readonly string[] = [...TILE_MATRIX_SET_IDS, '*'];
        if (match === null || !known.includes(id)) throw invalidAt(name, `must be {tileMatrixSetId}::{minzoom},{maxzoom} with one of ${known.join(', ')}, not ${JSON.stringify(value)}`);
        return [id, [Number(from), Number(to)] as const];
      }),
    ),
};

/** @throws InvalidInput */
export function narrowing(parsed: Parsed<typeof narrowParameters>): { selection: ItemSelection; sortby: readonly SortKey[] | undefined } {
  const { limit: _limit, sortby: keys, fields: _fields, token: _token, ...selection } = fromParameters(parsed);
  return { selection, sortby: keys };
}

export const accessLimits = (parsed: Parsed<typeof accessParameters>): AccessLimits => ({
  scan: parsed.scan_limit || 10_000,
  items: parsed.items_limit || 100,
  seconds: parsed.time_limit || 5,
  exitWhenFull: parsed.exitwhenfull ?? true,
  skipCovered: parsed.skipcovered ?? true,
});
