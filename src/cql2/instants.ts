/**
 * Comparisons of dates and timestamps. Where one side is a DATE literal, the comparison is by days in UTC:
 * `updated = DATE('2020-01-01')` is true for every timestamp of that day (the standard leaves it to the server,
 * OGC 21-065r2 section 6.4; days are how pgSTAC and STAC's datetime parameter read a bare date).
 */
import { isDate } from '../datetime.js';
import type { ComparisonOp, Cql2Expression } from './ast.js';
import { indexedInstant } from './indexed.js';
import { scalarSql } from './scalar.js';
import type { Context } from './target.js';
import { propertyOf } from './target.js';

/** The operator that says the same with its operands exchanged. */
export const FLIPPED: Readonly<Record<ComparisonOp, ComparisonOp>> = { '=': '=', '<>': '<>', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const DAY_MS = 86_400_000;

/** The day of a DATE literal, or of a string literal that is a date; undefined for everything else. */
export const dayOf = (node: Cql2Expression): string | undefined => {
  if (node.kind === 'date') return node.value;
  return node.kind === 'literal' && typeof node.value === 'string' && isDate(node.value) ? node.value : undefined;
};

/** The first instant after a day, as PostgreSQL reads it. */
export function dayAfter(day: string): string {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString();
  // Years beyond 9999 come with a sign, which PostgreSQL does not read.
  return next.startsWith('+') ? 'infinity' : next;
}

export function compareInstants(op: ComparisonOp, left: Cql2Expression, right: Cql2Expression, context: Context): string {
  const [leftDay, rightDay] = [dayOf(left), dayOf(right)];
  if (leftDay !== undefined && rightDay === undefined) return compareInstants(FLIPPED[op], right, left, context);
  if (rightDay === undefined) {
    const literal = right.kind === 'timestamp' || right.kind === 'literal' ? indexedInstant(op, left, scalarSql(right, 'instant', context), context) : undefined;
    return literal ?? `(${scalarSql(left, 'instant', context)} ${op} ${scalarSql(right, 'instant', context)})`;
  }
  return compareDay(op, left, rightDay, context);
}

function compareDay(op: ComparisonOp, left: Cql2Expression, day: string, context: Context): string {
  // Made on demand: PostgreSQL refuses a statement with a parameter that it never uses.
  const first = (): string => context.builder.param(`${day}T00:00:00Z`, 'timestamptz');
  const after = (): string => context.builder.param(dayAfter(day), 'timestamptz');
  const against = (sign: ComparisonOp, instant: string): string =>
    indexedInstant(sign, left, instant, context) ?? `(${scalarSql(left, 'instant', context)} ${sign} ${instant})`;
  switch (op) {
    case '<':
    case '>=':
      return against(op, first());
    case '<=':
      return against('<', after());
    case '>':
      return against('>=', after());
    case '=':
      return isCheap(left, context) ? `(${against('>=', first())} AND ${against('<', after())})` : byDay('=', left, day, context);
    default:
      return isCheap(left, context) ? `(${against('<', first())} OR ${against('>=', after())})` : byDay('<>', left, day, context);
  }
}

/** Columns and indexed properties are compared as a range, others by one evaluation. */
function isCheap(node: Cql2Expression, context: Context): boolean {
  if (node.kind !== 'property') return false;
  const { column, indexedAs } = propertyOf(node, context);
  return column || indexedAs === 'to_tstz';
}

const byDay = (op: '=' | '<>', left: Cql2Expression, day: string, context: Context): string =>
  `((${scalarSql(left, 'instant', context)} AT TIME ZONE 'UTC')::date ${op} ${context.builder.param(day, 'date')})`;
