/** Queryables: which properties a filter may name (OGC API - Features part 3, section 6). */
import { jsonAnswer } from '../schemas/documents.js';
import { notFound } from '../src/errors.js';
import { SCHEMA_TYPE } from '../src/links.js';
import { findCollection } from '../src/pgstac/collections.js';
import { queryablesOf } from '../src/pgstac/queryables.js';
import { assertVisible, visibilityOf } from './access.js';
import { operation, param } from './http.js';

const tag = 'Item search';
const answers = { 200: jsonAnswer('A JSON Schema', 'queryables', SCHEMA_TYPE) };

export const ofAll = operation({
  id: 'getQueryables',
  summary: 'Properties that filters over all collections may name',
  tag,
  answers,
  handle: async ({ services, base, path }) => ({ type: SCHEMA_TYPE, body: await queryablesOf(services.database.pool, base + path, undefined, visibilityOf().hidden) }),
});

export const ofCollection = operation({
  id: 'getCollectionQueryables',
  summary: 'Properties that filters over a collection may name',
  tag,
  answers,
  async handle({ services, params, base, path }) {
    const id = param({ params }, 'collectionId');
    assertVisible(id);
    if ((await findCollection(services.database.pool, id)) === undefined) throw notFound(`Collection ${id}`);
    return { type: SCHEMA_TYPE, body: await queryablesOf(services.database.pool, base + path, id, visibilityOf().hidden) };
  },
});
