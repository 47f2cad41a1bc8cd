/** Writes MosaicJSON 0.0.3 as a stream of text. */
import type { Footprints } from './footprints.js';
import { quadkeyOf } from './grid.js';
import { nearestFirst, type Quadkeys } from './quadkeys.js';
import type { BBox } from './shapes.js';

/** Characters gathered before a piece is handed on. */
const PIECE = 64 * 1024;

export interface MosaicOptions {
  readonly name: string;
  readonly description?: string | undefined;
  /** Of this mosaic, not of MosaicJSON; `1.0.0` when not given. */
  readonly version?: string | undefined;
  readonly attribution?: string | undefined;
  readonly minzoom: number;
  readonly maxzoom: number;
  /** The union of the footprints when not given. */
  readonly bounds?: BBox | undefined;
  /** Longitude, latitude, zoom; the middle of the bounds at minzoom when not given. */
  readonly center?: readonly [number, number, number] | undefined;
  /** Keeps the top so many assets of each quadkey. */
  readonly maxPerQuadkey?: number | undefined;
  /** `center`: the footprint whose centre is nearest to the quadkey's first. */
  readonly order?: 'given' | 'center' | undefined;
  /** What all hrefs begin with, written once as `asset_prefix` and taken off each; empty or undefined: hrefs are written whole. */
  readonly assetPrefix?: string | undefined;
}

/**
 * The document in pieces of about 64 KB: members in a fixed order, quadkeys row by row from the north-west, so that the
 * same footprints always give the same bytes. Readers draw the first asset of a quadkey on top.
 */
export function* mosaicDocument(footprints: Footprints, quadkeys: Quadkeys, options: MosaicOptions): Generator<string, void, undefined> {
  const { zoom } = quadkeys;
  const size = 2 ** zoom;
  const prefix = options.assetPrefix ?? '';
  const assetOf = (footprint: number): string => {
    const href = footprints.hrefs.at(footprint);
    return quoted(href.slice(prefix.length));
  };
  const most = options.maxPerQuadkey ?? Infinity;
  let piece = `${head(footprints, zoom, options, prefix)},"tiles":{`;
  let comma = '';
  for (const tile of quadkeys.sortedTiles()) {
    let list = quadkeys.listOf(tile);
    if (options.order === 'center') list = nearestFirst(footprints, list, tile, zoom);
    piece += `${comma}"${quadkeyOf(tile % size, Math.floor(tile / size), zoom)}":[`;
    comma = ',';
    const length = Math.min(most, list.length);
    for (let at = 0; at < length; at += 1) {
      piece += (at === 0 ? '' : ',') + assetOf(list[at] ?? 0);
      if (piece.length >= PIECE) {
        yield piece;
        piece = '';
      }
    }
    piece += ']';
  }
  yield `${piece}}}`;
}

/** What JSON has to escape: quotes, backslashes, control characters and halves of pairs. */
const ESCAPED = /["\\]|[^ -\ud7ff\ue000-\uffff]/;

/** Most hrefs need no escapes. */
const quoted = (text: string): string => (ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`);

function head(footprints: Footprints, zoom: number, options: MosaicOptions, prefix: string): string {
  const { name, description = name, version = '1.0.0', attribution, minzoom, maxzoom } = options;
  const bounds = options.bounds ?? footprints.bounds();
  const [west, south, east, north] = bounds;
  const members = {
    mosaicjson: '0.0.3',
    name,
    description,
    version,
    attribution,
    minzoom,
    maxzoom,
    quadkey_zoom: zoom,
    bounds,
    center: options.center ?? [(west + east) / 2, (south + north) / 2, minzoom],
    asset_type: 'COG',
    asset_prefix: prefix === '' ? undefined : prefix,
  };
  return JSON.stringify(members).slice(0, -1);
}
