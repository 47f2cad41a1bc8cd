/** Scalars as SQL: literals, properties, arithmetic, casei, accenti and functions, each read as a wanted type. */
import { isDate, isDatetime } from '../datetime.js';
import type { ArithmeticNode, Cql2Expression, FunctionNode, LiteralNode } from './ast.js';
import { invalidNode } from './faults.js';
import { functionOf } from './functions.js';
import type { Cql2Function } from './functions.js';
import { jsonBoolean, jsonBoundedNumber, jsonInstant, jsonNumber } from './json-read.js';
import type { PropertyExpression } from './resolver.js';
import type { Context, FilterTarget } from './target.js';
import { propertyOf } from './target.js';

export type ScalarType = 'string' | 'number' | 'boolean' | 'instant';
/** What is known of an expression's type before it is compared; undefined for a property without a definition. */
export type StaticType = ScalarType | 'geometry' | 'array' | undefined;

/** More operators than this in one arithmetic expression could overflow PostgreSQL's numeric (131,072 digits). */
const MAX_ARITHMETIC = 100;

export function propertyType(property: PropertyExpression): StaticType {
  switch (property.type) {
    case 'number':
    case 'integer':
      return 'number';
    case 'datetime':
    case 'date':
      return 'instant';
    case 'object':
      return 'array';
    case 'json':
      return undefined;
    default:
      return property.type;
  }
}

/** The type of a scalar, or undefined where only its neighbour can tell. */
export function staticType(node: Cql2Expression, target: FilterTarget): StaticType {
  switch (node.kind) {
    case 'literal':
      return literalType(node);
    case 'date':
    case 'timestamp':
      return 'instant';
    case 'arithmetic':
      return 'number';
    case 'casei':
    case 'accenti':
      return 'string';
    case 'property':
      return propertyType(propertyOf(node, target));
    case 'function':
      return definitionOf(node).returns;
    case 'geometry':
    case 'bbox':
      return 'geometry';
    case 'array':
      return 'array';
    default:
      return 'boolean';
  }
}

export const literalType = ({ value }: LiteralNode): ScalarType =>
  typeof value === 'string' ? 'string' : typeof value === 'number' ? 'number' : 'boolean';

/** The function a node calls. @throws DomainError InvalidInput for unknown names and a wrong number of arguments */
export function definitionOf(node: FunctionNode): Cql2Function {
  const definition = functionOf(node.name);
  if (definition === undefined) throw invalidNode(node.at, `there is no function ${JSON.stringify(node.name)}; GET /functions lists them.`);
  if (definition.args.length !== node.args.length)
    throw invalidNode(node.at, `the function ${definition.name} takes ${definition.args.length} arguments, not ${node.args.length}.`);
  return definition;
}

const DESCRIBED: Readonly<Record<ScalarType, string>> = { string: 'a string', number: 'a number', boolean: 'true or false', instant: 'a date or timestamp' };

/**
 * A scalar as SQL of the wanted type: text, numeric, boolean or timestamptz. Literals of another type are
 * cast where they can be (OGC 21-065r2 permission type-casts); values of items that are of another type read as NULL.
 * @throws DomainError InvalidInput where a literal or a typed expression cannot be of that type
 */
export function scalarSql(node: Cql2Expression, type: ScalarType, context: Context): string {
  switch (node.kind) {
    case 'literal':
      return literalSql(node, type, context);
    case 'property':
      return readProperty(propertyOf(node, context), type) ?? mismatch(node, type);
    case 'arithmetic':
      if (type !== 'number') return mismatch(node, type);
      return arithmeticSql(node, context);
    case 'date':
      if (type !== 'instant') return mismatch(node, type);
      return context.builder.param(`${node.value}T00:00:00Z`, 'timestamptz');
    case 'timestamp':
      if (type !== 'instant') return mismatch(node, type);
      return context.builder.param(node.value.toUpperCase(), 'timestamptz');
    case 'casei':
    case 'accenti':
      if (type !== 'string') return mismatch(node, type);
      return node.kind === 'casei' ? caseFolded(scalarSql(node.arg, 'string', context)) : accentFolded(scalarSql(node.arg, 'string', context));
    case 'function': {
      const { returns } = definitionOf(node);
      if (returns !== type) return mismatch(node, type);
      return functionSql(node, context);
    }
    default:
      if (type !== 'boolean') return mismatch(node, type);
      return context.boolean(node, { ...context, positive: false });
  }
}

