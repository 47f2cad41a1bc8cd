/** The parameters of a search by GET, and the schema of its body by POST. */
import { invalidAt } from '../src/errors.js';
import { parseGeometry } from '../src/geojson.js';
import { type FieldSet, parseFieldsText } from '../src/search/fields.js';
import { type FreeText, parseFreeTextString } from '../src/search/free-text.js';
import { CRS84, DEFAULT_LIMIT, MAX_LIMIT, parseFilter, parseSortText } from '../src/search/parse.js';
import { both, parseQueryExtension } from '../src/search/query-extension.js';
import type { SearchQuery } from '../src/search/query.js';
import { bbox, choice, datetime, json, limit, list, type Parameter, type Parsed, type SchemaObject, text } from './parameters.js';

const fields: Parameter<FieldSet> = {
  description: 'Members of items separated by commas, each to be included or, with - before it, left out; nothing to include asks for the least valid item.',
  schema: { type: 'string' },
  mayBeEmpty: true,
  parse: (values) => parseFieldsText(values[0] ?? ''),
};

const q: Parameter<FreeText> = {
  description: 'Words in title, description or keywords: terms separated by commas; or with AND, OR, "a phrase", parentheses, +must and -must-not.',
  schema: { type: 'string' },
  parse: (values, name) => parseFreeTextString(values[0] ?? '', name),
};

/** The parameters that items, datasets and search share. */
export const itemParameters = {
  bbox,
  datetime,
  limit: limit(DEFAULT_LIMIT, MAX_LIMIT),
  token: text('A page, as the next and prev links give it.'),
  filter: text('A CQL2 filter, in the language of filter-lang.'),
  'filter-lang': choice('The language of the filter.', ['cql2-text', 'cql2-json'], 'cql2-text'),
  'filter-crs': choice('The CRS of geometries in the filter.', [CRS84]),
  sortby: text('Properties separated by commas, each with + (ascending, the default) or - before it.'),
  fields,
  q,
  query: json('The query extension: a JSON object of properties with their operators.'),
};

export const searchParameters = {
  ...itemParameters,
  collections: list('Ids of collections.'),
  ids: list('Ids of items.'),
  intersects: json('A GeoJSON geometry.'),
};

/** @throws InvalidInput */
export function fromParameters(query: Parsed<typeof searchParameters>): SearchQuery {
  if (query.bbox !== undefined && query.intersects !== undefined) throw invalidAt('intersects', 'cannot be given together with bbox');
  const language = query['filter-lang'] ?? 'cql2-text';
  const cql2 = query.filter === undefined ? undefined : parseFilter(language === 'cql2-json' ? json('').parse([query.filter], 'filter') : query.filter, language, 'filter');
  const filter = both(cql2, query.query === undefined ? undefined : parseQueryExtension(query.query, 'query'));
  return {
    limit: query.limit ?? DEFAULT_LIMIT,
    ...(query.token === undefined ? {} : { token: query.token }),
    ...(query.bbox === undefined ? {} : { bbox: query.bbox }),
    ...(query.datetime === undefined ? {} : { datetime: query.datetime }),
    ...(query.collections === undefined ? {} : { collections: query.collections }),
    ...(query.ids === undefined ? {} : { ids: query.ids }),
    ...(query.intersects === undefined ? {} : { intersects: parseGeometry(query.intersects, 'intersects') }),
    ...(filter === undefined ? {} : { filter }),
    ...(query.sortby === undefined ? {} : { sortby: parseSortText(query.sortby) }),
    ...(query.fields === undefined ? {} : { fields: query.fields }),
    ...(query.q === undefined ? {} : { q: query.q }),
  };
}

const idArray: SchemaObject = { type: 'array', items: { type: 'string' } };

export const searchBodySchema: SchemaObject = {
  type: 'object',
  properties: {
    collections: idArray,
    ids: idArray,
    bbox: { type: 'array', minItems: 4, maxItems: 6, items: { type: 'number' } },
    intersects: { type: 'object' },
    datetime: { type: 'string' },
    // Above MAX_LIMIT means MAX_LIMIT.
    limit: { type: 'integer', minimum: 1, default: DEFAULT_LIMIT },
    token: { type: 'string' },
    filter: { oneOf: [{ type: 'object' }, { type: 'string' }, { type: 'boolean' }] },
    'filter-lang': { type: 'string', enum: ['cql2-json', 'cql2-text'] },
    'filter-crs': { type: 'string', enum: [CRS84] },
    sortby: {
      type: 'array',
      items: { type: 'object', required: ['field'], properties: { field: { type: 'string' }, direction: { type: 'string', enum: ['asc', 'desc'] } } },
    },
    fields: { type: 'object', properties: { include: { ...idArray, nullable: true }, exclude: { ...idArray, nullable: true } } },
    q: { oneOf: [{ type: 'string' }, { type: 'array', minItems: 1, items: { type: 'string' } }] },
    query: { type: 'object', additionalProperties: { type: 'object' } },
  },
};
