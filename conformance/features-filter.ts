/** OGC API - Features part 3: what filters may name, and how they meet the other parameters. */
import { arrayOf, type ConformanceClass, linksOf, members, must } from './class.js';

const QUERYABLES = 'http://www.opengis.net/def/rel/ogc/1.0/queryables';

const idsOf = (body: unknown): string => arrayOf(members(body)['features']).map((item) => String(item['id'])).toSorted().join();

export const featuresFilter: ConformanceClass = {
  title: 'OGC API - Features, Queryables and Filter',
  uris: ['http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables'],
  checks: [
    {
      name: 'each collection links queryables that have a type, or a geometry format and none (/req/features-filter/queryables-link, /req/queryables/get-queryables-response)',
      async run({ get, base }) {
        for (const collection of arrayOf(members((await get('/collections?limit=1000')).body)['collections'])) {
          const [link] = linksOf(collection, QUERYABLES);
          must(link?.['type'] === 'application/schema+json', `${String(collection['id'])} links none`);
          const { status, headers, body } = await get(String(link['href']).slice(base.length));
          must(status === 200 && headers.get('content-type')?.startsWith('application/schema+json') === true, `${status}`);
          must(members(body)['type'] === 'object' && members(body)['$schema'] === 'https://json-schema.org/draft/2020-12/schema', 'it is no such schema');
          for (const [name, schema] of Object.entries(members(members(body)['properties']))) {
            const { type, format, $ref } = members(schema);
            const isSpatial = typeof format === 'string' && format.startsWith('geometry-');
            must(isSpatial ? type === undefined && $ref === undefined : type !== undefined, `${name} of ${String(collection['id'])} is ${JSON.stringify(schema)}`);
          }
        }
      },
    },
    {
      name: 'filter-lang lists the languages, and what is assumed is known (/req/filter/filter-lang-param)',
      async run({ get }) {
        const { body } = await get('/api');
        const parameters = arrayOf(members(members(members(members(body)['paths'])['/collections/{collectionId}/items'])['get'])['parameters']);
        const schema = members(parameters.find((parameter) => parameter['name'] === 'filter-lang')?.['schema']);
        must(JSON.stringify(schema['enum']) === '["cql2-text","cql2-json"]' && schema['default'] === 'cql2-text', JSON.stringify(schema));
        for (const name of ['filter', 'filter-crs']) must(parameters.some((parameter) => parameter['name'] === name), `no ${name}`);
      },
    },
    {
      name: 'a filter and the other parameters must all hold (/req/filter/mixing-expressions, /req/features-filter/response)',
      async run({ get, fixtures: { collection, item } }) {
        const at = `/collections/${collection}/items?limit=1000`;
        const filter = `filter=${encodeURIComponent(`id = '${item}'`)}`;
        must(idsOf((await get(`${at}&${filter}`)).body) === item, 'the filter alone does not find the item');
        must(idsOf((await get(`${at}&${filter}&datetime=1700-01-01T00:00:00Z`)).body) === '', 'its datetime is not looked at');
        must(idsOf((await get(`${at}&${filter}&bbox=-180,-90,-179,-89`)).body) === '', 'its bbox is not looked at');
        const others = encodeURIComponent(`NOT (id = '${item}')`);
        must(!idsOf((await get(`${at}&filter=${others}`)).body).split(',').includes(item), 'what is excluded is found');
      },
    },
    {
      name: 'filters in another language or CRS, or none at all, are 400 (/req/features-filter/response E, /req/filter/filter-crs-param)',
      async run({ get, fixtures: { collection } }) {
        const at = `/collections/${collection}/items`;
        for (const query of ['filter=id%20%3D', 'filter=id%3D1&filter-lang=sql', 'filter=%7B&filter-lang=cql2-json', 'filter=TRUE&filter-crs=http%3A%2F%2Fwww.opengis.net%2Fdef%2Fcrs%2FEPSG%2F0%2F3857']) {
          const { status } = await get(`${at}?${query}`);
          must(status === 400, `${query} answers ${status}`);
        }
      },
    },
  ],
};
