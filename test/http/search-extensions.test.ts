/** Item search over HTTP: fields, query, free text, geometries, order and paging. */
import { textOf } from '../../src/json.js';
import { linksOf, listOf, type Loose } from '../support/client.js';
import { collectionBody, itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

const box = (x: number): number[] => [x, 10, x + 1, 11];

beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'scenes', [
    itemBody('a', { bbox: box(0), properties: { datetime: '2024-01-01T00:00:00Z', 'eo:cloud_cover': 5, platform: 'sentinel-2a', title: 'Flood in the delta', keywords: ['sea ice', 'river'] } }),
    itemBody('b', { bbox: box(2), properties: { datetime: '2024-01-02T00:00:00Z', 'eo:cloud_cover': 50, platform: 'sentinel-2b', description: 'A quick brown fox', nested: { deep: 1, other: 2 } } }),
    itemBody('c', { bbox: box(4), properties: { datetime: '2024-01-03T00:00:00Z', platform: 'landsat_8', title: 'Brown hare', keywords: ['climate', 'model'] } }),
    itemBody('d', { bbox: [179, 10, -179, 11], properties: { datetime: '2024-01-04T00:00:00Z', 'eo:cloud_cover': 50, platform: '100%', title: 'Fiji' },
      geometry: { type: 'MultiPolygon', coordinates: [[[[179, 10], [180, 10], [180, 11], [179, 11], [179, 10]]], [[[-180, 10], [-179, 10], [-179, 11], [-180, 11], [-180, 10]]]] } }),
    itemBody('e', { bbox: box(6), properties: { datetime: null, start_datetime: '2023-01-01T00:00:00Z', end_datetime: '2023-12-31T00:00:00Z', updated: '2024-05-01T00:00:00Z' } }),
  ]);
}, 300_000);
afterAll(() => server?.close());

const get = async (query: string, path = '/search') => server.request('GET', `${path}?${query}`);
const post = async (body: Record<string, unknown>) => server.request('POST', '/search', { body });
const idsOf = (document: Loose): string[] => listOf(document['features']).map((item) => textOf(item['id']));
const found = async (body: Record<string, unknown>): Promise<string[]> => {
  const answer = await post(body);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return idsOf(answer.body).toSorted();
};

