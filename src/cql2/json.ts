/** Reads CQL2 JSON into the typed form: every rule of the standard's schema, with the place of what breaks it. */
import { isDate, isDatetime } from '../datetime.js';
import type { Cql2Expression, DateNode, IntervalEnd, Place, TimestampNode } from './ast.js';
import { isBoolean } from './ast.js';
import { invalidNode } from './faults.js';
import { readBbox, readGeometry } from './geometry.js';
import { operatorOf } from './operators.js';
import type { Operator } from './operators.js';
import { isArrayOperand, isCharacter, isNumeric, isPattern, isScalar, isSpatial, isTemporal } from './operands.js';

export interface Cql2Limits {
  /** Operators within operators; 64 unless told. */
  readonly depth: number;
  /** Operators, properties and literals together; 5,000 unless told. */
  readonly nodes: number;
}
export const DEFAULT_LIMITS: Cql2Limits = { depth: 64, nodes: 5000 };

/** Where the objects that a text parser built stood in the text. */
export type TextPlaces = WeakMap<object, Place>;

/**
 * Reads a CQL2 JSON filter.
 * @returns the typed filter; its root is a boolean expression
 * @throws DomainError InvalidInput; the fault's path is the JSON pointer below the filter
 */
export const parseCql2Json = (value: unknown, limits: Cql2Limits = DEFAULT_LIMITS): Cql2Expression =>
  new JsonReader(limits).filter(value);

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
type Accepts = readonly [test: (node: Cql2Expression) => boolean, what: string];

const BOOLEAN: Accepts = [isBoolean, 'a boolean expression'];
const SCALAR: Accepts = [isScalar, 'a string, number, boolean, date, timestamp, property, function or arithmetic expression'];
const CHARACTER: Accepts = [isCharacter, 'a string, property, function, casei or accenti'];
const NUMERIC: Accepts = [isNumeric, 'a number, property, function or arithmetic expression'];
const PATTERN: Accepts = [isPattern, 'a string, or casei or accenti of one'];
const SPATIAL: Accepts = [isSpatial, 'a geometry, bbox, property or function'];
const TEMPORAL: Accepts = [isTemporal, 'a date, timestamp, interval, property or function'];
const ARRAY: Accepts = [isArrayOperand, 'an array, property or function'];
const ANY: Accepts = [() => true, 'an expression'];

export class JsonReader {
  #nodes = 0;

  constructor(
    private readonly limits: Cql2Limits,
    private readonly places?: TextPlaces,
  ) {}

  filter(value: unknown): Cql2Expression {
    return this.read(value, '', 0, this.place(value, '', { pointer: '' }), BOOLEAN);
  }

  private place(value: unknown, pointer: string, parent: Place): Place {
    if (this.places === undefined) return { pointer };
    return (typeof value === 'object' && value !== null ? this.places.get(value) : undefined) ?? parent;
  }

