/** `/collections` and one collection. */
import type { IncomingHttpHeaders } from 'node:http';
import { createdCollection, documentSchema, jsonAnswer } from '../schemas/documents.js';
import { patchCollection, postCollection, putCollection, removeCollection } from '../src/collections/write.js';
import { notFound } from '../src/errors.js';
import { JSON_TYPE, paths } from '../src/links.js';
import { findCollection, listCollections } from '../src/pgstac/collections.js';
import { visibilityOf, assertVisible } from './access.js';
import { operation, param } from './http.js';
import { presentCollection } from './present.js';

const tag = 'Collections';

export const listAll = operation({
  id: 'getCollections',
  summary: 'All collections',
  tag,
  answers: { 200: jsonAnswer('The collections', 'collections') },
  async handle({ services, base, path }) {
    const collections = await listCollections(services.database.pool, visibilityOf().hidden);
    return {
      body: {
        collections: collections.map((collection) => presentCollection(base, collection)),
        links: [
          { rel: 'self', href: base + path, type: JSON_TYPE },
          { rel: 'root', href: base, type: JSON_TYPE },
          { rel: 'parent', href: base, type: JSON_TYPE },
        ],
        numberMatched: collections.length,
        numberReturned: collections.length,
      },
    };
  },
});

export const read = operation({
  id: 'getCollection',
  summary: 'One collection',
  tag,
  answers: { 200: jsonAnswer('The collection', 'collection') },
  async handle({ services, params, base }) {
    const id = param({ params }, 'collectionId');
    assertVisible(id);
    const collection = await findCollection(services.database.pool, id);
    if (collection === undefined) throw notFound(`Collection ${id}`);
    return { body: presentCollection(base, collection) };
  },
});

const body = { types: ['application/json'], schema: documentSchema('collection') };

export const create = operation({
  id: 'postCollection',
  summary: 'Creates a collection; its search is registered with it',
  tag,
  body,
  answers: { 201: createdCollection, 409: { description: 'The id exists' } },
  async handle({ services, body, base }) {
    const collection = await postCollection(services, body);
    return { status: 201, headers: { Location: base + paths.collection(collection.id) }, body: presentCollection(base, collection) };
  },
});

/** `Prefer: return=representation` (RFC 7240) asks for the document instead of 204. */
export const wantsDocument = (headers: IncomingHttpHeaders): boolean =>
  /(^|[,;\s])return=representation\b/.test(String(headers['prefer'] ?? ''));

export const replace = operation({
  id: 'putCollection',
  summary: 'Replaces a collection; its search and links are kept',
  tag,
  body,
  answers: { 200: jsonAnswer('The collection, where it was asked for', 'collection'), 204: { description: 'Replaced' } },
  async handle({ services, params, body, base, headers }) {
    const collection = await putCollection(services, param({ params }, 'collectionId'), body);
    return wantsDocument(headers) ? { body: presentCollection(base, collection), headers: { 'Preference-Applied': 'return=representation' } } : { status: 204 };
  },
});

export const change = operation({
  id: 'patchCollection',
  summary: 'Changes a collection by a merge patch',
  tag,
  body: { types: ['application/json', 'application/merge-patch+json'], schema: { type: 'object' } },
  answers: { 200: jsonAnswer('The collection, where it was asked for', 'collection'), 204: { description: 'Changed' } },
  async handle({ services, params, body, base, headers }) {
    const collection = await patchCollection(services, param({ params }, 'collectionId'), body);
    return wantsDocument(headers) ? { body: presentCollection(base, collection), headers: { 'Preference-Applied': 'return=representation' } } : { status: 204 };
  },
});

export const remove = operation({
  id: 'deleteCollection',
  summary: 'Deletes a collection with its items',
  tag,
  answers: { 204: { description: 'Deleted' }, 409: { description: 'A system collection' } },
  async handle({ services, params }) {
    await removeCollection(services, param({ params }, 'collectionId'));
    return { status: 204 };
  },
});
