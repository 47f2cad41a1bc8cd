/** Numbers of searches and collections: values at a point, statistics inside features, as titiler-pgstac has them. */
import { performance } from 'node:perf_hooks';
import { areaFeatures, coordCrs, coverScale, dstCrs, featuresBody, sizeParameters, statisticsOptions, statisticsParameters } from '../schemas/parts.js';
import { assetsOf, itemStyleParameters, styleOf } from '../schemas/tiles.js';
import { accessParameters, narrowParameters } from '../schemas/titiler.js';
import type { Parsed } from '../schemas/parameters.js';
import { bboxGeometry } from '../src/geojson.js';
import { GEOJSON_TYPE } from '../src/links.js';
import { isObject } from '../src/json.js';
import type { TileAsset } from '../src/pgstac/asset-list.js';
import type { Target } from '../src/searches/target.js';
import { assetsOn, type TileAssets } from '../src/searches/tile-assets.js';
import { shownHref } from '../src/storage/source.js';
import type { Measured } from '../src/tiles/measure.js';
import type { Style } from '../src/tiles/style.js';
import type { Area } from '../src/tiles/warp.js';
import { numberOf, sizeOf } from './areas.js';
import { checkProjected, inDegrees, isDrawn, locateGeometryFrom } from './coordinates.js';
import { type Call, type Operation, operation, type Reply } from './http.js';
import { upper } from './mosaics.js';
import type { PartKind } from './parts.js';
import { freshness, limitsOf, ofTarget, timing, truncation } from './tile-reply.js';
import { undrawn } from './tiles.js';

const tag = 'Tiles';

const { assets, bidx, bands, expression, asset_as_band: assetAsBand, nodata, unscale, resampling, reproject, pixel_selection: pixelSelection, algorithm, algorithm_params: algorithmParams } = itemStyleParameters;
/** Titiler's options of reading, without those of colouring. */
const reading = { assets, bidx, bands, expression, asset_as_band: assetAsBand, nodata, unscale, resampling, reproject };

const narrowingOf = (kind: PartKind) => (kind === 'collection' ? narrowParameters : {});

/** With the name of its asset, which titiler's descriptions of bands begin with. */
function namedStyle(style: Style, names: readonly string[] | undefined, target: Target): Style {
  if (style.assets !== undefined) return style;
  const { bands: chosen, ...rest } = style;
  return { ...rest, assets: [{ name: names?.[0] ?? target.asset ?? 'data', ...(chosen === undefined ? {} : { bands: chosen }) }] };
}

const nameOf = ({ collection, id }: TileAsset): string => `${collection}/${id}`;

export interface Asked {
  /** As the caller wrote it. */
  readonly coordinates: readonly [number, number];
  /** The same in a CRS that is drawn. */
  readonly epsg: Area['epsg'];
  readonly place: readonly [x: number, y: number];
  /** In degrees. */
  readonly position: readonly [lon: number, lat: number];
}

/** @throws InvalidInput */
export async function probeOf({ params, query }: { readonly params: Call['params']; readonly query: Parsed<typeof coordCrs> }): Promise<Asked> {
  const [x, y] = [numberOf(params, 'lon'), numberOf(params, 'lat')];
  const code = query.coord_crs ?? 4326;
  const [lon, lat] = await inDegrees([x, y, x, y], code, 'lon,lat');
  return { coordinates: [x, y], ...(isDrawn(code) ? { epsg: code, place: [x, y] } : { epsg: 4326, place: [lon, lat] }), position: [lon, lat] };
}

export const pointAnswer = {
  description: 'The values of each asset that covers the point, null where it has none there',
  type: 'application/json',
  schema: {
    type: 'object',
    required: ['coordinates', 'assets'],
    properties: {
      coordinates: { type: 'array', items: { type: 'number' } },
      assets: { type: 'array', items: { type: 'object', required: ['name', 'values', 'band_names'], properties: { name: { type: 'string' }, values: { type: 'array', items: { type: 'number', nullable: true } }, band_names: { type: 'array', items: { type: 'string' } }, band_descriptions: { type: 'array', items: { type: 'string' } } } } },
    },
  },
};

/** The body of titiler's `/point`: an entry for each item whose assets all cover the point. */
export async function answerPoint({ services, signal }: Pick<Call, 'services' | 'signal'>, { epsg, place, coordinates }: Asked, style: Style, found: TileAssets, name: (asset: TileAsset) => string): Promise<Reply> {
  if (found.assets.length === 0) return { status: 204 };
  const [x, y] = place;
  const began = performance.now();
  const { points, failed } = await services.renderer.probe({ epsg, x, y, hrefs: found.assets.flatMap(({ hrefs }) => hrefs), style }, signal);
  const entries = points.flatMap(({ item, values, descriptions }) => {
    const asset = found.assets[item];
    return asset === undefined ? [] : [{ name: name(asset), values, band_names: values.map((_, b) => `b${b + 1}`), band_descriptions: descriptions }];
  });
  return { body: { coordinates, assets: entries }, headers: { 'Server-Timing': timing('read', performance.now() - began), ...truncation(found), ...freshness({ failed }) } };
}

