/** A dataset is written once, whole, or not at all: repeats, keys, conflicts, concurrency, checks only, and deletes. */
import { listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { boxTiles, datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const post = (body: unknown, key?: string): Promise<TestAnswer> =>
  server.request('POST', '/api/datasets', { body, headers: key === undefined ? {} : { 'idempotency-key': key } });

const statuses = (answers: readonly TestAnswer[]): number[] => answers.map(({ status }) => status).toSorted((a, b) => a - b);

describe('the same again', () => {
  it('with the same content is 200 with the first answer', async () => {
    const first = await post(datasetBody('a'));
    const again = await post(datasetBody('a'));
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
    expect(again.headers['location']).toBe(first.headers['location']);
  });

  it('with its members in another order is the same content', async () => {
    const body = datasetBody('a');
    const { body: first } = await post(body);
    const turned = Object.fromEntries(Object.entries({ ...body, tiles: body.tiles.map((tile) => Object.fromEntries(Object.entries(tile).toReversed())) }).toReversed());
    expect(await post(turned)).toMatchObject({ status: 200, body: first });
  });

  it('with other content is 409 and names PUT', async () => {
    await post(datasetBody('a'));
    const before = await server.written();
    for (const other of [datasetBody('a', boxTiles(3)), datasetBody('a', boxTiles(4), { mosaic: { overlap: 'first' } })]) {
      const { status, body } = await post(other);
      expect(status).toBe(409);
      expect(body).toMatchObject({ code: 'Conflict', errors: [{ path: '/dataset/id' }] });
      expect(text(body['description'])).toContain('/api/datasets/');
    }
    expect(await server.written()).toEqual(before);
  });
});

describe('an Idempotency-Key', () => {
  it('gives the first answer again', async () => {
    const first = await post(datasetBody('a'), 'key-1');
    expect(first.status).toBe(201);
    expect(await post(datasetBody('a'), 'key-1')).toMatchObject({ status: 200, body: first.body });
  });

  it('with other content is 409, whichever dataset it names', async () => {
    await post(datasetBody('a'), 'key-1');
    expect((await post(datasetBody('a', boxTiles(2)), 'key-1')).status).toBe(409);
    expect((await post(datasetBody('b'), 'key-1')).status).toBe(409);
    expect((await server.request('GET', '/api/datasets/b')).status).toBe(404);
  });

  it('is not spent by a post that failed', async () => {
    expect((await post(datasetBody('a', []), 'key-1')).status).toBe(400);
    expect((await post(datasetBody('a'), 'key-1')).status).toBe(201);
  });

  it('is forgotten with its dataset', async () => {
    await post(datasetBody('a'), 'key-1');
    await server.request('DELETE', '/api/datasets/a');
    expect((await post(datasetBody('a'), 'key-1')).status).toBe(201);
  });

  it('older than 24 hours counts no more', async () => {
    await post(datasetBody('a'), 'key-1');
    await server.services.database.pool.query("UPDATE stac_mosaic.idempotency_keys SET created_at = created_at - interval '25 hours'");
    expect((await post(datasetBody('b', boxTiles(1)), 'key-1')).status).toBe(201);
  });

  it('empty or endless is 400', async () => {
    expect((await post(datasetBody('a'), 'x'.repeat(256))).status).toBe(400);
    expect((await post(datasetBody('a'), '')).status).toBe(400);
  });
});

describe('writers at once', () => {
  it('with other content each: one wins, the others get 409, and the dataset is whole', async () => {
    const bodies = Array.from({ length: 8 }, (_, i) => datasetBody('race', boxTiles(i + 2)));
    const answers = await Promise.all(bodies.map((body) => post(body)));
    expect(statuses(answers)).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
    const winner = answers.find(({ status }) => status === 201)?.body ?? {};
    const item = (await server.request('GET', '/api/datasets/race')).body;
    expect(item['properties']).toMatchObject({ 'file:tile_count': winner['tile_count'], 'mosaic:search_id': winner['search_id'] });
    const tiles = listOf((await server.request('GET', '/api/datasets/race/tiles?limit=1000')).body['features']);
    expect(tiles).toHaveLength(Number(winner['tile_count']));
    expect((await server.written())['pgstac.items']).toBe(tiles.length + 1);
    expect((await server.written())['files']).toEqual(['/metadata/mosaics/race.json']);
    const stored = (await server.request('GET', '/files/metadata/mosaics/race.json')).body;
    expect(new Set(Object.values(stored['tiles'] ?? {}).flatMap((urls) => listOf(urls).map(text))).size).toBe(tiles.length);
  });

  it('with the same content: one 201, the others 200, all with one answer', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(datasetBody('same'))));
    expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 201]);
    for (const { body } of answers) expect(body).toEqual(answers[0]?.body);
  });

  it('with one key for two datasets: one wins', async () => {
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((id) => post(datasetBody(id), 'one-key')));
    expect(statuses(answers)).toEqual([201, 409, 409, 409]);
    expect((await server.written())['stac_mosaic.dataset_contents']).toBe(1);
  });

  it('of several datasets all win, whatever they share', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => post(datasetBody(`d${i}`))));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 201));
    expect((await server.written())['pgstac.items']).toBe(8 * 5);
  });

  it('and deleters leave each dataset whole or absent', async () => {
    await post(datasetBody('x'));
    const answers = await Promise.all([
      ...Array.from({ length: 4 }, () => server.request('DELETE', '/api/datasets/x')),
      ...Array.from({ length: 4 }, (_, i) => post(datasetBody('x', boxTiles(i + 1)))),
    ]);
    for (const { status } of answers) expect([201, 204, 404, 409, 200]).toContain(status);
    const item = await server.request('GET', '/api/datasets/x');
    const count = item.status === 404 ? 0 : Number(item.body['properties']?.['file:tile_count']) + 1;
    expect((await server.written())['pgstac.items']).toBe(count);
  });
});

