/** Items of a collection. */
import { documentSchema, geojsonAnswer, itemsOrSequence } from '../schemas/documents.js';
import { fromParameters, itemParameters } from '../schemas/search.js';
import { list } from '../schemas/parameters.js';
import { invalidAt, notFound } from '../src/errors.js';
import { GEOJSON_TYPE, paths } from '../src/links.js';
import { findCollection } from '../src/pgstac/collections.js';
import { findStoredItem } from '../src/pgstac/items-read.js';
import { deleteItem, patchItem, postItems, putItem } from '../src/transactions/items.js';
import { assertVisible, visibilityOf } from './access.js';
import { wantsDocument } from './collections.js';
import { type Call, operation, param } from './http.js';
import { searchPage } from './item-pages.js';
import { itemSequence, wantsSequence } from './item-sequence.js';
import { alternateLink } from './negotiate.js';
import { presentItem } from './present.js';
import { presentItemText } from './present-text.js';

const tag = 'Items';

async function seenCollection({ services, params }: Pick<Call, 'services' | 'params'>): Promise<string> {
  const id = param({ params }, 'collectionId');
  assertVisible(id);
  if ((await findCollection(services.database.pool, id)) === undefined) throw notFound(`Collection ${id}`);
  return id;
}

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
    if (wantsSequence(call.headers)) return itemSequence(call, asked, visibilityOf());
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
    assertVisible(collection);
    const item = await findStoredItem(services.database.pool, collection, id);
    if (item === undefined) throw notFound(`Item ${id} of collection ${collection}`);
    return { type: GEOJSON_TYPE, text: presentItemText(base, item, undefined, [alternateLink(call)]) };
  },
});

const jsonTypes = ['application/json', 'application/geo+json'];

export const create = operation({
  id: 'postItems',
  summary: 'Creates an item, or those of a FeatureCollection, all or nothing',
  tag,
  body: { types: jsonTypes, schema: { type: 'object' } },
  answers: { 201: geojsonAnswer('The item; Location names it', 'item'), 409: { description: 'An id exists, or the collection is written elsewhere' } },
  async handle({ services, params, body, base }) {
    const collection = param({ params }, 'collectionId');
    const item = await postItems(services, collection, body);
    if (item === undefined) return { status: 201 };
    return { status: 201, type: GEOJSON_TYPE, headers: { Location: base + paths.item(collection, item.id) }, body: presentItem(base, item) };
  },
});

export const replace = operation({
  id: 'putItem',
  summary: 'Replaces an item',
  tag,
  body: { types: jsonTypes, schema: documentSchema('item') },
  answers: { 200: geojsonAnswer('The item, where it was asked for', 'item'), 204: { description: 'Replaced' }, 409: { description: 'The collection is written elsewhere' } },
  async handle({ services, params, body, base, headers }) {
    const item = await putItem(services, param({ params }, 'collectionId'), param({ params }, 'itemId'), body);
    return wantsDocument(headers) ? { type: GEOJSON_TYPE, body: presentItem(base, item), headers: { 'Preference-Applied': 'return=representation' } } : { status: 204 };
  },
});

export const change = operation({
  id: 'patchItem',
  summary: 'Changes an item by a merge patch',
  tag,
  body: { types: ['application/json', 'application/merge-patch+json'], schema: { type: 'object' } },
  answers: { 200: geojsonAnswer('The item, where it was asked for', 'item'), 204: { description: 'Changed' }, 409: { description: 'A computed member' } },
  async handle({ services, params, body, base, headers }) {
    const item = await patchItem(services, param({ params }, 'collectionId'), param({ params }, 'itemId'), body);
    return wantsDocument(headers) ? { type: GEOJSON_TYPE, body: presentItem(base, item), headers: { 'Preference-Applied': 'return=representation' } } : { status: 204 };
  },
});

export const remove = operation({
  id: 'deleteItem',
  summary: 'Deletes an item; one of the collection datasets with its tiles',
  tag,
  answers: { 204: { description: 'Deleted' }, 409: { description: 'The collection is written elsewhere' } },
  async handle({ services, params }) {
    await deleteItem(services, param({ params }, 'collectionId'), param({ params }, 'itemId'));
    return { status: 204 };
  },
});
