/**
 * The temporal functions t_* (OGC 21-065r2 section 7.9, after OWL-Time and Allen). Intervals are closed. A DATE
 * is its whole day: as the start of an interval it begins with it, as the end it ends with it, and it
 * coincides with every instant within it.
 */
import type { Cql2Expression, IntervalEnd, IntervalNode, TemporalNode, TemporalOp } from './ast.js';
import { invalidNode } from './faults.js';
import { dayOf } from './instants.js';
import { jsonInstant, jsonInstantEnd } from './json-read.js';
import { propertyType, readProperty, scalarSql, staticType } from './scalar.js';
import type { PropertyExpression } from './resolver.js';
import type { Context } from './target.js';
import { propertyOf } from './target.js';

/**
 * An instant with the granule it stands for, whose first and last instants are a day apart for a date. SQL
 * on demand, because PostgreSQL refuses a statement with a parameter that it never uses.
 */
interface Granule {
  readonly exact: boolean;
  readonly first: () => string;
  readonly last: () => string;
}

interface Span {
  readonly start: Granule;
  readonly end: Granule;
  /** SQL of the ends that can be null where the other is not; the whole is then unknown. */
  readonly nullable: readonly string[];
}

const exact = (sql: string): Granule => ({ exact: true, first: () => sql, last: () => sql });

/** Functions that hold between intervals only: an instant there is the client's error (section 7.9.2). */
const INTERVALS_ONLY: ReadonlySet<TemporalOp> = new Set([
  't_contains',
  't_during',
  't_finishedBy',
  't_finishes',
  't_meets',
  't_metBy',
  't_overlappedBy',
  't_overlaps',
  't_startedBy',
  't_starts',
]);

/** Two instants coincide when their granules share an instant. */
const same = (a: Granule, b: Granule): string =>
  a.exact && b.exact ? `${a.first()} = ${b.first()}` : `${a.first()} <= ${b.last()} AND ${a.last()} >= ${b.first()}`;
const before = (a: () => string, b: () => string): string => `${a()} < ${b()}`;

function relation(op: TemporalOp, a: Span, b: Span): string {
  const [a0, a1, b0, b1] = [a.start.first, a.end.last, b.start.first, b.end.last];
  const all = (...conditions: string[]): string => conditions.join(' AND ');
  switch (op) {
    case 't_after':
      return before(b1, a0);
    case 't_before':
      return before(a1, b0);
    case 't_disjoint':
      return `${before(a1, b0)} OR ${before(b1, a0)}`;
    case 't_intersects':
      return all(`${a0()} <= ${b1()}`, `${a1()} >= ${b0()}`);
    case 't_equals':
      return all(same(a.start, b.start), same(a.end, b.end));
    case 't_contains':
      return all(before(a0, b0), before(b1, a1));
    case 't_during':
      return all(before(b0, a0), before(a1, b1));
    case 't_finishes':
      return all(before(b0, a0), same(a.end, b.end));
    case 't_finishedBy':
      return all(before(a0, b0), same(a.end, b.end));
    case 't_starts':
      return all(same(a.start, b.start), before(a1, b1));
    case 't_startedBy':
      return all(same(a.start, b.start), before(b1, a1));
    case 't_meets':
      return same(a.end, b.start);
    case 't_metBy':
      return same(a.start, b.end);
    case 't_overlaps':
      return all(before(a0, b0), before(b0, a1), before(a1, b1));
    default:
      return all(before(b0, a0), before(a0, b1), before(b1, a1));
  }
}

/** `t_x(left, right)`, unknown where either operand is null (requirement temporal-predicates C). */
export function temporalSql({ op, left, right }: TemporalNode, context: Context): string {
  for (const node of [left, right]) {
    if (INTERVALS_ONLY.has(op) && (node.kind === 'date' || node.kind === 'timestamp'))
      throw invalidNode(node.at, `${op} compares intervals; a ${node.kind} is an instant.`);
  }
  const [a, b] = [spanOf(left, context), spanOf(right, context)];
  const condition = `(${relation(op, a, b)})`;
  const nullable = [...new Set([...a.nullable, ...b.nullable])];
  if (nullable.length === 0) return condition;
  return `(CASE WHEN ${nullable.map((sql) => `${sql} IS NOT NULL`).join(' AND ')} THEN ${condition} END)`;
}

