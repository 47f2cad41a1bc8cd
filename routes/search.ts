/** `/search`. */
import { geojsonAnswer, itemsOrSequence } from '../schemas/documents.js';
import { fromParameters, searchBodySchema, searchParameters } from '../schemas/search.js';
import { isObject } from '../src/json.js';
import { fromBody } from '../src/search/parse.js';
import { operation } from './http.js';
import { searchPage } from './item-pages.js';
import { itemSequence, wantsSequence } from './item-sequence.js';

const tag = 'Item search';

export const byGet = operation({
  id: 'getSearch',
  summary: 'Searches items of all collections',
  tag,
  query: searchParameters,
  answers: { 200: itemsOrSequence('A page of items') },
  async handle(call) {
    const { query, base, path, search } = call;
    const asked = fromParameters(query);
    if (wantsSequence(call.headers)) return itemSequence(call, asked, call.visibility);
    return searchPage(call, asked, { base, path, search });
  },
});

export const byPost = operation({
  id: 'postSearch',
  scope: 'read',
  summary: 'Searches items of all collections',
  tag,
  body: { types: ['application/json'], schema: searchBodySchema },
  answers: { 200: geojsonAnswer('A page of items', 'items') },
  async handle(call) {
    const { body, base, path } = call;
    const asked = fromBody(body);
    if (wantsSequence(call.headers)) return itemSequence(call, asked, call.visibility);
    return searchPage(call, asked, { base, path, body: isObject(body) ? body : {} });
  },
});