describe('fields', () => {
  const only = async (fields: unknown): Promise<Loose> => listOf((await post({ ids: ['b'], fields })).body['features'])[0] ?? {};

  const WHOLE = ['assets', 'bbox', 'collection', 'geometry', 'id', 'links', 'properties', 'stac_version', 'type'];
  const without = (...names: string[]): string[] => WHOLE.filter((name) => !names.includes(name));

  it('answers included members and what tells items apart, by GET and by POST', async () => {
    const item = await only({ include: ['assets.data.href', 'geometry'] });
    expect(Object.keys(item).toSorted()).toEqual(['assets', 'collection', 'geometry', 'id', 'stac_version', 'type']);
    expect(Object.keys(item['assets']?.['data'] as object)).toEqual(['href']);
    const byGet = await get('ids=b&fields=%2Bassets.data.href,geometry');
    expect(byGet.headers['content-type']).toMatch(/^application\/geo\+json/);
    expect(listOf(byGet.body['features'])[0]).toEqual(item);
    for (const name of without('properties')) expect(Object.keys(await only({ include: [name] })).toSorted()).toEqual([...new Set(['collection', 'id', 'stac_version', 'type', name])].toSorted());
  });

  it('keeps the default set whole where a property is included', async () => {
    for (const fields of [['properties.eo:cloud_cover', 'nested.deep', 'geometry'], ['eo:cloud_cover', 'id', 'nested.deep']]) {
      const item = await only({ include: fields });
      expect(Object.keys(item).toSorted()).toEqual(WHOLE);
      expect(item['properties']).toEqual({ datetime: '2024-01-02T00:00:00Z', 'eo:cloud_cover': 50, nested: { deep: 1 } });
    }
  });

  it('answers all but what is excluded where nothing is said of what to include', async () => {
    const whole = await only(undefined);
    const { geometry: _geometry, ...rest } = whole;
    expect(await only({ exclude: ['geometry'] })).toEqual(rest);
    expect(Object.keys(await only({ exclude: ['links', 'assets.data.href'] }))).not.toContain('links');
  });

  it('answers the default set without what is excluded where there is nothing to include', async () => {
    for (const include of [null, []]) {
      const item = await only({ include, exclude: ['geometry'] });
      expect(Object.keys(item).toSorted()).toEqual(without('geometry'));
      expect(item['properties']).toEqual({ datetime: '2024-01-02T00:00:00Z' });
    }
    const byGet = listOf((await get('ids=b&fields=-geometry')).body['features'])[0];
    expect(Object.keys(byGet ?? {}).toSorted()).toEqual(without('geometry'));
    expect(byGet?.['properties']).toEqual({ datetime: '2024-01-02T00:00:00Z' });
  });

  it('lets the longer of two paths have its way, and of the same path twice the one to include', async () => {
    const item = await only({ include: ['properties', 'assets'], exclude: ['properties.datetime', 'geometry', 'assets.data.href', 'nested.other'] });
    expect(item['geometry']).toBeUndefined();
    expect(item['properties']).toEqual({ 'eo:cloud_cover': 50, platform: 'sentinel-2b', description: 'A quick brown fox', nested: { deep: 1 } });
    expect(Object.keys(item['assets']?.['data'] as object)).toEqual(['type', 'roles']);
    expect((await only({ include: ['properties.platform'], exclude: ['properties'] }))['properties']).toEqual({ platform: 'sentinel-2b' });
    expect((await only({ include: ['geometry'], exclude: ['geometry', 'bbox'] }))['geometry']).toBeDefined();
    expect(listOf((await get('ids=b&fields=%2Bgeometry,-geometry')).body['features'])[0]?.['geometry']).toBeDefined();
  });

  it('answers the default set when nothing is named, and no error for a field that no item has', async () => {
    for (const fields of [{}, { include: [], exclude: [] }, { include: null, exclude: null }]) {
      const item = await only(fields);
      expect(Object.keys(item).toSorted()).toEqual(WHOLE);
      expect(item['properties']).toEqual({ datetime: '2024-01-02T00:00:00Z' });
    }
    expect((await only({ include: ['properties.nosuch', 'nosuch.deep'], exclude: ['datetime'] }))['properties']).toEqual({});
    const item = listOf((await get('ids=e&fields=')).body['features'])[0];
    expect(item?.['properties']).toEqual({ datetime: null, start_datetime: '2023-01-01T00:00:00Z', end_datetime: '2023-12-31T00:00:00Z' });
  });

  it('works on the items of a collection and is kept by paging links', async () => {
    const page = await get('fields=id,-geometry&limit=1', '/collections/scenes/items');
    expect(listOf(page.body['features'])[0]?.['geometry']).toBeUndefined();
    expect(textOf(linksOf(page.body, 'next')[0]?.['href'])).toContain('fields=id%2C-geometry');
  });

  it('of another shape is 400 that names the place', async () => {
    for (const fields of [null, 'id', { include: 'id' }, { only: [] }, { include: [''] }, { exclude: [1] }]) expect((await post({ fields })).status).toBe(400);
  });
});

describe('query', () => {
  it.each([
    [{ 'eo:cloud_cover': { eq: 50 } }, ['b', 'd']],
    [{ 'eo:cloud_cover': { neq: 50 } }, ['a']],
    [{ 'eo:cloud_cover': { gte: 5, lt: 50 } }, ['a']],
    [{ 'properties.eo:cloud_cover': { lte: 5 } }, ['a']],
    [{ 'eo:cloud_cover': { gt: 5 }, platform: { startsWith: 'sentinel' } }, ['b']],
    [{ platform: { endsWith: '_8' } }, ['c']],
    [{ platform: { endsWith: '_2a' } }, []],
    [{ platform: { contains: '%' } }, ['d']],
    [{ platform: { in: ['landsat_8', 'sentinel-2a'] } }, ['a', 'c']],
    [{ 'eo:cloud_cover': { in: [5] } }, ['a']],
    [{ platform: { eq: null } }, ['e']],
    [{ datetime: { gte: '2024-01-03T01:00:00+01:00' } }, ['c', 'd']],
    [{ updated: { gt: '2024-04-30T23:00:00Z' } }, ['e']],
    [{ id: { in: ['a', 'e'] } }, ['a', 'e']],
  ])('%j finds %j', async (query, ids) => {
    expect(await found({ collections: ['scenes'], query })).toEqual(ids);
    expect(idsOf((await get(`collections=scenes&query=${encodeURIComponent(JSON.stringify(query))}`)).body).toSorted()).toEqual(ids);
  });

  it('and filter must both hold', async () => {
    const filter = { op: '=', args: [{ property: 'platform' }, '100%'] };
    expect(await found({ query: { 'eo:cloud_cover': { eq: 50 } }, filter })).toEqual(['d']);
    expect(await found({ filter: "platform = '100%'", 'filter-lang': 'cql2-text', query: { 'eo:cloud_cover': { eq: 5 } } })).toEqual([]);
  });

  it('with an unknown operator or an operand of the wrong kind is 400 that names the place', async () => {
    for (const [query, path] of [
      [{ platform: { like: 'a' } }, '/query/platform/like'],
      [{ platform: 'a' }, '/query/platform'],
      [{ platform: { contains: 1 } }, '/query/platform/contains'],
      [{ platform: { in: [] } }, '/query/platform/in'],
      [{ platform: { eq: {} } }, '/query/platform/eq'],
      [{ platform: { toString: 'a' } }, '/query/platform/toString'],
    ] as const) {
      const { status, body } = await post({ query });
      expect([status, listOf(body['errors'])[0]?.['path']]).toEqual([400, path]);
    }
    expect((await get('query={')).status).toBe(400);
    expect((await get('query=[]')).status).toBe(400);
  });
});

