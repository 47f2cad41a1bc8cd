/** Queryables and sortables of items, as the data and as operators say them. */
import { isObject, textOf } from '../../src/json.js';
import { linksOf } from '../support/client.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'scenes', [
    itemBody('a', { properties: { datetime: '2024-01-01T00:00:00Z', 'eo:cloud_cover': 5.5, platform: 'sentinel-2a', updated: '2024-01-01T00:00:00Z', tags: ['x'], flag: true, mixed: 1 } }),
    itemBody('b', { properties: { datetime: '2024-01-02T00:00:00Z', 'eo:cloud_cover': 7, platform: 'sentinel-2b', gsd: 10, mixed: 'one' } }),
  ]);
  await makeCollection(server, 'others', [itemBody('c', { properties: { datetime: '2024-01-01T00:00:00Z', depth: 3 } })]);
  await server.services.database.pool.query(
    `INSERT INTO pgstac.queryables (name, definition, collection_ids) VALUES ('gsd', '{"title": "Ground sample distance", "type": "number", "minimum": 0}', NULL), ('nowhere', '{"title": "Nowhere"}', '{others}')`,
  );
}, 300_000);
afterAll(() => server?.close());

async function read(path: string) {
  const { status, headers, body } = await server.request('GET', path);
  expect([status, headers['content-type']]).toEqual([200, 'application/schema+json']);
  expect([body['$id'], body['$schema'], body['type']]).toEqual([`${server.url}${path}`, 'https://json-schema.org/draft/2020-12/schema', 'object']);
  return isObject(body['properties']) ? body['properties'] : {};
}

it('of a collection have the types, formats and values of its items, and what was registered', async () => {
  const properties = await read('/collections/scenes/queryables');
  expect(properties).toMatchObject({
    id: { type: 'string' },
    collection: { type: 'string' },
    geometry: { format: 'geometry-any' },
    datetime: { type: 'string', format: 'date-time' },
    'eo:cloud_cover': { type: 'number' },
    platform: { type: 'string', enum: ['sentinel-2a', 'sentinel-2b'] },
    updated: { type: 'string', format: 'date-time' },
    tags: { type: 'array', items: { type: 'string' } },
    flag: { type: 'boolean' },
    gsd: { title: 'Ground sample distance', type: 'number', minimum: 0 },
  });
  expect(properties['mixed']).toEqual({ title: 'mixed' });
  for (const name of ['depth', 'nowhere', 'parent_dataset', 'tile_index']) expect(properties[name]).toBeUndefined();
});

it('of all collections hold those of each, but nothing of what is hidden', async () => {
  const properties = await read('/queryables');
  expect(properties).toMatchObject({ platform: { type: 'string' }, depth: { type: 'integer' }, nowhere: { title: 'Nowhere' } });
  for (const name of ['parent_dataset', 'tile_index']) expect(properties[name]).toBeUndefined();
});

it('sortables leave out what has no order', async () => {
  for (const path of ['/sortables', '/collections/scenes/sortables']) {
    const names = Object.keys(await read(path));
    expect(names).toEqual(expect.arrayContaining(['id', 'collection', 'datetime', 'platform', 'gsd', 'mixed']));
    for (const name of ['geometry', 'tags']) expect(names).not.toContain(name);
  }
});

it('are linked from the landing page and the collection', async () => {
  for (const [path, below] of [['/', ''], ['/collections/scenes', '/collections/scenes']]) {
    const { body } = await server.request('GET', String(path));
    for (const name of ['queryables', 'sortables']) {
      const hrefs = linksOf(body, `http://www.opengis.net/def/rel/ogc/1.0/${name}`).map((link) => textOf(link['href']));
      expect(hrefs).toEqual([`${server.url}${below}/${name}`]);
    }
  }
});

it('of unknown and hidden collections are 404', async () => {
  for (const id of ['nosuch', 'system_tiles']) {
    for (const name of ['queryables', 'sortables']) expect((await server.request('GET', `/collections/${id}/${name}`)).status).toBe(404);
  }
});
