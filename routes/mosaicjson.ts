/** TiTiler's routes of MosaicJSON documents: `/mosaicjson/…?url=`. */
import { performance } from 'node:perf_hooks';
import { jsonAnswer } from '../schemas/documents.js';
import { text } from '../schemas/parameters.js';
import { coordCrs } from '../schemas/parts.js';
import { pictureTypes, styleOf, styleParameters } from '../schemas/tiles.js';
import { drawParameters, tileFormat, zoomParameters } from '../schemas/titiler.js';
import { invalidAt } from '../src/errors.js';
import { parseBbox } from '../src/geojson.js';
import { assetsOfBox, assetsOfPoint, assetsOfTile, type MosaicDocument } from '../src/mosaics/read.js';
import { crsOf } from '../src/tiles/matrix-documents.js';
import { type Call, operation, type Operation } from './http.js';
import { assertDrawable, mosaicAt } from './mosaicjson-document.js';
import { LIVE } from './mosaics.js';
import { numberOf } from './areas.js';
import { answerTile } from './tile-reply.js';
import { tilesQuery, tmsOf } from './tilejson.js';
import { drawingOf, pictureQuery, placeOf, withFormat } from './tiles.js';
import { answerPoint, pointAnswer, probeOf } from './values.js';

const tag = 'MosaicJSON';
const url = { url: text('The URL of a MosaicJSON: one of ours, or on an allowed host.') };
const object = { 200: { description: 'The answer', type: 'application/json', schema: { type: 'object' } } };
const upstream = { 502: { description: 'The document or an asset could not be read' }, 504: { description: 'Its host did not answer in time' } };

type Asked = Pick<Call, 'services' | 'base' | 'signal' | 'visibility' | 'caller'> & { readonly query: { readonly url?: string | undefined } };

const mosaicOfCall = (call: Asked): Promise<MosaicDocument> => {
  if (call.query.url === undefined || call.query.url === '') throw invalidAt('url', 'is needed: the URL of a MosaicJSON');
  return mosaicAt(call, call.query.url);
};

export const info = operation({
  id: 'getMosaicJsonInfo',
  summary: 'What a MosaicJSON says of itself',
  tag,
  query: url,
  answers: { ...object, ...upstream },
  async handle(call) {
    const { bounds, center, name, minzoom, maxzoom, quadkeyZoom, tiles } = await mosaicOfCall(call);
    const body = { bounds, crs: crsOf('WorldCRS84Quad'), center, name, quadkeys: [], mosaic_tilematrixset: "<TileMatrixSet title='Google Maps Compatible for the World' id='WebMercatorQuad' crs='http://www.opengis.net/def/crs/EPSG/0/3857>", mosaic_minzoom: minzoom, mosaic_maxzoom: maxzoom, quadkey_zoom: quadkeyZoom, quadkey_count: tiles.size };
    return { body, headers: LIVE };
  },
});

export const bounds = operation({
  id: 'getMosaicJsonBounds',
  summary: 'The bounds of a MosaicJSON',
  tag,
  query: url,
  answers: { ...object, ...upstream },
  handle: async (call) => ({ body: { bounds: (await mosaicOfCall(call)).bounds, crs: crsOf('WorldCRS84Quad') }, headers: LIVE }),
});

export const tilejson = (id: string): Operation =>
  operation({
    id,
    summary: 'TileJSON of a MosaicJSON',
    tag,
    query: { ...url, tile_format: tileFormat, ...zoomParameters, ...drawParameters },
    answers: { 200: jsonAnswer('TileJSON 3.0.0', 'tilejson'), ...upstream },
    async handle(call) {
      const tms = tmsOf(call);
      const mosaic = await mosaicOfCall(call);
      const { minzoom = mosaic.minzoom, maxzoom = mosaic.maxzoom, tile_format: format } = call.query;
      const query = tilesQuery(call.search).replaceAll('%7B', '{').replaceAll('%7D', '}');
      const template = `${call.base}/mosaicjson/tiles/${tms}/{z}/{x}/{y}${format === undefined ? '' : `.${format}`}${query}`;
      const { attribution, name, center } = mosaic;
      const body = { tilejson: '3.0.0', name, version: '1.0.0', scheme: 'xyz', tiles: [template], minzoom, maxzoom, bounds: mosaic.bounds, center, ...(attribution === undefined ? {} : { attribution }) };
      return { body, headers: LIVE };
    },
  });

