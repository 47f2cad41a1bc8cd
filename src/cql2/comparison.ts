/** Comparisons as SQL: =, <>, <, >, <=, >=, between, in and like, with the type on which their operands meet. */
import type { BetweenNode, ComparisonNode, ComparisonOp, Cql2Expression, InNode, LikeNode, LiteralNode, PropertyNode } from './ast.js';
import { invalidNode } from './faults.js';
import { indexedComparison } from './indexed.js';
import { compareInstants, FLIPPED } from './instants.js';
import { literalType, scalarSql, staticType } from './scalar.js';
import type { ScalarType, StaticType } from './scalar.js';
import type { Context } from './target.js';
import { propertyOf } from './target.js';

const asScalar = (type: StaticType, node: Cql2Expression): ScalarType | undefined => {
  if (type === 'geometry' || type === 'array')
    throw invalidNode(node.at, `is ${type === 'array' ? 'an array or object' : 'a geometry'}, which cannot be compared as a scalar.`);
  return type;
};

/** How firmly a node's type stands: computed results and columns, then properties with a definition, then literals. */
function firmness(node: Cql2Expression, context: Context): 0 | 1 | 2 {
  if (node.kind === 'property') return propertyOf(node, context).column ? 2 : 1;
  return node.kind === 'literal' || node.kind === 'date' || node.kind === 'timestamp' ? 0 : 2;
}

/**
 * The type on which operands are compared, undefined where all are properties of which nothing is known.
 * The firmest type wins; the others are cast to it (permission type-casts) or refused.
 * @throws DomainError InvalidInput for operands that no type fits
 */
export function commonType(nodes: readonly Cql2Expression[], context: Context): ScalarType | undefined {
  const found: { type: ScalarType; node: Cql2Expression }[][] = [[], [], []];
  for (const node of nodes) {
    const type = asScalar(staticType(node, context), node);
    if (type !== undefined) found[firmness(node, context)]?.push({ type, node });
  }
  const [literals = [], declared = [], firm = []] = found;
  const leading = firm.length > 0 ? firm : declared.length > 0 ? declared : literals;
  const type = leading.some((entry) => entry.type === 'instant') ? 'instant' : leading[0]?.type;
  if (type === undefined) return undefined;
  // Text that is compared with a date or timestamp is read as one: queryables often lack a format.
  if (leading === declared && type === 'string' && literals.some((entry) => entry.type === 'instant')) return 'instant';
  const strange = leading.find((entry) => entry.type !== type && !(type === 'instant' && entry.type === 'string'));
  if (strange !== undefined) throw invalidNode(strange.node.at, `is of type ${strange.type}, which cannot be compared with ${type}.`);
  return type;
}

/** `left op right`, unknown where either is (requirement binary-comparison-predicate C). */
export function comparisonSql({ op, left, right }: ComparisonNode, context: Context): string {
  return compare(op, left, right, commonType([left, right], context), context);
}

function compare(op: ComparisonOp, left: Cql2Expression, right: Cql2Expression, type: ScalarType | undefined, context: Context): string {
  if (type === undefined) return compareJson(op, left, right, context);
  if (type === 'instant') return compareInstants(op, left, right, context);
  const indexed =
    indexedComparison(op, left, right, type, context) ?? indexedComparison(FLIPPED[op], right, left, type, context);
  return indexed ?? `(${scalarSql(left, type, context)}${ordering(op, type)} ${op} ${scalarSql(right, type, context)}${ordering(op, type)})`;
}

/**
 * Texts are ordered by code points, as the abstract test suite counts them, whatever collation the database has.
 * Said on both sides, because casei() brings a collation of its own. Equality needs none, and without one pgSTAC's indexes on text serve it.
 */
const ordering = (op: ComparisonOp, type: ScalarType): string => (type === 'string' && op !== '=' && op !== '<>' ? ' COLLATE "C"' : '');

