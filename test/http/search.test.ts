/** Item search and paging: every item once, both ways, whatever ties and nulls the order has (API.md section 1). */
import { pageKey } from '../../src/database/page-key.js';
import { DEFAULT_SORT } from '../../src/search/query.js';
import { tokensOf } from '../../src/search/token.js';
import { linksOf, listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

/** Forty items with many ties, and one property that some lack, some have as null, as a number or as a text. */
const items = Array.from({ length: 40 }, (_, i) => {
  const mixed = [{ v: i % 7 }, { v: null }, {}, { v: `t${i % 3}` }, { v: -i / 3 }][i % 5];
  return itemBody(`i${String(i).padStart(2, '0')}`, { bbox: [i % 10, 0, (i % 10) + 1, 1], properties: { ...mixed, n: i % 4, title: `T${i % 6}`, datetime: `2024-01-${String((i % 9) + 1).padStart(2, '0')}T00:00:00Z`, ...(i % 2 === 0 ? { 'eo:cloud_cover': (i * 7) % 30 } : {}) } });
});

beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'c', items);
  await makeCollection(server, 'd', items.slice(0, 5));
});
afterAll(() => server?.close());

const get = (path: string): Promise<TestAnswer> => server.request('GET', path);
const post = (body: unknown): Promise<TestAnswer> => server.request('POST', '/search', { body });
const ids = (page: Loose): string[] => listOf(page['features']).map((item) => `${text(item['collection'])}/${text(item['id'])}`);
const link = (page: Loose, rel: string): Loose | undefined => linksOf(page, rel)[0];

/** Follows a link as STAC says: GET its href, or POST its body. */
async function follow(to: Loose): Promise<Loose> {
  const { status, body } = text(to['method']) === 'POST' ? await server.request('POST', text(to['href']), { body: to['body'] }) : await get(text(to['href']));
  expect(status).toBe(200);
  return body;
}

/** All ids forwards, and all ids of the way back. */
async function walk(first: TestAnswer): Promise<{ there: string[]; back: string[]; pages: number }> {
  expect({ status: first.status, body: first.status === 200 ? '' : first.body }).toEqual({ status: 200, body: '' });
  let page = first.body;
  const there = ids(page);
  let pages = 1;
  expect(link(page, 'prev')).toBeUndefined();
  for (let next = link(page, 'next'); next !== undefined; next = link(page, 'next')) {
    page = await follow(next);
    expect(ids(page).length).toBeGreaterThan(0);
    there.push(...ids(page));
    pages += 1;
    if (pages > 100) throw new Error('There is no end.');
  }
  const back = [ids(page)];
  for (let prev = link(page, 'prev'); prev !== undefined; prev = link(page, 'prev')) {
    page = await follow(prev);
    back.unshift(ids(page));
  }
  return { there, back: back.flat(), pages };
}

