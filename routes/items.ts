/** Items of a collection. */
import { documentSchema, geojsonAnswer, itemsOrSequence, storeFailures } from '../schemas/documents.js';
import { fromParameters, itemParameters } from '../schemas/search.js';
import { list } from '../schemas/parameters.js';
import { bulkBody, checkAnswer, checkParameters, patchBody, preconditionFailed } from '../schemas/writes.js';
import { invalidAt, notFound } from '../src/errors.js';
import { GEOJSON_TYPE, paths } from '../src/links.js';
import { isObject, type JsonObject } from '../src/json.js';
import { findStoredItem, readItem, type StoredItem } from '../src/pgstac/items-read.js';
import { bulkItems, checkMany, postFeatures } from '../src/transactions/bulk.js';
import { checkItem, deleteItem, type ItemPlace, patchItem, postItem, putItem } from '../src/transactions/items.js';
import { itemVersion } from '../src/transactions/versions.js';
import { seenCollection } from './access.js';
import { etag, preconditionsOf } from './etag.js';
import { type Call, operation, param, type Reply } from './http.js';
import { searchPage } from './item-pages.js';
import { itemSequence, wantsSequence } from './item-sequence.js';
import { alternateLink } from './negotiate.js';
import { presentItem } from './present.js';
import { presentItemText } from './present-text.js';
import { patchOf, wantsDocument } from './writes.js';

const tag = 'Items';

export const readAll = operation({
  id: 'getItems',
  summary: 'The items of a collection, a page at a time',
  tag,
  query: { ...itemParameters, collections: list('The collection itself, as pystac-client names it once more.') },
  answers: { 200: itemsOrSequence('A page of items') },
  async handle(call) {
    const { query, base, path, search } = call;
    const collection = await seenCollection(call);
    const { collections = [collection], ...own } = query;
    if (collections.some((id) => id !== collection)) throw invalidAt('collections', `must be ${JSON.stringify(collection)} or left out here`);
    const asked = { ...fromParameters(own), collections: [collection] };
    if (wantsSequence(call.headers)) return itemSequence(call, asked, call.visibility);
    const moreLinks = [{ rel: 'collection', href: base + paths.collection(collection), type: 'application/json' }];
    return searchPage(call, asked, { base, path, search, moreLinks, stamped: true });
  },
});

export const read = operation({
  id: 'getItem',
  summary: 'One item',
  tag,
  answers: { 200: geojsonAnswer('The item', 'item') },
  async handle(call) {
    const { services, params, base } = call;
    const collection = param(call, 'collectionId');
    const id = param({ params }, 'itemId');
    const item = await findStoredItem(services.database.pool, collection, id);
    if (item === undefined) throw notFound(`Item ${id} of collection ${collection}`);
    return { type: GEOJSON_TYPE, headers: etag(call, itemVersion(item)), text: presentItemText(base, item, undefined, [alternateLink(call)]) };
  },
});

const jsonTypes = ['application/json', 'application/geo+json'];

const place = (call: Pick<Call, 'params'>): ItemPlace => ({ collection: param(call, 'collectionId'), id: param(call, 'itemId') });

export const create = operation({
  id: 'postItems',
  summary: 'Creates an item, or those of a FeatureCollection, all or nothing',
  tag,
  query: checkParameters,
  body: { types: jsonTypes, schema: { type: 'object' } },
  answers: { 200: checkAnswer, 201: geojsonAnswer('The item; Location names it', 'item'), 409: { description: 'An id exists, or the collection is written elsewhere' } },
  async handle({ services, params, query, body, base }) {
    const collection = param({ params }, 'collectionId');
    const isMany = isObject(body) && body['type'] === 'FeatureCollection';
    if (query.validate === 'only') return { body: await (isMany ? checkMany(services, collection, body, 'features') : checkItem(services, collection, body)) };
    if (isMany) {
      await postFeatures(services, collection, body);
      return { status: 201 };
    }
    const stored = await postItem(services, collection, body);
    return { status: 201, type: GEOJSON_TYPE, headers: { Location: base + paths.item(collection, stored.id), ...etag({ base }, itemVersion(stored)) }, body: presentItem(base, readItem(stored)) };
  },
});

export const bulk = operation({
  id: 'postBulkItems',
  summary: 'Creates or replaces many items of a collection, all or nothing',
  tag,
  query: checkParameters,
  body: bulkBody,
  answers: { 200: { description: 'How many were written, as a sentence; what a check found, with validate=only', type: 'application/json', schema: { oneOf: [{ type: 'string' }, documentSchema('check')] } }, 409: { description: 'An id exists and the method is insert, or the collection is written elsewhere' } },
  async handle(call) {
    const collection = param(call, 'collectionId');
    if (call.query.validate === 'only') return { body: await checkMany(call.services, collection, call.body, 'map') };
    const { count, method } = await bulkItems(call.services, collection, call.body);
    return { body: `Successfully ${method === 'insert' ? 'added' : 'upserted'} ${count} items.` };
  },
});

function written(call: Call, stored: StoredItem): Reply {
  const headers = etag(call, itemVersion(stored));
  if (!wantsDocument(call.headers)) return { status: 204, headers };
  return { type: GEOJSON_TYPE, body: presentItem(call.base, readItem(stored)), headers: { ...headers, 'Preference-Applied': 'return=representation' } };
}

export const replace = operation({
  id: 'putItem',
  summary: 'Replaces an item',
  tag,
  body: { types: jsonTypes, schema: documentSchema('item') },
  answers: { 200: geojsonAnswer('The item, where it was asked for', 'item'), 204: { description: 'Replaced' }, 409: { description: 'The collection is written elsewhere' }, 412: preconditionFailed },
  async handle(call) {
    return written(call, await putItem(call.services, place(call), call.body, preconditionsOf(call)));
  },
});

export const change = operation({
  id: 'patchItem',
  summary: 'Changes an item by a merge patch or a JSON patch',
  tag,
  body: patchBody,
  answers: { 200: geojsonAnswer('The item, where it was asked for', 'item'), 204: { description: 'Changed' }, 409: { description: 'A computed member, or a test of the patch that fails' }, 412: preconditionFailed },
  async handle(call) {
    // As GET shows it, since a JSON patch names places.
    const show = (item: JsonObject): JsonObject => {
      const shown = presentItem(call.base, item);
      return { ...shown, links: [...(Array.isArray(shown['links']) ? shown['links'] : []), { ...alternateLink(call) }] };
    };
    return written(call, await patchItem(call.services, place(call), patchOf(call), { base: call.base, show }, preconditionsOf(call)));
  },
});

export const remove = operation({
  id: 'deleteItem',
  summary: 'Deletes an item; one of the collection datasets with its tiles',
  tag,
  answers: { 204: { description: 'Deleted' }, 409: { description: 'The collection is written elsewhere' }, 412: preconditionFailed, ...storeFailures },
  async handle(call) {
    await deleteItem(call.services, place(call), preconditionsOf(call));
    return { status: 204 };
  },
});
