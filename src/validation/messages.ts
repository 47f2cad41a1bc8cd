/** Ajv's errors as faults: a JSON pointer and a sentence, without the noise of alternatives that were never meant. */
import type { ErrorObject } from 'ajv';
import type { Fault } from '../errors.js';

/** What the item schemas ask of date-times. */
const UTC = String.raw`(\+00:00|Z)$`;

type SchemaError = Partial<ErrorObject>;

/** Keywords that only say that something below or beside them failed. */
const SUMMARIES = new Set(['oneOf', 'anyOf', 'allOf', 'if', 'not', 'contains', 'minContains']);

/** What is said of these places already says all that the schemas have to say of those. */
const RELATED: Readonly<Record<string, readonly string[]>> = {
  '/properties/datetime': ['/properties/start_datetime', '/properties/end_datetime'],
};

/**
 * The faults that errors of one schema amount to, one a place. Of alternatives (anyOf, oneOf) Ajv reports every branch:
 * their summaries are dropped where anything else is left, and so is what holds only under a condition (`then`), since
 * a condition on a missing member is met. Of `taken` places and below them nothing is said: they have better messages.
 */
export function faultsOfErrors(errors: readonly SchemaError[], taken: readonly string[]): Fault[] {
  const closed = taken.flatMap((path) => [path.startsWith('/geometry') ? '/geometry' : path, ...(RELATED[path] ?? [])]);
  const open = errors.filter((error) => !isBranchMarker(error)).map((error) => ({ error, path: placeOf(error) }));
  const placed = open.filter(({ path }) => !closed.some((one) => path === one || path.startsWith(`${one}/`)));
  const plain = placed.filter(({ error }) => error.keyword !== undefined && !SUMMARIES.has(error.keyword));
  const firm = plain.filter(({ error }) => !(error.schemaPath ?? '').includes('/then/'));
  const rest = plain.length > 0 ? plain : placed.filter(({ path }) => !taken.some((one) => one.startsWith(`${path}/`)));
  const faults = new Map<string, Fault>();
  for (const { error, path } of firm.length > 0 ? firm : rest) {
    if (!faults.has(path) || error.keyword === 'format') faults.set(path, { path, message: sentenceOf(error) });
  }
  return [...faults.values()];
}

/** `"geometry": {"type": "null"}` and `"bbox": {"not": {}}` belong to the alternative without a geometry. */
const isBranchMarker = ({ instancePath, keyword, params }: SchemaError): boolean =>
  (instancePath === '/geometry' && keyword === 'type' && params?.['type'] === 'null') || (instancePath === '/bbox' && keyword === 'not');

function placeOf({ instancePath = '', keyword, params }: SchemaError): string {
  const missing: unknown = keyword === 'required' ? params?.['missingProperty'] : undefined;
  return typeof missing === 'string' ? `${instancePath}/${missing.replaceAll('~', '~0').replaceAll('/', '~1')}` : instancePath;
}

function sentenceOf({ keyword, message = 'breaks its schema', params = {} }: SchemaError): string {
  const { allowedValue, allowedValues, format, additionalProperty }: Record<string, unknown> = params;
  switch (keyword) {
    case 'required':
      return 'is required';
    case 'const':
      return `must be ${JSON.stringify(allowedValue)}`;
    case 'enum':
      return `must be one of ${Array.isArray(allowedValues) ? allowedValues.map((value) => JSON.stringify(value)).join(', ') : '…'}`;
    case 'format':
      return format === 'date-time' ? 'must be an RFC 3339 date-time such as 2024-10-15T12:00:00Z' : `must be a valid ${String(format)}`;
    case 'pattern':
      return params['pattern'] === UTC ? 'must be in UTC: end in Z or +00:00' : message;
    case 'additionalProperties':
      return `must not have the member ${JSON.stringify(additionalProperty)}`;
    case 'anyOf':
    case 'oneOf':
      return 'is in none of the forms that its schema allows';
    default:
      return message;
  }
}
