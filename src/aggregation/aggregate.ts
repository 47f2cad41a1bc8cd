/** Aggregations over the items of a search: each computed by one exact query, the single values all by one. */
import { invalidAt } from '../errors.js';
import { loadItemResolver } from '../pgstac/queryables.js';
import { type Bucket, countDates, countHistogram, countRanges, countTerms, type Counted, type ItemSource, readValues } from '../pgstac/aggregate.js';
import { countGrid } from '../pgstac/aggregate-grids.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Services } from '../services.js';
import type { Aggregation } from './catalogue.js';
import { GRID_PRECISION } from './catalogue.js';
import { type AggregateRequest, precisionParameter } from './request.js';

/** An Aggregation of the extension's section Aggregation fields. */
export type AggregationResult = { readonly name: string; readonly data_type: string } & (
  | { readonly value: number | string | null }
  | { readonly overflow: number; readonly buckets: readonly (Bucket & { readonly data_type: string })[] }
);

/** More buckets of one aggregation are not told one by one: values beyond them are counted in `overflow`, a finer grid is refused. */
export const MAX_BUCKETS = 10_000;

/** @throws InvalidInput for a filter that cannot be, and for a grid too fine for what is selected */
export async function aggregate({ database }: Pick<Services, 'database'>, request: AggregateRequest, visibility: Visibility): Promise<AggregationResult[]> {
  const { selection, aggregations } = request;
  const { pool } = database;
  const source: ItemSource = { pool, selection, visibility, resolver: await loadItemResolver(pool, selection.collections, visibility) };
  const values = aggregations.some(({ kind }) => kind === 'value') ? await readValues(source) : undefined;
  const results: AggregationResult[] = [];
  for (const aggregation of aggregations) {
    const { name, dataType } = aggregation;
    if (aggregation.kind === 'value') results.push({ name, data_type: dataType, value: values?.[name] ?? null });
    else {
      const { buckets, overflow } = await counted(aggregation, source, request);
      // stac-server and its clients know this type for all that has buckets; the type of the keys stands in each of them.
      results.push({ name, data_type: 'frequency_distribution', overflow, buckets: buckets.map(({ key, ...bucket }) => ({ key, data_type: dataType, ...bucket })) });
    }
  }
  return results;
}

async function counted(aggregation: Exclude<Aggregation, { kind: 'value' }>, source: ItemSource, request: AggregateRequest): Promise<Counted> {
  switch (aggregation.kind) {
    case 'terms':
      return countTerms(source, aggregation.property, MAX_BUCKETS, aggregation.dataType === 'numeric');
    case 'ranges':
      return countRanges(source, aggregation.property, aggregation.edges);
    case 'histogram':
      return countHistogram(source, aggregation.property, aggregation.width, MAX_BUCKETS);
    case 'dates':
      return countDates(source, request.interval, MAX_BUCKETS);
    default: {
      const precision = request.precisions[aggregation.name] ?? GRID_PRECISION[aggregation.grid][0];
      const cells = await countGrid(source, aggregation, precision, MAX_BUCKETS);
      if (cells === undefined) throw invalidAt(precisionParameter(aggregation.name), `${precision} is too fine for the items selected: more than ${MAX_BUCKETS} cells; take a coarser one or select fewer`);
      return cells;
    }
  }
}
