/** `/searches`: registered searches under titiler-pgstac's paths and shapes. */
import { jsonAnswer } from '../schemas/documents.js';
import { integer, limit, text } from '../schemas/parameters.js';
import { searchBodySchema } from '../schemas/search.js';
import { notFound } from '../src/errors.js';
import type { JsonObject } from '../src/json.js';
import { type Link, paths } from '../src/links.js';
import { listSearches } from '../src/pgstac/search-list.js';
import type { RegisteredSearch } from '../src/pgstac/searches.js';
import { register, unregister } from '../src/searches/register.js';
import { renderQuery, rendersOf } from '../src/searches/renders.js';
import { collectionTarget, visibleSearch } from '../src/searches/target.js';
import { operation, type Operation, param } from './http.js';

const tag = 'Searches';

/** With one link for each layer that the metadata names. */
function searchLinks(base: string, { id, metadata }: Pick<RegisteredSearch, 'id' | 'metadata'>, at = base + paths.search(id)): Link[] {
  const layers = Object.entries(rendersOf(metadata));
  const each = (rel: string, path: string, title: string, ofLayer: (name: string) => string): Link[] => [
    { rel, href: at + path, templated: true, title },
    ...layers.map(([name, render]) => ({ rel, href: `${at}${path}?${renderQuery(render)}`, templated: true, title: ofLayer(name) })),
  ];
  return [
    ...each('tilejson', '/{tileMatrixSetId}/tilejson.json', 'TileJSON link (Template URL).', (name) => `TileJSON link for \`${name}\` layer (Template URL).`),
    ...each('map', '/{tileMatrixSetId}/map.html', 'Map viewer link (Template URL).', (name) => `Map viewer link for \`${name}\` layer (Template URL).`),
    { rel: 'wmts', href: `${at}/WMTSCapabilities.xml`, title: 'WMTS Capabilities link.' },
    { rel: 'mosaicjson', href: `${at}/mosaic.json`, title: 'MosaicJSON' },
  ];
}

const metadataLink = (base: string, rel: string, id: string): Link => ({ rel, href: `${base}${paths.search(id)}/info`, title: 'Mosaic metadata' });

export const create = operation({
  id: 'postSearchRegister',
  summary: 'Registers a search for mosaics and tiles',
  tag,
  body: { types: ['application/json'], schema: { ...searchBodySchema, properties: { ...(searchBodySchema['properties'] as object), metadata: { type: 'object' } } }, keepsText: true },
  answers: { 200: jsonAnswer('The id of the search and its links', 'registered') },
  async handle({ services, body, bodyText, base }) {
    const search = await register(services, body, bodyText);
    return { body: { id: search.id, links: [metadataLink(base, 'metadata', search.id), ...searchLinks(base, search)] } };
  },
});

const shown = ({ id, search, metadata, lastused, usecount }: RegisteredSearch): JsonObject => ({
  hash: id,
  search,
  lastused: lastused.toISOString(),
  usecount,
  metadata: { type: 'search', ...metadata },
});

export const info = operation({
  id: 'getSearchInfo',
  summary: 'A registered search',
  tag,
  answers: { 200: jsonAnswer('The search', 'searchInfo') },
  async handle({ services, params, base, visibility }) {
    const { search } = await visibleSearch(services, param({ params }, 'searchId'), visibility);
    return { body: { search: shown(search), links: [metadataLink(base, 'self', search.id), ...searchLinks(base, search)] }, headers: { 'Cache-Control': 'no-cache' } };
  },
});

export const infoOfCollection = operation({
  id: 'getCollectionInfo',
  summary: 'The registered search of a collection',
  tag,
  answers: { 200: jsonAnswer('The search', 'searchInfo') },
  async handle({ services, params, base, visibility }) {
    const id = param({ params }, 'collectionId');
    const { searchId } = await collectionTarget(services, id, visibility);
    if (searchId === undefined) throw notFound(`The registered search of collection ${id}`);
    const { search } = await visibleSearch(services, searchId, visibility);
    const at = base + paths.collection(id);
    return { body: { search: shown(search), links: [{ rel: 'self', href: `${at}/info`, title: 'Mosaic metadata' }, ...searchLinks(base, search, at)] }, headers: { 'Cache-Control': 'no-cache' } };
  },
});

/** `-lastused,name`: a + of a URL is a space. `metadata.name` means name. */
const sortKeys = (sortby: string): { name: string; descending: boolean }[] =>
  sortby.split(',').flatMap((part) => {
    const name = part.trim().replace(/^[+-]/, '').replace(/^metadata\./, '').trim();
    return name === '' ? [] : [{ name, descending: part.trim().startsWith('-') }];
  });

const listParameters = {
  limit: limit(10, 1000),
  offset: integer('How many are passed over.', 0, 2 ** 31 - 1),
  sortby: text('`lastused`, `usecount` or members of the metadata, separated by commas, each with + (ascending, the default) or - before it.'),
};
const OWN = new Set([...Object.keys(listParameters), 'f']);

export const list = (id: string): Operation =>
  operation({
    id,
    summary: 'Registered searches',
    tag,
    query: listParameters,
    otherParameters: 'Members of the metadata and what they must be: name=Mine.',
    answers: { 200: jsonAnswer('A page of searches', 'searchList') },
    async handle({ services, query, search: said, base, path, visibility }) {
      const { limit: most = 10, offset = 0, sortby = '' } = query;
      const metadata = [...said].filter(([name]) => !OWN.has(name)).map(([name, value]) => [name.replace(/^metadata\./, ''), value] as const);
      const { searches, matched } = await listSearches(services.database.pool, { limit: most, offset, sortby: sortKeys(sortby), metadata }, visibility);
      const to = (rel: string, at: number): Link => {
        const params = new URLSearchParams(said);
        params.set('limit', String(most));
        params.set('offset', String(at));
        return { rel, href: `${base}${path}?${params.toString()}` };
      };
      const end = offset + searches.length;
      return {
        body: {
          searches: searches.map((search) => ({
            search: shown(search),
            links: [
              metadataLink(base, 'metadata', search.id),
              { rel: 'tilejson', href: `${base}${paths.search(search.id)}/{tileMatrixSetId}/tilejson.json`, templated: true, title: 'Link for TileJSON (Template URL)' },
            ],
          })),
          links: [to('self', offset), ...(searches.length > 0 && end < matched ? [to('next', end)] : []), ...(offset > 0 ? [to('prev', Math.max(0, offset - most))] : [])],
          context: { returned: searches.length, limit: most, matched },
        },
        headers: { 'Cache-Control': 'no-cache' },
      };
    },
  });

export const remove = operation({
  id: 'deleteSearch',
  summary: 'Deletes a registered search that no collection or dataset links',
  tag,
  answers: { 204: { description: 'Deleted' }, 409: { description: 'A collection or dataset links it' } },
  async handle({ services, params, visibility }) {
    await unregister(services, param({ params }, 'searchId'), visibility);
    return { status: 204 };
  },
});
