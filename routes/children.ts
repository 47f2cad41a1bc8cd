/** The tree below the landing page: its children in one document, and catalogs that lead to every item of a collection. */
import { browseParameters, childrenParameters, fromCollectionParameters } from '../schemas/collections.js';
import { jsonAnswer } from '../schemas/documents.js';
import { browseCatalog, MOST_LINKS } from '../src/collections/browse.js';
import { searchCollections } from '../src/collections/search.js';
import { JSON_TYPE } from '../src/links.js';
import { idsOf } from '../src/pgstac/browse.js';
import { seenCollection } from './access.js';
import { operation } from './http.js';
import { pageLinks, presentCollection } from './present.js';

export const children = operation({
  id: 'getChildren',
  summary: 'The collections that the landing page links as its children',
  tag: 'Capabilities',
  query: childrenParameters,
  answers: { 200: jsonAnswer('The children', 'children') },
  async handle({ services, query, base, path, search, visibility }) {
    const { collections, next, prev, matched } = await searchCollections(services, fromCollectionParameters(query), visibility);
    return {
      body: {
        children: collections.map((collection) => presentCollection(base, collection)),
        links: pageLinks({ base, path, search, next, prev, type: JSON_TYPE }),
        numberMatched: matched,
        numberReturned: collections.length,
      },
    };
  },
});

export const browse = operation({
  id: 'browseCollection',
  summary: 'A catalog that links the items of a collection, or catalogs of parts of them',
  tag: 'Collections',
  query: browseParameters,
  answers: { 200: jsonAnswer('A catalog', 'catalog') },
  async handle(call) {
    const collection = await seenCollection(call);
    const range = { ...(call.query.from === undefined ? {} : { from: call.query.from }), ...(call.query.to === undefined ? {} : { to: call.query.to }) };
    return { body: browseCatalog(call.base, collection, range, await idsOf(call.services.database.pool, collection, range, MOST_LINKS)) };
  },
});