describe('paging', () => {
  for (const sortby of [undefined, 'id', '-id', 'datetime', '-datetime', 'n,-id', '-n', 'title,-datetime', 'v', '-v', 'eo:cloud_cover', '-eo:cloud_cover', '-properties.eo:cloud_cover,+n', 'collection,-v', 'end_datetime', 'nosuch']) {
    it(`by ${sortby ?? 'the default order'} visits each item once, forwards and back, by GET and by POST`, async () => {
      const whole = ids((await get(`/search?collections=c,d&limit=100${sortby === undefined ? '' : `&sortby=${encodeURIComponent(sortby)}`}`)).body);
      expect(new Set(whole).size).toBe(45);
      const byGet = await walk(await get(`/search?collections=c,d&limit=7${sortby === undefined ? '' : `&sortby=${encodeURIComponent(sortby)}`}`));
      expect(byGet).toEqual({ there: whole, back: whole, pages: 7 });
      const keys = sortby?.split(',').map((key) => ({ field: key.replace(/^[+-]/, ''), direction: key.startsWith('-') ? 'desc' : 'asc' }));
      expect(await walk(await post({ collections: ['c', 'd'], limit: 7, ...(keys === undefined ? {} : { sortby: keys }) }))).toEqual({ there: whole, back: whole, pages: 7 });
    });
  }

  it('of an exact multiple ends without an empty page', async () => {
    expect((await walk(await get('/collections/d/items?limit=5'))).pages).toBe(1);
    expect((await walk(await get('/collections/c/items?limit=10'))).pages).toBe(4);
  });

  it('keeps the whole query in its links: parameters by GET, the body by POST', async () => {
    const filter = encodeURIComponent('n < 3');
    const byGet = text(link((await get(`/search?collections=c&limit=2&filter=${filter}&filter-lang=cql2-text&bbox=0,0,5,5`)).body, 'next')?.['href']);
    for (const name of ['collections', 'limit', 'filter', 'filter-lang', 'bbox', 'token']) expect(new URL(byGet).searchParams.get(name)).not.toBeNull();
    const body = { collections: ['c'], limit: 2, filter: { op: '<', args: [{ property: 'n' }, 3] }, bbox: [0, 0, 5, 5] };
    expect(link((await post(body)).body, 'next')).toMatchObject({ method: 'POST', body: { ...body, token: expect.any(String) as unknown } });
  });

  it('holds while items come and go', async () => {
    await makeCollection(server, 'live', items.slice(0, 9));
    const first = (await get('/search?collections=live&limit=3&sortby=id')).body;
    await server.request('DELETE', '/collections/live/items/i03');
    await server.request('POST', '/collections/live/items', { body: itemBody('a-before') });
    const rest = await follow(link(first, 'next') ?? {});
    expect(ids(rest)).toEqual(['live/i04', 'live/i05', 'live/i06']);
    await server.request('DELETE', '/collections/live');
  });

  it('by a token of garbage, of another query, or cut is 400', async () => {
    const token = new URL(text(link((await get('/search?collections=c&limit=2')).body, 'next')?.['href'])).searchParams.get('token') ?? '';
    for (const query of ['token=garbage', 'token=AAAA', `token=${token.slice(0, -4)}`, `limit=2&token=${token}`, `collections=d&limit=2&token=${token}`, `collections=c&limit=2&sortby=id&token=${token}`, `token=${Buffer.from('[1,"x","n",null]').toString('base64url')}`, `token=${Buffer.from('{"a":1}').toString('base64url')}`, `token=${Buffer.from('[2]').toString('base64url')}`]) {
      const { status, body } = await get(`/search?${query}`);
      expect({ query, status, path: listOf(body['errors'])[0]?.['path'] }).toEqual({ query, status: 400, path: 'token' });
    }
    expect((await post({ token: 'garbage' })).status).toBe(400);
    expect((await get(`/search?collections=c&limit=5&token=${token}`)).status).toBe(200);
  });

  it('with keys in a token that cannot be read is 400, not 500', async () => {
    const token = new URL(text(link((await get('/search?collections=c&limit=2')).body, 'next')?.['href'])).searchParams.get('token') ?? '';
    const tokens = tokensOf(await pageKey(server.services.database.pool), { collections: ['c'], sortby: DEFAULT_SORT }, { hidden: ['system_tiles'] });
    const { keys } = tokens.decode(token, 3);
    expect(tokens.neighbours({ next: keys, prev: undefined }).next).toBe(token);
    for (const forged of [["'; DROP TABLE x", ...keys.slice(1)], ['99999-13-77', ...keys.slice(1)], keys.map(() => null), keys.map(() => '')]) {
      expect([200, 400]).toContain((await get(`/search?collections=c&limit=2&token=${tokens.neighbours({ next: forged, prev: undefined }).next}`)).status);
    }
  });
});

describe('numbers', () => {
  it('numberReturned is the page, numberMatched exact or absent', async () => {
    for (const path of ['/search?collections=c&limit=100', '/search?collections=c&limit=3', '/collections/c/items?limit=3', '/search?collections=c&ids=nosuch']) {
      const { body } = await get(path);
      expect(body['numberReturned']).toBe(listOf(body['features']).length);
      if (body['numberMatched'] !== undefined) expect(body['numberMatched']).toBe(path.includes('nosuch') ? 0 : 40);
    }
  });

  it('limit above 10,000 means 10,000, below 1 or no number is 400', async () => {
    expect(listOf((await get('/search?limit=100000')).body['features']).length).toBe(45);
    for (const limit of ['0', '-1', 'x', '1.5', '1e3', ' ']) expect({ limit, status: (await get(`/search?limit=${encodeURIComponent(limit)}`)).status }).toEqual({ limit, status: 400 });
    for (const limit of [0, -1, '5', 1.5, true]) expect({ limit, status: (await post({ limit })).status }).toEqual({ limit, status: 400 });
  });
});

