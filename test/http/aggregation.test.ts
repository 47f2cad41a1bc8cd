/** /aggregate: exact counts over any search. */
import { linksOf, listOf, type Loose } from '../support/client.js';
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

const box = (w: number, s: number, e: number, n: number): { bbox: number[] } => ({ bbox: [w, s, e, n] });
const at = (datetime: string, more: Record<string, unknown> = {}): { properties: Record<string, unknown> } => ({ properties: { datetime, ...more } });

/** Boxes whose cells can be counted by hand: quarters and halves of the world's geotiles, a point, and a part over the antimeridian. */
const SKY = [
  itemBody('a', { ...box(1, 1, 2, 2), ...at('2020-01-01T00:00:00Z', { platform: 'one', gsd: 10, 'eo:cloud_cover': 0, 'view:off_nadir': -0.5 }) }),
  itemBody('b', { ...box(-2, 1, -1, 2), ...at('2020-01-01T12:30:00.123456Z', { platform: 'one', gsd: 10.0, 'eo:cloud_cover': 5, 'view:off_nadir': 4.9 }) }),
  itemBody('c', { ...box(-1, -1, 1, 1), ...at('2020-02-29T23:59:59Z', { platform: 'two', gsd: 0.5, 'eo:cloud_cover': 14.9, 'view:off_nadir': 5 }) }),
  itemBody('d', { ...box(0, 0, 45, 45), ...at('2021-02-28T22:00:00Z', { platform: 'two', 'eo:cloud_cover': 100 }) }),
  itemBody('e', { ...box(10, -20, 11, -10), properties: { datetime: null, start_datetime: '2019-12-31T00:00:00Z', end_datetime: '2022-01-01T00:00:00Z', platform: 'three' } }),
];
const SEA = [
  itemBody('a', { geometry: { type: 'Point', coordinates: [90, 45] }, bbox: [90, 45, 90, 45], ...at('2020-06-01T00:00:00Z') }),
  itemBody('z', {
    geometry: { type: 'MultiPolygon', coordinates: [[[[179, 10], [180, 10], [180, 11], [179, 11], [179, 10]]], [[[-180, 10], [-179, 10], [-179, 11], [-180, 11], [-180, 10]]]] },
    bbox: [179, 10, -179, 11],
    ...at('2020-06-02T00:00:00Z', { 'eo:cloud_cover': '5' }),
  }),
];

const aggregate = async (names: string, query = '', place = ''): Promise<Loose[]> => {
  const { status, body } = await server.request('GET', `${place}/aggregate?aggregations=${names}${query === '' ? '' : `&${query}`}`);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return listOf(body['aggregations']);
};
const value = async (name: string, query = '', place = ''): Promise<unknown> => (await aggregate(name, query, place))[0]?.['value'];
/** Keys and frequencies, and the overflow as `rest`. */
const buckets = async (name: string, query = '', place = ''): Promise<unknown> => {
  const [found] = await aggregate(name, query, place);
  return { ...Object.fromEntries(listOf(found?.['buckets']).map(({ key, frequency }) => [key, frequency])), rest: found?.['overflow'] };
};
const keys = async (name: string, query = ''): Promise<unknown[]> => listOf((await aggregate(name, query))[0]?.['buckets']).map(({ key }) => key);

beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'sky', SKY);
  await makeCollection(server, 'sea', SEA);
  await postDataset(server, datasetBody('hidden-tiles', boxTiles(4), { dataset: { id: 'hidden-tiles', properties: { datetime: '2023-01-01T00:00:00Z' } } }));
});

afterAll(() => server?.close());