describe('q', () => {
  it.each([
    ['flood', ['a']],
    ['FLOOD,hare', ['a', 'c']],
    ['sea ice,nosuch', ['a']],
    ['ice river', ['a']],
    ['"ice river"', []],
    ['"sea ice"', ['a']],
    ['climate OR fox', ['b', 'c']],
    ['brown AND fox', ['b']],
    ['(quick OR climate) AND brown', ['b', 'c']],
    ['quick +brown -fox', ['c']],
    ['brown -fox', ['c']],
    ['"climate model"', []],
  ])('%s finds %j', async (q, ids) => {
    const answer = await get(`collections=scenes&q=${encodeURIComponent(q)}`);
    expect(idsOf(answer.body).toSorted()).toEqual(ids);
    expect(await found({ collections: ['scenes'], q })).toEqual(ids);
  });

  it('as an array finds any of its terms, each as a phrase', async () => {
    expect(await found({ q: ['quick brown', 'Fiji'] })).toEqual(['b', 'd']);
    expect(await found({ q: ['brown quick', '"', "'"] })).toEqual([]);
    expect(idsOf((await get('q=brown', '/collections/scenes/items')).body).toSorted()).toEqual(['b', 'c']);
  });

  it('that cannot be read is 400', async () => {
    for (const q of ['a AND', 'OR a', '(a', 'a)', '"a', [], [1], [''], 5, ',', '""', '('.repeat(30)]) {
      expect([q, (await post({ q })).status]).toEqual([q, 400]);
    }
  });

  it('is answered through our index', async () => {
    const client = await server.services.database.pool.connect();
    try {
      await client.query('SET enable_seqscan = off');
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT id FROM pgstac.items i WHERE stac_mosaic.item_text(i.content) @@ phraseto_tsquery('simple', 'flood')`,
      );
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Bitmap Index Scan on \w*item_text/);
    } finally {
      client.release(true);
    }
  });
});

describe('place', () => {
  it('finds by boxes with heights and across the antimeridian, not the wide box between', async () => {
    expect(await found({ bbox: [0.5, 10.5, -100, 0.6, 10.6, 100] })).toEqual(['a']);
    expect(await found({ bbox: [178, 9, -178, 12] })).toEqual(['d']);
    expect(idsOf((await get('bbox=-180,9,180,12')).body).toSorted()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it.each([
    [{ type: 'Point', coordinates: [0.5, 10.5] }, ['a']],
    [{ type: 'MultiPoint', coordinates: [[0.5, 10.5], [2.5, 10.5, 7]] }, ['a', 'b']],
    [{ type: 'LineString', coordinates: [[0.5, 10.5], [4.5, 10.5]] }, ['a', 'b', 'c']],
    [{ type: 'MultiLineString', coordinates: [[[0.5, 10.2], [0.6, 10.5]], [[4.1, 10.1], [4.2, 10.2]]] }, ['a', 'c']],
    [{ type: 'Polygon', coordinates: [[[0, 9], [3, 9], [0, 12], [3, 12], [0, 9]]] }, ['a', 'b']],
    [{ type: 'MultiPolygon', coordinates: [[[[6, 10], [7, 10], [7, 11], [6, 10]]]] }, ['e']],
    [{ type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [0.5, 10.5] }, { type: 'LineString', coordinates: [[6.5, 0], [6.5, 20]] }] }, ['a', 'e']],
  ])('finds what %j meets', async (intersects, ids) => {
    expect(await found({ intersects })).toEqual(ids);
    expect(idsOf((await get(`intersects=${encodeURIComponent(JSON.stringify(intersects))}`)).body).toSorted()).toEqual(ids);
  });
});

describe('time', () => {
  it.each([
    ['2024-01-02T00:00:00Z', ['b']],
    ['2024-01-02T00:00:00Z/2024-01-03T00:00:00Z', ['b', 'c']],
    ['2024-01-03T00:00:00Z/..', ['c', 'd']],
    ['../2023-06-01T00:00:00Z', ['e']],
    ['2023-06-01T00:00:00Z/2023-06-02T00:00:00Z', ['e']],
  ])('%s finds %j', async (datetime, ids) => {
    expect(await found({ datetime })).toEqual(ids);
  });
});

describe('paging', () => {
  async function walk(body: Record<string, unknown>, rel: 'next' | 'prev' = 'next', start?: Loose): Promise<{ pages: string[][]; last: Loose }> {
    let page = start ?? (await post(body)).body;
    const pages = [idsOf(page)];
    for (;;) {
      const [link] = linksOf(page, rel);
      if (link === undefined) return { pages, last: page };
      expect([link['method'], link['href']]).toEqual(['POST', `${server.url}/search`]);
      page = (await post(link['body'] as unknown as Record<string, unknown>)).body;
      pages.push(idsOf(page));
    }
  }

  it.each([['eo:cloud_cover', 'asc'], ['eo:cloud_cover', 'desc'], ['platform', 'desc'], ['properties.updated', 'asc'], ['datetime', 'asc'], ['nested.deep', 'desc']] as const)(
    'by %s %s goes through ties and nulls and back, no item lost, doubled, and no page empty',
    async (field, direction) => {
      const body = { collections: ['scenes'], limit: 2, sortby: [{ field, direction }] };
      const { pages, last } = await walk(body);
      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      expect(new Set(pages.flat()).size).toBe(5);
      const back = await walk(body, 'prev', last);
      expect(back.pages.toReversed()).toEqual(pages);
    },
  );

  it('links carry the whole body by POST and the whole query by GET', async () => {
    const body = { collections: ['scenes'], limit: 2, fields: { include: ['id'] }, query: { platform: { neq: 'x' } }, q: 'brown OR flood OR fiji' };
    const [next] = linksOf((await post(body)).body, 'next');
    expect(next?.['body']).toEqual({ ...body, token: expect.any(String) as unknown });
    const page = (await get('collections=scenes&limit=2&sortby=-datetime')).body;
    const href = new URL(textOf(linksOf(page, 'next')[0]?.['href']));
    expect(href.searchParams.get('sortby')).toBe('-datetime');
    expect(idsOf((await server.request('GET', href.pathname + href.search)).body)).toEqual(['b', 'a']);
  });

  it('tokens of another query, order or version and garbage are 400; fields and limit may change', async () => {
    const [next] = linksOf((await post({ collections: ['scenes'], limit: 2 })).body, 'next');
    const token = textOf(next?.['body']?.['token']);
    expect((await post({ collections: ['scenes'], limit: 1, token, fields: { include: ['id'] } })).status).toBe(200);
    const old = Buffer.from(JSON.stringify([1, 'digest', 'n', '2024-01-01', 'scenes', 'a'])).toString('base64url');
    for (const body of [{ token }, { collections: ['scenes'], token, q: 'fox' }, { collections: ['scenes'], token, sortby: [{ field: 'id' }] }, { collections: ['scenes'], token: old }, { token: 'next:c2:zz' }]) {
      expect((await post(body)).status).toBe(400);
    }
  });

  it('numberMatched is exact or absent', async () => {
    expect((await post({ collections: ['scenes'], limit: 2 })).body['numberMatched']).toBeUndefined();
    expect((await post({ collections: ['scenes'], limit: 5 })).body['numberMatched']).toBe(5);
    // One item is what clients ask for that want the number.
    expect((await post({ collections: ['scenes'], limit: 1 })).body).toMatchObject({ numberMatched: 5, numberReturned: 1 });
    expect((await get('collections=scenes&filter=eo:cloud_cover=50&limit=1')).body).toMatchObject({ numberMatched: 2, numberReturned: 1 });
    expect((await get('limit=1', '/collections/scenes/items')).body['numberMatched']).toBe(5);
    expect((await post({ collections: ['scenes'], ids: ['a'] })).body).toMatchObject({ numberMatched: 1, numberReturned: 1 });
  });

  it('limit below 1 is 400, above 10,000 means 10,000', async () => {
    for (const limit of [0, -1, 1.5, '3']) expect((await post({ limit })).status).toBe(400);
    expect((await get('limit=20000')).status).toBe(200);
  });
});

describe('stored items', () => {
  it('are answered whole where the collection takes members out of them', async () => {
    const itemAssets = { data: { type: 'image/tiff; application=geotiff; profile=cloud-optimized', roles: ['data'], title: 'Data' }, thumbnail: { title: 'Thumbnail', roles: ['thumbnail'] } };
    await server.request('POST', '/collections', { body: collectionBody('slim', { item_assets: itemAssets }) });
    const items = [
      itemBody('whole', { assets: { data: { href: 'https://example.com/a.tif', ...itemAssets.data } }, properties: { datetime: '2024-01-01T00:00:00Z', text: 'a "quoted" \\ {[ ,:' } }),
      itemBody('other', { assets: { data: { href: '/files/mosaics/a/b.json', type: 'text/plain' }, thumbnail: { href: 'https://example.com/t.png', title: 'Thumbnail', roles: ['thumbnail'] } }, links: [{ rel: 'derived_from', href: '/collections/x' }] }),
    ];
    await server.request('POST', '/collections/slim/items', { body: { type: 'FeatureCollection', features: items } });
    for (const item of items) {
      const one = (await server.request('GET', `/collections/slim/items/${textOf(item['id'])}`)).body;
      const [listed] = listOf((await post({ collections: ['slim'], ids: [item['id']] })).body['features']);
      expect({ ...one, links: listOf(one['links']).filter((link) => textOf(link['rel']) !== 'alternate') }).toEqual(listed);
      expect(linksOf(one, 'alternate').map((link) => textOf(link['href']))).toEqual([`${server.url}/collections/slim/items/${textOf(item['id'])}?f=html`]);
      expect(one).toMatchObject({ type: 'Feature', id: item['id'], collection: 'slim', stac_version: '1.1.0', bbox: [0, 0, 1, 1], geometry: item['geometry'], properties: item['properties'] });
    }
    const whole = (await server.request('GET', '/collections/slim/items/whole')).body;
    expect(whole['assets']).toEqual(items[0]?.['assets']);
    const other = (await server.request('GET', '/collections/slim/items/other')).body;
    expect(other['assets']).toEqual({ data: { href: `${server.url}/files/mosaics/a/b.json`, type: 'text/plain' }, thumbnail: { href: 'https://example.com/t.png', title: 'Thumbnail', roles: ['thumbnail'] } });
    expect(linksOf(other, 'derived_from')).toEqual([{ rel: 'derived_from', href: `${server.url}/collections/x` }]);
  });

  it('follow their collection at once when it is replaced', async () => {
    const data = { title: 'New title', roles: ['data'] };
    await server.request('PUT', '/collections/slim', { body: collectionBody('slim', { item_assets: { data } }) });
    const added = itemBody('later', { assets: { data: { href: 'https://example.com/l.tif', ...data } } });
    await server.request('POST', '/collections/slim/items', { body: added });
    expect((await server.request('GET', '/collections/slim/items/later')).body['assets']).toEqual(added['assets']);
    const whole = (await server.request('GET', '/collections/slim/items/whole')).body;
    // pgSTAC 0.9 keeps no earlier base items: what an item shares with its collection changes with it, for every reader.
    const keepsBaseItems = !server.services.database.pgstacVersion.startsWith('0.9.');
    expect(whole['assets']?.['data']).toMatchObject({ title: keepsBaseItems ? 'Data' : 'New title', href: 'https://example.com/a.tif' });
  });

  it('of a collection page are 304 by their ETag although timeStamp moves', async () => {
    const first = await server.request('GET', '/collections/scenes/items');
    expect(first.body['timeStamp']).toEqual(expect.any(String));
    expect((await server.request('GET', '/collections/scenes/items', { headers: { 'if-none-match': String(first.headers['etag']) } })).status).toBe(304);
  });
});
