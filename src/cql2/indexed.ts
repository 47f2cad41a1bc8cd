/** Comparisons in the form that pgSTAC's expression indexes serve: `to_float(content->'properties'->'x') < 10`. */
import type { ComparisonOp, Cql2Expression } from './ast.js';
import { DATE_PATTERN, TIMESTAMP_PATTERN } from './json-read.js';
import type { ScalarType } from './scalar.js';
import { scalarSql } from './scalar.js';
import type { Context } from './target.js';
import { propertyOf } from './target.js';

const INT_MAX = 2 ** 31 - 1;

/**
 * A guard that the planner takes to halve the rows. A bare equality it takes to leave one in 200, and then
 * sorts all that an index on the property finds instead of reading by datetime until the page is full.
 * False and not unknown where it fails: only that keeps an AND within an OR from going on to what raises.
 */
const holds = (condition: string): string => `CASE WHEN ${condition} THEN TRUE ELSE FALSE END`;

/** jsonb sorts strings below numbers and booleans above, so that this holds for numbers alone, and for those that fit an int. */
const fitsInt = (json: string): string => `${json} > '-2147483648' AND ${json} < '2147483647'`;

/**
 * The comparison of an indexed number with a literal, or undefined where no index serves.
 * to_float raises on text, to_int beyond 32 bits too, from which the guard before them keeps them: PostgreSQL
 * orders a row's conditions by cost, then as written, and the guards cost less (4 and 6 operators against 6
 * and 8). They say false for unknown, so they stand only where that is the same.
 */
export function indexedComparison(op: ComparisonOp, left: Cql2Expression, right: Cql2Expression, type: ScalarType, context: Context): string | undefined {
  if (!context.positive || op === '<>' || type !== 'number' || left.kind !== 'property' || right.kind !== 'literal') return undefined;
  const { indexedAs, json } = propertyOf(left, context);
  if (json === undefined || typeof right.value !== 'number') return undefined;
  if (indexedAs === 'to_float')
    return `(${holds(`jsonb_typeof(${json}) = 'number'`)} AND pgstac.to_float(${json}) ${op} ${context.builder.param(right.value, 'float8')})`;
  // Numbers beyond the index's range answer other comparisons than equality, so only that is left to it.
  if (indexedAs !== 'to_int' || op !== '=' || !Number.isInteger(right.value) || Math.abs(right.value) >= INT_MAX) return undefined;
  const floor = context.builder.param(right.value, 'int');
  // to_int floors: 5.7 is found with 5 and left out by the exact comparison.
  return `(${holds(fitsInt(json))} AND pgstac.to_int(${json}) = ${floor} AND ${scalarSql(left, 'number', context)} = ${scalarSql(right, 'number', context)})`;
}

/** The comparison of an indexed instant with a timestamp's SQL, or undefined where no index serves. */
export function indexedInstant(op: ComparisonOp, left: Cql2Expression, instant: string, context: Context): string | undefined {
  if (!context.positive || op === '<>' || left.kind !== 'property') return undefined;
  const { indexedAs, json, text } = propertyOf(left, context);
  if (indexedAs !== 'to_tstz' || json === undefined || text === undefined) return undefined;
  return `(${holds(`${text} ~ '${TIMESTAMP_PATTERN}' OR ${text} ~ '${DATE_PATTERN}'`)} AND pgstac.to_tstz(${json}) ${op} ${instant})`;
}