describe('single values', () => {
  it('count all that anybody may see', async () => {
    expect(await value('total_count')).toBe(8);
    expect(await value('total_count', 'collections=system_tiles')).toBe(0);
    expect(await value('total_count', '', '/collections/sky')).toBe(5);
  });

  it('give the earliest and the latest time with their digits, null of nothing', async () => {
    expect(await value('datetime_min', 'collections=sky')).toBe('2019-12-31T00:00:00.000Z');
    expect(await value('datetime_max', 'collections=sky')).toBe('2022-01-01T00:00:00.000Z');
    expect(await value('datetime_max', 'ids=b')).toBe('2020-01-01T12:30:00.123456Z');
    expect(await value('datetime_min', 'ids=nobody')).toBeNull();
    expect(await value('total_count', 'ids=nobody')).toBe(0);
  });
});

describe('terms', () => {
  it('are counted by their text, the most frequent first, items without one in overflow', async () => {
    expect(await buckets('platform_frequency')).toEqual({ one: 2, two: 2, three: 1, rest: 3 });
    expect(await keys('platform_frequency')).toEqual(['one', 'two', 'three']);
    expect(await buckets('collection_frequency')).toEqual({ sky: 5, sea: 2, datasets: 1, rest: 0 });
  });

  it('of numbers are one for equal numbers, however they were written', async () => {
    expect(await buckets('gsd_frequency', 'collections=sky')).toEqual({ '10': 2, '0.5': 1, rest: 2 });
    const [found] = await aggregate('gsd_frequency', 'collections=sky');
    expect(listOf(found?.['buckets'])[0]).toMatchObject({ data_type: 'numeric' });
  });
});

describe('ranges and steps', () => {
  it('hold their lower end, and what is no number is in none', async () => {
    expect(await buckets('cloud_cover_frequency', 'collections=sky,sea')).toEqual({ '*-5.0': 1, '5.0-15.0': 2, '15.0-40.0': 0, '40.0-*': 1, rest: 3 });
    const [found] = await aggregate('cloud_cover_frequency');
    expect(listOf(found?.['buckets']).map(({ from, to }) => [from, to])).toEqual([[undefined, 5], [5, 15], [15, 40], [40, undefined]]);
  });

  it('hold no number that JSON readers cannot', async () => {
    const huge = JSON.stringify(itemBody('huge', at('2020-06-03T00:00:00Z', { 'view:off_nadir': 'HUGE' }))).replace('"HUGE"', '1e400');
    expect((await server.request('POST', '/collections/sea/items', { body: huge })).status).toBe(400);
    await server.services.database.pool.query("UPDATE pgstac.items SET content = jsonb_set(content, '{properties,view:off_nadir}', '1e400') WHERE collection = 'sea' AND id = 'a'");
    expect(await buckets('off_nadir_frequency', 'collections=sea')).toEqual({ rest: 2 });
  });

  it('of one width begin at zero both ways', async () => {
    expect(await buckets('off_nadir_frequency', 'collections=sky')).toEqual({ '-5.0': 1, '0.0': 1, '5.0': 1, rest: 2 });
    expect(await keys('off_nadir_frequency')).toEqual(['-5.0', '0.0', '5.0']);
  });
});

describe('times', () => {
  it.each([
    ['year', { '2019-01-01T00:00:00.000Z': 1, '2020-01-01T00:00:00.000Z': 3, '2021-01-01T00:00:00.000Z': 1, rest: 0 }],
    ['month', { '2019-12-01T00:00:00.000Z': 1, '2020-01-01T00:00:00.000Z': 2, '2020-02-01T00:00:00.000Z': 1, '2021-02-01T00:00:00.000Z': 1, rest: 0 }],
    ['day', { '2019-12-31T00:00:00.000Z': 1, '2020-01-01T00:00:00.000Z': 2, '2020-02-29T00:00:00.000Z': 1, '2021-02-28T00:00:00.000Z': 1, rest: 0 }],
  ])('by %s are cut in UTC', async (interval, expected) => {
    expect(await buckets('datetime_frequency', `collections=sky&datetime_frequency_interval=${interval}`)).toEqual(expected);
  });

  it('without an interval take one that suits their span', async () => {
    expect(await keys('datetime_frequency', 'collections=sky')).toEqual(['2019-12-01T00:00:00.000Z', '2020-01-01T00:00:00.000Z', '2020-02-01T00:00:00.000Z', '2021-02-01T00:00:00.000Z']);
    expect(await keys('datetime_frequency', 'collections=sea')).toEqual(['2020-06-01T00:00:00.000Z', '2020-06-02T00:00:00.000Z']);
    expect(await keys('datetime_frequency', 'ids=nobody')).toEqual([]);
  });
});

