/** The array functions a_* on jsonb, both sides as sets (OGC 21-065r2 requirement array-predicates). */
import type { ArrayNode, ArrayOp, ArrayPredicateNode, Cql2Expression } from './ast.js';
import { invalidNode } from './faults.js';
import { toJson } from './to-json.js';
import { scalarSql, staticType } from './scalar.js';
import type { Context } from './target.js';
import { propertyOf } from './target.js';

interface Operand {
  /** jsonb that is an array, or NULL. */
  readonly sql: string;
  /** True for literals of scalars only, for which jsonb's containment is that of sets. */
  readonly flat: boolean;
}

/** `a_x(left, right)`; unknown where a property is missing or no array. */
export function arrayPredicateSql({ op, left, right }: ArrayPredicateNode, context: Context): string {
  const [a, b] = [operandOf(left, context), operandOf(right, context)];
  const condition = a.flat || b.flat ? byContainment(op) : byElements(op);
  return `(SELECT CASE WHEN jsonb_typeof(l) = 'array' AND jsonb_typeof(r) = 'array' THEN ${condition} END FROM (SELECT ${a.sql} AS l, ${b.sql} AS r OFFSET 0) AS pair)`;
}

const OVERLAP = 'EXISTS (SELECT FROM jsonb_array_elements(l) AS x(v) JOIN jsonb_array_elements(r) AS y(v) ON x.v = y.v)';

/** jsonb's @> goes down into nested arrays, so it decides only where one side holds scalars alone. */
function byContainment(op: ArrayOp): string {
  switch (op) {
    case 'a_contains':
      return 'l @> r';
    case 'a_containedBy':
      return 'l <@ r';
    case 'a_equals':
      return '(l @> r AND l <@ r)';
    default:
      return OVERLAP;
  }
}

function byElements(op: ArrayOp): string {
  const missing = (from: string, of: string): string =>
    `EXISTS (SELECT FROM jsonb_array_elements(${of}) AS x(v) WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(${from}) AS y(v) WHERE x.v = y.v))`;
  switch (op) {
    case 'a_contains':
      return `NOT ${missing('l', 'r')}`;
    case 'a_containedBy':
      return `NOT ${missing('r', 'l')}`;
    case 'a_equals':
      return `(NOT ${missing('l', 'r')} AND NOT ${missing('r', 'l')})`;
    default:
      return OVERLAP;
  }
}

function operandOf(node: Cql2Expression, context: Context): Operand {
  if (node.kind === 'array') return arrayLiteral(node, context);
  if (node.kind !== 'property') throw invalidNode(node.at, 'must be an array or a property that is one.');
  const { json, type } = propertyOf(node, context);
  if (json === undefined || (type !== 'array' && type !== 'json' && type !== 'object'))
    throw invalidNode(node.at, `the property ${JSON.stringify(node.name)} is no array.`);
  return { sql: json, flat: false };
}

const isScalarLiteral = (node: Cql2Expression): boolean => node.kind === 'literal' || node.kind === 'date' || node.kind === 'timestamp';

function arrayLiteral(node: ArrayNode, context: Context): Operand {
  if (node.items.every(isConstant))
    return {
      sql: context.builder.param(JSON.stringify(node.items.map(constant)), 'jsonb'),
      flat: node.items.every(isScalarLiteral),
    };
  // An array constructor, because jsonb_build_array takes no more than 100 arguments; unknown where an element is.
  const elements = node.items.map((item) => elementSql(item, context)).join(', ');
  return {
    sql: `(SELECT CASE WHEN array_position(e, NULL) IS NULL THEN to_jsonb(e) END FROM (SELECT ARRAY[${elements}]::jsonb[] AS e OFFSET 0) AS elements)`,
    flat: false,
  };
}

const isConstant = (node: Cql2Expression): boolean =>
  isScalarLiteral(node) || node.kind === 'geometry' || node.kind === 'bbox' || (node.kind === 'array' && node.items.every(isConstant));

/** Dates and timestamps stand in items' arrays as strings, timestamps without a fraction of zeros. */
function constant(node: Cql2Expression): unknown {
  if (node.kind === 'date') return node.value;
  if (node.kind === 'timestamp') return node.value.toUpperCase().replace(/\.0+(?=Z|[+-])/, '');
  return node.kind === 'array' ? node.items.map(constant) : toJson(node);
}

function elementSql(node: Cql2Expression, context: Context): string {
  if (isConstant(node)) return context.builder.param(JSON.stringify(constant(node)), 'jsonb');
  if (node.kind === 'array') return arrayLiteral(node, context).sql;
  if (node.kind === 'property') {
    const { json, sql } = propertyOf(node, context);
    return json === undefined ? `to_jsonb(${sql})` : `NULLIF(${json}, 'null')`;
  }
  const type = staticType(node, context);
  if (node.kind === 'interval' || type === undefined || type === 'array' || type === 'geometry') throw invalidNode(node.at, 'cannot be an element of an array here.');
  return `to_jsonb(${scalarSql(node, type, context)})`;
}
