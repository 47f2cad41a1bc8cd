/** MosaicJSON and TileJSON of searches, collections and datasets, computed at each request. */
import { jsonAnswer } from '../schemas/documents.js';
import { mosaicOptions, mosaicParameters, mosaicRequest, mosaicRequestOfBody } from '../schemas/mosaics.js';
import { integer, repeated } from '../schemas/parameters.js';
import { searchBodySchema } from '../schemas/search.js';
import { notFound } from '../src/errors.js';
import { fromBody, selectionOf } from '../src/search/parse.js';
import { type MosaicRequest, mosaicOf } from '../src/searches/mosaic.js';
import { collectionTarget, datasetTarget, searchTarget, type Target } from '../src/searches/target.js';
import { tileJsonOf } from '../src/searches/tilejson.js';
import { isTileMatrixSetId } from '../src/tiles/matrices.js';
import { visibilityOf } from './access.js';
import { type Call, type Operation, operation, param, type Reply } from './http.js';

const tag = 'Mosaics';

/** Live answers are checked again at each use; the ETag makes that cheap. */
const LIVE = { 'Cache-Control': 'no-cache' };

/** The ETag is weak: other bytes may say the same of rows that change between it and the document. */
async function mosaicReply({ services, signal }: Pick<Call, 'services' | 'signal'>, target: Target, request: MosaicRequest): Promise<Reply> {
  const { version, document } = await mosaicOf(services, target, request, signal);
  return { text: document(), type: 'application/json', headers: { ...LIVE, ETag: `W/"${version}"` } };
}

/** The three things that mosaics and tiles are made of, by the parameter of their path. */
export const targets = {
  search: (call: Pick<Call, 'services' | 'params'>): Promise<Target> => searchTarget(call.services, param(call, 'searchId'), visibilityOf()),
  collection: (call: Pick<Call, 'services' | 'params'>): Promise<Target> => collectionTarget(call.services, param(call, 'collectionId'), visibilityOf()),
  dataset: (call: Pick<Call, 'services' | 'params'>): Promise<Target> => datasetTarget(call.services, param(call, 'datasetId'), visibilityOf()),
} as const;

export type TargetKind = keyof typeof targets;

const upper = (kind: TargetKind): string => kind.charAt(0).toUpperCase() + kind.slice(1);

export const mosaic = (kind: TargetKind): Operation =>
  operation({
    id: `get${upper(kind)}Mosaic`,
    summary: `MosaicJSON of a ${kind}, of what the database holds now`,
    tag,
    query: mosaicParameters,
    answers: { 200: jsonAnswer('MosaicJSON 0.0.3', 'mosaicjson') },
    handle: async (call) => mosaicReply(call, await targets[kind](call), mosaicRequest(call.query)),
  });

export const posted = operation({
  id: 'postMosaic',
  summary: 'MosaicJSON of a search that is not registered',
  tag,
  body: { types: ['application/json'], schema: searchBodySchema },
  answers: { 200: jsonAnswer('MosaicJSON 0.0.3', 'mosaicjson') },
  async handle(call) {
    const query = fromBody(call.body, [...Object.keys(mosaicOptions), 'limit', 'token']);
    const natural = [{ field: 'datetime', direction: 'asc' }, { field: 'id', direction: 'asc' }] as const;
    const target: Target = { name: 'Posted search', selection: selectionOf(query), sortby: query.sortby, natural, visibility: visibilityOf() };
    return mosaicReply(call, target, mosaicRequestOfBody(call.body));
  },
});

/** Where the tiles of a target are, below its own path. */
function tilesTemplate(kind: TargetKind, { base, path, search }: Pick<Call, 'base' | 'path' | 'search'>): string {
  const query = new URLSearchParams(search);
  for (const name of ['minzoom', 'maxzoom']) query.delete(name);
  const text = query.toString() === '' ? '' : `?${query.toString()}`;
  const encoded = path.split('/').map((part) => part).join('/');
  if (kind === 'dataset') return `${base}${encoded.replace(/\/tilejson\.json$/, '')}/tiles/{z}/{x}/{y}${text}`;
  return `${base}${encoded.replace(/\/([^/]+)\/tilejson\.json$/, '/tiles/$1')}/{z}/{x}/{y}${text}`;
}

export const tilejson = (kind: TargetKind): Operation =>
  operation({
    id: `get${upper(kind)}TileJson`,
    summary: `TileJSON of a ${kind}: bounds and zooms of its items as they are now`,
    tag,
    query: { assets: repeated('The asset to draw.'), minzoom: integer('Overwrites the least zoom.', 0, 30), maxzoom: integer('Overwrites the most zoom.', 0, 30) },
    answers: { 200: jsonAnswer('TileJSON 3.0.0', 'tilejson') },
    async handle(call) {
      const { tileMatrixSetId: tms } = call.params;
      if (tms !== undefined && !isTileMatrixSetId(tms)) throw notFound(`Tile matrix set ${tms}`);
      const target = await targets[kind](call);
      const { minzoom, maxzoom } = call.query;
      const body = await tileJsonOf(call.services, target, {
        tiles: tilesTemplate(kind, call),
        ...(minzoom === undefined ? {} : { minzoom }),
        ...(maxzoom === undefined ? {} : { maxzoom }),
      });
      return { body, headers: LIVE };
    },
  });
