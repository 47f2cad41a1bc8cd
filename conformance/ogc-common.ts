/** OGC API - Common part 1 (landing page, JSON, HTML, OpenAPI 3.0) and part 2 (collections), on which the other standards build. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

const common1 = (name: string): string => `http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/${name}`;

const common2 = (name: string): string => `https://www.opengis.net/spec/ogcapi-common-2/1.0/conf/${name}`;

const LANDING = ['/', '/conformance', '/api'];

export const ogcCommon: ConformanceClass = {
  title: 'OGC API - Common',
  // The standard that was approved in 2026 (20-024) says https; its drafts said http, which clients look for.
  uris: [...['core', 'landing-page', 'json', 'html', 'oas30'].map(common1), ...['collections', 'json', 'html'].map(common2), 'http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections'],
  checks: [
    {
      name: 'the landing page links its API, its conformance and its data, each with rel and type (Common 1, /req/landing-page/root-success)',
      async run({ get, base }) {
        const { status, body } = await get('/');
        must(status === 200 && typeof members(body)['title'] === 'string', `${status}`);
        for (const rel of ['service-desc', 'service-doc', 'conformance', 'data']) {
          const [link] = linksOf(body, rel);
          must(typeof link?.['type'] === 'string', `no link ${rel} with a type`);
          must((await get(String(link['href']).slice(base.length))).status === 200, `${rel} does not answer 200`);
        }
        must(arrayOf(members(body)['links']).every((link) => typeof link['rel'] === 'string' && typeof link['type'] === 'string'), 'a link lacks rel or type');
      },
    },
    {
      name: '/conformance lists the classes of Common and of Features (Common 1, /req/landing-page/conformance-success)',
      async run({ get }) {
        const listed = members((await get('/conformance')).body)['conformsTo'];
        must(Array.isArray(listed) && listed.includes(common1('core')) && listed.includes('http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core'), 'they are missing');
      },
    },
    {
      name: 'landing page, conformance and API are JSON or HTML, as is asked (Common 1, /req/json/definition, /req/html/definition)',
      async run({ get }) {
        for (const path of LANDING) {
          must(/json/.test((await get(path)).headers.get('content-type') ?? ''), `${path} is no JSON`);
          must((await get(path, { accept: 'text/html' })).headers.get('content-type')?.startsWith('text/html') === true, `${path} is no page`);
        }
      },
    },
    {
      name: 'collections and a collection link themselves and their other form, and answer in both (Common 2, /req/collections/collections-list-links and description-links)',
      async run({ get, base, fixtures }) {
        for (const path of ['/collections', `/collections/${fixtures.collection}`]) {
          const { headers, body } = await get(path);
          must(headers.get('content-type')?.startsWith('application/json') === true, `${path} is no JSON`);
          const [[self], [alternate]] = [linksOf(body, 'self'), linksOf(body, 'alternate')];
          must(self?.['href'] === base + path && self['type'] === 'application/json', `self of ${path} is ${JSON.stringify(self)}`);
          must(alternate?.['type'] === 'text/html', `${path} links no page`);
          const page = await get(String(alternate['href']).slice(base.length));
          must(page.headers.get('content-type')?.startsWith('text/html') === true, `${String(alternate['href'])} is no page`);
        }
      },
    },
    {
      name: 'what the list of collections says of a collection is what the collection says (Common 2, /req/collections/description-success)',
      async run({ get, fixtures }) {
        const { links: _links, ...own } = members((await get(`/collections/${fixtures.collection}`)).body);
        const listed = arrayOf(members((await get('/collections?limit=10000')).body)['collections']).find(({ id }) => id === fixtures.collection);
        const { links: _others, ...same } = listed ?? {};
        must(JSON.stringify(same) === JSON.stringify(own), 'they differ');
      },
    },
    {
      name: 'unknown parameters are 400 on every resource (Common 1, /req/core/query-param-unknown)',
      async run({ get }) {
        for (const path of [...LANDING, '/collections', '/search', '/queryables']) must((await get(`${path}?no-such=1`)).status === 400, `${path} takes it`);
      },
    },
    {
      name: 'a link with a type leads to that type (Common 2, /req/collections/rc-md-items)',
      async run({ get, base, fixtures }) {
        const { body } = await get(`/collections/${fixtures.collection}`);
        for (const link of arrayOf(members(body)['links']).filter((candidate) => candidate['templated'] !== true && (candidate['method'] ?? 'GET') === 'GET')) {
          const { status, headers } = await get(String(link['href']).slice(base.length));
          must(status === 200 && headers.get('content-type')?.startsWith(String(link['type'])) === true, `${String(link['href'])} answers ${status} ${headers.get('content-type')}, not ${String(link['type'])}`);
        }
      },
    },
  ],
};