/** Two properties of which nothing is known: compared as JSON where both are numbers, strings or booleans. */
function compareJson(op: ComparisonOp, left: Cql2Expression, right: Cql2Expression, context: Context): string {
  const [a, b] = [jsonOf(left, context), jsonOf(right, context)];
  return (
    `(SELECT CASE WHEN jsonb_typeof(l) <> jsonb_typeof(r) THEN NULL WHEN jsonb_typeof(l) IN ('number', 'boolean') THEN l ${op} r` +
    ` WHEN jsonb_typeof(l) = 'string' THEN (l #>> '{}')${ordering(op, 'string')} ${op} (r #>> '{}') END` +
    ` FROM (SELECT ${a} AS l, ${b} AS r OFFSET 0) AS pair)`
  );
}

function jsonOf(node: Cql2Expression, context: Context): string {
  const json = node.kind === 'property' ? propertyOf(node, context).json : undefined;
  if (json === undefined) throw invalidNode(node.at, 'must be a property.');
  return json;
}

/** `value between low and high`, both ends included. The standard asks for numbers; texts and instants are taken too. */
export function betweenSql({ value, low, high }: BetweenNode, context: Context): string {
  const type = commonType([value, low, high], context);
  return `(${compare('>=', value, low, type, context)} AND ${compare('<=', value, high, type, context)})`;
}

/** `value in (list)`: one array parameter where all are strings or numbers, else one equality for each. */
export function inSql({ value, list }: InNode, context: Context): string {
  const type = commonType([value, ...list], context);
  const literals = list.filter((node): node is LiteralNode => node.kind === 'literal');
  if (type !== undefined && (type === 'string' || type === 'number') && literals.length === list.length && literals.every((node) => literalType(node) === type)) {
    const values = context.builder.param(literals.map((node) => node.value), type === 'string' ? 'text[]' : 'numeric[]');
    return `(${scalarSql(value, type, context)} = ANY(${values}))`;
  }
  return `(${list.map((item) => compare('=', value, item, type, context)).join(' OR ')})`;
}

/**
 * `value like pattern` with %, _ and the backslash as escape (requirement like-predicate).
 * @throws DomainError InvalidInput for a pattern that ends within an escape, and for values that are no text
 */
export function likeSql({ value, pattern }: LikeNode, context: Context): string {
  const literal = innermost(pattern);
  if (literal.kind === 'literal' && /(?:^|[^\\])(?:\\\\)*\\$/.test(String(literal.value)))
    throw invalidNode(literal.at, 'must not end with a single backslash, which escapes the character after it.');
  return `(${textOf(value, context)} LIKE ${scalarSql(usesAccenti(pattern) ? escapeFolded(pattern) : pattern, 'string', context)})`;
}

/** What unaccent() turns into LIKE's own characters: they stay plain characters of the pattern. */
const FOLDED: Readonly<Record<string, string>> = { '\u2216': '\\', '\uFE68': '\\', '\uFF3C': '\\', '\uFE6A': '%', '\uFF05': '%', '\uFF3F': '_' };

function escapeFolded(node: Cql2Expression): Cql2Expression {
  if (node.kind === 'casei' || node.kind === 'accenti') return { ...node, arg: escapeFolded(node.arg) };
  if (node.kind !== 'literal') return node;
  // A backslash is taken with what it escapes, so that the second of two escapes nothing.
  const value = String(node.value).replaceAll(/\\[^]|[^\\]/g, (match) => {
    const folded = FOLDED[match.at(-1) ?? ''];
    return folded === undefined ? match : `\\${folded}`;
  });
  return { ...node, value };
}

const innermost = (node: Cql2Expression): Cql2Expression => (node.kind === 'casei' || node.kind === 'accenti' ? innermost(node.arg) : node);
const usesAccenti = (node: Cql2Expression): boolean => node.kind === 'accenti' || (node.kind === 'casei' && usesAccenti(node.arg));

function textOf(node: Cql2Expression, context: Context): string {
  const isText = (property: PropertyNode): boolean => {
    const { column, type } = propertyOf(property, context);
    return !column || type === 'string';
  };
  if (node.kind === 'property' && !isText(node)) throw invalidNode(node.at, `the property ${JSON.stringify(node.name)} is no text.`);
  return scalarSql(node, 'string', context);
}
