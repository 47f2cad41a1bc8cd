/** Counts over the items of a selection: one statement each, exact, buckets put in order here. */
import type { Pool } from 'pg';
import { jsonBoundedNumber } from '../cql2/json-read.js';
import type { PropertyExpression, PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import type { ItemSelection } from '../search/query.js';
import { selectionSql, type Visibility } from './selection.js';

export interface ItemSource {
  readonly pool: Pool;
  readonly selection: ItemSelection;
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
}

export interface Bucket {
  readonly key: string;
  readonly frequency: number;
  /** Ends of a range of numbers: `from` is in it, `to` is not; one that is missing is open. */
  readonly from?: number;
  readonly to?: number;
}

export interface Counted {
  readonly buckets: readonly Bucket[];
  /** Items that are in none of the buckets: those without a value too (section Aggregation fields). */
  readonly overflow: number;
}

/** The columns of the items that are selected. */
export const selected = ({ selection, visibility, resolver }: ItemSource, builder: SqlBuilder, columns: string): string =>
  `SELECT ${columns} FROM pgstac.items i WHERE ${selectionSql(selection, visibility, builder, resolver)}`;

const isoTime = (local: string, fraction: 'MS' | 'US'): string => `to_char(${local}, 'YYYY-MM-DD"T"HH24:MI:SS.${fraction}"Z"')`;

/** `total_count`, `datetime_min` and `datetime_max`, times with as many digits as they have, at least three. */
export async function readValues(source: ItemSource): Promise<Readonly<Record<string, number | string | null>>> {
  const builder = new SqlBuilder();
  const time = (instant: string): string => isoTime(`${instant} AT TIME ZONE 'UTC'`, 'US');
  const sql = selected(source, builder, `count(*)::float8 AS total, ${time('min(i.datetime)')} AS first, ${time('max(i.end_datetime)')} AS last`);
  const { rows } = await source.pool.query<{ total: number; first: string | null; last: string | null }>(sql, [...builder.values]);
  const [row] = rows;
  const short = (text: string | null | undefined): string | null => text?.replace(/(?<=\.\d{3}\d*?)0{1,3}Z$/, 'Z') ?? null;
  return { total_count: row?.total ?? 0, datetime_min: short(row?.first), datetime_max: short(row?.last) };
}

/** Counts by a key; the most frequent ones are kept. `items` is a query, `key` an SQL expression on it, NULL for none. */
export async function countBy({ pool }: ItemSource, items: string, key: string, limit: number, builder: SqlBuilder): Promise<Counted> {
  const { rows } = await pool.query<{ total: number; buckets: [string, number][] | null }>(
    `WITH counted AS (SELECT ${key} AS key, count(*)::float8 AS frequency FROM (${items}) AS item GROUP BY 1),
          kept AS (SELECT key, frequency FROM counted WHERE key IS NOT NULL ORDER BY frequency DESC, key COLLATE "C" LIMIT ${builder.param(limit, 'int')})
     SELECT (SELECT COALESCE(sum(frequency), 0) FROM counted) AS total, (SELECT jsonb_agg(jsonb_build_array(key, frequency)) FROM kept) AS buckets`,
    [...builder.values],
  );
  const [{ total, buckets } = { total: 0, buckets: null }] = rows;
  const kept = (buckets ?? []).map(([name, frequency]): Bucket => ({ key: name, frequency }));
  return { buckets: kept, overflow: total - kept.reduce((sum, { frequency }) => sum + frequency, 0) };
}

function propertyOf({ resolver }: ItemSource, name: string): PropertyExpression {
  const property = resolver.resolve(name);
  if (property === undefined) throw new Error(`There is no property ${name} to aggregate.`);
  return property;
}

/** The property as numeric, NULL where it is no number that JSON readers can hold, whatever the queryables say of it. */
const numberOf = ({ json, sql }: PropertyExpression): string => (json === undefined ? sql : jsonBoundedNumber(json));

export const byFrequency = (a: Bucket, b: Bucket): number => b.frequency - a.frequency || (a.key < b.key ? -1 : 1);

/** One bucket for each value of a property, the most frequent first. */
export async function countTerms(source: ItemSource, name: string, limit: number, numeric = false): Promise<Counted> {
  const builder = new SqlBuilder();
  const property = propertyOf(source, name);
  const key = numeric ? `trim_scale(${numberOf(property)})::text` : (property.text ?? property.sql);
  const { buckets, overflow } = await countBy(source, selected(source, builder, `${key} AS v`), 'v', limit, builder);
  return { buckets: buckets.toSorted(byFrequency), overflow };
}

/** One bucket below the first edge, between each two, and from the last on; empty ones as well. */
export async function countRanges(source: ItemSource, name: string, edges: readonly number[]): Promise<Counted> {
  const builder = new SqlBuilder();
  const items = selected(source, builder, `${numberOf(propertyOf(source, name))} AS v`);
  const { buckets, overflow } = await countBy(source, items, `width_bucket(v, ${builder.param(edges, 'numeric[]')})::text`, edges.length + 1, builder);
  const frequencies = new Map(buckets.map(({ key, frequency }) => [Number(key), frequency]));
  const end = (edge: number | undefined): string => (edge === undefined ? '*' : edge.toFixed(1));
  const ranges = [...edges, undefined].map((to, i): Bucket => {
    const from = edges[i - 1];
    return { key: `${end(from)}-${end(to)}`, frequency: frequencies.get(i) ?? 0, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  });
  return { buckets: ranges, overflow };
}

/** Buckets of one width that hold anything, from the lowest on. */
export async function countHistogram(source: ItemSource, name: string, width: number, limit: number): Promise<Counted> {
  const builder = new SqlBuilder();
  const items = selected(source, builder, `${numberOf(propertyOf(source, name))} AS v`);
  const { buckets, overflow } = await countBy(source, items, `floor(v / ${builder.param(width, 'numeric')})::text`, limit, builder);
  const steps = buckets.map(({ key, frequency }): Bucket => {
    const from = Number(key) * width;
    return { key: from.toFixed(1), frequency, from, to: from + width };
  });
  return { buckets: steps.toSorted((a, b) => (a.from ?? 0) - (b.from ?? 0)), overflow };
}

/** The step by which the span of all items gives some tens to some hundreds of buckets. */
const AUTOMATIC = `CASE WHEN max(at) - min(at) > interval '20 years' THEN 'year' WHEN max(at) - min(at) > interval '60 days' THEN 'month'
                        WHEN max(at) - min(at) > interval '3 days' THEN 'day' ELSE 'hour' END`;

/** Buckets of time that hold anything, from the earliest on; the key is the start in UTC. @param interval chosen by the span where undefined */
export async function countDates(source: ItemSource, interval: string | undefined, limit: number): Promise<Counted> {
  const builder = new SqlBuilder();
  const at = selected(source, builder, `i.datetime AT TIME ZONE 'UTC' AS at`);
  const items =
    interval === undefined
      ? `WITH item AS (${at}), step AS (SELECT ${AUTOMATIC} AS unit FROM item) SELECT at, unit FROM item, step`
      : `SELECT at, ${builder.param(interval, 'text')} AS unit FROM (${at}) AS item`;
  const { buckets, overflow } = await countBy(source, items, isoTime('date_trunc(unit, at)', 'MS'), limit, builder);
  return { buckets: buckets.toSorted((a, b) => (a.key < b.key ? -1 : 1)), overflow };
}