/** Whether an interval has an end that is null. */
export function intervalIsNull(node: IntervalNode, context: Context): string {
  const { nullable } = intervalSpan(node, context);
  return nullable.length === 0 ? 'FALSE' : `(${nullable.map((sql) => `${sql} IS NULL`).join(' OR ')})`;
}

function spanOf(node: Cql2Expression, context: Context): Span {
  if (node.kind === 'interval') return intervalSpan(node, context);
  if (node.kind === 'property') {
    const property = propertyOf(node, context);
    // An item's datetime is all the time it covers, as in STAC's own datetime parameter.
    if (property.column && property.name === 'datetime') {
      const end = context.resolver.resolve('end_datetime');
      if (end?.column === true) return { start: exact(property.sql), end: exact(end.sql), nullable: [] };
    }
  }
  const granule = granuleOf(node, context);
  return { start: granule, end: granule, nullable: [] };
}

function intervalSpan({ start, end }: IntervalNode, context: Context): Span {
  const [from, to] = [endOf(start, '-infinity', context), endOf(end, 'infinity', context)];
  const [first, last] = [literalInstant(start), literalInstant(end)];
  if (first !== undefined && last !== undefined && Date.parse(first) > Date.parse(last)) throw invalidNode(start.at, 'the interval ends before it starts.');
  const nullable = [canBeNull(start, context) ? [from.first()] : [], canBeNull(end, context) ? [to.first()] : []].flat();
  return { start: from, end: to, nullable };
}

const literalInstant = (node: IntervalEnd): string | undefined => (node.kind === 'date' || node.kind === 'timestamp' ? node.value.toUpperCase() : undefined);

const endOf = (node: IntervalEnd, open: '-infinity' | 'infinity', context: Context): Granule =>
  node.kind === 'open' ? exact(`'${open}'::timestamptz`) : granuleOf(node, context);

function canBeNull(node: IntervalEnd, context: Context): boolean {
  if (node.kind === 'property') return propertyOf(node, context).nullable;
  return node.kind === 'function';
}

function granuleOf(node: Cql2Expression, context: Context): Granule {
  const { builder } = context;
  const day = dayOf(node);
  if (day !== undefined)
    return {
      exact: false,
      first: () => builder.param(`${day}T00:00:00Z`, 'timestamptz'),
      last: () => builder.param(`${day}T23:59:59.999999Z`, 'timestamptz'),
    };
  if (node.kind !== 'property') {
    const type = staticType(node, context);
    if (type !== 'instant') throw invalidNode(node.at, 'is no date, timestamp or interval.');
    const sql = (): string => scalarSql(node, 'instant', context);
    return { exact: true, first: sql, last: sql };
  }
  const property = propertyOf(node, context);
  const type = propertyType(property);
  if (type !== undefined && type !== 'instant' && type !== 'string') throw invalidNode(node.at, `the property ${JSON.stringify(node.name)} is no date or timestamp.`);
  return propertyGranule(property) ?? fail(node);
}

function fail(node: Cql2Expression): never {
  throw invalidNode(node.at, 'is no date or timestamp.');
}

/** Values of a property may be dates or timestamps, row by row, unless its definition says which. */
function propertyGranule(property: PropertyExpression): Granule | undefined {
  if (property.column) {
    const sql = readProperty(property, 'instant');
    return sql === undefined ? undefined : exact(sql);
  }
  if (property.text === undefined) return undefined;
  const { text } = property;
  const first = jsonInstant(text);
  return property.type === 'datetime' ? exact(first) : { exact: false, first: () => first, last: () => jsonInstantEnd(text) };
}