  private read(value: unknown, pointer: string, depth: number, parent: Place, [accepts, what]: Accepts): Cql2Expression {
    const at = this.place(value, pointer, parent);
    if (depth > this.limits.depth) throw invalidNode(at, `the filter is nested more than ${this.limits.depth} levels deep.`);
    if (++this.#nodes > this.limits.nodes) throw invalidNode(at, `the filter has more than ${this.limits.nodes} parts.`);
    const node = this.node(value, pointer, depth, at);
    if (!accepts(node)) throw invalidNode(at, `must be ${what}.`);
    return node;
  }

  private node(value: unknown, pointer: string, depth: number, at: Place): Cql2Expression {
    switch (typeof value) {
      case 'string':
        // PostgreSQL's text holds no U+0000.
        if (value.includes('\0')) throw invalidNode(at, 'must not contain the character U+0000.');
        return { kind: 'literal', value, at };
      case 'boolean':
        return { kind: 'literal', value, at };
      case 'number':
        if (!Number.isFinite(value)) throw invalidNode(at, 'must be a finite number.');
        return { kind: 'literal', value, at };
      default:
    }
    if (Array.isArray(value)) return { kind: 'array', items: value.map((item: unknown, i) => this.read(item, `${pointer}/${i}`, depth + 1, at, ANY)), at };
    if (!isObject(value)) throw invalidNode(at, 'must be a CQL2 expression: an object, a string, a number, a boolean or an array.');
    if ('op' in value) return this.operation(value, pointer, depth, at);
    if ('property' in value) return { kind: 'property', name: this.name(value['property'], `${pointer}/property`, at), at };
    if ('date' in value || 'timestamp' in value) return this.instant(value, pointer, at);
    if ('interval' in value) return this.interval(value['interval'], pointer, depth, at);
    const below = (prefix: string) => (path: string): Place => (this.places === undefined ? { pointer: prefix + path } : at);
    if ('bbox' in value && !('type' in value)) return { kind: 'bbox', bbox: readBbox(value['bbox'], below(`${pointer}/bbox`)), at };
    if ('type' in value) return { kind: 'geometry', geometry: readGeometry(value, below(pointer)), at };
    throw invalidNode(at, 'must have one of the members op, property, date, timestamp, interval, bbox or type (a GeoJSON geometry).');
  }

  private name(value: unknown, pointer: string, parent: Place): string {
    const at = this.place(value, pointer, parent);
    if (typeof value !== 'string' || value === '') throw invalidNode(at, 'must be a name.');
    if (value.includes('\0') || value.length > 500) throw invalidNode(at, 'must be a name of at most 500 characters without U+0000.');
    return value;
  }

  private instant(value: Json, pointer: string, at: Place): DateNode | TimestampNode {
    const key = 'date' in value ? 'date' : 'timestamp';
    const text = value[key];
    const place = this.place(text, `${pointer}/${key}`, at);
    if (key === 'date') {
      if (typeof text !== 'string' || !isDate(text)) throw invalidNode(place, 'must be a date such as 2020-02-29.');
      return { kind: 'date', value: text, at };
    }
    if (typeof text !== 'string' || !isDatetime(text)) throw invalidNode(place, 'must be an RFC 3339 timestamp such as 2020-02-29T12:00:00Z.');
    return { kind: 'timestamp', value: text, at };
  }

  private interval(value: unknown, pointer: string, depth: number, at: Place): Cql2Expression {
    if (!Array.isArray(value) || value.length !== 2) throw invalidNode(at, 'an interval must be an array of two ends.');
    const [start, end] = value.map((item: unknown, i) => this.intervalEnd(item, `${pointer}/interval/${i}`, depth + 1, at));
    if (start === undefined || end === undefined) throw invalidNode(at, 'an interval must have two ends.');
    return { kind: 'interval', start, end, at };
  }

  private intervalEnd(value: unknown, pointer: string, depth: number, parent: Place): IntervalEnd {
    const at = this.place(value, pointer, parent);
    if (value === '..') return { kind: 'open', at };
    if (typeof value === 'string') return this.instant(value.length === 10 ? { date: value } : { timestamp: value }, pointer, at);
    const node = this.read(value, pointer, depth, parent, ANY);
    // Dates and timestamps as objects are the form of older drafts, which pgSTAC takes too.
    if (node.kind === 'property' || node.kind === 'function' || node.kind === 'date' || node.kind === 'timestamp') return node;
    throw invalidNode(at, "must be a date, a timestamp, '..', a property or a function.");
  }

  private operation(value: Json, pointer: string, depth: number, at: Place): Cql2Expression {
    const name = this.name(value['op'], `${pointer}/op`, at);
    const given: unknown = value['args'];
    if (!Array.isArray(given)) throw invalidNode(at, `the operator ${name} needs args, an array.`);
    const args = name.toLowerCase() === 'between' ? flatBounds(given) : given;
    const operator = operatorOf(name);
    const arg = (index: number, accepts: Accepts): Cql2Expression => this.read(args[index], `${pointer}/args/${index}`, depth + 1, at, accepts);
    if (operator === undefined) return { kind: 'function', name, args: args.map((_, index) => arg(index, ANY)), at };
    const [least, most] = arity(operator);
    if (args.length < least || args.length > most)
      throw invalidNode(at, `the operator ${operator.op} takes ${least === most ? least : `at least ${least}`} arguments, not ${args.length}.`);
    switch (operator.family) {
      case 'and':
      case 'or':
        return { kind: operator.family, args: args.map((_, index) => arg(index, BOOLEAN)), at };
      case 'not':
        return { kind: 'not', arg: arg(0, BOOLEAN), at };
      case 'comparison':
        return { kind: 'comparison', op: operator.op, left: arg(0, SCALAR), right: arg(1, SCALAR), at };
      case 'like':
        return { kind: 'like', value: arg(0, CHARACTER), pattern: arg(1, PATTERN), at };
      case 'between':
        return { kind: 'between', value: arg(0, SCALAR), low: arg(1, SCALAR), high: arg(2, SCALAR), at };
      case 'in':
        return { kind: 'in', value: arg(0, SCALAR), list: this.list(args[1], `${pointer}/args/1`, depth + 1, at), at };
      case 'isNull':
        return { kind: 'isNull', arg: arg(0, ANY), at };
      case 'casei':
      case 'accenti':
        return { kind: operator.family, arg: arg(0, CHARACTER), at };
      case 'arithmetic':
        return { kind: 'arithmetic', op: operator.op, left: arg(0, NUMERIC), right: arg(1, NUMERIC), at };
      case 'spatial':
        return { kind: 'spatial', op: operator.op, left: arg(0, SPATIAL), right: arg(1, SPATIAL), at };
      case 'temporal':
        return { kind: 'temporal', op: operator.op, left: arg(0, TEMPORAL), right: arg(1, TEMPORAL), at };
      default:
        return { kind: 'arrayPredicate', op: operator.op, left: arg(0, ARRAY), right: arg(1, ARRAY), at };
    }
  }

  private list(value: unknown, pointer: string, depth: number, parent: Place): readonly Cql2Expression[] {
    const at = this.place(value, pointer, parent);
    if (!Array.isArray(value) || value.length === 0) throw invalidNode(at, 'the operator in needs a list of at least one value.');
    return value.map((item: unknown, index) => this.read(item, `${pointer}/${index}`, depth, at, SCALAR));
  }
}

/** `[value, [low, high]]`, as drafts of CQL2 wrote between and stac-api-validator still does, in the form of the standard. */
function flatBounds(args: readonly unknown[]): readonly unknown[] {
  const [value, bounds] = args;
  return args.length === 2 && Array.isArray(bounds) ? [value, ...(bounds as unknown[])] : args;
}

/** How few and how many arguments an operator takes. */
function arity(operator: Operator): readonly [number, number] {
  switch (operator.family) {
    case 'and':
    case 'or':
      // The schema asks for two; clients that join a list of conditions send one as well.
      return [1, Number.MAX_SAFE_INTEGER];
    case 'not':
    case 'isNull':
    case 'casei':
    case 'accenti':
      return [1, 1];
    case 'between':
      return [3, 3];
    default:
      return [2, 2];
  }
}