describe('grids', () => {
  it('count a centroid in the one cell that holds it', async () => {
    expect(await buckets('centroid_geotile_grid_frequency', 'collections=sky&centroid_geotile_grid_frequency_precision=1')).toEqual({ '1/1/0': 2, '1/0/0': 1, '1/1/1': 2, rest: 0 });
    expect(await buckets('centroid_geohash_grid_frequency', 'ids=a,z&collections=sea&centroid_geohash_grid_frequency_precision=2')).toEqual({ y0: 1, s1: 1, rest: 0 });
  });

  it('count a geometry in every cell that it meets, not in those where it only ends', async () => {
    expect(await buckets('geometry_geotile_grid_frequency', 'collections=sky&geometry_geotile_grid_frequency_precision=1')).toEqual({ '1/1/0': 3, '1/0/0': 2, '1/0/1': 1, '1/1/1': 2, rest: 0 });
    expect(await buckets('geometry_geohash_grid_frequency', 'collections=sky&ids=d')).toEqual({ s: 1, rest: 0 });
    expect(await buckets('geometry_geohash_grid_frequency', 'collections=sky&ids=d&geometry_geohash_grid_frequency_precision=2')).toMatchObject({ s0: 1, sz: 1 });
    expect(Object.keys((await buckets('geometry_geohash_grid_frequency', 'collections=sky&ids=d&geometry_geohash_grid_frequency_precision=2')) as object)).toHaveLength(33);
  });

  it('count what crosses the antimeridian on both sides, and a point on an edge once', async () => {
    expect(await buckets('geometry_geotile_grid_frequency', 'collections=sea&ids=z&geometry_geotile_grid_frequency_precision=3')).toEqual({ '3/7/3': 1, '3/0/3': 1, rest: 0 });
    expect(await buckets('geometry_geohash_grid_frequency', 'collections=sea&ids=a')).toEqual({ y: 1, rest: 0 });
  });

  it('too fine for what is selected are 400 that names the parameter', async () => {
    for (const name of ['geometry_geohash_grid_frequency', 'geometry_geotile_grid_frequency']) {
      const { status, body } = await server.request('GET', `/aggregate?aggregations=${name}&${name}_precision=12`);
      expect(status).toBe(400);
      expect(listOf(body['errors'])[0]).toMatchObject({ path: `${name}_precision` });
    }
  });
});

describe('the selection', () => {
  it.each([
    ['collections=sky&filter=platform%3D%27one%27', 2],
    [`filter-lang=cql2-json&filter=${encodeURIComponent('{"op":"<","args":[{"property":"eo:cloud_cover"},10]}')}`, 2],
    ['query=%7B%22platform%22%3A%7B%22eq%22%3A%22two%22%7D%7D', 2],
    ['bbox=170,0,-170,20', 1],
    ['ids=a', 2],
    ['datetime=2021-06-01T00:00:00Z', 1],
    ['collections=sky&limit=1&sortby=id', 5],
    ['intersects=%7B%22type%22%3A%22Point%22%2C%22coordinates%22%3A%5B0.5%2C0.5%5D%7D', 3],
  ])('of ?%s is that of a search', async (query, expected) => {
    expect(await value('total_count', query)).toBe(expected);
  });

  it('is the same by POST, whose body is a search with aggregations', async () => {
    const body = { collections: ['sky'], filter: "platform = 'one'", 'filter-lang': 'cql2-text', limit: 1, aggregations: ['total_count', 'datetime_frequency'], datetime_frequency_interval: 'year' };
    const answer = await server.request('POST', '/aggregate', { body });
    expect(answer.status).toBe(200);
    expect(answer.body['type']).toBe('AggregationCollection');
    expect(answer.body['aggregations']).toMatchObject([{ name: 'total_count', value: 2 }, { name: 'datetime_frequency', buckets: [{ key: '2020-01-01T00:00:00.000Z', frequency: 2, data_type: 'datetime' }] }]);
    const precise = { ids: ['d'], aggregations: ['geometry_geohash_grid_frequency'], geometry_geohash_grid_frequency_precision: 2 };
    expect(listOf(listOf((await server.request('POST', '/collections/sky/aggregate', { body: precise })).body['aggregations'])[0]?.['buckets'])).toHaveLength(32);
  });

  it('does not leave the collection of the path', async () => {
    expect((await server.request('POST', '/collections/sea/aggregate', { body: { aggregations: ['total_count'], collections: ['sky'] } })).status).toBe(400);
    expect((await server.request('GET', '/collections/sea/aggregate?aggregations=total_count&collections=sky')).status).toBe(400);
    expect(await value('total_count', 'ids=a', '/collections/sea')).toBe(1);
  });
});

