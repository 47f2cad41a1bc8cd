/** The fan-in of an ETL's tasks: each answer, status and error of API.md's sections on jobs, and what happens at once or in between. */
import { hrefOf, listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { boxTiles, datasetBody, postDataset, type TileBody } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const send = (method: string, path: string, body?: unknown): Promise<TestAnswer> => server.request(method, path, body === undefined ? {} : { body });
const statuses = (answers: readonly TestAnswer[]): number[] => answers.map(({ status }) => status).toSorted((a, b) => a - b);
const sql = (statement: string, values: unknown[] = []): Promise<{ rows: Record<string, unknown>[] }> => server.services.database.pool.query(statement, values);

const jobBody = (id: string, expected: number, more: Record<string, unknown> = {}): Record<string, unknown> => ({ dataset: datasetBody(id).dataset, expected_tiles: expected, ...more });

/** Starts a job; answers its path. */
async function start(id: string, expected: number, more: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await send('POST', '/api/jobs', jobBody(id, expected, more));
  expect({ status, body: status === 201 ? '' : body }).toEqual({ status: 201, body: '' });
  return `/api/jobs/${text(body['job_id'])}`;
}

/** The tile of a task, without an index of its own. */
const tileOf = (index: number): TileBody => {
  const { index: _index, ...tile } = boxTiles(index).at(-1) as TileBody;
  return tile;
};
const done = (index: number, tile: unknown = tileOf(index)): unknown => ({ status: 'COMPLETE', tile });
const put = (job: string, index: number | string, body: unknown = done(Number(index))): Promise<TestAnswer> => send('PUT', `${job}/tasks/${index}`, body);

async function report(job: string, indices: readonly number[]): Promise<void> {
  for (const index of indices) expect((await put(job, index)).status).toBe(201);
}

const fault = ({ body }: TestAnswer): Loose | undefined => listOf(body['errors'])[0];

describe('a job', () => {
  it('is made, reported to in any order, completed once, and answers the same ever after', async () => {
    const made = await send('POST', '/api/jobs', jobBody('d', 3, { mosaic: { overlap: 'first' } }));
    expect(made.status).toBe(201);
    expect(made.headers['location']).toBe(`${server.url}/api/jobs/${text(made.body['job_id'])}`);
    expect(made.body).toMatchObject({ dataset_id: 'd', state: 'RUNNING', expected: 3, complete: 0, failed: 0, auto_complete: false, replace: false });
    const job = `/api/jobs/${text(made.body['job_id'])}`;
    expect((await send('GET', job)).body).toMatchObject({ state: 'RUNNING', expected: 3, complete: 0, failed: 0, missing: [1, 2, 3] });
    await report(job, [3, 1]);
    expect((await send('GET', job)).body).toMatchObject({ state: 'RUNNING', complete: 2, failed: 0, missing: [2] });
    expect((await send('GET', '/api/datasets/d')).status).toBe(404);
    await report(job, [2]);
    expect((await send('GET', job)).body).toMatchObject({ state: 'RUNNING', complete: 3, missing: [] });

    const first = await send('POST', `${job}/complete`);
    expect(first.status).toBe(201);
    expect(first.headers['location']).toBe(`${server.url}/api/datasets/d`);
    expect(first.body).toMatchObject({ id: 'd', collection: 'datasets', tile_count: 3, bbox: [0, 0, 30, 10], warnings: [] });
    expect((await send('GET', job)).body).toMatchObject({ state: 'COMPLETE', expected: 3, complete: 3, failed: 0, missing: [] });
    const again = await send('POST', `${job}/complete`);
    expect(again.status).toBe(200);
    expect(again.bytes.toString()).toBe(first.bytes.toString());
    const item = (await send('GET', '/api/datasets/d')).body;
    expect(item['properties']).toMatchObject({ title: 'The dataset d', 'file:tile_count': 3, 'mosaic:overlap': 'first', 'mosaic:search_id': first.body['search_id'] });
    expect(hrefOf((await send('GET', job)).body, 'item')).toBe(`${server.url}/api/datasets/d`);
    expect((await put(job, 2)).status).toBe(409);
    expect((await put(job, 9)).status).toBe(409);
    expect((await send('DELETE', job)).status).toBe(409);
  });

  it('makes the dataset that one post of the same tiles makes', async () => {
    const job = await start('a', 4);
    await report(job, [4, 3, 2, 1]);
    const answer = (await send('POST', `${job}/complete`)).body;
    const posted = await postDataset(server, datasetBody('b', boxTiles(4)));
    for (const member of ['tile_count', 'bbox', 'warnings', 'collection']) expect(answer[member]).toEqual(posted[member]);
    expect(Object.keys(answer)).toEqual(Object.keys(posted));
    const plain = async (id: string): Promise<string> =>
      JSON.stringify(listOf((await send('GET', `/api/datasets/${id}/tiles`)).body['features']).map(({ properties, assets, bbox }) => ({ assets, bbox, properties: { ...properties, parent_dataset: '', 'processing:datetime': '' } })));
    expect(await plain('a')).toBe(await plain('b'));
    expect((await server.written())['files']).toEqual(['/metadata/mosaics/a.json', '/metadata/mosaics/b.json']);
  });

  it('is complete with its last task where it shall be', async () => {
    const job = await start('auto', 3, { auto_complete: true });
    expect((await put(job, 2)).body).toMatchObject({ index: 2, status: 'COMPLETE', state: 'RUNNING' });
    expect((await put(job, 3)).body).toMatchObject({ state: 'RUNNING' });
    expect((await put(job, 1, { status: 'FAILED', error: 'out of memory' })).body).toMatchObject({ status: 'FAILED', error: 'out of memory', state: 'FAILED' });
    expect(await put(job, 1)).toMatchObject({ status: 200, body: { status: 'COMPLETE', state: 'COMPLETE' } });
    expect((await send('GET', job)).body).toMatchObject({ state: 'COMPLETE', auto_complete: true });
    expect((await send('GET', '/api/datasets/auto')).body['properties']).toMatchObject({ 'file:tile_count': 3 });
    expect((await send('POST', `${job}/complete`)).status).toBe(200);
  });

  it('that cannot complete with its last task keeps the task and says why', async () => {
    const job = await start('auto', 2, { auto_complete: true });
    await postDataset(server, datasetBody('auto'));
    await report(job, [1, 2]);
    expect((await send('GET', job)).body).toMatchObject({ state: 'RUNNING', complete: 2, missing: [], completion_error: { code: 'Conflict' } });
    expect((await send('POST', `${job}/complete`)).status).toBe(409);
    await send('DELETE', '/api/datasets/auto');
    expect(await put(job, 2)).toMatchObject({ status: 200, body: { state: 'COMPLETE' } });
    expect((await send('GET', job)).body['completion_error']).toBeUndefined();
  });

  it('of a dataset that exists is a conflict, unless it replaces it: then readers see the one or the other', async () => {
    const old = await postDataset(server, datasetBody('d', boxTiles(8)));
    expect(await send('POST', '/api/jobs', jobBody('d', 2))).toMatchObject({ status: 409, body: { code: 'Conflict', errors: [{ path: '/dataset/id' }] } });
    const job = await start('d', 2, { replace: true, mosaic: { overlap: 'first' } });
    await report(job, [1, 2]);
    expect((await send('GET', '/api/datasets/d')).body['properties']).toMatchObject({ 'file:tile_count': 8 });
    const { status, body } = await send('POST', `${job}/complete`);
    expect({ status, body }).toMatchObject({ status: 201, body: { tile_count: 2, bbox: [0, 0, 20, 10] } });
    expect(body['search_id']).not.toBe(old['search_id']);
    expect((await send('GET', `/searches/${text(old['search_id'])}/info`)).status).toBe(404);
    expect(listOf((await send('GET', '/api/datasets/d/tiles')).body['features'])).toHaveLength(2);
    expect((await server.written())['pgstac.items']).toBe(3);
    expect((await send('GET', '/collections/datasets')).body['extent']).toMatchObject({ spatial: { bbox: [[0, 0, 20, 10]] } });
    expect((await send('POST', `${job}/complete`))).toMatchObject({ status: 200, body });
  });

  it('may replace what does not exist', async () => {
    const job = await start('new', 1, { replace: true });
    await report(job, [1]);
    expect((await send('POST', `${job}/complete`)).status).toBe(201);
  });

  it('finds the dataset that came meanwhile, and leaves it', async () => {
    const job = await start('d', 1);
    await report(job, [1]);
    await postDataset(server, datasetBody('d', boxTiles(3)));
    expect((await send('POST', `${job}/complete`)).status).toBe(409);
    expect((await send('GET', '/api/datasets/d')).body['properties']).toMatchObject({ 'file:tile_count': 3 });
    expect((await send('GET', job)).body).toMatchObject({ state: 'RUNNING', complete: 1 });
  });
});

describe('bad jobs', () => {
  const cases: readonly [name: string, body: unknown, path: string][] = [
    ['no object', [], ''],
    ['nothing', {}, '/dataset'],
    ['no number of tiles', { dataset: { id: 'x' } }, '/expected_tiles'],
    ['no tiles at all', jobBody('x', 0), '/expected_tiles'],
    ['half a tile', jobBody('x', 1.5), '/expected_tiles'],
    ['too many tiles', jobBody('x', 1_000_001), '/expected_tiles'],
    ['an id with a slash', jobBody('x/y', 1), '/dataset/id'],
    ['no id', { dataset: {}, expected_tiles: 1 }, '/dataset/id'],
    ['a date that is none', { dataset: { id: 'x', properties: { datetime: 'yesterday' } }, expected_tiles: 1 }, '/dataset/properties/datetime'],
    ['properties that the STAC schemas refuse', { dataset: { id: 'x', properties: { gsd: 'fine' } }, expected_tiles: 1 }, '/dataset/properties/gsd'],
    ['a zoom that is none', jobBody('x', 1, { mosaic: { quadkey_zoom: 40 } }), '/mosaic/quadkey_zoom'],
    ['auto_complete that is no truth', jobBody('x', 1, { auto_complete: 'yes' }), '/auto_complete'],
    ['replace that is no truth', jobBody('x', 1, { replace: 1 }), '/replace'],
    ['an unknown member', jobBody('x', 1, { tiles: [] }), '/tiles'],
  ];
  it.each(cases)('with %s are 400 and name the place', async (_name, body, path) => {
    const answer = await send('POST', '/api/jobs', body);
    expect({ status: answer.status, path: fault(answer)?.['path'] }).toEqual({ status: 400, path });
    expect((await sql('SELECT count(*)::int AS n FROM stac_mosaic.jobs')).rows).toEqual([{ n: 0 }]);
  });
});

describe('a task', () => {
  it('is 201 the first time and 200 after; another tile takes the place of the first until the job is complete', async () => {
    const job = await start('d', 1);
    const first = await put(job, 1);
    expect(first).toMatchObject({ status: 201, body: { index: 1, status: 'COMPLETE', state: 'RUNNING' } });
    expect(first.headers['location']).toBe(`${server.url}${job}/tasks/1`);
    expect((await put(job, 1)).status).toBe(200);
    expect((await put(job, 1, done(1, { href: 'https://cogs.example.com/other.tif', bbox: [50, 0, 60, 10] }))).status).toBe(200);
    expect((await send('GET', job)).body).toMatchObject({ complete: 1 });
    expect((await send('POST', `${job}/complete`)).body).toMatchObject({ tile_count: 1, bbox: [50, 0, 60, 10] });
    const [tile] = listOf((await send('GET', '/api/datasets/d/tiles')).body['features']);
    expect(tile).toMatchObject({ id: 'd_tile_001', assets: { data: { href: 'https://cogs.example.com/other.tif' } } });
  });

  it('that FAILED makes the job FAILED, until it reports COMPLETE', async () => {
    const job = await start('d', 3);
    await report(job, [1]);
    expect((await put(job, 2, { status: 'FAILED', error: 'no such blob', tile: null })).status).toBe(201);
    expect((await send('GET', job)).body).toMatchObject({ state: 'FAILED', complete: 1, failed: 1, missing: [3], failed_tasks: [{ index: 2, error: 'no such blob' }] });
    const early = await send('POST', `${job}/complete`);
    expect(early).toMatchObject({ status: 409, body: { code: 'Conflict', errors: [{ path: '/tasks/2', message: 'FAILED: no such blob', index: 2 }, { path: '/tasks/3', message: 'is missing', index: 3 }] } });
    expect(text(early.body['description'])).toMatch(/missing: 3.*failed: 2/);
    expect((await server.written())['pgstac.items']).toBe(0);
    await report(job, [3]);
    expect((await send('POST', `${job}/complete`))).toMatchObject({ status: 409, body: { errors: [{ path: '/tasks/2' }] } });
    expect((await put(job, 2)).status).toBe(200);
    expect((await send('GET', job)).body).toMatchObject({ state: 'RUNNING', complete: 3, failed: 0, missing: [], failed_tasks: [] });
    expect((await send('POST', `${job}/complete`)).status).toBe(201);
  });

  it('that was COMPLETE may fail after all', async () => {
    const job = await start('d', 1);
    await report(job, [1]);
    await put(job, 1, { status: 'FAILED' });
    expect((await send('POST', `${job}/complete`))).toMatchObject({ status: 409, body: { errors: [{ path: '/tasks/1', message: 'FAILED' }] } });
  });

  it('may bring a whole item', async () => {
    const job = await start('d', 1);
    const item = { type: 'Feature', stac_version: '1.1.0', id: 'mine', bbox: [0, 0, 1, 1], geometry: { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] }, properties: { datetime: '2024-01-01T00:00:00Z', tile_index: 1, 'proj:epsg': 4326 }, links: [], assets: { data: { href: 'https://cogs.example.com/a.tif' } } };
    expect((await put(job, 1, done(1, item))).status).toBe(201);
    expect((await send('POST', `${job}/complete`)).status).toBe(201);
    expect(listOf((await send('GET', '/api/datasets/d/tiles')).body['features'])[0]).toMatchObject({ geometry: item.geometry, properties: { datetime: '2024-01-01T00:00:00Z', 'proj:code': 'EPSG:4326' } });
  });

  it('that is only an href has its header read when it reports; the completion opens no file', async () => {
    const href = await server.file('cog.tif', await makeCog({ width: 64, height: 64, west: 0, north: 64, block: 64 }));
    const plain = await server.file('plain.tif', await makeCog({ width: 1200, height: 64, west: 64, north: 64, res: [0.05, 1], block: 64, overviews: false }));
    const job = await start('d', 2);
    expect((await put(job, 1, done(1, { href }))).status).toBe(201);
    expect((await put(job, 2, done(2, { href: plain }))).status).toBe(201);
    await server.file('cog.tif', new Uint8Array(10));
    await server.file('plain.tif', new Uint8Array(10));
    const { body } = await send('POST', `${job}/complete`);
    expect(body).toMatchObject({ bbox: [0, 0, 124, 64], warnings: [{ code: 'NotCloudOptimized' }] });
    const [first, second] = listOf((await send('GET', '/api/datasets/d/tiles')).body['features']);
    expect(first).toMatchObject({ bbox: [0, 0, 64, 64], properties: { 'proj:code': 'EPSG:4326', 'proj:shape': [64, 64] }, assets: { data: { type: 'image/tiff; application=geotiff; profile=cloud-optimized' } } });
    expect(second?.['assets']?.['data']).toMatchObject({ type: 'image/tiff; application=geotiff' });
  });

  const bad: readonly [name: string, index: number | string, body: unknown, path: string][] = [
    ['an index of 0', 0, done(1), 'index'],
    ['an index behind the last', 3, done(1), 'index'],
    ['an index that is no number', 'one', done(1), 'index'],
    ['half an index', '1.5', done(1), 'index'],
    ['no object', 1, [1], ''],
    ['no status', 1, { tile: tileOf(1) }, '/status'],
    ['an unknown status', 1, { status: 'DONE', tile: tileOf(1) }, '/status'],
    ['no tile', 1, { status: 'COMPLETE' }, '/tile'],
    ['a tile that is none', 1, { status: 'COMPLETE', tile: 'a.tif' }, '/tile'],
    ['a tile without an href', 1, { status: 'COMPLETE', tile: { bbox: [0, 0, 1, 1] } }, '/tile/href'],
    ['a bbox upside down', 1, { status: 'COMPLETE', tile: { href: 'https://x.example.com/a.tif', bbox: [0, 1, 1, 0] } }, '/tile/bbox'],
    ['a gsd below 0', 1, { status: 'COMPLETE', tile: { ...tileOf(1), gsd: -3 } }, '/tile/gsd'],
    ['another index in the tile', 1, { status: 'COMPLETE', tile: { ...tileOf(1), index: 2 } }, '/tile/index'],
    ['an href that may not be read', 1, { status: 'COMPLETE', tile: { href: 'http://127.0.0.1:9/a.tif' } }, '/tile/href'],
    ['an error that is no text', 1, { status: 'FAILED', error: { code: 3 } }, '/error'],
    ['an unknown member', 1, { status: 'FAILED', why: 'x' }, '/why'],
  ];
  it.each(bad)('with %s is 400 and names the place', async (_name, index, body, path) => {
    const job = await start('d', 2);
    const answer = await put(job, index, body);
    expect({ status: answer.status, path: fault(answer)?.['path'], message: text(answer.body['description']).includes('/tiles/0') }).toEqual({ status: 400, path, message: false });
    expect((await send('GET', job)).body).toMatchObject({ complete: 0, failed: 0, missing: [1, 2] });
  });

  it('with the href of another task is found at the completion', async () => {
    const job = await start('d', 2);
    await put(job, 1, done(1));
    await put(job, 2, done(2, tileOf(1)));
    expect(await send('POST', `${job}/complete`)).toMatchObject({ status: 400, body: { errors: [{ path: '/tiles/1/href', index: 2 }] } });
  });

  it('of another media type is 415', async () => {
    const job = await start('d', 1);
    expect((await server.request('PUT', `${job}/tasks/1`, { body: 'x', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  });
});

describe('a job that is not there', () => {
  const routes: readonly [method: string, path: string, body: unknown][] = [['GET', '', undefined], ['POST', '/complete', undefined], ['DELETE', '', undefined], ['PUT', '/tasks/1', done(1)]];

  it.each(routes)('is 404: %s %s', async (method, path, body) => {
    for (const id of ['nosuch', '00000000-0000-0000-0000-000000000000', "'%22"]) expect((await send(method, `/api/jobs/${id}${path}`, body)).status).toBe(404);
  });

  it.each(routes)('is 410 when cancelled: %s %s', async (method, path, body) => {
    const job = await start('d', 1);
    await report(job, [1]);
    expect((await send('DELETE', job)).status).toBe(204);
    expect((await sql('SELECT count(*)::int AS n FROM stac_mosaic.job_tasks')).rows).toEqual([{ n: 0 }]);
    expect(await send(method, job + path, body)).toMatchObject({ status: 410, body: { code: 'Gone' } });
    expect((await send('GET', '/api/datasets/d')).status).toBe(404);
  });

  it.each(routes)('is 410 when idle for 72 hours: %s %s', async (method, path, body) => {
    const job = await start('d', 1);
    await report(job, [1]);
    await sql("UPDATE stac_mosaic.jobs SET active_at = now() - interval '71 hours'");
    expect((await send('GET', job)).status).toBe(200);
    await sql("UPDATE stac_mosaic.jobs SET active_at = now() - interval '73 hours'");
    expect(await send(method, job + path, body)).toMatchObject({ status: 410, body: { code: 'Gone' } });
  });

  it('is swept away, with its tasks, by the next job or at the start of a server; long after it ended it is forgotten', async () => {
    const [old, idle] = [await start('a', 2), await start('b', 2)];
    for (const job of [old, idle]) await report(job, [1]);
    await sql("UPDATE stac_mosaic.jobs SET active_at = now() - interval '73 hours' WHERE dataset_id = 'a'");
    const fresh = await start('c', 1);
    const states = async (): Promise<Record<string, unknown>[]> => (await sql('SELECT dataset_id AS id, state, (SELECT count(*)::int FROM stac_mosaic.job_tasks t WHERE t.job_id = j.job_id) AS tasks FROM stac_mosaic.jobs j ORDER BY 1')).rows;
    expect(await states()).toEqual([{ id: 'a', state: 'EXPIRED', tasks: 0 }, { id: 'b', state: 'RUNNING', tasks: 1 }, { id: 'c', state: 'RUNNING', tasks: 0 }]);
    expect((await send('GET', old)).status).toBe(410);
    await sql("UPDATE stac_mosaic.jobs SET active_at = now() - interval '73 hours' WHERE dataset_id = 'b'");
    await sql("UPDATE stac_mosaic.jobs SET ended_at = now() - interval '31 days' WHERE dataset_id = 'a'");
    await (await server.variant({})).close();
    expect(await states()).toEqual([{ id: 'b', state: 'EXPIRED', tasks: 0 }, { id: 'c', state: 'RUNNING', tasks: 0 }]);
    expect((await send('GET', old)).status).toBe(404);
    expect((await send('GET', fresh)).status).toBe(200);
  });

  it('lives on while its tasks report', async () => {
    const job = await start('d', 2);
    await sql("UPDATE stac_mosaic.jobs SET active_at = now() - interval '71 hours'");
    await report(job, [1]);
    expect((await sql("SELECT active_at > now() - interval '1 minute' AS fresh FROM stac_mosaic.jobs")).rows).toEqual([{ fresh: true }]);
  });
});

describe('at once', () => {
  it('eight writers report all tasks twice, and one completion finds each tile once', async () => {
    const job = await start('many', 96);
    const writer = async (w: number): Promise<TestAnswer[]> => {
      const answers: TestAnswer[] = [];
      for (let i = 0; i < 24; i += 1) answers.push(await put(job, ((w * 12 + i) % 96) + 1));
      return answers;
    };
    const answers = (await Promise.all(Array.from({ length: 8 }, (_, w) => writer(w)))).flat();
    expect(statuses(answers).filter((status) => status === 201)).toHaveLength(96);
    expect(statuses(answers).filter((status) => status === 200)).toHaveLength(96);
    expect((await send('GET', job)).body).toMatchObject({ complete: 96, failed: 0, missing: [] });
    expect((await send('POST', `${job}/complete`)).body).toMatchObject({ tile_count: 96 });
  });

  for (const replace of [false, true]) {
    it(`six completions of one job${replace ? ' that replaces' : ''}: one 201, the others 200 with the same body`, async () => {
      if (replace) await postDataset(server, datasetBody('race', boxTiles(3)));
      const job = await start('race', 12, { replace });
      await report(job, Array.from({ length: 12 }, (_, i) => i + 1));
      const answers = await Promise.all(Array.from({ length: 6 }, () => send('POST', `${job}/complete`)));
      expect(statuses(answers)).toEqual([200, 200, 200, 200, 200, 201]);
      expect(new Set(answers.map(({ bytes }) => bytes.toString())).size).toBe(1);
      expect((await server.written())['pgstac.items']).toBe(13);
      expect((await server.written())['files']).toEqual(['/metadata/mosaics/race.json']);
    });
  }

  it('the last tasks of a job that completes by itself: it is complete, once', async () => {
    const job = await start('auto', 16, { auto_complete: true });
    const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => put(job, i + 1)));
    expect(new Set(statuses(answers))).toEqual(new Set([201]));
    expect((await send('GET', job)).body).toMatchObject({ state: 'COMPLETE', complete: 16 });
    expect((await server.written())['pgstac.items']).toBe(17);
  });

  it('a completion, a cancellation and reports leave a whole dataset or none', async () => {
    for (let round = 0; round < 4; round += 1) {
      const job = await start(`r${round}`, 4);
      await report(job, [1, 2, 3, 4]);
      const [completed, cancelled, reported] = await Promise.all([
        send('POST', `${job}/complete`),
        send('DELETE', job),
        put(job, 2, done(2, { href: 'https://cogs.example.com/late.tif', bbox: [10, 0, 20, 10] })),
      ]);
      expect([[201, 409], [410, 204]]).toContainEqual([completed.status, cancelled.status]);
      expect([200, 409, 410]).toContain(reported.status);
      const hrefs = listOf((await send('GET', `/api/datasets/r${round}/tiles`)).body['features']).map((tile) => text(tile['assets']?.['data']?.['href']));
      expect(hrefs).toHaveLength(completed.status === 201 ? 4 : 0);
      // A report that was taken before the completion is in it.
      if (reported.status === 200 && completed.status === 201) expect(hrefs).toContain('https://cogs.example.com/late.tif');
    }
  });

  it('two jobs of one dataset: one wins', async () => {
    const jobs = [await start('same', 2), await start('same', 1)];
    await report(jobs[0] ?? '', [1, 2]);
    await report(jobs[1] ?? '', [1]);
    const answers = await Promise.all(jobs.map((job) => send('POST', `${job}/complete`)));
    expect(statuses(answers)).toEqual([201, 409]);
  });
});
