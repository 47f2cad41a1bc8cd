/** OGC API - Features part 1 (core, GeoJSON, OpenAPI 3.0) as STAC API - Features uses it. */
import { arrayOf, type Check, type ConformanceClass, linksOf, members, must, type Probe } from './class.js';

const idsOf = (body: unknown): string => arrayOf(members(body)['features']).map((item) => String(item['id'])).toSorted().join();

/** Every item of the collection in one page; the walk makes few. */
const allOf = async ({ get, fixtures }: Probe) => arrayOf(members((await get(`/collections/${fixtures.collection}/items?limit=1000`)).body)['features']);

const typed = (links: unknown): boolean => arrayOf(links).every((link) => typeof link['rel'] === 'string' && typeof link['type'] === 'string');

const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.map(Number) : []);

/** Abstract tests of annex A that look at the descriptions of collections. */
const collectionChecks: readonly Check[] = [
  {
    name: 'each collection of /collections answers under its id with the same title, description, extent and links (/conf/core/sfc-md-op, sfc-md-success, fc-md-items)',
    async run({ get }) {
      const page = await get('/collections?limit=1000');
      must(page.status === 200 && linksOf(page.body, 'self').length === 1 && typed(members(page.body)['links']), '/collections has links without rel or type');
      for (const listed of arrayOf(members(page.body)['collections'])) {
        const { status, body } = await get(`/collections/${encodeURIComponent(String(listed['id']))}`);
        must(status === 200, `${String(listed['id'])} answers ${status}`);
        for (const name of ['id', 'title', 'description', 'extent', 'itemType']) must(JSON.stringify(members(body)[name]) === JSON.stringify(listed[name]), `${name} of ${String(listed['id'])} differs`);
        const hrefs = arrayOf(members(body)['links']).map((link) => `${String(link['rel'])} ${String(link['href'])}`);
        for (const link of arrayOf(listed['links'])) must(hrefs.includes(`${String(link['rel'])} ${String(link['href'])}`), `${String(listed['id'])} has no link ${String(link['rel'])}`);
      }
    },
  },
  {
    name: 'each collection links its items in each encoding, with rel and type (/conf/core/fc-md-items-links)',
    async run({ get, base }) {
      for (const collection of arrayOf(members((await get('/collections?limit=1000')).body)['collections'])) {
        must(typed(collection['links']), `${String(collection['id'])} has links without rel or type`);
        for (const type of ['application/geo+json', 'text/html']) {
          const [link] = linksOf(collection, 'items').filter((candidate) => candidate['type'] === type);
          must(link !== undefined, `${String(collection['id'])} has no items as ${type}`);
          const { status, headers } = await get(String(link['href']).slice(base.length));
          must(status === 200 && headers.get('content-type')?.startsWith(type) === true, `${String(link['href'])} is ${headers.get('content-type')}`);
        }
      }
    },
  },
  {
    name: 'the extent holds every item, in CRS84 and the Gregorian calendar (/conf/core/fc-md-extent, crs84)',
    async run(probe) {
      const { body } = await probe.get(`/collections/${probe.fixtures.collection}`);
      const { spatial, temporal } = members(members(body)['extent']);
      must([undefined, 'http://www.opengis.net/def/crs/OGC/1.3/CRS84'].includes(members(spatial)['crs'] as string | undefined), 'another CRS');
      must([undefined, 'http://www.opengis.net/def/uom/ISO-8601/0/Gregorian'].includes(members(temporal)['trs'] as string | undefined), 'another calendar');
      const [west = 0, south = 0, east = 0, north = 0] = numbers((members(spatial)['bbox'] as unknown[])[0]);
      const [start, end] = (members(temporal)['interval'] as (string | null)[][])[0] ?? [];
      for (const item of await allOf(probe)) {
        const [w = 0, s = 0, e = 0, n = 0] = numbers(item['bbox']);
        must(w >= west && s >= south && e <= east && n <= north && e <= 180 && n <= 90, `${String(item['id'])} lies outside`);
        const time = Date.parse(String(members(item['properties'])['datetime']));
        must((start == null || Date.parse(start) <= time) && (end == null || time <= Date.parse(end)), `${String(item['id'])} is of another time`);
      }
    },
  },
];