describe('parameters', () => {
  it('that are unknown, doubled or empty of sense are 400 and named', async () => {
    for (const [query, path] of [['nosuch=1', 'nosuch'], ['limit=1&limit=2', 'limit'], ['bbox=1,2,3', 'bbox'], ['bbox=a,b,c,d', 'bbox'], ['bbox=0,10,1,0', 'bbox'], ['bbox=0,0,200,1', 'bbox'], ['datetime=yesterday', 'datetime'], ['datetime=../..', 'datetime'], ['datetime=2024-01-02T00:00:00Z/2024-01-01T00:00:00Z', 'datetime'], ['intersects={', 'intersects'], ['filter=n%20%3D', 'filter'], ['filter-lang=sql', 'filter-lang'], ['filter-crs=EPSG:3857', 'filter-crs'], ['sortby=,', 'sortby'], ['bbox=0,0,1,1&intersects=%7B%22type%22%3A%22Point%22%2C%22coordinates%22%3A%5B0%2C0%5D%7D', 'intersects']] as const) {
      const { status, body } = await get(`/search?${query}`);
      expect({ query, status, code: body['code'] }).toEqual({ query, status: 400, code: 'InvalidInput' });
      expect(listOf(body['errors']).some((error) => text(error['path']).startsWith(path))).toBe(true);
    }
  });

  it('several bad ones are all named', async () => {
    const { body } = await get('/search?nosuch=1&limit=0&bbox=1');
    expect(listOf(body['errors']).map((error) => text(error['path'])).toSorted()).toEqual(['bbox', 'limit', 'nosuch']);
    const posted = await post({ nosuch: 1, limit: 0, bbox: [1] });
    expect(listOf(posted.body['errors']).map((error) => text(error['path'])).toSorted()).toEqual(['/bbox', '/limit', '/nosuch']);
  });

  it('that are unknown are ignored with STRICT_PARAMETERS=false', async () => {
    const lenient = await server.variant({ strictParameters: false });
    try {
      expect((await lenient.request('GET', '/search?nosuch=1&limit=1')).status).toBe(200);
      expect((await lenient.request('GET', '/collections?nosuch=1')).status).toBe(200);
      expect((await lenient.request('GET', '/search?limit=0')).status).toBe(400);
    } finally {
      await lenient.close();
    }
  });
});

describe('items of a collection', () => {
  it('may be asked for with the collection named once more, as pystac-client does, and not with another', async () => {
    expect(listOf((await get('/collections/d/items?collections=d&limit=100')).body['features']).length).toBe(5);
    expect((await get('/collections/d/items?collections=c')).status).toBe(400);
  });
});

describe('what is found', () => {
  const count = async (query: string): Promise<number> => listOf((await get(`/search?collections=c&limit=100&${query}`)).body['features']).length;

  it('follows bbox in 2D and 3D, intersects, datetime, ids and filter in both languages', async () => {
    expect(await count('bbox=0.2,0.2,0.8,0.8')).toBe(4);
    expect(await count('bbox=0.2,0.2,-100,0.8,0.8,100')).toBe(4);
    expect(await count(`intersects=${encodeURIComponent(JSON.stringify({ type: 'Point', coordinates: [0.5, 0.5] }))}`)).toBe(4);
    expect(await count('datetime=2024-01-01T00:00:00Z')).toBe(5);
    expect(await count('datetime=2024-01-09T00:00:00Z/..')).toBe(4);
    expect(await count('ids=i00,i01,nosuch')).toBe(2);
    expect(await count(`filter=${encodeURIComponent('n = 1')}`)).toBe(10);
    expect(await count(`filter-lang=cql2-json&filter=${encodeURIComponent(JSON.stringify({ op: '=', args: [{ property: 'n' }, 1] }))}`)).toBe(10);
    expect(await count(`filter=${encodeURIComponent("n = 1 AND title = 'T1'")}`)).toBeGreaterThan(0);
  });

  it('is asked for by any honest outline, however long, and by no tangle that would stop the database', async () => {
    const circle = Array.from({ length: 20_000 }, (_, i) => [5 + 4 * Math.cos((i * Math.PI) / 10_000), 5 + 4 * Math.sin((i * Math.PI) / 10_000)]);
    const tangle = Array.from({ length: 5000 }, (_, i) => [(i * 37) % 180, (i * 17) % 90]);
    const ask = async (ring: number[][]): Promise<TestAnswer> => post({ collections: ['c'], intersects: { type: 'Polygon', coordinates: [[...ring, ring[0]]] } });
    expect((await ask(circle)).status).toBe(200);
    const started = performance.now();
    expect(await ask(tangle)).toMatchObject({ status: 400, body: { errors: [{ path: '/intersects/coordinates' }] } });
    // Unguarded it takes PostGIS 18 s and more.
    expect(performance.now() - started).toBeLessThan(12_000);
    expect((await ask([[0, 0], [10, 10], [10, 0], [0, 10]])).status).toBe(200);
  });

  it('crosses the antimeridian where west is above east', async () => {
    await makeCollection(server, 'am', [itemBody('east', { bbox: [170, 0, 175, 1] }), itemBody('west', { bbox: [-175, 0, -170, 1] }), itemBody('mid', { bbox: [0, 0, 1, 1] })]);
    expect(ids((await get('/search?collections=am&bbox=165,-5,-165,5&sortby=id')).body)).toEqual(['am/east', 'am/west']);
    expect(ids((await post({ collections: ['am'], bbox: [165, -5, -165, 5], sortby: [{ field: 'id', direction: 'asc' }] })).body)).toEqual(['am/east', 'am/west']);
    await server.request('DELETE', '/collections/am');
  });

  it('is nothing for a collection or id that does not exist', async () => {
    expect(listOf((await get('/search?collections=nosuch')).body['features'])).toEqual([]);
    expect(listOf((await post({ ids: ['nosuch'] })).body['features'])).toEqual([]);
  });
});