function mismatch(node: Cql2Expression, type: ScalarType): never {
  // In text a literal has no place of its own but its operator's, so it is named.
  const which = node.kind === 'literal' ? `${JSON.stringify(node.value)} ` : '';
  throw invalidNode(node.at, `${which}must be ${DESCRIBED[type]}.`);
}

function literalSql(node: LiteralNode, type: ScalarType, { builder }: FilterTarget): string {
  const { value } = node;
  switch (type) {
    case 'string':
      return builder.param(String(value), 'text');
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isFinite(number)) return mismatch(node, type);
      return builder.param(number, 'numeric');
    }
    case 'boolean': {
      const flag = value === 'true' ? true : value === 'false' ? false : value;
      return typeof flag === 'boolean' ? builder.param(flag, 'boolean') : mismatch(node, type);
    }
    default:
      if (typeof value !== 'string' || !(isDate(value) || isDatetime(value))) return mismatch(node, type);
      return builder.param(isDate(value) ? `${value}T00:00:00Z` : value.toUpperCase(), 'timestamptz');
  }
}

/** A property read as a type; undefined for a column of another type. */
export function readProperty(property: PropertyExpression, type: ScalarType): string | undefined {
  if (property.column || property.json === undefined || property.text === undefined)
    return propertyType(property) === type ? property.sql : undefined;
  if (property.type === 'geometry') return undefined;
  switch (type) {
    case 'string':
      // to_text never raises, so its index serves wherever the text is asked for.
      return property.indexedAs === 'to_text' ? `pgstac.to_text(${property.json})` : property.text;
    case 'number':
      return jsonNumber(property.json);
    case 'boolean':
      return jsonBoolean(property.json);
    default:
      return jsonInstant(property.text);
  }
}

/**
 * CASEI (requirement casei-function): full case folding as far as it differs from lower(): ß and final sigma.
 * By ICU's root collation, because lower() knows ASCII alone in a database whose LC_CTYPE is C.
 */
const caseFolded = (sql: string): string => `replace(replace(lower((${sql}) COLLATE "und-x-icu"), 'ß', 'ss'), 'ς', 'σ')`;

/** ACCENTI: pgSTAC's own choice, unaccent, after composing so that combining marks are folded as well. */
const accentFolded = (sql: string): string => `unaccent(normalize(${sql}, NFC))`;

/** A call of a custom function, its arguments read as the types it declares. */
export function functionSql(node: FunctionNode, context: Context): string {
  const definition = definitionOf(node);
  const args = definition.args.map(({ type }, index) => {
    const arg = node.args[index];
    if (arg === undefined) return 'NULL';
    return type === 'geometry' ? context.geometry(arg, context) : scalarSql(arg, type, context);
  });
  return definition.sql(...args);
}

const countArithmetic = (node: Cql2Expression): number =>
  node.kind === 'arithmetic' ? 1 + countArithmetic(node.left) + countArithmetic(node.right) : 0;

function arithmeticSql(node: ArithmeticNode, context: Context): string {
  if (countArithmetic(node) > MAX_ARITHMETIC) throw invalidNode(node.at, `an arithmetic expression may have at most ${MAX_ARITHMETIC} operators.`);
  const [left, right] = [operandSql(node.left, context), operandSql(node.right, context)];
  switch (node.op) {
    case '/':
      return `(${left} / NULLIF(${right}, 0))`;
    case '%':
      return `(${left} % NULLIF(${right}, 0))`;
    case 'div':
      return `div(${left}, NULLIF(${right}, 0))`;
    case '^':
      return powerSql(left, right);
    default:
      return `(${left} ${node.op} ${right})`;
  }
}

function operandSql(node: Cql2Expression, context: Context): string {
  if (node.kind === 'property') {
    const property = propertyOf(node, context);
    if (!property.column && property.json !== undefined && property.type !== 'geometry') return jsonBoundedNumber(property.json);
  }
  return scalarSql(node, 'number', context);
}

/** Powers that are undefined (0 to a negative, roots of negatives) or beyond e^±700 are NULL, as a division by zero is. */
const powerSql = (left: string, right: string): string =>
  '(SELECT CASE WHEN l = 0 THEN CASE WHEN r > 0 THEN 0::numeric WHEN r = 0 THEN 1::numeric END' +
  ' WHEN abs(r) > 100000 OR (l < 0 AND r <> trunc(r)) THEN NULL' +
  ' WHEN abs(r * ln(abs(l))) > 700 THEN NULL ELSE power(l, r) END' +
  ` FROM (SELECT (${left})::numeric AS l, (${right})::numeric AS r OFFSET 0) AS powers)`;
