/** Map tiles of searches, collections and datasets, drawn by the server itself. */
import { performance } from 'node:perf_hooks';
import { choice } from '../schemas/parameters.js';
import { dstCrs, sizeParameters } from '../schemas/parts.js';
import { assetsOf, FORMAT_NAMES, formatOf, formatParameter, itemStyleParameters, pictureTypes, styleOf, styleParameters } from '../schemas/tiles.js';
import { searchParameters } from '../schemas/search.js';
import { accessParameters, narrowParameters } from '../schemas/titiler.js';
import { committedAttempt } from '../src/datasets/records.js';
import { drawDataset, storedThumbnail } from '../src/datasets/thumbnails.js';
import { invalidAt, notFound } from '../src/errors.js';
import { type Bbox, bboxGeometry } from '../src/geojson.js';
import { assetsOn, boundsOfTarget } from '../src/searches/tile-assets.js';
import type { WantedFormat } from '../src/tiles/encode.js';
import type { Target } from '../src/searches/target.js';
import type { Preview } from '../src/tiles/preview.js';
import { tileKey } from '../src/tiles/cached-renderer.js';
import { isTileMatrixSetId, locateTile, type TileMatrixSetId } from '../src/tiles/matrices.js';
import { areaDrawing, locate, sizeOf } from './areas.js';
import { type Call, type Operation, operation, param, type Reply } from './http.js';
import { type TargetKind, targets } from './mosaics.js';
import { answerTile, CACHED, knows, type TileQuestion, tileReply } from './tile-reply.js';
import { titilerFor, titilerRenderer, titilerReply } from './titiler.js';

const tag = 'Tiles';

export const emptyParameter = choice('What a picture without data is: nothing (204, the default), or a transparent picture.', ['none', 'transparent']);

/** What a picture of a tile looks like. */
export const pictureQuery = {
  tilesize: choice('Pixels of a side.', ['256', '512']),
  format: formatParameter,
  ...styleParameters,
  empty: emptyParameter,
};

const tileQuery = { ...itemStyleParameters, ...pictureQuery };

/** Why a picture may not come. */
export const undrawn = {
  501: { description: 'A COG of a kind that is not drawn yet' },
  502: { description: 'No asset could be read' },
  504: { description: 'No asset answered in time' },
};

export interface Place {
  readonly tms: TileMatrixSetId;
  readonly z: number;
  readonly x: number;
  readonly y: number;
  readonly bbox: Bbox;
}

/** @throws NotFound for a tile outside the matrix set, InvalidInput for what is no tile */
export function placeOf(params: Call['params']): Place {
  const tms = params['tileMatrixSetId'] ?? 'WebMercatorQuad';
  if (!isTileMatrixSetId(tms)) throw notFound(`Tile matrix set ${tms}`);
  const [z, x, y] = ['z', 'x', 'y'].map((name) => {
    const text = params[name] ?? '';
    if (!/^\d{1,10}$/.test(text)) throw invalidAt(name, `must be a whole number, not ${JSON.stringify(text)}`);
    return Number(text);
  }) as [number, number, number];
  const place = locateTile(tms, z, x, y);
  if (!place.inRange) throw notFound(`Tile ${z}/${x}/${y} of ${tms}`);
  return { tms, z, x, y, bbox: place.bbox };
}

/** `y`, or `y.png`: the last part of the path may carry a format. */
export function withFormat(params: Call['params']): { params: Call['params']; format: WantedFormat | undefined } {
  const { y = '', ...rest } = params;
  const match = /^(\d+)\.(\w+)$/.exec(y);
  if (match === null) return { params, format: undefined };
  const format = formatOf(match[2] ?? '');
  if (format === undefined) throw invalidAt('y', `must be a whole number, with or without a format behind it (${FORMAT_NAMES.join(', ')})`);
  return { params: { ...rest, y: match[1] ?? '' }, format };
}

/** How the picture that a call asks for is drawn, once its assets are known. @throws InvalidInput */
export function drawingOf({ services, query, signal }: Pick<Call<Partial<typeof tileQuery> & typeof pictureQuery>, 'services' | 'query' | 'signal'>, { tms, z, x, y }: Place, format: WantedFormat | undefined): TileQuestion['draw'] {
  const style = styleOf(query);
  const tileSize = query.tilesize === '512' ? 512 : 256;
  return ({ hrefs, version }) => {
    const request = { tms, z, x, y, tileSize, hrefs, format: format ?? query.format ?? 'auto', style } as const;
    return { key: tileKey(request, version), tile: () => services.renderer.render(request, signal, version) };
  };
}

