/** pystac-client 0.9.1 as most users of a STAC API meet it: it opens, finds, pages and validates, with warnings as errors. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { python, runPython } from '../support/cogeo-mosaic.js';
import { datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { text } from '../support/client.js';

interface Walked {
  readonly collections: string[];
  readonly pages: string[][];
  readonly [member: string]: unknown;
}

const schemas = resolve('../shared/data/schemas');
const title = python === undefined ? 'pystac-client (skipped: set STAC_MOSAIC_TEST_PYTHON)' : 'pystac-client';

(python === undefined ? describe.skip : describe)(title, () => {
  let server: TestServer;
  let walked: Walked;
  let searchId = '';
  const days = Array.from({ length: 20 }, (_, i) => `day-${String(i + 1).padStart(2, '0')}`);

  beforeAll(async () => {
    server = await startTestServer();
    searchId = text((await postDataset(server, datasetBody('flood')))['search_id']);
    await postDataset(server, datasetBody('elsewhere', [{ href: 'https://cogs.example.com/far.tif', bbox: [-60, -60, -50, -50], datetime: '2020-01-01T00:00:00Z' }], { dataset: { id: 'elsewhere', properties: { title: 'Far', datetime: '2020-01-01T00:00:00Z' } } }));
    await makeCollection(server, 'days', days.map((id, i) => itemBody(id, { properties: { datetime: `2024-01-${String(i + 1).padStart(2, '0')}T00:00:00Z` } })));
    walked = (await runPython('pystac_client_walk.py', {
      url: server.url,
      dataset: 'flood',
      collection: 'days',
      bbox: [1, 1, 2, 2],
      elsewhere: [100, 60, 110, 70],
      datetime: '2024-10-01/2024-10-31',
      filter: { op: '=', args: [{ property: 'title' }, 'Far'] },
      ...(existsSync(schemas) ? { schemas } : {}),
    })) as Walked;
  }, 120_000);

  afterAll(() => server.close());

  it('sees the collection datasets, and nothing of its tiles', () => {
    expect(walked.collections.toSorted()).toEqual(['datasets', 'days']);
  });

  it('finds the dataset by place, time and filter, and no other', () => {
    const { by_bbox, by_intersects, elsewhere, by_datetime, another_time, filtered } = walked;
    expect({ by_bbox, by_intersects, elsewhere, by_datetime, another_time, filtered }).toEqual({
      by_bbox: ['flood'], by_intersects: ['flood'], elsewhere: [], by_datetime: ['flood'], another_time: [], filtered: ['elsewhere'],
    });
    expect(walked['search_id']).toBe(searchId);
    expect(walked['children']).toEqual([`${server.url}/api/datasets/flood/tiles`]);
  });

  it('pages by POST and by GET through every item once, newest first, and sorts', () => {
    expect(walked.pages.map((page) => page.length)).toEqual([7, 7, 6]);
    expect(walked.pages.flat()).toEqual(days.toReversed());
    expect(walked['got']).toEqual(days.toReversed());
    expect(walked['matched']).toEqual([20, 20]);
    expect(walked['sorted']).toEqual(days.toReversed().slice(0, 3));
  });

  it('validates catalogue, collections and every item by its own schemas', () => {
    const [validated, declared] = [walked['validated'] as number[], walked['declared'] as number[]];
    expect(validated).toHaveLength(21);
    for (const [i, count] of validated.entries()) expect(count).toBe(existsSync(schemas) ? 1 + (declared[i] ?? 0) : 1);
    expect(declared[0]).toBeGreaterThan(0);
  });
});
