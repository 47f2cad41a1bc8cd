/** `/searches`: registered searches under titiler-pgstac's paths and shapes. */
import { jsonAnswer } from '../schemas/documents.js';
import { searchBodySchema } from '../schemas/search.js';
import type { JsonObject } from '../src/json.js';
import { type Link, paths } from '../src/links.js';
import type { RegisteredSearch } from '../src/pgstac/searches.js';
import { register, unregister } from '../src/searches/register.js';
import { visibleSearch } from '../src/searches/target.js';
import { visibilityOf } from './access.js';
import { operation, param } from './http.js';

const tag = 'Searches';

const searchPaths = (base: string, id: string): Link[] => {
  const at = base + paths.search(id);
  return [
    { rel: 'tilejson', href: `${at}/{tileMatrixSetId}/tilejson.json`, templated: true, title: 'TileJSON (template URL)' },
    { rel: 'map', href: `${at}/{tileMatrixSetId}/map.html`, templated: true, title: 'Map viewer (template URL)' },
    { rel: 'mosaicjson', href: `${at}/mosaic.json`, title: 'MosaicJSON' },
  ];
};

export const create = operation({
  id: 'postSearchRegister',
  summary: 'Registers a search for mosaics and tiles',
  tag,
  body: { types: ['application/json'], schema: { ...searchBodySchema, properties: { ...(searchBodySchema['properties'] as object), metadata: { type: 'object' } } } },
  answers: { 200: jsonAnswer('The id of the search and its links', 'registered') },
  async handle({ services, body, base }) {
    const { id } = await register(services, body);
    return { body: { id, links: [{ rel: 'metadata', href: `${base}${paths.search(id)}/info`, title: 'Mosaic metadata' }, ...searchPaths(base, id)] } };
  },
});

const shown = ({ id, search, metadata, lastused, usecount }: RegisteredSearch): JsonObject => ({
  hash: id,
  search,
  lastused: lastused.toISOString(),
  usecount,
  metadata,
});

export const info = operation({
  id: 'getSearchInfo',
  summary: 'A registered search',
  tag,
  answers: { 200: jsonAnswer('The search', 'searchInfo') },
  async handle({ services, params, base }) {
    const id = param({ params }, 'searchId');
    const { search } = await visibleSearch(services, id, visibilityOf());
    return { body: { search: shown(search), links: [{ rel: 'self', href: `${base}${paths.search(id)}/info`, title: 'Mosaic metadata' }, ...searchPaths(base, id)] } };
  },
});

export const remove = operation({
  id: 'deleteSearch',
  summary: 'Deletes a registered search that no collection or dataset links',
  tag,
  answers: { 204: { description: 'Deleted' }, 409: { description: 'A collection or dataset links it' } },
  async handle({ services, params }) {
    await unregister(services, param({ params }, 'searchId'), visibilityOf());
    return { status: 204 };
  },
});
