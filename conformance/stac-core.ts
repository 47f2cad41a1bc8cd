/** STAC API 1.0.0 core and collections. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

export const stacCore: ConformanceClass = {
  title: 'STAC API - Core and Collections',
  uris: ['https://api.stacspec.org/v1.0.0/core', 'https://api.stacspec.org/v1.0.0/collections'],
  checks: [
    {
      name: 'the landing page is a STAC catalog with conformsTo and links (STAC API Core)',
      async run({ get, base }) {
        const { status, body } = await get('/');
        const landing = members(body);
        must(status === 200, `GET / answers ${status}`);
        must(landing['type'] === 'Catalog' && typeof landing['stac_version'] === 'string', 'the landing page is not a Catalog');
        for (const rel of ['self', 'root', 'service-desc', 'service-doc', 'conformance', 'data', 'search']) must(linksOf(body, rel).length > 0, `no link ${rel}`);
        must(linksOf(body, 'self')[0]?.['href'] === base || linksOf(body, 'self')[0]?.['href'] === `${base}/`, 'self is not the base');
      },
    },
    {
      name: 'conformsTo of / and of /conformance are the same',
      async run({ get }) {
        const landing = members((await get('/')).body)['conformsTo'];
        const conformance = members((await get('/conformance')).body)['conformsTo'];
        must(JSON.stringify(landing) === JSON.stringify(conformance), 'they differ');
      },
    },
    {
      name: 'service-desc has the content type its link names, and is OpenAPI 3.0',
      async run({ get, base }) {
        const [link] = linksOf((await get('/')).body, 'service-desc');
        const { status, headers, body } = await get(String(link?.['href']).slice(base.length));
        must(status === 200, `it answers ${status}`);
        must(headers.get('content-type')?.startsWith(String(link?.['type']).split(';')[0] ?? '-') === true, `its type is ${headers.get('content-type')}`);
        must(String(members(body)['openapi']).startsWith('3.0.'), 'it is not OpenAPI 3.0');
      },
    },
    {
      name: 'service-doc is a page',
      async run({ get, base }) {
        const [link] = linksOf((await get('/')).body, 'service-doc');
        const { status, headers } = await get(String(link?.['href']).slice(base.length));
        must(status === 200 && headers.get('content-type')?.startsWith('text/html') === true, 'it is no text/html');
      },
    },
    {
      name: 'every collection has self, root, parent and items links, and answers under its self link',
      async run({ get, base, fixtures }) {
        const { body } = await get('/collections');
        const collections = arrayOf(members(body)['collections']);
        must(collections.some((collection) => collection['id'] === fixtures.collection), 'the collection is not listed');
        must(!collections.some((collection) => collection['id'] === 'system_tiles'), 'system_tiles is listed');
        for (const collection of collections) {
          for (const rel of ['self', 'root', 'parent']) must(linksOf(collection, rel).length === 1, `${String(collection['id'])} has no one link ${rel}`);
          must(linksOf(collection, 'items')[0]?.['type'] === 'application/geo+json', `${String(collection['id'])} does not link its items as GeoJSON first`);
          const self = String(linksOf(collection, 'self')[0]?.['href']);
          must((await get(self.slice(base.length))).status === 200, `${self} does not answer 200`);
        }
      },
    },
    {
      name: 'an unknown collection, item and path are 404 in the error form',
      async run({ get, fixtures }) {
        for (const path of ['/collections/no-such', `/collections/${fixtures.collection}/items/no-such`, '/no-such', '/collections/system_tiles']) {
          const { status, body } = await get(path);
          must(status === 404, `${path} answers ${status}`);
          must(members(body)['code'] === 'NotFound' && typeof members(body)['description'] === 'string', `${path} has no error document`);
        }
      },
    },
  ],
};
