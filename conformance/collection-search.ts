/** STAC API - Collection Search 1.0.0-rc.1 with filter and sort, and the simple query of OGC API - Common part 2. */
import { type Answer, arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

const ids = (body: unknown): unknown[] => arrayOf(members(body)['collections']).map((collection) => collection['id']);

/** Whether a search answers 200 and finds or leaves out the collection. */
function finds({ status, body }: Answer, id: string, expected: boolean, query: string): void {
  must(status === 200, `?${query} answers ${status}`);
  must(ids(body).includes(id) === expected, `?${query} ${expected ? 'does not find' : 'finds'} ${id}`);
}

export const collectionSearch: ConformanceClass = {
  title: 'STAC API - Collection Search',
  uris: [
    'https://api.stacspec.org/v1.0.0-rc.1/collection-search',
    'https://api.stacspec.org/v1.0.0-rc.1/collection-search#filter',
    'https://api.stacspec.org/v1.0.0-rc.1/collection-search#free-text',
    'https://api.stacspec.org/v1.0.0-rc.1/collection-search#advanced-free-text',
    'https://api.stacspec.org/v1.0.0-rc.1/collection-search#query',
    'https://api.stacspec.org/v1.0.0-rc.1/collection-search#fields',
    'https://api.stacspec.org/v1.1.0/collection-search#sort',
    'https://api.stacspec.org/v1.1.0/collection-search#sortables',
    'http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/simple-query',
  ],
  checks: [
    {
      name: 'bbox and datetime meet the extents (Basics), and are 400 where they are wrong',
      async run({ get, fixtures: { collection } }) {
        for (const query of ['bbox=0.5,0.5,0.6,0.6', 'datetime=../2100-01-01T00:00:00Z', 'bbox=-180,-90,180,90&datetime=1900-01-01T00:00:00Z/..']) finds(await get(`/collections?${query}`), collection, true, query);
        for (const query of ['bbox=1,2,3', 'datetime=today', 'limit=0', 'nosuch=1']) must((await get(`/collections?${query}`)).status === 400, `?${query} is not 400`);
      },
    },
    {
      name: 'limit is kept, the numbers are exact, and next leads through every collection exactly once',
      async run({ get, base }) {
        const whole = members((await get('/collections')).body);
        must(whole['numberMatched'] === ids(whole).length && whole['numberReturned'] === ids(whole).length, 'the numbers are wrong');
        const seen: unknown[] = [];
        for (let path = '/collections?limit=1'; path !== ''; ) {
          const { body } = await get(path);
          must(ids(body).length === 1 && members(body)['numberMatched'] === whole['numberMatched'], 'a page is not of 1');
          seen.push(...ids(body));
          path = linksOf(body, 'next').map((link) => String(link['href']).slice(base.length)).join('');
        }
        must(JSON.stringify(seen) === JSON.stringify(ids(whole)), `pages give ${seen.join()}`);
      },
    },
    {
      name: 'filter takes CQL2 text and JSON (Filter)',
      async run({ get, fixtures: { collection } }) {
        const text = `filter=${encodeURIComponent(`id = '${collection}'`)}`;
        const json = `filter-lang=cql2-json&filter=${encodeURIComponent(JSON.stringify({ op: '<>', args: [{ property: 'id' }, collection] }))}`;
        finds(await get(`/collections?${text}`), collection, true, text);
        finds(await get(`/collections?${json}`), collection, false, json);
        must((await get('/collections?filter=id%20=')).status === 400, 'a broken filter is taken');
      },
    },
    {
      name: 'q finds terms separated by commas, and understands AND, OR, phrases and signs (Free text, basic and advanced)',
      async run({ get, fixtures: { collection } }) {
        const word = `"${collection}"`;
        for (const text of [`${collection},no-such-word`, `${word} no-such-word`, `collection AND ${word}`, `(nosuch OR ${word}) AND THE`, `nosuch +${word}`]) {
          finds(await get(`/collections?q=${encodeURIComponent(text)}`), collection, true, text);
        }
        for (const text of ['no-such-word', `nosuch AND ${word}`, `collection -${word}`]) finds(await get(`/collections?q=${encodeURIComponent(text)}`), collection, false, text);
      },
    },
    {
      name: 'query selects as for items (Query)',
      async run({ get, fixtures: { collection } }) {
        for (const [operators, expected] of [[{ eq: collection }, true], [{ neq: collection }, false], [{ startsWith: collection.slice(0, 3) }, true]] as const) {
          const query = JSON.stringify({ id: operators });
          finds(await get(`/collections?query=${encodeURIComponent(query)}`), collection, expected, query);
        }
      },
    },
    {
      name: 'fields leaves out and keeps what a collection needs (Fields)',
      async run({ get, fixtures: { collection } }) {
        const query = `filter=${encodeURIComponent(`id = '${collection}'`)}`;
        const [lean] = arrayOf(members((await get(`/collections?${query}&fields=id`)).body)['collections']);
        for (const name of ['type', 'id', 'description', 'license', 'extent', 'links']) must(lean?.[name] !== undefined, `no ${name}`);
        must(lean?.['summaries'] === undefined, 'summaries are there');
        const [less] = arrayOf(members((await get(`/collections?${query}&fields=-description`)).body)['collections']);
        must(less !== undefined && less['description'] === undefined, 'description is there');
      },
    },
    {
      name: 'sortby orders both ways (Sort)',
      async run({ get }) {
        const [up, down] = [ids((await get('/collections?sortby=id')).body), ids((await get('/collections?sortby=-id')).body)];
        must(up.length > 1 && JSON.stringify(up) === JSON.stringify(down.toReversed()), `${up.join()} and ${down.join()}`);
      },
    },
    {
      name: 'queryables and sortables are linked from /collections and are JSON Schemas of their own URL',
      async run({ get, base }) {
        const { body } = await get('/collections');
        for (const name of ['queryables', 'sortables']) {
          const [link] = linksOf(body, `http://www.opengis.net/def/rel/ogc/1.0/${name}`);
          const href = String(link?.['href']);
          const { status, headers, body: schema } = await get(href.slice(base.length));
          must(status === 200 && headers.get('content-type')?.startsWith('application/schema+json') === true, `${name}: ${status} ${headers.get('content-type')}`);
          must(members(schema)['$id'] === href && members(members(schema)['properties'])['id'] !== undefined, `${name}: $id or properties are wrong`);
        }
      },
    },
  ],
};
