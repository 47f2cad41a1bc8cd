/** CQL2 1.0 (OGC 21-065r2) and OGC API - Features part 3: each class with predicates and the items that they must find. */
import { parseCql2Text } from '../src/cql2/text.js';
import { toJson } from '../src/cql2/to-json.js';
import { arrayOf, type Check, type ConformanceClass, linksOf, members, must, type Probe } from './class.js';

const COLLECTION = 'conformance-cql2';

/** Two squares and a third far away, with properties of every type; `c` lacks some of them. */
const ITEMS = [
  { id: 'a', west: 0, properties: { datetime: '2020-01-01T00:00:00Z', name: 'Ångström', height: 10, floors: 3, open: true, tags: ['x', 'y'], width: 10 } },
  { id: 'b', west: 1, properties: { datetime: '2021-06-15T12:00:00Z', name: 'angstrom', height: 25.5, floors: 7, open: false, tags: ['y', 'z'], width: 20 } },
  { id: 'c', west: 50, properties: { datetime: null, start_datetime: '2022-01-01T00:00:00Z', end_datetime: '2022-12-31T00:00:00Z', name: 'Berg' } },
] as const;

const square = (west: number): object => ({
  type: 'Polygon',
  coordinates: [[[west, 0], [west + 2, 0], [west + 2, 2], [west, 2], [west, 0]]],
});

/** Makes the collection, and removes it whatever happens. */
async function withItems(probe: Probe, run: () => Promise<void>): Promise<void> {
  await probe.send('DELETE', `/collections/${COLLECTION}`);
  const made = await probe.send('POST', '/collections', {
    type: 'Collection', stac_version: '1.1.0', id: COLLECTION, description: 'CQL2', license: 'other', links: [],
    extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } },
  });
  must(made.status === 201, `the collection is answered with ${made.status}`);
  try {
    const features = ITEMS.map(({ id, west, properties }) => ({ type: 'Feature', stac_version: '1.1.0', id, geometry: square(west), bbox: [west, 0, west + 2, 2], properties, assets: {}, links: [] }));
    const posted = await probe.send('POST', `/collections/${COLLECTION}/items`, { type: 'FeatureCollection', features });
    must(posted.status === 201, `the items are answered with ${posted.status}`);
    await run();
  } finally {
    await probe.send('DELETE', `/collections/${COLLECTION}`);
  }
}

const idsOf = (body: unknown): string => arrayOf(members(body)['features']).map((item) => item['id']).join('');

/** Each predicate as text by GET on items and search, and as JSON by POST. */
const finds = (predicates: Readonly<Record<string, string>>): Check => ({
  name: `${Object.keys(predicates).length} predicates find what they must, as text and as JSON`,
  run: (probe) =>
    withItems(probe, async () => {
      for (const [text, expected] of Object.entries(predicates)) {
        const query = `filter=${encodeURIComponent(text)}&filter-lang=cql2-text&sortby=id`;
        const items = await probe.get(`/collections/${COLLECTION}/items?${query}`);
        must(items.status === 200 && idsOf(items.body) === expected, `${text} finds "${idsOf(items.body)}" in the items (${items.status}), not "${expected}"`);
        const json = toJson(parseCql2Text(text));
        const search = await probe.send('POST', '/search', { collections: [COLLECTION], filter: json, 'filter-lang': 'cql2-json', sortby: [{ field: 'id' }] });
        must(search.status === 200 && idsOf(search.body) === expected, `${JSON.stringify(json)} finds "${idsOf(search.body)}" (${search.status}), not "${expected}"`);
      }
    }),
});

const cql2 = (name: string): string => `http://www.opengis.net/spec/cql2/1.0/conf/${name}`;
const features3 = (name: string): string => `http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/${name}`;

const classOf = (title: string, uris: readonly string[], predicates: Readonly<Record<string, string>>): ConformanceClass => ({ title, uris, checks: [finds(predicates)] });

