/** The query extension 1.0.0 as a CQL2 filter: one compiler serves both. */
import type { ComparisonOp, Cql2Expression, LiteralNode, Place, PropertyNode, TimestampNode } from '../cql2/ast.js';
import { isDatetime } from '../datetime.js';
import { invalidAt } from '../errors.js';
import { isObject } from '../json.js';

const COMPARISONS: Readonly<Record<string, ComparisonOp>> = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' };
const PATTERNS: Readonly<Record<string, (text: string) => string>> = {
  startsWith: (text) => `${text}%`,
  endsWith: (text) => `%${text}`,
  contains: (text) => `%${text}%`,
};
const OPERATORS = [...Object.keys(COMPARISONS), ...Object.keys(PATTERNS), 'in'];
const MAX_PREDICATES = 100;

/** `{"eo:cloud_cover": {"lt": 10}, …}`: every operator of every property must hold. @throws InvalidInput with the place */
export function parseQueryExtension(value: unknown, at: string): Cql2Expression | undefined {
  if (!isObject(value)) throw invalidAt(at, 'must be an object: {"property": {"operator": value}}');
  const args: Cql2Expression[] = [];
  for (const [name, operators] of Object.entries(value)) {
    const place = `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!isObject(operators)) throw invalidAt(place, `must be an object of operators: ${OPERATORS.join(', ')}`);
    for (const [operator, operand] of Object.entries(operators)) args.push(predicate(name, operator, operand, `${place}/${operator}`));
  }
  if (args.length > MAX_PREDICATES) throw invalidAt(at, `has ${args.length} predicates; ${MAX_PREDICATES} are the most`);
  return both(...args);
}

/** Filters that must all hold. */
export function both(...filters: readonly (Cql2Expression | undefined)[]): Cql2Expression | undefined {
  const given = filters.filter((filter) => filter !== undefined);
  const [first] = given;
  return given.length < 2 || first === undefined ? first : { kind: 'and', args: given, at: first.at };
}

function predicate(name: string, operator: string, operand: unknown, pointer: string): Cql2Expression {
  const at: Place = { pointer };
  const property: PropertyNode = { kind: 'property', name, at };
  const comparison = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined;
  if (comparison !== undefined) {
    if (operand === null && (operator === 'eq' || operator === 'neq')) {
      const isNull: Cql2Expression = { kind: 'isNull', arg: property, at };
      return operator === 'eq' ? isNull : { kind: 'not', arg: isNull, at };
    }
    return { kind: 'comparison', op: comparison, left: property, right: literal(operand, at, pointer), at };
  }
  const pattern = Object.hasOwn(PATTERNS, operator) ? PATTERNS[operator] : undefined;
  if (pattern !== undefined) {
    if (typeof operand !== 'string') throw invalidAt(pointer, 'must be a string');
    // OGC 21-065r2 section 7.3: a backslash takes the meaning of % and _ away.
    return { kind: 'like', value: property, pattern: { kind: 'literal', value: pattern(operand.replaceAll(/[\\%_]/g, '\\$&')), at }, at };
  }
  if (operator !== 'in') throw invalidAt(pointer, `is not an operator; known are ${OPERATORS.join(', ')}`);
  if (!Array.isArray(operand) || operand.length === 0) throw invalidAt(pointer, 'must be a non-empty array');
  return { kind: 'in', value: property, list: operand.map((part: unknown, i) => literal(part, { pointer: `${pointer}/${i}` }, `${pointer}/${i}`)), at };
}

/** A text that is an RFC 3339 time is compared as one, whatever its offset and fraction. */
function literal(value: unknown, at: Place, pointer: string): LiteralNode | TimestampNode {
  if (typeof value === 'string' && isDatetime(value)) return { kind: 'timestamp', value, at };
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { kind: 'literal', value, at };
  throw invalidAt(pointer, 'must be a string, a number or true or false');
}