describe('what is refused', () => {
  it('names every unknown aggregation', async () => {
    const { status, body } = await server.request('GET', '/aggregate?aggregations=total_count,one_frequency,two_frequency');
    expect(status).toBe(400);
    expect(listOf(body['errors'])).toHaveLength(2);
  });

  it.each(['nosuch=1', 'bbox=1,2', 'filter=a%20=', 'datetime_frequency_interval=fortnight', 'centroid_geohash_grid_frequency_precision=0', 'centroid_geotile_grid_frequency_precision=30', 'centroid_geohash_grid_frequency_precision=x'])('?%s', async (query) => {
    expect((await server.request('GET', `/aggregate?aggregations=total_count&${query}`)).status).toBe(400);
  });

  it.each([{ aggregations: 'total_count' }, { aggregations: [1] }, { aggregations: ['nope'] }, { datetime_frequency_interval: 1 }, { geometry_geotile_grid_frequency_precision: 1.5 }, { nosuch: 1 }, [], 'text'])('a body %j', async (body) => {
    expect((await server.request('POST', '/aggregate', { body: JSON.stringify(body) })).status).toBe(400);
  });

  it('an unknown or hidden collection is 404', async () => {
    for (const id of ['nosuch', 'system_tiles']) {
      for (const path of ['aggregations', 'aggregate?aggregations=total_count']) expect((await server.request('GET', `/collections/${id}/${path}`)).status).toBe(404);
      expect((await server.request('POST', `/collections/${id}/aggregate`, { body: { aggregations: ['total_count'] } })).status).toBe(404);
    }
  });
});

it('what is offered is listed with its data types and the parameters of grids', async () => {
  for (const place of ['', '/collections/sky']) {
    const { body } = await server.request('GET', `${place}/aggregations`);
    expect(listOf(body['aggregations'])).toContainEqual(expect.objectContaining({ name: 'total_count', data_type: 'integer' }));
    expect(listOf(body['aggregations'])).toContainEqual(expect.objectContaining({ name: 'centroid_geohash_grid_frequency', data_type: 'frequency_distribution', parameter: 'centroid_geohash_grid_frequency_precision', maximum: 12 }));
    expect(linksOf(body, 'self').map(({ href }) => href)).toEqual([`${server.url}${place}/aggregations`]);
  }
});

it('answers say where they came from, and answer HEAD and conditional GET', async () => {
  const path = '/collections/sky/aggregate?aggregations=total_count&ids=a';
  const { headers, body } = await server.request('GET', path);
  expect(linksOf(body, 'self').map(({ href }) => href)).toEqual([server.url + path]);
  expect(linksOf(body, 'collection')).toHaveLength(1);
  expect((await server.request('HEAD', path)).status).toBe(200);
  expect((await server.request('GET', path, { headers: { 'if-none-match': String(headers['etag']) } })).status).toBe(304);
});
