/** Which items a tile, a point or a box is made of: `…/assets`, as titiler-pgstac has them. */
import type { Geometry } from 'geojson';
import { text } from '../schemas/parameters.js';
import { accessLimits, accessParameters, narrowParameters } from '../schemas/titiler.js';
import { resolveAssets } from '../src/links.js';
import { crsOf } from '../src/cog/crs.js';
import { invalidAt, messageOf } from '../src/errors.js';
import { type Bbox, bboxGeometry, parseBbox } from '../src/geojson.js';
import { itemsOn } from '../src/searches/item-assets.js';
import { type Extent, roundedBbox } from '../src/tiles/matrices.js';
import { lonLatBoxBy, waysBy } from '../src/tiles/projections.js';
import { degreesOf, numberOf } from './areas.js';
import { type Call, type Operation, operation } from './http.js';
import { LIVE, type TargetKind, upper } from './mosaics.js';
import { narrowedTarget } from './tilejson.js';
import { placeOf } from './tiles.js';

const answers = { 200: { description: 'The items, the first on top', type: 'application/json', schema: { type: 'array', items: { type: 'object' } } } };

/** Any CRS of the EPSG register: nothing is drawn in it. */
const coordCrs = {
  coord_crs: {
    ...text('The CRS of the coordinates, x (or longitude) first: EPSG:4326 unless told, or any other of the EPSG register; also as OGC writes them.'),
    parse(values: readonly string[], name: string): number {
      const written = values[0] ?? '';
      const code = written.trim().replace(/^.*[/:]/, '').toUpperCase();
      if (code === 'CRS84') return 4326;
      if (!/^\d{4,5}$/.test(code)) throw invalidAt(name, `must be a CRS such as EPSG:4326, not ${JSON.stringify(written.slice(0, 60))}`);
      return Number(code);
    },
  },
};

/** A box of the caller's in degrees. @throws InvalidInput for a CRS that is not known, or coordinates outside of it */
async function inDegrees(box: Extent, code: number, path: string): Promise<Bbox> {
  if (code === 4326 || code === 3857) return degreesOf(box, code, path);
  const { proj4, units } = await crsOf(code).catch((error: unknown) => {
    throw invalidAt('coord_crs', messageOf(error));
  });
  const [minx, miny, maxx, maxy] = box;
  if (minx > maxx || miny > maxy) throw invalidAt(path, 'must be the lower left corner, then the upper right one');
  const ways = waysBy(proj4);
  const corners = [ways.toLonLat(minx, miny), ways.toLonLat(maxx, maxy)];
  // Far outside of its domain a projection answers something that leads back elsewhere.
  const leadsBack = corners.every(([lon, lat], i) => {
    const back = ways.fromLonLat(lon, lat);
    return [minx, miny, maxx, maxy].slice(2 * i, 2 * i + 2).every((at, axis) => Math.abs((back[axis] ?? Number.NaN) - at) <= 1 + 1e-6 * Math.abs(at));
  });
  if (!leadsBack) throw invalidAt(path, `lies outside of EPSG:${code} (in ${units}s)`);
  if (minx === maxx && miny === maxy) {
    const [lon = Number.NaN, lat = Number.NaN] = corners.flat();
    return parseBbox([lon, lat, lon, lat], path);
  }
  return parseBbox([...lonLatBoxBy(ways, box)], path);
}

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