const filter: ConformanceClass = {
  title: 'Filter',
  uris: ['https://api.stacspec.org/v1.0.0/item-search#filter', features3('filter'), features3('features-filter')],
  checks: [
    finds({ "name = 'Berg'": 'c' }),
    {
      name: 'queryables are linked, and have $id and $schema (Features part 3, /req/queryables)',
      async run({ get, base, fixtures }) {
        for (const document of ['/', `/collections/${fixtures.collection}`]) {
          const [link] = linksOf((await get(document)).body, 'http://www.opengis.net/def/rel/ogc/1.0/queryables');
          const href = String(link?.['href']);
          const { status, headers, body } = await get(href.slice(base.length));
          must(status === 200 && headers.get('content-type')?.startsWith('application/schema+json') === true, `${href}: ${status}`);
          must(members(body)['$id'] === href && typeof members(body)['$schema'] === 'string', `${href} has another $id`);
        }
      },
    },
    {
      name: 'a filter that is no CQL2 is 400 and says where (/req/filter/response)',
      async run({ get, send }) {
        for (const text of ['a = 1 AND', 'a = (', "a = 'x' garbage", 'nosuch(1) = 2']) {
          const { status, body } = await get(`/search?filter=${encodeURIComponent(text)}`);
          must(status === 400 && arrayOf(members(body)['errors']).length > 0, `${text}: ${status}`);
        }
        must((await send('POST', '/search', { filter: { op: 'nosuch', args: [] } })).status === 400, 'an unknown operator is taken');
      },
    },
  ],
};

export const cql2Classes: readonly ConformanceClass[] = [
  filter,
  classOf('CQL2 basic, text and JSON', [cql2('basic-cql2'), cql2('cql2-text'), cql2('cql2-json')], {
    'floors > 3': 'b',
    'floors <> 3': 'b',
    'NOT floors = 3': 'b',
    'height IS NULL': 'c',
    "name = 'Berg' OR open = TRUE": 'ac',
    "datetime < TIMESTAMP('2021-01-01T00:00:00Z')": 'a',
  }),
  classOf('CQL2 advanced comparison operators', [cql2('advanced-comparison-operators')], {
    "name LIKE 'B%'": 'c',
    'height BETWEEN 10 AND 20': 'a',
    'floors IN (7, 8)': 'b',
    'floors NOT IN (7, 8)': 'a',
  }),
  classOf('CQL2 case-insensitive comparison', [cql2('case-insensitive-comparison')], { "CASEI(name) = CASEI('BERG')": 'c' }),
  classOf('CQL2 accent-insensitive comparison', [cql2('accent-insensitive-comparison')], { "ACCENTI(name) = ACCENTI('Angström')": 'a', "CASEI(ACCENTI(name)) = 'angstrom'": 'ab' }),
  classOf('CQL2 basic spatial functions', [cql2('basic-spatial-functions'), cql2('basic-spatial-functions-plus')], {
    'S_INTERSECTS(geometry, POINT(0.5 1))': 'a',
    'S_INTERSECTS(geometry, BBOX(2.5, 0, 60, 1))': 'bc',
    'S_INTERSECTS(geometry, LINESTRING(0 1, 60 1))': 'abc',
  }),
  classOf('CQL2 spatial functions', [cql2('spatial-functions')], {
    'S_WITHIN(geometry, POLYGON((-1 -1, 4 -1, 4 3, -1 3, -1 -1)))': 'ab',
    'S_DISJOINT(geometry, POINT(0.5 1))': 'bc',
    'S_CONTAINS(geometry, POINT(1.5 1))': 'ab',
    'S_EQUALS(geometry, POLYGON((50 0, 52 0, 52 2, 50 2, 50 0)))': 'c',
    'S_TOUCHES(geometry, POINT(0 0))': 'a',
    'S_CROSSES(geometry, LINESTRING(-1 1, 0.5 1))': 'a',
    'S_OVERLAPS(geometry, POLYGON((-1 0, 0.5 0, 0.5 2, -1 2, -1 0)))': 'a',
  }),
  classOf('CQL2 temporal functions', [cql2('temporal-functions')], {
    "T_BEFORE(datetime, DATE('2021-01-01'))": 'a',
    "T_AFTER(datetime, DATE('2021-01-01'))": 'bc',
    "T_DURING(INTERVAL(start_datetime, end_datetime), INTERVAL('2021-12-01', '2023-01-01'))": 'c',
    "T_INTERSECTS(datetime, INTERVAL('2020-06-01', '2022-02-01'))": 'bc',
  }),
  classOf('CQL2 array functions', [cql2('array-functions')], {
    "A_CONTAINS(tags, ('x', 'y'))": 'a',
    "A_CONTAINEDBY(tags, ('x', 'y', 'w'))": 'a',
    "A_EQUALS(tags, ('y', 'z'))": 'b',
    "A_OVERLAPS(tags, ('x', 'z'))": 'ab',
  }),
  classOf('CQL2 property-property comparisons', [cql2('property-property')], { 'height = width': 'a', 'height > width': 'b' }),
  classOf('CQL2 arithmetic', [cql2('arithmetic')], { 'height * 2 - 1 = 19': 'a', 'floors % 4 = 3 AND height / 2 > 10': 'b', 'width div 3 = 6': 'b' }),
];
