/** OGC API - Features part 1, class html: each resource as a page that a person can read and click through. */
import { type Answer, arrayOf, type ConformanceClass, linksOf, members, must, type Probe } from './class.js';

const pathsOf = ({ fixtures }: Pick<Probe, 'fixtures'>): string[] => [
  '/', '/conformance', '/api', '/collections', `/collections/${fixtures.collection}`, `/collections/${fixtures.collection}/items`,
  `/collections/${fixtures.collection}/items/${fixtures.item}`, '/search', '/queryables', '/api/datasets', `/api/datasets/${fixtures.dataset}`, `/api/datasets/${fixtures.dataset}/tiles`,
];

const isPage = ({ status, headers }: Answer): boolean => status === 200 && headers.get('content-type')?.startsWith('text/html') === true;

/** The addresses of a page's anchors, without the escapes of HTML. */
const anchorsOf = (body: unknown): string[] => [...String(body).matchAll(/<a\b[^>]*?\shref="([^"]*)"/g)].map(([, href]) => (href ?? '').replaceAll('&amp;', '&').replaceAll('&#39;', "'"));

export const html: ConformanceClass = {
  title: 'OGC API - Features, HTML',
  uris: ['http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html'],
  checks: [
    {
      name: 'every 200 of a read is text/html where that is accepted, an HTML 5 document (/req/html/definition)',
      async run(probe) {
        for (const path of pathsOf(probe)) {
          for (const answer of [await probe.get(path, { accept: 'text/html' }), await probe.get(`${path}?f=html`)]) {
            must(isPage(answer), `${path} answers ${answer.status} ${answer.headers.get('content-type')}`);
            must(/^<!doctype html>/i.test(String(answer.body)), `${path} is no HTML 5 document`);
          }
        }
      },
    },
    {
      name: 'JSON is the answer to */*, to no preference and to f=json, and Vary names Accept',
      async run(probe) {
        for (const path of pathsOf(probe)) {
          for (const answer of [await probe.get(path, { accept: '*/*' }), await probe.get(`${path}?f=json`, { accept: 'text/html' })]) {
            must(answer.status === 200 && /json/.test(answer.headers.get('content-type') ?? ''), `${path} answers ${answer.status} ${answer.headers.get('content-type')}`);
            must(/\baccept\b(?!-)/i.test(answer.headers.get('vary') ?? ''), `${path} has no Vary: Accept`);
          }
        }
      },
    },
    {
      name: 'every link and the content of an item and of a collection stand on their pages (/req/html/content)',
      async run({ get, fixtures }) {
        for (const path of [`/collections/${fixtures.collection}`, `/collections/${fixtures.collection}/items/${fixtures.item}`]) {
          const { body } = await get(path);
          const page = (await get(path, { accept: 'text/html' })).body;
          const anchors = anchorsOf(page);
          for (const link of arrayOf(members(body)['links'])) {
            const isAnchor = link['templated'] === true ? String(page).includes(String(link['href'])) : anchors.includes(String(link['href']));
            must(isAnchor, `${path} does not link ${String(link['href'])}`);
          }
          must(String(page).includes(String(members(body)['id'])), `${path} does not name its id`);
          for (const asset of Object.values(members(members(body)['assets']))) must(anchors.includes(String(members(asset)['href'])), `${path} does not link ${String(members(asset)['href'])}`);
        }
      },
    },
    {
      name: 'items, an item, the collections and a collection link their pages as alternate (/req/core/fc-links, f-links)',
      async run({ get, fixtures }) {
        for (const path of ['/', '/collections', `/collections/${fixtures.collection}`, `/collections/${fixtures.collection}/items`, `/collections/${fixtures.collection}/items/${fixtures.item}`]) {
          const links = linksOf((await get(path)).body, 'alternate').filter((link) => link['type'] === 'text/html');
          must(links.length === 1, `${path} has ${links.length} links to its page`);
        }
      },
    },
    {
      name: 'an error is a page with its status where a page was asked for',
      async run({ get, fixtures }) {
        for (const [path, expected] of [[`/collections/${fixtures.collection}/items/no-such`, 404], [`/collections/${fixtures.collection}/items?limit=0`, 400]] as const) {
          const { status, headers } = await get(path, { accept: 'text/html' });
          must(status === expected && headers.get('content-type')?.startsWith('text/html') === true, `${path} answers ${status} ${headers.get('content-type')}`);
        }
      },
    },
  ],
};
