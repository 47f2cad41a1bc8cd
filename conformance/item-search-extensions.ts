/** Extensions of item search and of items: fields, query, free text, sort and sortables. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

const SORTABLES = 'http://www.opengis.net/def/rel/ogc/1.0/sortables';
const ids = (body: unknown): string => arrayOf(members(body)['features']).map((item) => String(item['id'])).toSorted().join();

export const itemSearchExtensions: ConformanceClass = {
  title: 'STAC API - Fields, Query, Sort and Free Text',
  uris: [
    'https://api.stacspec.org/v1.0.0/item-search#fields',
    'https://api.stacspec.org/v1.0.0/ogcapi-features#fields',
    'https://api.stacspec.org/v1.0.0/item-search#query',
    'https://api.stacspec.org/v1.0.0/ogcapi-features#query',
    'https://api.stacspec.org/v1.0.0/ogcapi-features#sort',
    'https://api.stacspec.org/v1.1.0/ogcapi-features#sort',
    'https://api.stacspec.org/v1.1.0/item-search#sortables',
    'http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/sortables',
    'https://api.stacspec.org/v1.0.0-rc.1/item-search#free-text',
    'https://api.stacspec.org/v1.0.0-rc.1/ogcapi-features#free-text',
    'https://api.stacspec.org/v1.0.0-rc.1/item-search#advanced-free-text',
    'https://api.stacspec.org/v1.0.0-rc.1/ogcapi-features#advanced-free-text',
  ],
  checks: [
    {
      name: 'fields by GET and by POST answer GeoJSON with what is included and without what is excluded',
      async run({ get, send, fixtures: { collection, item } }) {
        for (const answer of [
          await get(`/search?ids=${item}&collections=${collection}&fields=id,properties,-assets`),
          await get(`/collections/${collection}/items?fields=id,properties,-assets`),
          await send('POST', '/search', { ids: [item], collections: [collection], fields: { include: ['id', 'properties'], exclude: ['assets'] } }),
        ]) {
          must(answer.status === 200 && answer.headers.get('content-type')?.startsWith('application/geo+json') === true, `${answer.status} ${answer.headers.get('content-type')}`);
          const found = members(arrayOf(members(answer.body)['features'])[0]);
          must(typeof found['id'] === 'string' && members(found['properties'])['datetime'] !== undefined && !('assets' in found), `members are ${Object.keys(found).join()}`);
        }
      },
    },
    {
      name: 'query by GET and by POST narrows, an unknown operator is 400',
      async run({ get, send, fixtures: { collection, item } }) {
        const query = { id: { eq: item } };
        const text = encodeURIComponent(JSON.stringify(query));
        must(ids((await get(`/search?collections=${collection}&query=${text}`)).body) === item, 'GET finds another');
        must(ids((await get(`/collections/${collection}/items?query=${text}`)).body) === item, 'items find another');
        must(ids((await send('POST', '/search', { collections: [collection], query })).body) === item, 'POST finds another');
        must((await send('POST', '/search', { query: { id: { resembles: item } } })).status === 400, 'an unknown operator is taken');
      },
    },
    {
      name: 'items of a collection are sorted both ways',
      async run({ get, fixtures: { collection } }) {
        const order = async (sortby: string): Promise<string[]> => arrayOf(members((await get(`/collections/${collection}/items?limit=100&sortby=${encodeURIComponent(sortby)}`)).body)['features']).map((item) => String(item['id']));
        const up = await order('+id');
        must(up.length > 1 && up.toReversed().join() === (await order('-id')).join(), 'the orders are not each other reversed');
      },
    },
    {
      name: 'sortables are linked JSON Schemas under their own $id, and sortby takes each of them',
      async run({ get, base, fixtures: { collection } }) {
        for (const path of ['/', `/collections/${collection}`]) {
          const [link] = linksOf((await get(path)).body, SORTABLES);
          must(link !== undefined, `${path} has no link to sortables`);
          const href = String(link['href']);
          const { status, headers, body } = await get(href.slice(base.length));
          must(status === 200 && headers.get('content-type')?.startsWith('application/schema+json') === true, `${href}: ${status} ${headers.get('content-type')}`);
          must(members(body)['$id'] === href && typeof members(body)['$schema'] === 'string', `$id is ${String(members(body)['$id'])}`);
          const names = Object.keys(members(members(body)['properties']));
          must(names.includes('id') && names.includes('datetime') && !names.includes('geometry'), `they are ${names.join()}`);
          for (const name of names) must((await get(`/search?limit=1&sortby=${encodeURIComponent(name)}`)).status === 200, `sortby=${name} is refused`);
        }
      },
    },
    {
      name: 'free text finds by words and boolean expressions, by GET and by POST',
      async run({ get, send, fixtures: { collection } }) {
        const all = ids((await get(`/search?collections=${collection}&limit=100`)).body);
        for (const q of ['zzqxj', '"zzqxj zzqxj" AND (zzqxj OR zzqxj)', '+zzqxj', 'zzqxj,zzqxj']) {
          must(ids((await get(`/search?collections=${collection}&q=${encodeURIComponent(q)}`)).body) === '', `${q} finds something`);
        }
        must(ids((await get(`/collections/${collection}/items?limit=100&q=-zzqxj`)).body) === all, 'what is excluded is nowhere, so all are to be found');
        must(ids((await send('POST', '/search', { collections: [collection], q: ['zzqxj'] })).body) === '', 'an array finds something');
        must((await get('/search?q=%22open')).status === 400, 'a quote that is not closed is taken');
      },
    },
  ],
};