/** Abstract tests of annex A that select items. */
const selectionChecks: readonly Check[] = [
  {
    name: 'bbox selects what it meets and nothing else, in two and three dimensions and across the antimeridian (/conf/core/fc-bbox-response)',
    async run(probe) {
      const items = await allOf(probe);
      const { get, fixtures: { collection } } = probe;
      const touches = (box: readonly number[]): string =>
        items.filter((item) => {
          const [w = 0, s = 0, e = 0, n = 0] = numbers(item['bbox']);
          return w <= (box[2] ?? 0) && e >= (box[0] ?? 0) && s <= (box[3] ?? 0) && n >= (box[1] ?? 0);
        }).map((item) => String(item['id'])).toSorted().join();
      for (const item of items) {
        const [w = 0, s = 0, e = 0, n = 0] = numbers(item['bbox']);
        const box = [w + (e - w) / 4, s + (n - s) / 4, e - (e - w) / 4, n - (n - s) / 4];
        const found = idsOf((await get(`/collections/${collection}/items?limit=1000&bbox=${box.join()}`)).body);
        must(found === touches(box) && found.includes(String(item['id'])), `${box.join()} finds ${found}`);
        const [bw, bs, be, bn] = box;
        must(idsOf((await get(`/collections/${collection}/items?limit=1000&bbox=${[bw, bs, -1, be, bn, 1].join()}`)).body) === found, 'heights change what is found');
      }
      const { status, body } = await get(`/collections/${collection}/items?bbox=179,-90,-179,-89`);
      must(status === 200 && idsOf(body) === '', 'a box at the antimeridian finds something');
    },
  },
  {
    name: 'datetime selects instants, intervals and half-open intervals, with ".." and with nothing (/conf/core/fc-time-response)',
    async run(probe) {
      const items = (await allOf(probe)).map((item) => ({ id: String(item['id']), time: Date.parse(String(members(item['properties'])['datetime'])) })).filter(({ time }) => !Number.isNaN(time));
      const times = items.map(({ time }) => time).toSorted((a, b) => a - b);
      const [first, middle, last] = [times[0] ?? 0, times[Math.floor(times.length / 2)] ?? 0, times.at(-1) ?? 0];
      const within = (from: number, to: number): string => items.filter(({ time }) => time >= from && time <= to).map(({ id }) => id).toSorted().join();
      const text = (time: number): string => new Date(time).toISOString();
      const cases: [string, string][] = [
        [text(middle), within(middle, middle)],
        [`${text(first)}/${text(middle)}`, within(first, middle)],
        ...['..', ''].flatMap((open): [string, string][] => [[`${text(middle)}/${open}`, within(middle, Infinity)], [`${open}/${text(middle)}`, within(-Infinity, middle)]]),
        [`${text(last + 1000)}/..`, ''],
      ];
      for (const [datetime, expected] of cases) {
        const { status, body } = await probe.get(`/collections/${probe.fixtures.collection}/items?limit=1000&datetime=${encodeURIComponent(datetime)}`);
        must(status === 200 && idsOf(body) === expected, `${datetime} finds ${idsOf(body)} (${status}), not ${expected}`);
      }
    },
  },
  {
    name: 'a limit above the maximum is no error, numberMatched and numberReturned count right (/conf/core/fc-limit-response, fc-numberMatched, fc-numberReturned)',
    async run(probe) {
      const all = await allOf(probe);
      const { status, body } = await probe.get(`/collections/${probe.fixtures.collection}/items?limit=10000000`);
      must(status === 200 && arrayOf(members(body)['features']).length === all.length, `${status}`);
      for (const query of ['limit=1', 'limit=1000', 'limit=1000&datetime=1700-01-01T00:00:00Z']) {
        const page = members((await probe.get(`/collections/${probe.fixtures.collection}/items?${query}`)).body);
        const expected = query.includes('1700') ? 0 : all.length;
        must(page['numberReturned'] === arrayOf(page['features']).length, `numberReturned is ${String(page['numberReturned'])}`);
        must(page['numberMatched'] === undefined || page['numberMatched'] === expected, `numberMatched is ${String(page['numberMatched'])}, not ${expected}`);
      }
    },
  },
  {
    name: 'timeStamp is the time of the answer; links have rel and type (/conf/core/fc-timeStamp, fc-links)',
    async run({ get, fixtures }) {
      const before = Date.now() - 1000;
      const { body } = await get(`/collections/${fixtures.collection}/items?limit=1`);
      const stamp = Date.parse(String(members(body)['timeStamp']));
      must(stamp >= before && stamp <= Date.now() + 1000, `timeStamp is ${String(members(body)['timeStamp'])}`);
      must(typed(members(body)['links']) && linksOf(body, 'self').length === 1 && linksOf(body, 'alternate').length === 1, 'links lack rel or type');
    },
  },
  {
    name: 'every item answers under its id as GeoJSON with that id; its links have rel and type (/conf/core/f-op, f-links, /conf/geojson/content)',
    async run(probe) {
      for (const item of await allOf(probe)) {
        const { status, headers, body } = await probe.get(`/collections/${probe.fixtures.collection}/items/${encodeURIComponent(String(item['id']))}`);
        must(status === 200 && headers.get('content-type')?.startsWith('application/geo+json') === true, `${status} ${headers.get('content-type')}`);
        must(members(body)['id'] === item['id'] && members(body)['type'] === 'Feature', 'it is another');
        must(typed(members(body)['links']) && linksOf(body, 'alternate').length === 1, 'links lack rel or type');
      }
    },
  },
];

