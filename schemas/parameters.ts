/** Query parameters: each is a parser that returns a typed value, beside the plain schema that OpenAPI shows for it. */
import { DomainError, type Fault, invalidAt, invalidFaults } from '../src/errors.js';
import { type Bbox, parseBbox } from '../src/geojson.js';
import { type Interval, parseInterval } from '../src/datetime.js';

/** A Schema Object of OpenAPI 3.0.3. */
export interface SchemaObject {
  readonly [key: string]: unknown;
}

/** One answer of an operation, as OpenAPI describes it. */
export interface Answer {
  readonly description: string;
  readonly type?: string;
  readonly schema?: SchemaObject;
  /** Other media types of the same, by `Accept`. */
  readonly others?: readonly string[];
}

export interface Parameter<T> {
  readonly description: string;
  readonly schema: SchemaObject;
  /** OpenAPI's `explode`: true for a parameter that may be repeated. */
  readonly repeated?: boolean;
  /** Whether an empty value says something; else it is as if the parameter were not there. */
  readonly mayBeEmpty?: boolean;
  /** @param values what was written, one entry unless `repeated` */
  parse(values: readonly string[], name: string): T;
}

export type ParameterSet = Readonly<Record<string, Parameter<unknown>>>;
export type Parsed<P extends ParameterSet> = { readonly [K in keyof P]?: P[K] extends Parameter<infer T> ? T : never };

/**
 * The parameters of a query, typed. Every bad one is named.
 * @param strict whether an unknown parameter is an error (OGC API Features 1.0, /req/core/query-param-unknown)
 */
export function parseQuery<P extends ParameterSet>(parameters: P, query: URLSearchParams, strict: boolean): Parsed<P> {
  const parsed: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const name of new Set(query.keys())) {
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (parameter === undefined) {
      if (strict) faults.push({ path: name, message: `is not a parameter here; known are: ${Object.keys(parameters).join(', ') || 'none'}` });
      continue;
    }
    const values = query.getAll(name);
    if (values.length > 1 && parameter.repeated !== true) {
      faults.push({ path: name, message: 'is given more than once' });
      continue;
    }
    if (parameter.mayBeEmpty !== true && values.every((value) => value === '')) continue;
    if (values.some((value) => value.includes('\0'))) {
      faults.push({ path: name, message: 'holds U+0000, which the database cannot hold' });
      continue;
    }
    try {
      parsed[name] = parameter.parse(values, name);
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'InvalidInput') throw error;
      faults.push(...(error.faults.length > 0 ? error.faults : [{ path: name, message: error.message }]));
    }
  }
  if (faults.length > 0) throw invalidFaults(faults);
  return parsed as Parsed<P>;
}

const one = (values: readonly string[]): string => values[0] ?? '';

export const text = (description: string, schema: SchemaObject = {}): Parameter<string> => ({
  description,
  schema: { type: 'string', ...schema },
  parse: one,
});

export const list = (description: string): Parameter<string[]> => ({
  description,
  schema: { type: 'array', items: { type: 'string' } },
  parse: (values) => one(values).split(',').map((part) => part.trim()).filter((part) => part !== ''),
});

export const repeated = (description: string): Parameter<string[]> => ({
  description,
  schema: { type: 'array', items: { type: 'string' } },
  repeated: true,
  parse: (values) => values.filter((value) => value !== ''),
});

/** @param assumed what is taken where nothing is said, where that is one of the choices */
export const choice = <T extends string>(description: string, choices: readonly T[], assumed?: T): Parameter<T> => ({
  description,
  schema: { type: 'string', enum: choices, ...(assumed === undefined ? {} : { default: assumed }) },
  parse: (values, name) => {
    const found = choices.find((candidate) => candidate === one(values));
    if (found === undefined) throw invalidAt(name, `must be one of ${choices.join(', ')}, not ${JSON.stringify(one(values))}`);
    return found;
  },
});

export const integer = (description: string, minimum: number, maximum: number): Parameter<number> => ({
  description,
  schema: { type: 'integer', minimum, maximum },
  parse: (values, name) => {
    const value = Number(one(values));
    if (!/^[+-]?\d+$/.test(one(values)) || value < minimum || value > maximum) {
      throw invalidAt(name, `must be a whole number from ${minimum} to ${maximum}, not ${JSON.stringify(one(values))}`);
    }
    return value;
  },
});

export const flag = (description: string): Parameter<boolean> => ({
  description,
  schema: { type: 'boolean' },
  parse: (values, name) => {
    if (one(values) !== 'true' && one(values) !== 'false') throw invalidAt(name, 'must be true or false');
    return one(values) === 'true';
  },
});

export const bbox: Parameter<Bbox> = {
  description: 'West, south, east, north in degrees (or with heights, six numbers); west > east crosses the antimeridian.',
  schema: { type: 'array', minItems: 4, maxItems: 6, items: { type: 'number' } },
  parse: (values, name) => {
    const parts = one(values).split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    return parseBbox(parts, name);
  },
};

export const datetime: Parameter<Interval> = {
  description: 'An instant or an interval (RFC 3339), open ends as ".." or nothing.',
  schema: { type: 'string' },
  parse: (values, name) => parseInterval(one(values), name),
};

export const json = (description: string): Parameter<unknown> => ({
  description,
  schema: { type: 'string' },
  parse: (values, name) => {
    try {
      return JSON.parse(one(values)) as unknown;
    } catch {
      throw invalidAt(name, 'must be JSON');
    }
  },
});

/** `limit` (API.md section 1): below 1 or not a number is 400, above the maximum means the maximum. */
export const limit = (fallback: number, maximum: number): Parameter<number> => ({
  description: `How many at most: ${fallback} unless told, never more than ${maximum}.`,
  schema: { type: 'integer', minimum: 1, maximum, default: fallback },
  parse: (values, name) => {
    if (!/^\d+$/.test(one(values)) || Number(one(values)) < 1) {
      throw invalidAt(name, `must be a whole number >= 1, not ${JSON.stringify(one(values))}`);
    }
    return Math.min(Number(one(values)), maximum);
  },
});