/** Assets of the tile that a path names. */
function assetsAt(mosaic: MosaicDocument, { params }: Pick<Call, 'params'>): { place: ReturnType<typeof placeOf>; assets: string[] } {
  const place = placeOf(params);
  return { place, assets: place.tms === 'WebMercatorQuad' ? assetsOfTile(mosaic, place.z, place.x, place.y) : assetsOfBox(mosaic, place.bbox) };
}

export const tile = (id: string): Operation =>
  operation({
    id,
    summary: 'A map tile of a MosaicJSON',
    tag,
    query: { ...url, ...pictureQuery },
    answers: { 200: { description: 'The tile', ...pictureTypes }, 204: { description: 'No data there' }, 501: { description: 'A COG of a kind that is not drawn yet' }, ...upstream },
    async handle(call) {
      const began = performance.now();
      const { params, format } = withFormat(call.params);
      const mosaic = await mosaicOfCall(call);
      const { place, assets } = assetsAt(mosaic, { params });
      assertDrawable(call, mosaic, assets);
      const found = { assets: assets.map((href) => ({ id: href, collection: '', hrefs: [href], version: '' })), cut: undefined };
      return answerTile(call, found, performance.now() - began, drawingOf(call, place, format));
    },
  });

const list = { 200: { description: 'URLs, the first on top', type: 'application/json', schema: { type: 'array', items: { type: 'string' } } } };

export const tileAssets = (id: string): Operation =>
  operation({
    id,
    summary: 'The assets of a tile of a MosaicJSON',
    tag,
    query: url,
    answers: { ...list, ...upstream },
    handle: async (call) => ({ body: assetsAt(await mosaicOfCall(call), call).assets, headers: LIVE }),
  });

function positionOf({ params }: Pick<Call, 'params'>): [number, number] {
  const [lon, lat] = [numberOf(params, 'lon'), numberOf(params, 'lat')];
  parseBbox([lon, lat, lon, lat], 'lon,lat');
  return [lon, lat];
}

export const pointAssets = operation({
  id: 'getMosaicJsonPointAssets',
  summary: 'The assets of a MosaicJSON on a point',
  tag,
  query: url,
  answers: { ...list, ...upstream },
  handle: async (call) => ({ body: assetsOfPoint(await mosaicOfCall(call), ...positionOf(call)), headers: LIVE }),
});

/** Titiler's options of reading a file; its assets are single files here, and their bands `b1`, `b2`, … */
const { bidx, bands, expression, nodata, unscale, resampling, reproject } = styleParameters;

export const point = operation({
  id: 'getMosaicJsonPoint',
  summary: 'The values of a MosaicJSON at a point',
  tag,
  query: { ...url, ...coordCrs, bidx, bands, expression, nodata, unscale, resampling, reproject },
  answers: { 200: pointAnswer, 204: { description: 'No asset there' }, 501: { description: 'A COG of a kind that is not read yet' }, ...upstream },
  async handle(call) {
    const asked = await probeOf(call);
    const mosaic = await mosaicOfCall(call);
    const assets = assetsOfPoint(mosaic, ...asked.position);
    assertDrawable(call, mosaic, assets);
    const found = { assets: assets.map((href) => ({ id: href, collection: '', hrefs: [href], version: '' })), cut: undefined };
    return answerPoint(call, asked, styleOf(call.query), found, ({ id }) => id);
  },
});
