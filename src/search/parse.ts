/** Search bodies into typed queries: of POST /search, of registered searches, and of what other routes narrow by. */
import type { Cql2Expression } from '../cql2/ast.js';
import { parseCql2Json } from '../cql2/json.js';
import { parseCql2Text } from '../cql2/text.js';
import { parseInterval } from '../datetime.js';
import { DomainError, type Fault, invalidAt, invalidFaults, invalidInput } from '../errors.js';
import { parseBbox, parseGeometry } from '../geojson.js';
import { isObject, type JsonObject } from '../json.js';
import { parseFields } from './fields.js';
import { parseFreeText } from './free-text.js';
import { both, parseQueryExtension } from './query-extension.js';
import type { ItemSelection, SearchQuery, SortKey } from './query.js';

export const MAX_LIMIT = 10_000;
export const DEFAULT_LIMIT = 10;
const MAX_SORT_KEYS = 20;
/** The only CRS that filters are written in. */
export const CRS84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';

/** Puts `at` before the path of each fault that parsing raises. */
function within<T>(at: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof DomainError) || error.kind !== 'InvalidInput') throw error;
    const faults = error.faults.length > 0 ? error.faults : [{ path: '', message: error.message }];
    throw invalidInput(error.message, faults.map((fault) => ({ ...fault, path: fault.path.startsWith(at) ? fault.path : at + fault.path })));
  }
}

/** @param at where a fault is: a parameter's name or a JSON pointer */
export function parseFilter(filter: unknown, language: unknown, at: string): Cql2Expression {
  return within(at, () => {
    if (language === 'cql2-text') {
      if (typeof filter !== 'string') throw invalidAt(at, 'must be a string of CQL2 text');
      return parseCql2Text(filter);
    }
    return parseCql2Json(filter);
  });
}

/** `sortby` of GET: `+a,-b`. @throws InvalidInput */
export function parseSortText(value: string): SortKey[] {
  const keys = value.split(',').map((part): SortKey => {
    const field = part.trim().replace(/^[+-]/, '').trim();
    if (field === '') throw invalidAt('sortby', 'names an empty property');
    return { field, direction: part.trim().startsWith('-') ? 'desc' : 'asc' };
  });
  return bounded(keys, 'sortby');
}

const bounded = (keys: SortKey[], at: string): SortKey[] => {
  if (keys.length > MAX_SORT_KEYS) throw invalidAt(at, `names ${keys.length} properties; ${MAX_SORT_KEYS} are the most`);
  return keys;
};

/** Members of a search body and how each is read; anything else is a fault that names it. */
const MEMBERS: Readonly<Record<string, (value: unknown, at: string, body: JsonObject) => Partial<SearchQuery>>> = {
  collections: (value, at) => ({ collections: strings(value, at, MOST_COLLECTIONS) }),
  ids: (value, at) => ({ ids: strings(value, at, MOST_IDS) }),
  bbox: (value, at) => ({ bbox: parseBbox(value, at) }),
  intersects: (value, at) => ({ intersects: parseGeometry(value, at) }),
  datetime: (value, at) => {
    if (typeof value !== 'string') throw invalidAt(at, 'must be a string');
    return { datetime: parseInterval(value, at) };
  },
  limit: (value, at) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) throw invalidAt(at, 'must be a whole number >= 1');
    return { limit: Math.min(value, MAX_LIMIT) };
  },
  token: (value, at) => {
    if (typeof value !== 'string') throw invalidAt(at, 'must be a string');
    return { token: value };
  },
  filter: (value, at, body) => ({ filter: parseFilter(value, body['filter-lang'] ?? 'cql2-json', at) }),
  'filter-lang': (value, at) => {
    if (value !== 'cql2-json' && value !== 'cql2-text') throw invalidAt(at, 'must be cql2-json or cql2-text');
    return {};
  },
  'filter-crs': (value, at) => {
    if (value !== CRS84) throw invalidAt(at, `must be ${CRS84}`);
    return {};
  },
  sortby: (value, at) => ({ sortby: parseSortKeys(value, at) }),
  fields: (value, at) => ({ fields: parseFields(value, at) }),
  q: (value, at) => ({ q: parseFreeText(value, at) }),
  query: (value, at) => {
    const filter = parseQueryExtension(value, at);
    return filter === undefined ? {} : { filter };
  },
};

export const isSearchMember = (name: string): boolean => Object.hasOwn(MEMBERS, name);

/** A page holds a tenth of them; a stream may want all. */
const MOST_IDS = 100_000;
const MOST_COLLECTIONS = 10_000;
/** A body with more faults is not worth reading on. */
const MOST_FAULTS = 100;

function strings(value: unknown, at: string, most: number): string[] {
  if (!Array.isArray(value) || !value.every((part) => typeof part === 'string')) throw invalidAt(at, 'must be an array of strings');
  if (value.length > most) throw invalidAt(at, `has ${value.length} entries; ${most} are the most`);
  return value;
}

function parseSortKeys(value: unknown, at: string): SortKey[] {
  if (typeof value === 'string') return parseSortText(value);
  if (!Array.isArray(value)) throw invalidAt(at, 'must be an array of {"field", "direction"}');
  return bounded(
    value.map((key: unknown, i): SortKey => {
      const { field, direction = 'asc' } = isObject(key) ? key : {};
      if (typeof field !== 'string' || field === '') throw invalidAt(`${at}/${i}/field`, 'must name a property');
      if (direction !== 'asc' && direction !== 'desc') throw invalidAt(`${at}/${i}/direction`, 'must be asc or desc');
      return { field, direction };
    }),
    at,
  );
}

/** A search body (POST /search, a registered search). `ignored` members belong to the caller. @throws InvalidInput with every fault */
export function fromBody(body: unknown, ignored: readonly string[] = []): SearchQuery {
  if (!isObject(body)) throw invalidInput('The body must be a JSON object: a STAC search.', [{ path: '', message: 'must be an object' }]);
  const faults: Fault[] = [];
  let query: SearchQuery = { limit: DEFAULT_LIMIT };
  for (const [name, value] of Object.entries(body)) {
    if (faults.length >= MOST_FAULTS) break;
    // Null is as good as not there but for `fields`, where it would be a guess which of two sets is meant.
    if (ignored.includes(name) || (value === null && name !== 'fields')) continue;
    const read = Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : undefined;
    if (read === undefined) {
      faults.push({ path: `/${name}`, message: `is not a member of a search here; known are ${Object.keys(MEMBERS).join(', ')}` });
      continue;
    }
    try {
      const said = read(value, `/${name}`, body);
      const filter = both(query.filter, said.filter);
      query = { ...query, ...said, ...(filter === undefined ? {} : { filter }) };
    } catch (error) {
      if (!(error instanceof DomainError) || error.kind !== 'InvalidInput') throw error;
      faults.push(...error.faults);
    }
  }
  if (query.bbox !== undefined && query.intersects !== undefined) faults.push({ path: '/intersects', message: 'cannot be given together with bbox' });
  if (faults.length > 0) throw invalidFaults(faults);
  return query;
}

/** Only what selects: for registered searches and mosaics. */
export const selectionOf = ({ limit: _limit, token: _token, sortby: _sortby, fields: _fields, ...selection }: SearchQuery): ItemSelection => selection;

