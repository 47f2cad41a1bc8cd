/** The aggregation extension 0.3.0: what may be counted, and the counts. */
import { aggregateBodySchema, aggregateParameters, collectionAggregateParameters, fromAggregateParameters } from '../schemas/aggregation.js';
import { jsonAnswer } from '../schemas/documents.js';
import { aggregate } from '../src/aggregation/aggregate.js';
import { AGGREGATIONS, GRID_PRECISION } from '../src/aggregation/catalogue.js';
import { type AggregateRequest, fromAggregateBody, precisionParameter } from '../src/aggregation/request.js';
import { invalidAt } from '../src/errors.js';
import { JSON_TYPE, paths } from '../src/links.js';
import { seenCollection } from './access.js';
import { type Call, operation, param, type Reply } from './http.js';

const tag = 'Aggregation';
const answers = { 200: jsonAnswer('The aggregations', 'aggregations') };

type Place = Pick<Call, 'base' | 'path'> & { readonly self?: string; readonly collection?: string };

const linksOf = ({ base, path, self = path, collection }: Place): object[] => [
  { rel: 'self', href: base + self, type: JSON_TYPE },
  { rel: 'root', href: base, type: JSON_TYPE },
  ...(collection === undefined ? [] : [{ rel: 'collection', href: base + paths.collection(collection), type: JSON_TYPE }]),
];

const list = (place: Place): Reply => ({
  body: {
    aggregations: AGGREGATIONS.map((aggregation) => ({
      name: aggregation.name,
      data_type: aggregation.kind === 'value' ? aggregation.dataType : 'frequency_distribution',
      description: aggregation.description,
      ...(aggregation.kind === 'value' ? {} : { frequency_distribution_data_type: aggregation.dataType }),
      ...(aggregation.kind === 'grid' ? { parameter: precisionParameter(aggregation.name), minimum: GRID_PRECISION[aggregation.grid][0], maximum: GRID_PRECISION[aggregation.grid][1] } : {}),
    })),
    links: linksOf(place),
  },
});

const counts = async ({ services, visibility }: Pick<Call, 'services' | 'visibility'>, request: AggregateRequest, place: Place): Promise<Reply> => ({
  body: { type: 'AggregationCollection', aggregations: await aggregate(services, request, visibility), links: linksOf(place) },
});

/** The request within one collection; it must exist. */
async function within(call: Pick<Call, 'services' | 'params'>, request: AggregateRequest): Promise<AggregateRequest> {
  const collection = await seenCollection(call);
  return { ...request, selection: { ...request.selection, collections: [collection] } };
}

const written = (path: string, search: URLSearchParams): string => (search.size === 0 ? path : `${path}?${search.toString()}`);

export const listAll = operation({ id: 'getAggregations', summary: 'The aggregations over all items', tag, answers, handle: list });

export const listOfCollection = operation({
  id: 'getCollectionAggregations',
  summary: 'The aggregations over the items of a collection',
  tag,
  answers,
  handle: async (call) => list({ ...call, collection: await seenCollection(call) }),
});

export const byGet = operation({
  id: 'getAggregate',
  summary: 'Aggregates the items of a search',
  tag,
  query: aggregateParameters,
  answers,
  handle: (call) => counts(call, fromAggregateParameters(call.query), { ...call, self: written(call.path, call.search) }),
});

const body = { types: ['application/json'], schema: aggregateBodySchema };

export const byPost = operation({
  id: 'postAggregate',
  scope: 'read',
  summary: 'Aggregates the items of a search',
  tag,
  body,
  answers,
  handle: (call) => counts(call, fromAggregateBody(call.body), call),
});

export const ofCollectionByGet = operation({
  id: 'getCollectionAggregate',
  summary: 'Aggregates the items of a collection',
  tag,
  query: collectionAggregateParameters,
  answers,
  handle: async (call) => counts(call, await within(call, fromAggregateParameters(call.query)), { ...call, self: written(call.path, call.search), collection: param(call, 'collectionId') }),
});

export const ofCollectionByPost = operation({
  id: 'postCollectionAggregate',
  scope: 'read',
  summary: 'Aggregates the items of a collection',
  tag,
  body,
  answers,
  async handle(call) {
    const request = fromAggregateBody(call.body);
    if (request.selection.collections !== undefined) throw invalidAt('/collections', 'is given by the path already');
    return counts(call, await within(call, request), { ...call, collection: param(call, 'collectionId') });
  },
});
