/** STAC API - Aggregation 0.3.0. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

const named = (body: unknown, name: string): Readonly<Record<string, unknown>> => arrayOf(members(body)['aggregations']).find((aggregation) => aggregation['name'] === name) ?? {};

const sum = (aggregation: Readonly<Record<string, unknown>>): number =>
  arrayOf(aggregation['buckets']).reduce((total, bucket) => total + Number(bucket['frequency']), Number(aggregation['overflow']));

export const aggregation: ConformanceClass = {
  title: 'STAC API - Aggregation',
  uris: ['https://api.stacspec.org/v0.3.0/aggregation', 'https://api.stacspec.org/v0.3.0/aggregation#query', 'https://api.stacspec.org/v0.3.0/aggregation#filter'],
  checks: [
    {
      name: 'landing page and collections link aggregate (by GET and POST) and aggregations',
      async run({ get, fixtures }) {
        for (const path of ['/', `/collections/${fixtures.collection}`]) {
          const { body } = await get(path);
          must(['GET', 'POST'].every((method) => linksOf(body, 'aggregate').some((link) => link['method'] === method)), `${path} has no links aggregate by GET and POST`);
          must(linksOf(body, 'aggregations').length === 1, `${path} has no link aggregations`);
        }
      },
    },
    {
      name: 'every aggregation that is advertised can be asked for, and gives a value or buckets with data types',
      async run({ get, fixtures }) {
        for (const place of ['', `/collections/${fixtures.collection}`]) {
          const names = arrayOf(members((await get(`${place}/aggregations`)).body)['aggregations']).map((aggregation) => String(aggregation['name']));
          must(names.includes('total_count') && names.includes('collection_frequency'), `advertised are ${names.join()}`);
          const { status, body } = await get(`${place}/aggregate?aggregations=${names.join()}`);
          must(status === 200 && members(body)['type'] === 'AggregationCollection', `${status}`);
          const results = arrayOf(members(body)['aggregations']);
          must(results.map((result) => result['name']).join() === names.join(), 'not all are answered');
          must(results.every((result) => typeof result['data_type'] === 'string' && (result['value'] === undefined) !== (result['buckets'] === undefined)), 'one has no value and no buckets, or both');
          const total = Number(named(body, 'total_count')['value']);
          for (const name of ['collection_frequency', 'datetime_frequency', 'platform_frequency', 'cloud_cover_frequency']) must(sum(named(body, name)) === total, `${name} counts ${sum(named(body, name))} of ${total}`);
        }
      },
    },
    {
      name: 'counts are those of the search with the same parameters, filter and query included, by GET and by POST',
      async run({ get, send, fixtures: { collection, item } }) {
        const filter = encodeURIComponent(`id <> '${item}'`);
        const query = encodeURIComponent(JSON.stringify({ id: { neq: item } }));
        for (const narrowed of [`collections=${collection}`, `collections=${collection}&ids=${item}`, `collections=${collection}&filter=${filter}`, `collections=${collection}&query=${query}`, 'bbox=0,0,1,1', 'datetime=2024-01-02T00:00:00Z/..']) {
          const found = arrayOf(members((await get(`/search?limit=1000&${narrowed}`)).body)['features']).length;
          const counted = named((await get(`/aggregate?aggregations=total_count&${narrowed}`)).body, 'total_count')['value'];
          must(found > 0 && counted === found, `?${narrowed} counts ${String(counted)} of ${found}`);
        }
        const posted = await send('POST', `/collections/${collection}/aggregate`, { aggregations: ['total_count'], filter: { op: '=', args: [{ property: 'id' }, item] } });
        must(named(posted.body, 'total_count')['value'] === 1, 'POST counts otherwise');
      },
    },
    {
      name: 'only what is asked for is answered, and what is not advertised is 400',
      async run({ get, fixtures }) {
        must(arrayOf(members((await get('/aggregate')).body)['aggregations']).length === 0, 'something is answered');
        for (const path of ['/aggregate', `/collections/${fixtures.collection}/aggregate`]) {
          must((await get(`${path}?aggregations=no_such_frequency`)).status === 400, 'an unknown aggregation is taken');
          must((await get(`${path}?aggregations=total_count&bbox=1,2,3`)).status === 400, 'a wrong bbox is taken');
        }
        must((await get('/aggregate?bbox=0,0,1,1&intersects=%7B%22type%22%3A%22Point%22%2C%22coordinates%22%3A%5B0%2C0%5D%7D')).status === 400, 'bbox and intersects are taken together');
      },
    },
    {
      name: 'hidden collections are not counted',
      async run({ get }) {
        const { body } = await get('/aggregate?aggregations=collection_frequency');
        must(arrayOf(named(body, 'collection_frequency')['buckets']).every((bucket) => bucket['key'] !== 'system_tiles'), 'system_tiles is counted');
        must(named((await get('/aggregate?aggregations=total_count&collections=system_tiles')).body, 'total_count')['value'] === 0, 'its items are counted');
        must((await get('/collections/system_tiles/aggregate?aggregations=total_count')).status === 404, 'it is there');
      },
    },
  ],
};
