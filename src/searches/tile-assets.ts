/** The assets of a map tile, in the order in which they stack. */
import { liveBounds } from '../pgstac/bounds.js';
import { type AssetFootprint, listFootprints } from '../pgstac/footprints.js';
import type { Services } from '../services.js';
import { narrowed, resolverFor, stackingOrder } from './mosaic.js';
import type { Target } from './target.js';
import type { Bbox } from '../geojson.js';
import { bboxGeometry } from '../geojson.js';

/** titiler-pgstac's `items_limit`: so many assets are looked at for one tile. */
const ITEMS_LIMIT = 100;

/** Assets whose footprints meet the box, the first on top. */
export async function assetsIn(services: Pick<Services, 'database'>, target: Target, box: Bbox, asset: string | undefined): Promise<AssetFootprint[]> {
  const resolver = await resolverFor(services, target);
  const { bbox, intersects, ...rest } = target.selection;
  // A search that has an area of its own keeps it; the tile's is a second condition, by way of the filter.
  const area = bboxGeometry(box);
  const selection =
    bbox === undefined && intersects === undefined
      ? { ...rest, intersects: area }
      : narrowed(target.selection, {
          filter: {
            kind: 'spatial',
            op: 's_intersects',
            left: { kind: 'property', name: 'geometry', at: { pointer: '' } },
            right: { kind: 'geometry', geometry: area, at: { pointer: '' } },
            at: { pointer: '' },
          },
        });
  const wanted = asset ?? (target.asset === 'data' ? undefined : target.asset);
  return listFootprints(services.database.pool, { selection, sortby: stackingOrder(target, undefined), visibility: target.visibility, resolver, asset: wanted, limit: ITEMS_LIMIT });
}

/** The bounds of all that a target selects; undefined where that is nothing. */
export async function boundsOfTarget(services: Pick<Services, 'database'>, target: Target): Promise<Bbox | undefined> {
  const { selection, visibility } = target;
  return liveBounds(services.database.pool, { selection, visibility, resolver: await resolverFor(services, target) });
}
