/** The items of a tile, point or box with their assets, as titiler-pgstac lists them. */
import type { Geometry } from 'geojson';
import type { JsonObject } from '../json.js';
import { readItem } from '../pgstac/items-read.js';
import { type AccessLimits, stackedItems } from '../pgstac/stacked-items.js';
import type { Services } from '../services.js';
import { resolverFor } from './mosaic.js';
import type { Target } from './target.js';

/** The first on top; of each what a tile is drawn from. */
export async function itemsOn({ database }: Pick<Services, 'database'>, target: Target, place: Geometry, limits: AccessLimits): Promise<JsonObject[]> {
  const { selection, sortby, visibility } = target;
  const resolver = await resolverFor({ database }, target);
  const items = await stackedItems(database.pool, { selection, sortby, visibility, resolver, place, limits, release: database.pgstacVersion });
  return items.map((stored) => {
    const { id = '', bbox, assets = {}, collection = '' } = readItem(stored);
    return { id, ...(bbox === undefined ? {} : { bbox }), assets, collection };
  });
}