export const tile = (kind: TargetKind): Operation =>
  operation({
    id: `get${kind.charAt(0).toUpperCase()}${kind.slice(1)}MapTile`,
    summary: `A map tile of a ${kind}`,
    tag,
    query: { ...tileQuery, ...accessParameters, ...(kind === 'collection' ? narrowParameters : {}), ...(kind === 'catalog' ? { collections: searchParameters.collections } : {}) },
    answers: {
      200: { description: 'The tile', ...pictureTypes },
      204: { description: 'No data there' },
      ...undrawn,
    },
    async handle(call) {
      const { params, format } = withFormat(call.params);
      const place = placeOf(params);
      const { tileMatrixSetId: tms = 'WebMercatorQuad', z = '', x = '', y = '' } = call.params;
      const assets = assetsOf(call.query, styleOf(call.query));
      return tileReply(call, { kind, place: bboxGeometry(place.bbox), assets, path: ['tiles', tms, z, x, y], draw: drawingOf(call, place, format) });
    },
  });

/** Titiler's `max_size` of previews. */
const PREVIEW_SIZE = 1024;
/** Assets of a whole dataset that one picture is drawn of. */
const PREVIEW_ITEMS = 1000;

const previewQuery = { format: formatParameter, ...itemStyleParameters, ...sizeParameters, ...dstCrs, empty: emptyParameter };

/** A preview as the caller wants it to look; in Web Mercator unless told. */
async function styledPreview(call: Call<typeof previewQuery>, target: Target, bounds: Bbox): Promise<Reply> {
  const { services, query } = call;
  const size = sizeOf(call);
  const located = locate(bounds, 4326, query.dst_crs ?? 3857, 'bounds');
  const format = query.format ?? 'auto';
  const draw = areaDrawing(call, { ...located, size: Object.keys(size).length === 0 ? { maxSize: PREVIEW_SIZE } : size }, format);
  const titiler = titilerFor(call, target);
  if (titiler !== undefined) {
    const search = new URLSearchParams(call.search);
    if (Object.keys(size).length === 0) search.set('max_size', String(PREVIEW_SIZE));
    if (query.dst_crs === undefined) search.set('dst_crs', 'EPSG:3857');
    search.delete('format');
    return titilerReply(titiler, { ...call, search }, 'dataset', target, ['bbox', `${bounds.join(',')}.${format === 'auto' ? 'png' : format}`]);
  }
  const began = performance.now();
  const found = await assetsOn(services, target, bboxGeometry(bounds), assetsOf(query, styleOf(query)), { items: PREVIEW_ITEMS });
  return answerTile(call, found, performance.now() - began, draw);
}

export const preview = operation({
  id: 'getDatasetPreview',
  summary: 'A picture of a whole dataset: the stored one, or one that is drawn now',
  tag,
  query: previewQuery,
  answers: {
    200: { description: 'The picture', ...pictureTypes },
    204: { description: 'No data' },
    ...undrawn,
  },
  async handle(call) {
    const { services, signal } = call;
    const target = await targets.dataset(call);
    if (call.search.size > 0) {
      const bounds = await boundsOfTarget(services, target);
      if (bounds !== undefined) return styledPreview(call, target, bounds);
    }
    const titiler = titilerFor(call, target);
    if (titiler !== undefined) return pictureReply(await drawDataset(services, target, signal, titilerRenderer(titiler, call, 'dataset', target)));
    const committed = await committedAttempt(services.database.pool, param(call, 'datasetId'));
    if (committed === undefined || committed.attempt === null) return pictureReply(await drawDataset(services, target, signal));
    const { id, attempt } = committed;
    const headers = { ETag: `W/"${attempt}"`, 'Cache-Control': CACHED };
    if (knows(call, headers.ETag)) return { status: 304, headers };
    const stored = await storedThumbnail(services, committed);
    if (stored !== undefined) return { text: stored.content, type: stored.type, headers: { ...headers, 'Content-Length': String(stored.size) } };
    const picture = await drawDataset(services, target, signal);
    if (picture?.isWhole !== true) return pictureReply(picture);
    // Kept for the next who asks, who draws it again where the store fails.
    await services.thumbnails.keep(id, attempt, picture);
    return { text: picture.bytes, type: 'image/png', headers };
  },
});

function pictureReply(picture: Preview | undefined): Reply {
  if (picture === undefined) return { status: 204, headers: { 'Cache-Control': CACHED } };
  return { text: picture.bytes, type: 'image/png', headers: { 'Cache-Control': picture.isWhole ? CACHED : 'no-cache' } };
}
