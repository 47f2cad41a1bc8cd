/** MosaicJSON of searches, collections and datasets, computed at each request. */
import { jsonAnswer } from '../schemas/documents.js';
import { mosaicOptions, mosaicParameters, mosaicRequest, mosaicRequestOfBody } from '../schemas/mosaics.js';
import { searchBodySchema } from '../schemas/search.js';
import { fromBody, selectionOf } from '../src/search/parse.js';
import { type MosaicRequest, mosaicOf } from '../src/searches/mosaic.js';
import { catalogTarget, collectionTarget, datasetTarget, searchTarget, type Target } from '../src/searches/target.js';
import { type Call, type Operation, operation, param, type Reply } from './http.js';
import { signedReply } from './signing.js';

const tag = 'Mosaics';

/** Live answers are checked again at each use; the ETag makes that cheap. */
export const LIVE = { 'Cache-Control': 'no-cache' };

/** The ETag is weak: other bytes may say the same of rows that change between it and the document. */
async function mosaicReply({ services, signal }: Pick<Call, 'services' | 'signal'>, target: Target, request: MosaicRequest): Promise<Reply> {
  const { version, document } = await mosaicOf(services, target, request, signal);
  const reply = { text: document(), type: 'application/json', headers: { ...LIVE, ETag: `W/"${version}"` } };
  return request.href === 'signed' ? signedReply(reply) : reply;
}

type Asked = Pick<Call, 'services' | 'params' | 'visibility'> & Partial<Pick<Call, 'query'>>;

/** Every use of a mosaic is a use of its registered search; written first, so that what is then read stays as it is. */
async function inUse({ services }: Pick<Asked, 'services'>, target: Target): Promise<Target> {
  if (target.searchId !== undefined) await services.searchUse.used(target.searchId);
  return target;
}

/** What mosaics and tiles are made of, by the parameter of their path; the whole catalog, or `collections` of it, has tiles only. */
export const targets = {
  search: async (call: Asked): Promise<Target> => inUse(call, await searchTarget(call.services, param(call, 'searchId'), call.visibility)),
  collection: async (call: Asked): Promise<Target> => inUse(call, await collectionTarget(call.services, param(call, 'collectionId'), call.visibility)),
  catalog: async ({ services, query, visibility }: Asked): Promise<Target> => catalogTarget(services, Array.isArray(query?.['collections']) ? query['collections'].map(String) : undefined, visibility),
  dataset: async (call: Asked): Promise<Target> => inUse(call, await datasetTarget(call.services, param(call, 'datasetId'), call.visibility)),
} as const;

export type TargetKind = keyof typeof targets;

export const upper = (kind: TargetKind): string => kind.charAt(0).toUpperCase() + kind.slice(1);

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
  scope: 'read',
  summary: 'MosaicJSON of a search that is not registered',
  tag,
  body: { types: ['application/json'], schema: searchBodySchema },
  answers: { 200: jsonAnswer('MosaicJSON 0.0.3', 'mosaicjson') },
  async handle(call) {
    const query = fromBody(call.body, [...Object.keys(mosaicOptions), 'limit', 'token']);
    const natural = [{ field: 'datetime', direction: 'asc' }, { field: 'id', direction: 'asc' }] as const;
    const target: Target = { name: 'Posted search', selection: selectionOf(query), sortby: query.sortby, natural, renders: {}, visibility: call.visibility };
    return mosaicReply(call, target, mosaicRequestOfBody(call.body));
  },
});
