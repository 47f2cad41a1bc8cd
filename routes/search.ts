/** `/search`. */
import { geojsonAnswer } from '../schemas/documents.js';
import { fromParameters, searchBodySchema, searchParameters } from '../schemas/search.js';
import { isObject } from '../src/json.js';
import { GEOJSON_TYPE } from '../src/links.js';
import { fromBody } from '../src/search/parse.js';
import { type SearchPage, searchItems } from '../src/search/search.js';
import { visibilityOf } from './access.js';
import { operation, type Reply } from './http.js';
import { type PageLinks, pageLinks, presentItem } from './present.js';

const tag = 'Item search';

function pageReply({ items, next, prev, matched }: SearchPage, links: Omit<PageLinks, 'next' | 'prev'>): Reply {
  return {
    type: GEOJSON_TYPE,
    body: {
      type: 'FeatureCollection',
      features: items.map((item) => presentItem(links.base, item)),
      links: pageLinks({ ...links, next, prev }),
      numberReturned: items.length,
      ...(matched === undefined ? {} : { numberMatched: matched }),
    },
  };
}

export const byGet = operation({
  id: 'getSearch',
  summary: 'Searches items of all collections',
  tag,
  query: searchParameters,
  answers: { 200: geojsonAnswer('A page of items', 'items') },
  handle: async ({ services, query, base, path, search }) =>
    pageReply(await searchItems(services, fromParameters(query), visibilityOf()), { base, path, search }),
});

export const byPost = operation({
  id: 'postSearch',
  summary: 'Searches items of all collections',
  tag,
  body: { types: ['application/json'], schema: searchBodySchema },
  answers: { 200: geojsonAnswer('A page of items', 'items') },
  handle: async ({ services, body, base, path }) =>
    pageReply(await searchItems(services, fromBody(body), visibilityOf()), { base, path, body: isObject(body) ? body : {} }),
});
