/** Queryables and sortables: which properties filters and sortby may name (OGC API - Features parts 3, section 6, and 5). */
import { jsonAnswer } from '../schemas/documents.js';
import { SCHEMA_TYPE } from '../src/links.js';
import { propertySchemas, schemaDocument, sortableSchemas } from '../src/pgstac/queryable-schemas.js';
import { seenCollection } from './access.js';
import { type Call, operation } from './http.js';

const tag = 'Item search';
const answers = { 200: jsonAnswer('A JSON Schema', 'queryables', SCHEMA_TYPE) };

type Kind = 'Queryables' | 'Sortables';

/** The document of one collection, or of all that the caller sees. */
async function answer({ services, base, path, visibility }: Call, kind: Kind, collection?: string) {
  const { pool } = services.database;
  const known = await propertySchemas(pool, collection, visibility.hidden);
  const title = collection === undefined ? kind : `${kind} of ${collection}`;
  return { type: SCHEMA_TYPE, body: schemaDocument(base + path, title, kind === 'Queryables' ? known : sortableSchemas(known)) };
}

export const ofAll = operation({
  id: 'getQueryables',
  summary: 'Properties that filters over all collections may name',
  tag,
  answers,
  handle: (call) => answer(call, 'Queryables'),
});

export const ofCollection = operation({
  id: 'getCollectionQueryables',
  summary: 'Properties that filters over a collection may name',
  tag,
  answers,
  handle: async (call) => answer(call, 'Queryables', await seenCollection(call)),
});

export const sortablesOfAll = operation({
  id: 'getSortables',
  summary: 'Properties that items of all collections may be sorted by',
  tag,
  answers,
  handle: (call) => answer(call, 'Sortables'),
});

export const sortablesOfCollection = operation({
  id: 'getCollectionSortables',
  summary: 'Properties that items of a collection may be sorted by',
  tag,
  answers,
  handle: async (call) => answer(call, 'Sortables', await seenCollection(call)),
});