export const point = (kind: PartKind): Operation =>
  operation({
    id: `get${upper(kind)}Point`,
    summary: `The values of a ${kind} at a point, of each of its items there`,
    tag,
    query: { ...reading, ...coordCrs, ...accessParameters, ...narrowingOf(kind) },
    answers: { 200: pointAnswer, 204: { description: 'No item there' }, ...undrawn },
    async handle(call) {
      const { query } = call;
      const asked = await probeOf(call);
      const style = styleOf(query);
      const names = assetsOf(query, style);
      // All items there, whichever covers which, as titiler-pgstac asks.
      const { exitWhenFull: _full, skipCovered: _covered, ...limits } = limitsOf(query);
      return ofTarget(call, { kind, path: ['point', asked.coordinates.join(',')] }, async (target, now) => {
        const found = await assetsOn(call.services, target, { type: 'Point', coordinates: [...asked.position] }, names, limits, now);
        return answerPoint(call, asked, namedStyle(style, names, target), found, nameOf);
      });
    },
  });

const statisticsAnswer = {
  description: 'The feature or the features with `statistics` by band and `used_assets` among their properties',
  type: GEOJSON_TYPE,
  schema: { type: 'object', required: ['type'], properties: { type: { type: 'string', enum: ['Feature', 'FeatureCollection'] } } },
};

export const statistics = (kind: PartKind): Operation =>
  operation({
    id: `post${upper(kind)}Statistics`,
    summary: `Statistics of a ${kind} inside GeoJSON features`,
    tag,
    query: { ...reading, pixel_selection: pixelSelection, algorithm, algorithm_params: algorithmParams, ...sizeParameters, ...coordCrs, ...dstCrs, ...coverScale, ...statisticsParameters, ...accessParameters, ...narrowingOf(kind) },
    scope: 'read',
    body: featuresBody,
    answers: { 200: statisticsAnswer, 204: { description: 'No item there' }, ...undrawn },
    async handle(call) {
      const { query, body, services, signal } = call;
      const [areas, from] = [areaFeatures(body), query.coord_crs ?? 4326];
      checkProjected(areas, from, '/features');
      const features = await Promise.all(areas.map(async ({ geometry, document }, i) => ({
        document,
        ...(await locateGeometryFrom(geometry, from, query.dst_crs, `/features/${i}/geometry/coordinates`)),
      })));
      const style = styleOf(query);
      const names = assetsOf(query, style);
      const [size, limits, options] = [sizeOf(call), limitsOf(query), statisticsOptions(query)];
      return ofTarget(call, { kind, path: ['statistics'] }, async (target, now) => {
        const began = performance.now();
        const measured: { readonly found: TileAssets; readonly result: Measured }[] = [];
        for (const { bbox, epsg, extent, cut } of features) {
          const found = await assetsOn(services, target, bboxGeometry(bbox), names, limits, now);
          const hrefs = found.assets.flatMap((asset) => asset.hrefs);
          measured.push({ found, result: await services.renderer.measure({ epsg, extent, size, cut, hrefs, style: namedStyle(style, names, target), coverScale: query.cover_scale ?? 10, options }, signal) });
        }
        const told = features.map(({ document }, i) => {
          const { properties } = document;
          const { bands: numbers = {}, used } = measured[i]?.result ?? { used: [] };
          const shown = new Set(used.map(shownHref));
          const usedAssets = measured[i]?.found.assets.filter(({ hrefs }) => shown.has(shownHref(hrefs[0] ?? ''))).map(nameOf) ?? [];
          return { ...document, properties: { ...(isObject(properties) ? properties : {}), statistics: numbers, used_assets: usedAssets } };
        });
        const isOne = !isObject(body) || body['type'] !== 'FeatureCollection';
        if (isOne && measured[0]?.result.bands === undefined) return { status: 204 };
        const cut = measured.find(({ found }) => found.cut !== undefined)?.found;
        return {
          body: isOne ? told[0] : { ...(isObject(body) ? body : {}), features: told },
          type: GEOJSON_TYPE,
          headers: { 'Server-Timing': timing('statistics', performance.now() - began), ...(cut === undefined ? {} : truncation(cut)), ...freshness({ failed: measured.flatMap(({ result }) => result.failed) }) },
        };
      });
    },
  });
