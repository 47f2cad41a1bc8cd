/** The custom functions that filters may call (OGC 21-065r2 requirements class Functions), and their SQL. */

export type FunctionType = 'string' | 'number' | 'boolean' | 'instant' | 'geometry';

export interface Cql2Function {
  readonly name: string;
  readonly description: string;
  readonly args: readonly { readonly name: string; readonly type: FunctionType }[];
  readonly returns: FunctionType;
  /** SQL from the arguments' SQL. NULL in gives NULL out, and no value may raise. */
  readonly sql: (...args: string[]) => string;
}

const string = (name = 'text') => ({ name, type: 'string' }) as const;
const number = (name = 'value') => ({ name, type: 'number' }) as const;
const instant = { name: 'instant', type: 'instant' } as const;
const geometry = { name: 'geometry', type: 'geometry' } as const;

const datePart = (name: string, part: string): Cql2Function => ({
  name,
  description: `The ${name} of an instant, in UTC.`,
  args: [instant],
  returns: 'number',
  sql: (at = '') => `extract(${part} FROM (${at}) AT TIME ZONE 'UTC')::numeric`,
});

const FUNCTIONS: readonly Cql2Function[] = [
  { name: 'lower', description: 'The text in lower case.', args: [string()], returns: 'string', sql: (text) => `lower(${text})` },
  { name: 'upper', description: 'The text in upper case.', args: [string()], returns: 'string', sql: (text) => `upper(${text})` },
  { name: 'trim', description: 'The text without spaces at its ends.', args: [string()], returns: 'string', sql: (text) => `btrim(${text})` },
  { name: 'length', description: 'The number of characters.', args: [string()], returns: 'number', sql: (text) => `length(${text})::numeric` },
  {
    name: 'concat',
    description: 'The first text followed by the second.',
    args: [string('first'), string('second')],
    returns: 'string',
    sql: (first, second) => `((${first}) || (${second}))`,
  },
  {
    name: 'starts_with',
    description: 'Whether the text begins with the prefix.',
    args: [string(), string('prefix')],
    returns: 'boolean',
    sql: (text, prefix) => `starts_with(${text}, ${prefix})`,
  },
  {
    name: 'contains_text',
    description: 'Whether the text contains the part.',
    args: [string(), string('part')],
    returns: 'boolean',
    sql: (text, part) => `(strpos(${text}, ${part}) > 0)`,
  },
  { name: 'abs', description: 'The absolute value.', args: [number()], returns: 'number', sql: (value) => `abs(${value})` },
  { name: 'floor', description: 'The greatest integer not above the value.', args: [number()], returns: 'number', sql: (value) => `floor(${value})` },
  { name: 'ceil', description: 'The least integer not below the value.', args: [number()], returns: 'number', sql: (value) => `ceil(${value})` },
  { name: 'round', description: 'The nearest integer, halves away from zero.', args: [number()], returns: 'number', sql: (value) => `round(${value})` },
  datePart('year', 'year'),
  datePart('month', 'month'),
  datePart('day', 'day'),
  datePart('hour', 'hour'),
  { name: 'now', description: 'The instant at which the query runs.', args: [], returns: 'instant', sql: () => 'now()' },
  { name: 'centroid', description: 'The centre of mass of a geometry.', args: [geometry], returns: 'geometry', sql: (shape) => `ST_Centroid(${shape})` },
  { name: 'envelope', description: 'The bounding box of a geometry.', args: [geometry], returns: 'geometry', sql: (shape) => `ST_Envelope(${shape})` },
];

const BY_NAME = new Map(FUNCTIONS.map((definition) => [definition.name, definition]));

type SchemaType = 'string' | 'number' | 'boolean' | 'datetime' | 'geometry';

/** What `GET /functions` answers (OGC 21-065r2 requirement get-functions-response-json). */
export interface FunctionsDocument {
  readonly functions: readonly {
    readonly name: string;
    readonly description: string;
    readonly args: readonly { readonly title: string; readonly type: readonly SchemaType[] }[];
    readonly returns: readonly SchemaType[];
  }[];
}

const schemaType = (type: FunctionType): SchemaType => (type === 'instant' ? 'datetime' : type);

export const functionsDocument = (): FunctionsDocument => ({
  functions: FUNCTIONS.map(({ name, description, args, returns }) => ({
    name,
    description,
    args: args.map((arg) => ({ title: arg.name, type: [schemaType(arg.type)] })),
    returns: [schemaType(returns)],
  })),
});

/** A function by its name in any case. */
export const functionOf = (name: string): Cql2Function | undefined => BY_NAME.get(name.toLowerCase());
