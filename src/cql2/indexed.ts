/** Comparisons in the form that pgSTAC's expression indexes serve: `to_float(content->'properties'->'x') < 10`. */
import type { ComparisonOp, Cql2Expression } from './ast.js';
import { DATE_PATTERN, TIMESTAMP_PATTERN } from './json-read.js';
import type { ScalarType } from './scalar.js';
import { scalarSql } from './scalar.js';
import type { Context } from './target.js';
import { propertyOf } from './target.js';

const INT_MAX = 2 ** 31 - 1;

/**
 * The comparison of an indexed number with a literal, or undefined where no index serves.
 * to_float and to_int raise on text, which the guard before them keeps away: PostgreSQL orders a row's
 * conditions by cost, and jsonb_typeof is the cheapest. It says false for unknown, so only where that is the same.
 */
export function indexedComparison(op: ComparisonOp, left: Cql2Expression, right: Cql2Expression, type: ScalarType, context: Context): string | undefined {
  if (!context.positive || op === '<>' || type !== 'number' || left.kind !== 'property' || right.kind !== 'literal') return undefined;
  const { indexedAs, json } = propertyOf(left, context);
  if (json === undefined || typeof right.value !== 'number') return undefined;
  const guard = `jsonb_typeof(${json}) = 'number'`;
  if (indexedAs === 'to_float') return `(${guard} AND pgstac.to_float(${json}) ${op} ${context.builder.param(right.value, 'float8')})`;
  // to_int floors: only whole literals compare alike before and after.
  if (indexedAs === 'to_int' && Number.isInteger(right.value) && Math.abs(right.value) <= INT_MAX && op !== '>' && op !== '<=' && op !== '=')
    return `(${guard} AND pgstac.to_int(${json}) ${op} ${context.builder.param(right.value, 'int')})`;
  if (indexedAs === 'to_int' && Number.isInteger(right.value) && Math.abs(right.value) < INT_MAX && (op === '=' || op === '>' || op === '<=')) {
    // x = 5, x > 5 and x <= 5 of 5.7 differ from those of its floor, so the exact comparison follows the index's.
    const coarse = op === '>' ? '>=' : op;
    return `(${guard} AND pgstac.to_int(${json}) ${coarse} ${context.builder.param(right.value, 'int')} AND ${scalarSql(left, 'number', context)} ${op} ${scalarSql(right, 'number', context)})`;
  }
  return undefined;
}

/** The comparison of an indexed instant with a timestamp's SQL, or undefined where no index serves. */
export function indexedInstant(op: ComparisonOp, left: Cql2Expression, instant: string, context: Context): string | undefined {
  if (!context.positive || op === '<>' || left.kind !== 'property') return undefined;
  const { indexedAs, json, text } = propertyOf(left, context);
  if (indexedAs !== 'to_tstz' || json === undefined || text === undefined) return undefined;
  return `((${text} ~ '${TIMESTAMP_PATTERN}' OR ${text} ~ '${DATE_PATTERN}') AND pgstac.to_tstz(${json}) ${op} ${instant})`;
}
