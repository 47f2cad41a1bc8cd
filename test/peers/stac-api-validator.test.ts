/** stac-api-validator 0.6.8: each of its twelve classes without an error, offline, schemas from ../shared/data/schemas. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { python, runPython } from '../support/cogeo-mosaic.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

type Results = Readonly<Record<string, { readonly errors: string[]; readonly warnings: string[] }>>;

const schemas = resolve('../shared/data/schemas');
const missing = python === undefined ? ' (skipped: set STAC_MOSAIC_TEST_PYTHON)' : existsSync(schemas) ? '' : ' (skipped: ../shared/data/schemas is missing)';

/** One letter each: the validator takes a value of `in` for the set of its characters. */
const GRADES = ['a', 'b', 'c'];

(missing === '' ? describe : describe.skip)(`stac-api-validator${missing}`, () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    const items = Array.from({ length: 60 }, (_, i) => {
      const [west, south] = [-87 + (i % 10) / 10, 30 + Math.floor(i / 10) / 10];
      const properties = { datetime: `2021-11-${String(1 + (i % 28)).padStart(2, '0')}T16:00:00Z`, gsd: [0.3, 0.6, 1][i % 3], grade: GRADES[i % 3], 'naip:state': i % 2 === 0 ? 'al' : 'fl' };
      return itemBody(`scene-${i}`, { bbox: [west, south, west + 0.1, south + 0.1], properties });
    });
    await makeCollection(server, 'scenes', items);
    await makeCollection(server, 'others', items.slice(0, 3));
  }, 120_000);

  afterAll(() => server?.close());

  it('finds no error in any class', async () => {
    const results = (await runPython('validate_stac_api.py', {
      url: server.url,
      collection: 'scenes',
      transactions: 'others',
      geometry: { type: 'Polygon', coordinates: [[[-87.5, 30.2], [-85.5, 30.2], [-85.5, 31.2], [-87.5, 31.2], [-87.5, 30.2]]] },
      nested: 'properties.gsd',
      query: {
        query_comparison_field: 'gsd', query_eq_value: 1, query_neq_value: 1, query_lt_value: 1, query_lte_value: 1, query_gt_value: 0.5, query_gte_value: 0.6,
        query_substring_field: 'naip:state', query_starts_with_value: 'a', query_ends_with_value: 'l', query_contains_value: 'al',
        query_in_field: 'grade', query_in_values: 'a,b',
      },
      schemas,
    })) as Results;
    expect(Object.keys(results)).toHaveLength(12);
    expect(Object.entries(results).flatMap(([name, { errors }]) => errors.map((error) => `${name}: ${error}`))).toEqual([]);
  }, 120_000);
});
