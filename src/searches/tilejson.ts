/** TileJSON 3.0.0 of a target: bounds and zooms of the items as they are now (API.md section 4). */
import { WORLD } from '../geojson.js';
import type { JsonObject } from '../json.js';
import { boundsOf, listFootprints } from '../pgstac/footprints.js';
import { resolutionOf } from '../mosaics/tile-zooms.js';
import { ZoomsFromItems } from '../mosaics/zooms.js';
import type { Services } from '../services.js';
import { DEFAULT_ZOOMS, resolverFor, stackingOrder } from './mosaic.js';
import type { Target } from './target.js';

/** Zooms are judged by so many items: all COGs of one mosaic are alike, and the first thousand cost 20 ms. */
const SAMPLE = 1000;

export interface TileJsonRequest {
  /** The URL template of the tiles. */
  readonly tiles: string;
  readonly minzoom?: number;
  readonly maxzoom?: number;
}

export async function tileJsonOf(services: Pick<Services, 'database'>, target: Target, request: TileJsonRequest): Promise<JsonObject> {
  const { pool } = services.database;
  const resolver = await resolverFor(services, target);
  const { selection, visibility } = target;
  const found = await boundsOf(pool, { selection, visibility, resolver });
  const bounds = found ?? WORLD;
  const zooms = new ZoomsFromItems();
  if (found !== undefined && (target.minzoom === undefined || target.maxzoom === undefined)) {
    const sample = await listFootprints(pool, { selection, visibility, resolver, sortby: stackingOrder(target, undefined), asset: undefined, limit: SAMPLE });
    for (const { properties, bbox } of sample) zooms.add(resolutionOf(properties, bbox));
  }
  const known = zooms.result([...bounds]) ?? DEFAULT_ZOOMS;
  const maxzoom = request.maxzoom ?? target.maxzoom ?? known.maxzoom;
  const minzoom = Math.min(request.minzoom ?? target.minzoom ?? known.minzoom, maxzoom);
  return {
    tilejson: '3.0.0',
    name: target.name,
    ...(target.description === undefined ? {} : { description: target.description }),
    version: '1.0.0',
    scheme: 'xyz',
    tiles: [request.tiles],
    minzoom,
    maxzoom,
    bounds: [...bounds],
    center: [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, minzoom],
  };
}
