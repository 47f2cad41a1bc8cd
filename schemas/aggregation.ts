/** What goes into /aggregate and comes out of it. */
import { GRID_PRECISION, GRIDS, INTERVALS } from '../src/aggregation/catalogue.js';
import { type AggregateRequest, aggregationsOf, INTERVAL_PARAMETER, precisionParameter } from '../src/aggregation/request.js';
import { selectionOf } from '../src/search/parse.js';
import { choice, integer, list, type Parameter, type Parsed, type SchemaObject } from './parameters.js';
import { fromParameters, searchBodySchema, searchParameters } from './search.js';

const precisions: Readonly<Record<string, Parameter<number>>> = Object.fromEntries(
  GRIDS.map(({ name, grid }) => [precisionParameter(name), integer(`How fine the cells of ${name} are.`, ...GRID_PRECISION[grid])]),
);

/** The parameters of a search; those that choose a page mean nothing here and are let pass, so that any search can be aggregated. */
const own = {
  aggregations: list('Names of aggregations, as /aggregations lists them.'),
  [INTERVAL_PARAMETER]: choice('The steps of datetime_frequency; chosen by the span of the data unless told.', INTERVALS),
};

export const aggregateParameters = { ...searchParameters, ...own, ...precisions };
const { collections: _collections, ...ofOneCollection } = searchParameters;
export const collectionAggregateParameters = { ...ofOneCollection, ...own, ...precisions };

/** @throws InvalidInput */
export function fromAggregateParameters(query: Parsed<typeof aggregateParameters>): AggregateRequest {
  const values: Readonly<Record<string, unknown>> = query;
  const given = GRIDS.flatMap(({ name }): [string, number][] => {
    const value = values[precisionParameter(name)];
    return typeof value === 'number' ? [[name, value]] : [];
  });
  return {
    selection: selectionOf(fromParameters(query)),
    aggregations: aggregationsOf(query.aggregations ?? [], 'aggregations'),
    precisions: Object.fromEntries(given),
    interval: query[INTERVAL_PARAMETER],
  };
}

export const aggregateBodySchema: SchemaObject = {
  type: 'object',
  properties: {
    ...(searchBodySchema['properties'] as SchemaObject),
    aggregations: { type: 'array', items: { type: 'string' } },
    [INTERVAL_PARAMETER]: { type: 'string', enum: INTERVALS },
    ...Object.fromEntries(GRIDS.map(({ name, grid }) => [precisionParameter(name), { type: 'integer', minimum: GRID_PRECISION[grid][0], maximum: GRID_PRECISION[grid][1] }])),
  },
};
