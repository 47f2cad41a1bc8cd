/** STAC API - Item Search, with CQL2 filters and sorting. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

const ids = (body: unknown): unknown[] => arrayOf(members(body)['features']).map((item) => item['id']);

export const itemSearch: ConformanceClass = {
  title: 'STAC API - Item Search',
  uris: [
    'https://api.stacspec.org/v1.0.0/item-search',
    'https://api.stacspec.org/v1.0.0/item-search#sort',
    'https://api.stacspec.org/v1.1.0/item-search#sort',
  ],
  checks: [
    {
      name: 'the landing page links search by GET and by POST',
      async run({ get }) {
        const methods = linksOf((await get('/')).body, 'search').map((link) => link['method']);
        must(methods.includes('GET') && methods.includes('POST'), `methods are ${methods.join()}`);
      },
    },
    {
      name: 'GET and POST of one query give the same items',
      async run({ get, send, fixtures }) {
        const byGet = await get(`/search?collections=${fixtures.collection}&limit=5`);
        const byPost = await send('POST', '/search', { collections: [fixtures.collection], limit: 5 });
        must(byGet.status === 200 && byPost.status === 200, `${byGet.status} and ${byPost.status}`);
        must(ids(byGet.body).length > 0 && JSON.stringify(ids(byGet.body)) === JSON.stringify(ids(byPost.body)), 'they differ');
      },
    },
    {
      name: 'ids, bbox, intersects and datetime narrow',
      async run({ send, fixtures }) {
        const found = await send('POST', '/search', { ids: [fixtures.item], collections: [fixtures.collection] });
        must(JSON.stringify(ids(found.body)) === JSON.stringify([fixtures.item]), 'ids does not find the one item');
        const item = members(arrayOf(members(found.body)['features'])[0]);
        const bbox = item['bbox'];
        must(ids((await send('POST', '/search', { ids: [fixtures.item], bbox })).body).length === 1, 'its own bbox does not find it');
        must(ids((await send('POST', '/search', { ids: [fixtures.item], intersects: item['geometry'] })).body).length === 1, 'its own geometry does not find it');
        must(ids((await send('POST', '/search', { ids: [fixtures.item], datetime: '1700-01-01T00:00:00Z/..' })).body).length === 1, 'an open interval does not find it');
        must(ids((await send('POST', '/search', { ids: [fixtures.item], datetime: '../1700-01-01T00:00:00Z' })).body).length === 0, 'it is found before its time');
      },
    },
    {
      name: 'bbox and intersects together are 400, and so is a body that is not JSON',
      async run({ send }) {
        const both = await send('POST', '/search', { bbox: [0, 0, 1, 1], intersects: { type: 'Point', coordinates: [0, 0] } });
        must(both.status === 400, `${both.status}`);
        must((await send('POST', '/search', '{"limit":')).status === 400, 'broken JSON is taken');
      },
    },
    {
      name: 'sortby orders both ways, ties by id',
      async run({ get, fixtures }) {
        const up = ids((await get(`/search?collections=${fixtures.collection}&sortby=${encodeURIComponent('+id')}&limit=100`)).body);
        const down = ids((await get(`/search?collections=${fixtures.collection}&sortby=-id&limit=100`)).body);
        must(up.length > 1 && JSON.stringify(up) === JSON.stringify(down.toReversed()), `${up.join()} and ${down.join()}`);
      },
    },
    {
      name: 'the tiles of datasets are hidden, whoever asks for them by collection, id or place',
      async run({ send }) {
        for (const body of [{ collections: ['system_tiles'] }, { bbox: [-180, -90, 180, 90], limit: 1000 }]) {
          const found = arrayOf(members((await send('POST', '/search', body)).body)['features']);
          must(found.every((item) => item['collection'] !== 'system_tiles'), 'a tile is found');
        }
      },
    },
    {
      name: 'a token of another query is 400',
      async run({ get, base, fixtures }) {
        const [next] = linksOf((await get(`/search?collections=${fixtures.collection}&limit=1`)).body, 'next');
        must(next !== undefined, 'no next link');
        const token = new URL(String(next['href']), base).searchParams.get('token') ?? '';
        must((await get(`/search?limit=1&token=${encodeURIComponent(token)}`)).status === 400, 'a foreign token is taken');
        must((await get('/search?token=garbage')).status === 400, 'garbage is taken');
      },
    },
  ],
};
