/** The assets of a map tile or another place, in the order in which they stack. */
import { createHash } from 'node:crypto';
import type { Geometry } from 'geojson';
import type { PropertyResolver } from '../cql2/resolver.js';
import type { Bbox } from '../geojson.js';
import { isObject, textOf } from '../json.js';
import { liveBounds } from '../pgstac/bounds.js';
import { asOfNow, type Moment } from '../pgstac/as-of-now.js';
import { listAssets, type TileAsset } from '../pgstac/asset-list.js';
import { readItem } from '../pgstac/items-read.js';
import { type AccessLimits, stackedItems } from '../pgstac/stacked-items.js';
import type { ItemSelection } from '../search/query.js';
import type { Services } from '../services.js';
import { dataAssetKey } from '../stac/assets.js';
import { narrowed, resolverFor, stackingOrder } from './mosaic.js';
import type { Target } from './target.js';

type Deps = Pick<Services, 'database'>;

/** What of titiler-pgstac's limits was said; the coverage of footprints is looked at only where it was asked for. */
export type TileLimits = Partial<AccessLimits>;

export interface TileAssets {
  /** The first on top. */
  readonly assets: readonly TileAsset[];
  /** The limit that left something out. */
  readonly cut: string | undefined;
}

/** titiler-pgstac's `items_limit`: so many assets are looked at for one tile. */
const ITEMS_LIMIT = 100;
const SECONDS = 5;
const SCAN_LIMIT = 10_000;
/** Lists of assets by what they are of, a few hundred bytes each. */
const REMEMBERED = 5000;

const lists = asOfNow<TileAssets>(REMEMBERED);

/**
 * Assets whose footprints meet a place: those of this moment, whoever wrote them.
 *
 * Without `exitWhenFull` and `skipCovered` all of them up to the limit, since drawing ends by itself where every pixel is
 * filled, and a footprint that covers the tile may have holes in its pixels (docs/decisions/0050-tiles-served.md).
 * @param assets names of the assets of an item, all of which it needs; its data asset unless told
 * @param now the moment that the target is of
 */
export function assetsOn(services: Deps, target: Target, place: Geometry, assets: readonly string[] | undefined, limits: TileLimits = {}, now?: Moment): Promise<TileAssets> {
  const wanted = assets ?? (target.asset === undefined || target.asset === 'data' ? undefined : [target.asset]);
  const { selection, sortby, natural, visibility } = target;
  const key = JSON.stringify([selection, sortby, natural, visibility.hidden, place, wanted, limits]);
  return lists(services.database.pool, key, async () => {
    const resolver = await resolverFor(services, target);
    const isStacked = limits.exitWhenFull === true || limits.skipCovered === true || limits.seconds !== undefined;
    return isStacked ? stacked(services, target, place, wanted, limits, resolver) : listed(services, target, place, wanted, limits, resolver);
  }, now);
}

async function listed({ database }: Deps, target: Target, place: Geometry, wanted: readonly string[] | undefined, limits: TileLimits, resolver: PropertyResolver): Promise<TileAssets> {
  const limit = Math.min(limits.items ?? ITEMS_LIMIT, limits.scan ?? SCAN_LIMIT);
  const found = await listAssets(database.pool, { selection: within(target, place), sortby: stackingOrder(target, undefined), visibility: target.visibility, resolver, assets: wanted, limit: limit + 1 });
  return { assets: found.slice(0, limit), cut: found.length > limit ? (limit === limits.scan ? 'scan_limit' : 'items_limit') : undefined };
}

async function stacked({ database }: Deps, target: Target, place: Geometry, wanted: readonly string[] | undefined, said: TileLimits, resolver: PropertyResolver): Promise<TileAssets> {
  const limits: AccessLimits = {
    scan: said.scan ?? SCAN_LIMIT,
    items: said.items ?? ITEMS_LIMIT,
    seconds: said.seconds ?? SECONDS,
    exitWhenFull: said.exitWhenFull ?? false,
    skipCovered: said.skipCovered ?? false,
  };
  let cut: string | undefined;
  const items = await stackedItems(database.pool, {
    selection: target.selection,
    sortby: stackingOrder(target, undefined),
    visibility: target.visibility,
    resolver,
    place,
    limits,
    release: database.pgstacVersion,
    onCut: (limit) => (cut = limit),
  });
  const assets = items.flatMap((stored) => {
    const item = readItem(stored);
    const hrefs = hrefsOf(item['assets'], wanted);
    return hrefs === undefined ? [] : [{ id: textOf(item['id']), collection: textOf(item['collection']), hrefs, version: createHash('sha1').update(JSON.stringify(item)).digest('base64url') }];
  });
  return { assets, cut };
}

function hrefsOf(assets: unknown, wanted: readonly string[] | undefined): string[] | undefined {
  if (!isObject(assets)) return undefined;
  const hrefs = (wanted ?? [dataAssetKey(assets) ?? '']).map((name) => (isObject(assets[name]) ? assets[name]['href'] : undefined));
  return hrefs.every((href) => typeof href === 'string') ? hrefs : undefined;
}

/** A search that has an area of its own keeps it; the tile's is a second condition, by way of the filter. */
function within(target: Target, geometry: Geometry): ItemSelection {
  const { bbox, intersects, ...rest } = target.selection;
  if (bbox === undefined && intersects === undefined) return { ...rest, intersects: geometry };
  const at = { pointer: '' };
  return narrowed(target.selection, {
    filter: { kind: 'spatial', op: 's_intersects', left: { kind: 'property', name: 'geometry', at }, right: { kind: 'geometry', geometry, at }, at },
  });
}

/** The bounds of all that a target selects; undefined where that is nothing. */
export async function boundsOfTarget(services: Deps, target: Target): Promise<Bbox | undefined> {
  const { selection, visibility } = target;
  return liveBounds(services.database.pool, { selection, visibility, resolver: await resolverFor(services, target) });
}
