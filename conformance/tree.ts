/** STAC API - Children 1.0.0-rc.2 and Browseable 1.0.0-rc.3: the tree of links below the landing page. */
import { arrayOf, type ConformanceClass, linksOf, members, must, type Probe } from './class.js';

/** The ids of documents in their order by code units, as one text. */
const idsOf = (documents: readonly unknown[]): string =>
  documents.map((document) => String(members(document)['id'])).toSorted((a, b) => (a < b ? -1 : 1)).join();

const href = (link: Readonly<Record<string, unknown>>): string => String(link['href']);

export const children: ConformanceClass = {
  title: 'STAC API - Children',
  uris: ['https://api.stacspec.org/v1.0.0-rc.2/children'],
  checks: [
    {
      name: 'children is linked, has self and root links, and holds what the child links lead to',
      async run({ get, base }) {
        const landing = (await get('/')).body;
        const [link] = linksOf(landing, 'children');
        must(link?.['type'] === 'application/json' && href(link) === `${base}/children`, 'no link to /children');
        const { status, headers, body } = await get('/children');
        must(status === 200 && headers.get('content-type')?.startsWith('application/json') === true, `${status} ${headers.get('content-type')}`);
        must(linksOf(body, 'self').map(href).join() === `${base}/children` && linksOf(body, 'root').length === 1, 'self or root is wrong');
        const held = arrayOf(members(body)['children']);
        const linked = await Promise.all(linksOf(landing, 'child').map(async (child) => (await get(href(child).slice(base.length))).body));
        must(linked.length > 0 && idsOf(held) === idsOf(linked), 'they are others');
        for (const child of held) must(typeof child['type'] === 'string' && linksOf(child, 'self').length === 1, `${String(child['id'])} has no self link`);
      },
    },
    {
      name: 'children are paged (section Pagination)',
      async run({ get, base }) {
        const [next] = linksOf((await get('/children?limit=1')).body, 'next');
        must(next !== undefined, 'no next link');
        must(arrayOf(members((await get(href(next).slice(base.length))).body)['children']).length === 1, 'the next page is not of 1');
      },
    },
  ],
};

/** Every item that child and item links lead to from a document on, as `collection/id`. */
async function reached({ get, base }: Pick<Probe, 'get' | 'base'>, document: unknown, seen: Set<string>): Promise<Set<string>> {
  for (const link of linksOf(document, 'item')) {
    const { status, body } = await get(href(link).slice(base.length));
    must(status === 200 && members(body)['type'] === 'Feature', `${href(link)} answers ${status}`);
    seen.add(`${String(members(body)['collection'])}/${String(members(body)['id'])}`);
  }
  for (const link of linksOf(document, 'child')) {
    const { status, body } = await get(href(link).slice(base.length));
    must(status === 200 && /^(Catalog|Collection)$/.test(String(members(body)['type'])), `${href(link)} answers ${status}`);
    await reached({ get, base }, body, seen);
  }
  return seen;
}

export const browseable: ConformanceClass = {
  title: 'STAC API - Browseable',
  uris: ['https://api.stacspec.org/v1.0.0-rc.3/browseable'],
  checks: [
    {
      name: 'child and item links lead from the landing page to every item that a search finds, and to no other',
      async run(probe) {
        const found = arrayOf(members((await probe.get('/search?limit=1000')).body)['features']).map((item) => `${String(item['collection'])}/${String(item['id'])}`);
        const seen = await reached(probe, (await probe.get('/')).body, new Set());
        must(found.length > 0 && found.toSorted().join() === [...seen].toSorted().join(), `found are ${found.join()}, reached ${[...seen].join()}`);
      },
    },
  ],
};
