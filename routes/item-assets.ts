/** Which items a tile, a point or a box is made of: `…/assets`, as titiler-pgstac has them. */
import type { Geometry } from 'geojson';
import { coordCrs } from '../schemas/parts.js';
import { accessLimits, accessParameters, narrowParameters } from '../schemas/titiler.js';
import { resolveAssets } from '../src/links.js';
import { bboxGeometry } from '../src/geojson.js';
import { itemsOn } from '../src/searches/item-assets.js';
import { roundedBbox } from '../src/tiles/matrices.js';
import { numberOf } from './areas.js';
import { inDegrees } from './coordinates.js';
import { type Call, type Operation, operation } from './http.js';
import { LIVE, type TargetKind, upper } from './mosaics.js';
import { narrowedTarget } from './tilejson.js';
import { placeOf } from './tiles.js';

const answers = { 200: { description: 'The items, the first on top', type: 'application/json', schema: { type: 'array', items: { type: 'object' } } } };

const assetsOf = (kind: TargetKind, what: string, summary: string, more: Partial<typeof coordCrs>, placeOn: (call: Call<Partial<typeof coordCrs>>) => Promise<Geometry> | Geometry): Operation =>
  operation({
    id: `get${upper(kind)}${what}Assets`,
    summary,
    tag: 'Mosaics',
    query: { ...accessParameters, ...(kind === 'collection' ? narrowParameters : {}), ...more },
    answers,
    async handle(call) {
      const place = await placeOn(call);
      const items = await itemsOn(call.services, await narrowedTarget(kind, call), place, accessLimits(call.query));
      return { body: items.map((item) => ({ ...item, assets: resolveAssets(call.base, item['assets']) })), headers: LIVE };
    },
  });

export const ofTile = (kind: TargetKind): Operation =>
  assetsOf(kind, 'Tile', `The items that a tile of a ${kind} is made of`, {}, ({ params }) => {
    const { tms, z, x, y } = placeOf(params);
    return bboxGeometry(roundedBbox(tms, z, x, y));
  });

export const ofPoint = (kind: TargetKind): Operation =>
  assetsOf(kind, 'Point', `The items of a ${kind} on a point`, coordCrs, async ({ params, query }) => {
    const [x, y] = [numberOf(params, 'lon'), numberOf(params, 'lat')];
    const [lon, lat] = await inDegrees([x, y, x, y], query.coord_crs ?? 4326, 'lon,lat');
    return { type: 'Point', coordinates: [lon, lat] };
  });

export const ofBox = (kind: TargetKind): Operation =>
  assetsOf(kind, 'Bbox', `The items of a ${kind} in a box`, coordCrs, async ({ params, query }) => {
    const [minx, miny, maxx, maxy] = ['minx', 'miny', 'maxx', 'maxy'].map((name) => numberOf(params, name)) as [number, number, number, number];
    return bboxGeometry(await inDegrees([minx, miny, maxx, maxy], query.coord_crs ?? 4326, 'minx,miny,maxx,maxy'));
  });
