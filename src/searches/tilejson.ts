/** TileJSON 3.0.0 of a target: bounds and zooms of the items as they are now (API.md section 4). */
import { type Bbox, WORLD } from '../geojson.js';
import type { JsonObject } from '../json.js';
import { resolutionOf } from '../mosaics/tile-zooms.js';
import { type Zooms, ZoomsFromItems } from '../mosaics/zooms.js';
import { liveBounds } from '../pgstac/bounds.js';
import { sampleResolutions } from '../pgstac/resolutions.js';
import type { Services } from '../services.js';
import { type TileMatrixSetId, tileMatrixSet } from '../tiles/matrices.js';
import { zoomIn } from '../tiles/matrix-zooms.js';
import { resolverFor } from './mosaic.js';
import type { Target } from './target.js';

export interface Coverage {
  /** Undefined where there is nothing. */
  readonly bounds: Bbox | undefined;
  /** Of WebMercatorQuad, from the COGs; undefined where none tells. */
  readonly found: Zooms | undefined;
}

/** What there is to draw, of this moment. */
export async function coverageOf(services: Pick<Services, 'database'>, target: Target): Promise<Coverage> {
  const { pool } = services.database;
  const { selection, visibility } = target;
  const query = { selection, visibility, resolver: await resolverFor(services, target) };
  const bounds = await liveBounds(pool, query);
  if (bounds === undefined) return { bounds, found: undefined };
  const zooms = new ZoomsFromItems();
  if (target.minzoom === undefined || target.maxzoom === undefined) {
    for (const { properties, bbox } of await sampleResolutions(pool, { ...query, asset: target.usualAsset ?? target.asset ?? 'data' })) zooms.add(resolutionOf(properties, bbox));
  }
  return { bounds, found: zooms.result([...bounds]) };
}

/** The zooms of a tile matrix set: what the caller says, else what the search or dataset says, else what the COGs say, else all. */
export function zoomsOf(target: Target, tms: TileMatrixSetId, { bounds, found }: Coverage, asked: Partial<Zooms> = {}): Zooms {
  const { minZoom: least, maxZoom: deepest } = tileMatrixSet(tms);
  const latitude = bounds === undefined ? 0 : (bounds[1] + bounds[3]) / 2;
  const known = found === undefined ? { minzoom: least, maxzoom: deepest } : { minzoom: zoomIn(tms, found.minzoom, latitude), maxzoom: zoomIn(tms, found.maxzoom, latitude) };
  const maxzoom = asked.maxzoom ?? Math.min(target.maxzoom ?? Math.max(known.maxzoom, target.minzoom ?? 0), deepest);
  return { minzoom: Math.min(asked.minzoom ?? target.minzoom ?? known.minzoom, maxzoom), maxzoom };
}

export interface TileJsonRequest extends Partial<Zooms> {
  /** The URL template of the tiles. */
  readonly tiles: string;
  readonly tms: TileMatrixSetId;
}

export function tileJsonOf(target: Target, coverage: Coverage, { tiles, tms, ...asked }: TileJsonRequest): JsonObject {
  const bounds = coverage.bounds ?? WORLD;
  const { minzoom, maxzoom } = zoomsOf(target, tms, coverage, asked);
  return {
    tilejson: '3.0.0',
    name: target.name,
    ...(target.description === undefined ? {} : { description: target.description }),
    version: '1.0.0',
    scheme: 'xyz',
    tiles: [tiles],
    minzoom,
    maxzoom,
    bounds: [...bounds],
    center: [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, minzoom],
    raster_layers: target.renders,
  };
}