describe('?validate=only', () => {
  it('is 200, tells what would be, and writes nothing', async () => {
    const before = await server.written();
    const { status, body } = await server.request('POST', '/api/datasets?validate=only', { body: datasetBody('a') });
    expect(status).toBe(200);
    expect(body).toMatchObject({ valid: true, id: 'a', tile_count: 4, bbox: [0, 0, 40, 10], warnings: [] });
    expect(await server.written()).toEqual(before);
    expect((await server.request('GET', '/api/datasets/a')).status).toBe(404);
  });

  it('finds what a post would find', async () => {
    const { status, body } = await server.request('POST', '/api/datasets?validate=only', { body: datasetBody('a', boxTiles(2).map((tile) => ({ ...tile, bbox: [0, 1, 1, 0] }))) });
    expect(status).toBe(400);
    expect(listOf(body['errors']).map((error) => error['path'])).toEqual(['/tiles/0/bbox', '/tiles/1/bbox']);
  });

  it('of another word is 400', async () => {
    expect((await server.request('POST', '/api/datasets?validate=yes', { body: datasetBody('a') })).status).toBe(400);
  });
});

describe('expected_tiles', () => {
  it('must be the number of tiles', async () => {
    const before = await server.written();
    expect((await post({ ...datasetBody('a'), expected_tiles: 5 })).body).toMatchObject({ code: 'InvalidInput', errors: [{ path: '/expected_tiles' }] });
    expect(await server.written()).toEqual(before);
    expect((await post({ ...datasetBody('a'), expected_tiles: 4 })).status).toBe(201);
  });
});

describe('DELETE of a dataset', () => {
  const routes = (id: string, answer: Loose): string[] => [
    `/api/datasets/${id}`, `/api/datasets/${id}/metadata`, `/api/datasets/${id}/tiles`, `/api/datasets/${id}/tiles/${id}_tile_001`, `/api/datasets/${id}/mosaic.json`,
    `/api/datasets/${id}/tilejson.json`, `/api/datasets/${id}/map.html`, `/api/datasets/${id}/tiles/0/0/0`, `/collections/datasets/items/${id}`, `/files/metadata/mosaics/${id}.json`,
    `/searches/${text(answer['search_id'])}/info`, `/searches/${text(answer['search_id'])}/mosaic.json`, text(answer['tilejson_url']), text(answer['viewer_url']), text(answer['mosaic_url']),
  ];

  for (const route of ['/api/datasets/a', '/collections/datasets/items/a']) {
    it(`at ${route} takes everything of it, once; the same post makes it anew`, async () => {
      const before = await server.written();
      const answer = await postDataset(server, datasetBody('a'));
      expect((await server.request('DELETE', route)).status).toBe(204);
      for (const path of routes('a', answer)) expect({ path, status: (await server.request('GET', path)).status }).toEqual({ path, status: 404 });
      const { partitions: _before, ...was } = before;
      const { partitions: _after, ...is } = await server.written();
      expect(is).toEqual(was);
      expect(await server.request('DELETE', route)).toMatchObject({ status: 404, body: { code: 'NotFound' } });
      const again = await post(datasetBody('a'));
      expect(again.status).toBe(201);
      expect(again.body['search_id']).toBe(answer['search_id']);
    });
  }

  it('leaves other datasets alone', async () => {
    const kept = await postDataset(server, datasetBody('a_'));
    await postDataset(server, datasetBody('a'));
    await server.request('DELETE', '/api/datasets/a');
    for (const path of routes('a_', kept).filter((path) => !path.endsWith('/0/0/0'))) expect({ path, status: (await server.request('GET', path)).status }).toEqual({ path, status: 200 });
  });

  it('hides its search even where a user has registered it too', async () => {
    const { search_id: searchId } = await postDataset(server, datasetBody('a'));
    const info = (await server.request('GET', `/searches/${text(searchId)}/info`)).body['search'];
    const registered = await server.request('POST', '/searches/register', { body: { ...(info?.['search'] as object), metadata: info?.['metadata'] } });
    expect(registered.body['id']).toBe(searchId);
    await server.request('DELETE', '/api/datasets/a');
    expect((await server.request('GET', `/searches/${text(searchId)}/info`)).status).toBe(404);
  });
});
