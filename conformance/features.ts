/** OGC API - Features part 1 (core, GeoJSON, OpenAPI 3.0) as STAC API - Features uses it. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

export const features: ConformanceClass = {
  title: 'OGC API - Features, STAC API - Features',
  uris: [
    'https://api.stacspec.org/v1.0.0/ogcapi-features',
    'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core',
    'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson',
    'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30',
  ],
  checks: [
    {
      name: 'items are GeoJSON with timeStamp, numberReturned and links (/req/core/fc-response)',
      async run({ get, fixtures }) {
        const { status, headers, body } = await get(`/collections/${fixtures.collection}/items`);
        must(status === 200 && headers.get('content-type')?.startsWith('application/geo+json') === true, `${status} ${headers.get('content-type')}`);
        const page = members(body);
        must(page['type'] === 'FeatureCollection' && typeof page['timeStamp'] === 'string', 'no FeatureCollection with timeStamp');
        must(page['numberReturned'] === arrayOf(page['features']).length, 'numberReturned is wrong');
        must(linksOf(body, 'self').length === 1, 'no self link');
      },
    },
    {
      name: 'limit is kept, and next leads through every item exactly once (/req/core/fc-limit-response-1)',
      async run({ get, base, fixtures }) {
        const seen: unknown[] = [];
        let path = `/collections/${fixtures.collection}/items?limit=1`;
        for (let page = 0; page < 100; page += 1) {
          const { body } = await get(path);
          const items = arrayOf(members(body)['features']);
          must(items.length === 1, `a page of ${items.length}`);
          seen.push(...items.map((item) => item['id']));
          const [next] = linksOf(body, 'next');
          if (next === undefined) break;
          path = String(next['href']).slice(base.length);
        }
        must(seen.length > 1 && new Set(seen).size === seen.length, `pages repeat items: ${seen.join()}`);
      },
    },
    {
      name: 'unknown and invalid parameters are 400 (/req/core/query-param-unknown, query-param-invalid)',
      async run({ get, fixtures }) {
        for (const query of ['nosuch=1', 'limit=0', 'limit=x', 'bbox=1,2,3', 'bbox=0,10,1,0', 'datetime=yesterday', 'datetime=2020-01-02T00:00:00Z/2020-01-01T00:00:00Z']) {
          const { status } = await get(`/collections/${fixtures.collection}/items?${query}`);
          must(status === 400, `?${query} answers ${status}`);
        }
      },
    },
    {
      name: 'one item is GeoJSON with self, root, parent and collection links (/req/core/f-success)',
      async run({ get, fixtures }) {
        const { status, headers, body } = await get(`/collections/${fixtures.collection}/items/${fixtures.item}`);
        must(status === 200 && headers.get('content-type')?.startsWith('application/geo+json') === true, `${status} ${headers.get('content-type')}`);
        for (const rel of ['self', 'root', 'parent', 'collection']) must(linksOf(body, rel).length === 1, `no one link ${rel}`);
      },
    },
    {
      name: 'GET answers HEAD, and OPTIONS names the methods (RFC 9110)',
      async run({ send, fixtures }) {
        const head = await send('HEAD', `/collections/${fixtures.collection}/items`);
        must(head.status === 200 && head.body === '', 'HEAD differs');
        const options = await send('OPTIONS', `/collections/${fixtures.collection}/items`);
        must(options.status === 204 && options.headers.get('allow')?.includes('POST') === true, `OPTIONS: ${options.status} ${options.headers.get('allow')}`);
      },
    },
  ],
};
