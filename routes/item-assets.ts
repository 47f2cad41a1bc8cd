/** Which items a tile, a point or a box is made of: `…/assets`, as titiler-pgstac has them. */
import type { Geometry } from 'geojson';
import { text } from '../schemas/parameters.js';
import { accessLimits, accessParameters, narrowParameters } from '../schemas/titiler.js';
import { resolveAssets } from '../src/links.js';
import { invalidAt } from '../src/errors.js';
import { bboxGeometry, parseBbox } from '../src/geojson.js';
import { itemsOn } from '../src/searches/item-assets.js';
import { mercatorToLat, mercatorToLon, roundedBbox } from '../src/tiles/matrices.js';
import { type Call, type Operation, operation } from './http.js';
import { LIVE, type TargetKind, upper } from './mosaics.js';
import { narrowedTarget } from './tilejson.js';
import { placeOf } from './tiles.js';

const answers = { 200: { description: 'The items, the first on top', type: 'application/json', schema: { type: 'array', items: { type: 'object' } } } };

const coordCrs = { coord_crs: text('The CRS of the coordinates: EPSG:4326 (longitude first) unless told, or EPSG:3857.') };

type Position = readonly [x: number, y: number];

/** Coordinates of a path in degrees. */
function toDegrees([x, y]: Position, { coord_crs: crs }: Call<typeof coordCrs>['query']): Position {
  const name = crs?.replace(/^.*[/:]/, '').toUpperCase() ?? '4326';
  if (name === '4326' || name === 'CRS84') return [x, y];
  if (name === '3857') return [mercatorToLon(x), mercatorToLat(y)];
  throw invalidAt('coord_crs', `must be EPSG:4326 or EPSG:3857, not ${JSON.stringify(crs)}`);
}

function numberOf(params: Call['params'], name: string): number {
  const written = params[name] ?? '';
  const value = Number(written);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(written) || !Number.isFinite(value)) throw invalidAt(name, `must be a number, not ${JSON.stringify(written)}`);
  return value;
}

const assetsOf = (kind: TargetKind, what: string, summary: string, more: Partial<typeof coordCrs>, placeOn: (call: Call) => Geometry): Operation =>
  operation({
    id: `get${upper(kind)}${what}Assets`,
    summary,
    tag: 'Mosaics',
    query: { ...accessParameters, ...(kind === 'collection' ? narrowParameters : {}), ...more },
    answers,
    async handle(call) {
      const place = placeOn(call);
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
  assetsOf(kind, 'Point', `The items of a ${kind} on a point`, coordCrs, ({ params, query }) => {
    const [lon, lat] = toDegrees([numberOf(params, 'lon'), numberOf(params, 'lat')], query);
    parseBbox([lon, lat, lon, lat], 'lon,lat');
    return { type: 'Point', coordinates: [lon, lat] };
  });

export const ofBox = (kind: TargetKind): Operation =>
  assetsOf(kind, 'Bbox', `The items of a ${kind} in a box`, coordCrs, ({ params, query }) => {
    const [minx, miny] = toDegrees([numberOf(params, 'minx'), numberOf(params, 'miny')], query);
    const [maxx, maxy] = toDegrees([numberOf(params, 'maxx'), numberOf(params, 'maxy')], query);
    return bboxGeometry(parseBbox([minx, miny, maxx, maxy], 'minx,miny,maxx,maxy'));
  });
