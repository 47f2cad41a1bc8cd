/** The options of a mosaic (API.md section 3), as parameters and beside the members of a posted search. */
import { invalidAt } from '../src/errors.js';
import type { HrefForm } from '../src/mosaics/hrefs.js';
import { isObject } from '../src/json.js';
import type { MosaicRequest } from '../src/searches/mosaic.js';
import { bbox, choice, datetime, flag, integer, type Parsed, text } from './parameters.js';
import { CRS84, parseFilter, parseSortText } from '../src/search/parse.js';

export const mosaicOptions = {
  asset: text('The asset to draw; `data` unless told, else the only asset with role data.'),
  minzoom: integer('The least zoom of the mosaic.', 0, 30),
  maxzoom: integer('The most zoom of the mosaic.', 0, 30),
  quadkey_zoom: integer('The zoom of the quadkeys; chosen from the footprints unless told.', 1, 12),
  overlap: text('last (the default: a later tile covers an earlier one), first, center, or a sort expression such as -datetime.'),
  max_per_quadkey: integer('Keeps the top so many assets of each quadkey.', 1, 1_000_000),
  href: choice<HrefForm>('How hrefs are written: https (the default: spellings of Azure become URLs), vsi (paths of GDAL) or signed (with a signature on those of SIGN_HREFS).', ['https', 'vsi', 'signed']),
  compact: flag('Writes what all hrefs begin with once, as asset_prefix.'),
};

export const mosaicParameters = {
  ...mosaicOptions,
  bbox,
  datetime,
  filter: text('A CQL2 filter.'),
  'filter-lang': choice('The language of the filter.', ['cql2-text', 'cql2-json']),
  'filter-crs': choice('The CRS of geometries in the filter.', [CRS84]),
};

function optionsOf(query: Parsed<typeof mosaicOptions>): MosaicRequest {
  const { asset, minzoom, maxzoom, quadkey_zoom: quadkeyZoom, overlap, max_per_quadkey: maxPerQuadkey, href, compact } = query;
  if (overlap !== undefined && !['last', 'first', 'center'].includes(overlap)) parseSortText(overlap);
  return {
    ...(asset === undefined ? {} : { asset }),
    ...(minzoom === undefined ? {} : { minzoom }),
    ...(maxzoom === undefined ? {} : { maxzoom }),
    ...(quadkeyZoom === undefined ? {} : { quadkeyZoom }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(maxPerQuadkey === undefined ? {} : { maxPerQuadkey }),
    ...(href === undefined ? {} : { href }),
    ...(compact === undefined ? {} : { compact }),
  };
}

function jsonFilter(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    throw invalidAt('filter', 'must be JSON: filter-lang is cql2-json');
  }
}

export function mosaicRequest(query: Parsed<typeof mosaicParameters>): MosaicRequest {
  const { bbox: box, datetime: interval, filter } = query;
  const language = query['filter-lang'] ?? 'cql2-text';
  return {
    ...optionsOf(query),
    narrow: {
      ...(box === undefined ? {} : { bbox: box }),
      ...(interval === undefined ? {} : { datetime: interval }),
      ...(filter === undefined ? {} : { filter: parseFilter(language === 'cql2-json' ? jsonFilter(filter) : filter, language, 'filter') }),
    },
  };
}

/** The options beside a posted search; they are read as parameters are, so that both ways have one rule. */
export function mosaicRequestOfBody(body: unknown): MosaicRequest {
  if (!isObject(body)) return {};
  const parsed: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(mosaicOptions)) {
    const value = body[name];
    if (typeof value === 'object' && value !== null) throw invalidAt(`/${name}`, 'must not be an object or array');
    if (value !== undefined && value !== null) parsed[name] = option.parse([typeof value === 'string' ? value : JSON.stringify(value)], `/${name}`);
  }
  return optionsOf(parsed);
}
