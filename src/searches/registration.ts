/**
 * The text of a registered search as titiler-pgstac 3.2 writes it, number by number: pgSTAC's id is made of jsonb's text,
 * where 1 and 1.0 differ. Numbers of boxes and geometries are floats there, all others stay what the caller wrote.
 */
import { invalidAt } from '../errors.js';
import { isObject, type Json, textOf } from '../json.js';
import { rewriteStrings } from '../json-strings.js';
import { isDatetime } from '../datetime.js';
import { jsonMembers } from '../pgstac/json-members.js';

export interface Registration {
  /** JSON texts. */
  readonly search: string;
  readonly metadata: string;
  /** Undefined: it stays until it is deleted. */
  readonly expires: Date | undefined;
  readonly name: string | undefined;
  readonly owner: string | undefined;
}

/** Members that say how results are paged, which pgSTAC leaves out of the id, and what is not part of the search. */
const NOT_STORED = new Set(['metadata', 'limit', 'token']);

/** A float as Python's JSON has it, as far as jsonb can tell: up to 1e16 whole ones have a fraction. */
const float = (value: number): string => (Number.isInteger(value) && Math.abs(value) < 1e16 ? `${Object.is(value, -0) ? '-0' : value}.0` : String(value));

/** Numbers with a fraction or an exponent as floats; whole ones as they are, however long. */
const numbersAsPython = (text: string): string =>
  rewriteStrings(text, (quoted) => quoted, (between) => between.replaceAll(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (number) => (/^-?\d+$/.test(number) ? number : float(Number(number)))));

/** All numbers of it as floats. */
function floats(value: Json | undefined): string {
  if (typeof value === 'number') return float(value);
  if (Array.isArray(value)) return `[${value.map(floats).join(',')}]`;
  return JSON.stringify(value ?? null);
}

/** Only the members that GeoJSON gives a geometry. */
function geometry(value: Json | undefined): string {
  if (!isObject(value)) return floats(value);
  const { type, bbox, coordinates, geometries } = value;
  return object([
    ...(bbox === undefined || bbox === null ? [] : [['bbox', floats(bbox)] as const]),
    ['type', JSON.stringify(type ?? null)],
    ...(Array.isArray(geometries) ? [['geometries', `[${geometries.map(geometry).join(',')}]`] as const] : []),
    ...(coordinates === undefined ? [] : [['coordinates', floats(coordinates)] as const]),
  ]);
}

const sortKeys = (value: Json): string =>
  JSON.stringify(Array.isArray(value) ? value.map((key) => (isObject(key) ? { field: key['field'], direction: key['direction'] ?? 'asc' } : key)) : value);

const object = (members: readonly (readonly [string, string])[]): string => `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;

/** @param text of a body that was parsed and found to be a search */
export function registrationOf(text: string): Registration {
  const members = [...jsonMembers(text.trim())].filter(([, value]) => value !== 'null');
  const written: Readonly<Record<string, (value: Json) => string>> = { bbox: floats, intersects: geometry, sortby: sortKeys };
  const search = members.flatMap(([name, value]): [string, string][] => {
    if (NOT_STORED.has(name)) return [];
    const write = Object.hasOwn(written, name) ? written[name] : undefined;
    return [[name, write === undefined ? numbersAsPython(value) : write(JSON.parse(value) as Json)]];
  });
  const lang: [string, string][] = search.some(([name]) => name === 'filter-lang') ? [] : [['filter-lang', '"cql2-json"']];
  const metadata = members.find(([name]) => name === 'metadata')?.[1] ?? '{}';
  return { search: object([...search, ...lang]), ...metadataOf(metadata) };
}

type Check = (value: Json) => string | undefined;

const numbers: Check = (value) => (Array.isArray(value) && [4, 6].includes(value.length) && value.every((n) => typeof n === 'number') ? undefined : 'must be 4 or 6 numbers');
const string: Check = (value) => (typeof value === 'string' ? undefined : 'must be a string');
const zoom: Check = (value) => (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 30 ? undefined : 'must be a whole number from 0 to 30');

/** What titiler-pgstac and we read of the metadata; anything else is the user's own. */
const KNOWN: Readonly<Record<string, Check>> = {
  type: (value) => (value === 'mosaic' || value === 'search' ? undefined : 'must be mosaic or search'),
  bounds: numbers,
  minzoom: zoom,
  maxzoom: zoom,
  name: string,
  owner: string,
  expires: string,
  assets: (value) => (Array.isArray(value) && value.every((asset) => typeof asset === 'string') ? undefined : 'must be an array of strings'),
  defaults: (value) => (isObject(value) ? undefined : 'must be an object of layers'),
};

function metadataOf(text: string): Omit<Registration, 'search'> {
  if (!text.startsWith('{')) throw invalidAt('/metadata', 'must be an object');
  const members = [...jsonMembers(text)].filter(([, value]) => value !== 'null');
  const values = new Map(members.map(([name, value]) => [name, JSON.parse(value) as Json]));
  for (const [name, value] of values) {
    const fault = Object.hasOwn(KNOWN, name) ? KNOWN[name]?.(value) : undefined;
    if (fault !== undefined) throw invalidAt(`/metadata/${name}`, fault);
  }
  const written = members.map(([name, value]): [string, string] => {
    if (name === 'bounds') return [name, floats(values.get(name))];
    return [name, name === 'minzoom' || name === 'maxzoom' ? textOf(values.get(name)) : numbersAsPython(value)];
  });
  const said = (name: string): string | undefined => {
    const value = values.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  return { metadata: object([...(values.has('type') ? [] : [['type', '"mosaic"'] as const]), ...written]), name: said('name'), owner: said('owner'), expires: expiryOf(said('expires')) };
}

function expiryOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  if (!isDatetime(text)) throw invalidAt('/metadata/expires', 'must be an RFC 3339 date-time such as 2024-10-15T12:00:00Z');
  if (Date.parse(text) <= Date.now()) throw invalidAt('/metadata/expires', 'is past');
  return new Date(text);
}
