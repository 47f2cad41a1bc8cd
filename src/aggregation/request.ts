/** What a caller asks of /aggregate: a selection of items, the aggregations, and how fine their buckets are. */
import { invalidAt, invalidFaults } from '../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { fromBody, selectionOf } from '../search/parse.js';
import type { ItemSelection } from '../search/query.js';
import { type Aggregation, aggregationOf, type DateInterval, GRID_PRECISION, GRIDS, INTERVALS } from './catalogue.js';

export interface AggregateRequest {
  readonly selection: ItemSelection;
  readonly aggregations: readonly Aggregation[];
  /** By the grid aggregation's name; the coarsest cells where nothing is said, as stac-server has it. */
  readonly precisions: Readonly<Record<string, number>>;
  /** Chosen by the span of the data where nothing is said. */
  readonly interval: DateInterval | undefined;
}

/** The parameter that says how fine a grid is. */
export const precisionParameter = (name: string): string => `${name}_precision`;
export const INTERVAL_PARAMETER = 'datetime_frequency_interval';

/** @throws InvalidInput that names every unknown aggregation (section Filter Parameters and Fields) */
export function aggregationsOf(names: readonly string[], at: string): Aggregation[] {
  const found = [...new Set(names)].map((name) => aggregationOf(name) ?? name);
  const unknown = found.filter((aggregation) => typeof aggregation === 'string');
  if (unknown.length > 0) {
    const faults = unknown.map((name) => ({ path: at, message: `${JSON.stringify(name)} is no aggregation; /aggregations lists them` }));
    throw invalidFaults(faults);
  }
  return found.filter((aggregation) => typeof aggregation !== 'string');
}

const OWN_MEMBERS = ['aggregations', INTERVAL_PARAMETER, ...GRIDS.map(({ name }) => precisionParameter(name))];

/** The body of POST /aggregate: that of a search and these members. `limit`, `sortby` and the like mean nothing here. @throws InvalidInput */
export function fromAggregateBody(body: unknown): AggregateRequest {
  const selection = selectionOf(fromBody(body, OWN_MEMBERS));
  const members: JsonObject = isObject(body) ? body : {};
  const names = members['aggregations'] ?? [];
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) throw invalidAt('/aggregations', 'must be an array of names');
  const precisions = GRIDS.flatMap(({ name, grid }): [string, number][] => {
    const value = members[precisionParameter(name)] ?? undefined;
    const [minimum, maximum] = GRID_PRECISION[grid];
    if (value === undefined) return [];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) throw invalidAt(`/${precisionParameter(name)}`, `must be a whole number from ${minimum} to ${maximum}`);
    return [[name, value]];
  });
  const asked = members[INTERVAL_PARAMETER] ?? undefined;
  const interval = INTERVALS.find((known) => known === asked);
  if (asked !== undefined && interval === undefined) throw invalidAt(`/${INTERVAL_PARAMETER}`, `must be one of ${INTERVALS.join(', ')}`);
  return { selection, aggregations: aggregationsOf(names, '/aggregations'), precisions: Object.fromEntries(precisions), interval };
}
