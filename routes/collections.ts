/** `/collections` and one collection. */
import { collectionParameters, fromCollectionParameters } from '../schemas/collections.js';
import { createdCollection, documentSchema, jsonAnswer } from '../schemas/documents.js';
import { checkAnswer, checkParameters, patchBody, preconditionFailed } from '../schemas/writes.js';
import { collectionQueryables, collectionSortables } from '../src/collections/properties.js';
import { searchCollections } from '../src/collections/search.js';
import { checkCollectionBody, patchCollection, postCollection, putCollection, removeCollection } from '../src/collections/write.js';
import { notFound } from '../src/errors.js';
import { searchIdOf } from '../src/hooks/collection-search.js';
import type { JsonObject } from '../src/json.js';
import { JSON_TYPE, paths, SCHEMA_TYPE } from '../src/links.js';
import { findCollection, type StacCollection } from '../src/pgstac/collections.js';
import { COLLECTION_FIELDS, selectFields } from '../src/search/fields.js';
import { collectionVersion } from '../src/transactions/versions.js';
import { etag, preconditionsOf } from './etag.js';
import { type Call, operation, param, type Reply } from './http.js';
import { withAlternateLink } from './negotiate.js';
import { patchOf, wantsDocument } from './writes.js';
import { pageLinks, presentCollection, QUERYABLES, SORTABLES } from './present.js';

const tag = 'Collections';

export const list = operation({
  id: 'getCollections',
  summary: 'Searches the collections; without parameters all of them',
  tag,
  query: collectionParameters,
  answers: { 200: jsonAnswer('A page of collections', 'collections') },
  async handle({ services, query, base, path, search, visibility }) {
    const asked = fromCollectionParameters(query);
    const { collections, next, prev, matched } = await searchCollections(services, asked, visibility);
    const present = (collection: StacCollection): JsonObject => {
      const presented = presentCollection(base, collection);
      return asked.fields === undefined ? presented : selectFields(presented, asked.fields, COLLECTION_FIELDS);
    };
    return {
      body: {
        collections: collections.map(present),
        links: [
          ...pageLinks({ base, path, search, next, prev, type: JSON_TYPE }),
          { rel: 'parent', href: base, type: JSON_TYPE },
          { rel: QUERYABLES, href: `${base}/collection-queryables`, type: SCHEMA_TYPE, title: 'Queryables of collections' },
          { rel: SORTABLES, href: `${base}/collection-sortables`, type: SCHEMA_TYPE, title: 'Sortables of collections' },
        ],
        numberMatched: matched,
        numberReturned: collections.length,
      },
    };
  },
});

const schemaAnswers = { 200: jsonAnswer('A JSON Schema', 'queryables', SCHEMA_TYPE) };

export const queryables = operation({
  id: 'getCollectionSearchQueryables',
  summary: 'Properties that filters over collections may name',
  tag,
  answers: schemaAnswers,
  handle: async ({ services, base, path, visibility }) => ({ type: SCHEMA_TYPE, body: await collectionQueryables(services.database.pool, base + path, visibility) }),
});

export const sortables = operation({
  id: 'getCollectionSearchSortables',
  summary: 'Properties by which collections may be sorted',
  tag,
  answers: schemaAnswers,
  handle: async ({ services, base, path, visibility }) => ({ type: SCHEMA_TYPE, body: await collectionSortables(services.database.pool, base + path, visibility) }),
});

export const read = operation({
  id: 'getCollection',
  summary: 'One collection',
  tag,
  answers: { 200: jsonAnswer('The collection', 'collection') },
  async handle({ services, params, base }) {
    const id = param({ params }, 'collectionId');
    const collection = await findCollection(services.database.pool, id);
    if (collection === undefined) throw notFound(`Collection ${id}`);
    return { body: presentCollection(base, collection), headers: etag({ base }, collectionVersion(collection)) };
  },
});

const body = { types: ['application/json'], schema: documentSchema('collection') };

export const create = operation({
  id: 'postCollection',
  summary: 'Creates a collection; its search is registered with it',
  tag,
  query: checkParameters,
  body,
  answers: { 200: checkAnswer, 201: createdCollection, 409: { description: 'The id exists' } },
  async handle({ services, query, body, base, visibility }) {
    if (query.validate === 'only') return { body: await checkCollectionBody(services, body, visibility) };
    const collection = await postCollection(services, body, visibility);
    return { status: 201, headers: { Location: base + paths.collection(collection.id), ...etag({ base }, collectionVersion(collection)), ...unregistered(collection) }, body: presentCollection(base, collection) };
  },
});

/** Says of a collection that it was written without its search: a 204 has no other place for it. */
const unregistered = (collection: StacCollection): Record<string, string> =>
  searchIdOf(collection) === undefined ? { Warning: '199 stac-mosaic "The search of this collection could not be registered; it is tried again every minute."' } : {};

function written(call: Call, collection: StacCollection): Reply {
  const headers = { ...etag(call, collectionVersion(collection)), ...unregistered(collection) };
  if (!wantsDocument(call.headers)) return { status: 204, headers };
  return { body: presentCollection(call.base, collection), headers: { ...headers, 'Preference-Applied': 'return=representation' } };
}

export const replace = operation({
  id: 'putCollection',
  summary: 'Replaces a collection; its search and links are kept',
  tag,
  body,
  answers: { 200: jsonAnswer('The collection, where it was asked for', 'collection'), 204: { description: 'Replaced' }, 412: preconditionFailed },
  async handle(call) {
    return written(call, await putCollection(call.services, param(call, 'collectionId'), call.body, preconditionsOf(call)));
  },
});

export const change = operation({
  id: 'patchCollection',
  summary: 'Changes a collection by a merge patch or a JSON patch',
  tag,
  body: patchBody,
  answers: { 200: jsonAnswer('The collection, where it was asked for', 'collection'), 204: { description: 'Changed' }, 409: { description: 'A test of the patch fails' }, 412: preconditionFailed },
  async handle(call) {
    // As GET shows it, since a JSON patch names places.
    const show = (collection: JsonObject): JsonObject => withAlternateLink(presentCollection(call.base, collection), call);
    return written(call, await patchCollection(call.services, param(call, 'collectionId'), patchOf(call), { base: call.base, show }, preconditionsOf(call)));
  },
});

export const remove = operation({
  id: 'deleteCollection',
  summary: 'Deletes a collection with its items',
  tag,
  answers: { 204: { description: 'Deleted' }, 409: { description: 'A system collection' }, 412: preconditionFailed },
  async handle(call) {
    await removeCollection(call.services, param(call, 'collectionId'), preconditionsOf(call));
    return { status: 204 };
  },
});
