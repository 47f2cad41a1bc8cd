/** MosaicJSON of a target, computed from what the database holds now (API.md section 3). */
import type { PropertyResolver } from '../cql2/resolver.js';
import { invalidAt } from '../errors.js';
import type { Bbox } from '../geojson.js';
import { buildMosaic } from '../mosaics/build.js';
import type { Footprint } from '../mosaics/footprints.js';
import { resolutionOf } from '../mosaics/tile-zooms.js';
import { ZoomsFromItems } from '../mosaics/zooms.js';
import { type AssetFootprint, boundsOf, streamFootprints } from '../pgstac/footprints.js';
import { loadItemResolver } from '../pgstac/queryables.js';
import { tileResolver } from '../pgstac/tiles.js';
import { parseSortText } from '../search/parse.js';
import type { ItemSelection, SortKey } from '../search/query.js';
import type { Services } from '../services.js';
import type { Target } from './target.js';

export interface MosaicRequest {
  readonly asset?: string;
  readonly minzoom?: number;
  readonly maxzoom?: number;
  readonly quadkeyZoom?: number;
  /** `last`, `first`, `center`, or a sort expression such as `-datetime`. */
  readonly overlap?: string;
  readonly maxPerQuadkey?: number;
  readonly compact?: boolean;
  /** Narrows the target. */
  readonly narrow?: ItemSelection;
}

/** Zooms when no COG tells: titiler's default for a search. */
export const DEFAULT_ZOOMS = { minzoom: 0, maxzoom: 24 } as const;

const reversed = (keys: readonly SortKey[]): SortKey[] => keys.map(({ field, direction }) => ({ field, direction: direction === 'asc' ? 'desc' : 'asc' }));

/** The stacking order: the first of the list is drawn on top (API.md section 8, Mosaics). */
export function stackingOrder(target: Target, overlap: string | undefined): readonly SortKey[] {
  if (overlap === undefined) return target.sortby !== undefined && target.sortby.length > 0 ? target.sortby : reversed(target.natural);
  if (overlap === 'last' || overlap === 'center') return reversed(target.natural);
  if (overlap === 'first') return target.natural;
  return parseSortText(overlap);
}

/** Both must hold: a narrowing box or filter never replaces the target's own. */
export function narrowed(selection: ItemSelection, narrow: ItemSelection | undefined): ItemSelection {
  if (narrow === undefined) return selection;
  const clash = (['bbox', 'intersects', 'datetime', 'filter', 'ids'] as const).find((name) => narrow[name] !== undefined && selection[name] !== undefined);
  if (clash === 'filter' && narrow.filter !== undefined && selection.filter !== undefined) {
    const { filter, ...rest } = narrow;
    return { ...selection, ...rest, filter: { kind: 'and', args: [selection.filter, filter], at: { pointer: '' } } };
  }
  if (clash !== undefined) throw invalidAt(clash, 'is already part of the search that this is made of');
  return { ...selection, ...narrow };
}

export const resolverFor = (services: Pick<Services, 'database'>, target: Target): Promise<PropertyResolver> | PropertyResolver =>
  target.selection.collections?.length === 1 && target.selection.collections[0] === 'system_tiles'
    ? tileResolver
    : loadItemResolver(services.database.pool, target.selection.collections);

/** The document in pieces, and nothing of it when it cannot be made. @throws InvalidInput for too many quadkeys, or bad options */
export async function mosaicOf(services: Pick<Services, 'database'>, target: Target, request: MosaicRequest, signal: AbortSignal): Promise<Generator<string, void, undefined>> {
  const { pool } = services.database;
  const resolver = await resolverFor(services, target);
  const selection = narrowed(target.selection, request.narrow);
  const bounds: Bbox = (await boundsOf(pool, { selection, visibility: target.visibility, resolver })) ?? [-180, -90, 180, 90];
  const rows = streamFootprints(pool, { selection, sortby: stackingOrder(target, request.overlap), visibility: target.visibility, resolver, asset: request.asset ?? (target.asset === 'data' ? undefined : target.asset) });
  const zooms = new ZoomsFromItems();
  const footprints = await collect(rows, zooms, signal);
  const found = zooms.result([...bounds]) ?? DEFAULT_ZOOMS;
  const maxzoom = request.maxzoom ?? target.maxzoom ?? Math.max(found.maxzoom, request.minzoom ?? target.minzoom ?? 0);
  const minzoom = request.minzoom ?? target.minzoom ?? Math.min(found.minzoom, maxzoom);
  if (minzoom > maxzoom) throw invalidAt('minzoom', `is ${minzoom}, above the maxzoom ${maxzoom}`);
  const quadkeyZoom = request.quadkeyZoom ?? target.quadkeyZoom;
  if (request.quadkeyZoom !== undefined && request.quadkeyZoom > maxzoom) throw invalidAt('quadkey_zoom', `is ${request.quadkeyZoom}, above the maxzoom ${maxzoom}`);
  const built = await buildMosaic(footprints, {
    name: target.name,
    description: target.description,
    minzoom,
    maxzoom,
    quadkeyZoom: quadkeyZoom === undefined ? undefined : Math.min(quadkeyZoom, Math.max(1, maxzoom)),
    maxPerQuadkey: request.maxPerQuadkey,
    order: request.overlap === 'center' ? 'center' : 'given',
    compact: request.compact,
    signal,
  });
  return built.document;
}

async function collect(rows: AsyncIterable<AssetFootprint>, zooms: ZoomsFromItems, signal: AbortSignal): Promise<Footprint[]> {
  const footprints: Footprint[] = [];
  for await (const { href, geometry, bbox, properties } of rows) {
    signal.throwIfAborted();
    zooms.add(resolutionOf(properties, bbox));
    footprints.push({ href, geometry, crossesAntimeridian: crosses(bbox) });
  }
  return footprints;
}

/** West above east: RFC 7946 section 5.2. */
export function crosses(bbox: readonly number[] | undefined): boolean {
  const [west, east] = bbox === undefined ? [] : [bbox[0], bbox[bbox.length / 2]];
  return west !== undefined && east !== undefined && west > east;
}
