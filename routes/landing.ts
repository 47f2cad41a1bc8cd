/** `/`, `/conformance` and what describes the API. */
import { conformsTo } from '../conformance/index.js';
import { jsonAnswer } from '../schemas/documents.js';
import { GEOJSON_TYPE, HTML_TYPE, JSON_TYPE, OPENAPI_TYPE, paths, SCHEMA_TYPE } from '../src/links.js';
import { listCollections } from '../src/pgstac/collections.js';
import { type Operation, operation, type Route } from './http.js';
import { openApi } from './openapi.js';
import { apiPage } from './pages/api.js';
import { TILESETS_MAP } from './present.js';

const tag = 'Capabilities';

export const landing = operation({
  id: 'getLandingPage',
  summary: 'The landing page: a STAC catalog',
  tag,
  answers: { 200: jsonAnswer('The catalog', 'landing') },
  async handle({ services, base, visibility }) {
    const collections = await listCollections(services.database.pool, visibility.hidden);
    const aggregate = { rel: 'aggregate', href: `${base}/aggregate`, type: JSON_TYPE, title: 'Counts over a search' };
    const search = { rel: 'search', href: `${base}/search`, type: GEOJSON_TYPE, title: 'Item search' };
    return {
      body: {
        type: 'Catalog',
        stac_version: '1.1.0',
        id: 'stac-mosaic',
        title: 'stac-mosaic',
        description: 'Rasters published as tile COGs, each as one dataset: STAC items, mosaics and map tiles.',
        conformsTo,
        links: [
          { rel: 'self', href: base, type: JSON_TYPE },
          { rel: 'root', href: base, type: JSON_TYPE },
          { rel: 'conformance', href: `${base}/conformance`, type: JSON_TYPE, title: 'Conformance classes' },
          { rel: 'service-desc', href: `${base}/api`, type: OPENAPI_TYPE, title: 'OpenAPI document' },
          { rel: 'service-doc', href: `${base}/api.html`, type: HTML_TYPE, title: 'API documentation' },
          { rel: 'data', href: `${base}/collections`, type: JSON_TYPE, title: 'Collections' },
          { ...search, method: 'GET' },
          { ...search, method: 'POST' },
          { rel: 'http://www.opengis.net/def/rel/ogc/1.0/queryables', href: `${base}/queryables`, type: SCHEMA_TYPE, title: 'Queryables' },
          { rel: 'http://www.opengis.net/def/rel/ogc/1.0/sortables', href: `${base}/sortables`, type: SCHEMA_TYPE, title: 'Sortables' },
          { ...aggregate, method: 'GET' },
          { ...aggregate, method: 'POST' },
          { rel: 'aggregations', href: `${base}/aggregations`, type: JSON_TYPE, title: 'Aggregations' },
          { rel: 'children', href: `${base}/children`, type: JSON_TYPE, title: 'Children' },
          { rel: 'http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes', href: `${base}/tileMatrixSets`, type: JSON_TYPE, title: 'Tile matrix sets' },
          { rel: TILESETS_MAP, href: `${base}/map/tiles`, type: JSON_TYPE, title: 'Map tilesets of all collections' },
          { rel: 'datasets', href: `${base}/api/datasets`, type: GEOJSON_TYPE, title: 'Datasets' },
          { rel: 'jobs', href: `${base}/api/jobs`, type: JSON_TYPE, title: 'Starts a job: a dataset whose tiles are reported one by one', method: 'POST' },
          { rel: 'register', href: `${base}/searches/register`, type: JSON_TYPE, title: 'Registers a search', method: 'POST' },
          { rel: 'mosaic', href: `${base}/mosaic`, type: JSON_TYPE, title: 'MosaicJSON of a posted search', method: 'POST' },
          ...collections.map(({ id, title }) => ({ rel: 'child', href: base + paths.collection(id), type: JSON_TYPE, ...(typeof title === 'string' ? { title } : {}) })),
        ],
      },
    };
  },
});

export const conformance = operation({
  id: 'getConformance',
  withoutDatabase: true,
  summary: 'The conformance classes',
  tag,
  answers: { 200: jsonAnswer('The classes', 'conformance') },
  handle: () => ({ body: { conformsTo } }),
});

/** The OpenAPI document is made of the table that it is a part of, so the table is handed in late. */
export const description = (table: () => readonly Route[]): Operation =>
  operation({
    id: 'getApi',
    withoutDatabase: true,
    summary: 'This API as OpenAPI 3.0.3',
    tag,
    answers: { 200: { description: 'OpenAPI', type: OPENAPI_TYPE, schema: { type: 'object' } } },
    handle: ({ base, services }) => ({ type: OPENAPI_TYPE, body: openApi(table(), base, services.config) }),
    page: (_document, { base }) => apiPage(table(), base),
  });

export const documentation = (table: () => readonly Route[]): Operation =>
  operation({
    id: 'getApiPage',
    withoutDatabase: true,
    summary: 'This API as a page',
    tag,
    answers: { 200: { description: 'A page', type: HTML_TYPE } },
    handle: ({ base }) => ({ type: 'text/html; charset=utf-8', text: apiPage(table(), base) }),
  });