/** Abstract tests of /conf/oas30. */
const apiChecks: readonly Check[] = [
  {
    name: 'the API document describes each operation with its statuses, and each GET without parameters answers one of them (/conf/oas30/completeness, exceptions-codes, oas-impl)',
    async run({ get }) {
      const { status, body } = await get('/api');
      must(status === 200, `/api answers ${status}`);
      for (const [path, operations] of Object.entries(members(members(body)['paths']))) {
        for (const operation of Object.values(members(operations))) must(Object.keys(members(members(operation)['responses'])).includes('400'), `${path} has no 400`);
        const read = members(operations)['get'];
        if (read === undefined || path.includes('{')) continue;
        const answer = await get(path);
        const described = members(members(members(read)['responses'])[String(answer.status)]);
        must(described['description'] !== undefined, `${path} answers ${answer.status}`);
        const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
        must(Object.keys(members(described['content'])).some((known) => known.split(';')[0] === type), `${path} answers ${type}`);
      }
    },
  },
  {
    name: 'service-desc is OpenAPI 3.0 under exactly the type that its link names, service-doc is HTML (/conf/oas30/oas-definition-1)',
    async run({ get, base }) {
      const landing = (await get('/')).body;
      for (const [rel, type] of [['service-desc', 'application/vnd.oai.openapi+json;version=3.0'], ['service-doc', 'text/html']] as const) {
        const [link] = linksOf(landing, rel);
        must(link?.['type'] === type, `${rel} is ${String(link?.['type'])}`);
        const { status, headers } = await get(String(link['href']).slice(base.length));
        const said = headers.get('content-type')?.replaceAll(' ', '') ?? '';
        must(status === 200 && (said === type || said.startsWith(`${type};`)), `${rel} answers ${status} ${said}`);
      }
    },
  },
];

export const features: ConformanceClass = {
  title: 'OGC API - Features, STAC API - Features',
  uris: [
    'https://api.stacspec.org/v1.0.0/ogcapi-features',
    'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core',
    'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson',
    'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30',
  ],
  checks: [
    {
      name: 'items are GeoJSON with timeStamp, numberReturned and links (/req/core/fc-response)',
      async run({ get, fixtures }) {
        const { status, headers, body } = await get(`/collections/${fixtures.collection}/items`);
        must(status === 200 && headers.get('content-type')?.startsWith('application/geo+json') === true, `${status} ${headers.get('content-type')}`);
        const page = members(body);
        must(page['type'] === 'FeatureCollection' && typeof page['timeStamp'] === 'string', 'no FeatureCollection with timeStamp');
        must(page['numberReturned'] === arrayOf(page['features']).length, 'numberReturned is wrong');
        must(linksOf(body, 'self').length === 1, 'no self link');
      },
    },
    {
      name: 'limit is kept, and next leads through every item exactly once (/req/core/fc-limit-response-1)',
      async run({ get, base, fixtures }) {
        const seen: unknown[] = [];
        let path = `/collections/${fixtures.collection}/items?limit=1`;
        for (let page = 0; page < 100; page += 1) {
          const { body } = await get(path);
          const items = arrayOf(members(body)['features']);
          must(items.length === 1, `a page of ${items.length}`);
          seen.push(...items.map((item) => item['id']));
          const [next] = linksOf(body, 'next');
          if (next === undefined) break;
          path = String(next['href']).slice(base.length);
        }
        must(seen.length > 1 && new Set(seen).size === seen.length, `pages repeat items: ${seen.join()}`);
      },
    },
    {
      name: 'unknown and invalid parameters are 400 (/req/core/query-param-unknown, query-param-invalid)',
      async run({ get, fixtures }) {
        for (const query of ['nosuch=1', 'limit=0', 'limit=x', 'bbox=1,2,3', 'bbox=0,10,1,0', 'datetime=yesterday', 'datetime=2020-01-02T00:00:00Z/2020-01-01T00:00:00Z']) {
          const { status } = await get(`/collections/${fixtures.collection}/items?${query}`);
          must(status === 400, `?${query} answers ${status}`);
        }
      },
    },
    {
      name: 'one item is GeoJSON with self, root, parent and collection links (/req/core/f-success)',
      async run({ get, fixtures }) {
        const { status, headers, body } = await get(`/collections/${fixtures.collection}/items/${fixtures.item}`);
        must(status === 200 && headers.get('content-type')?.startsWith('application/geo+json') === true, `${status} ${headers.get('content-type')}`);
        for (const rel of ['self', 'root', 'parent', 'collection']) must(linksOf(body, rel).length === 1, `no one link ${rel}`);
      },
    },
    {
      name: 'GET answers HEAD, and OPTIONS names the methods (RFC 9110)',
      async run({ send, fixtures }) {
        const head = await send('HEAD', `/collections/${fixtures.collection}/items`);
        must(head.status === 200 && head.body === '', 'HEAD differs');
        const options = await send('OPTIONS', `/collections/${fixtures.collection}/items`);
        must(options.status === 204 && options.headers.get('allow')?.includes('POST') === true, `OPTIONS: ${options.status} ${options.headers.get('allow')}`);
      },
    },
    ...collectionChecks,
    ...selectionChecks,
    ...apiChecks,
  ],
};
