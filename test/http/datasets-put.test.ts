/** PUT of a dataset: replaced whole or left as it was, with its stored copies; made where there was none. */
import { setTimeout as delay } from 'node:timers/promises';
import { reconcile } from '../../src/datasets/reconcile.js';
import type { BlobStore } from '../../src/storage/blobs.js';
import { listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { boxTiles, datasetBody, type DatasetBody, postDataset } from '../support/datasets.js';
import { linesOf, openUpload, postLines } from '../support/ndjson.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const put = (body: unknown, headers: Record<string, string> = {}, id = 'a'): Promise<TestAnswer> => server.request('PUT', `/api/datasets/${id}`, { body, headers });

async function get(path: string): Promise<Loose> {
  const { status, body } = await server.request('GET', path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return body;
}

const hrefsOf = (mosaic: Loose): string[] => [...new Set(Object.values(mosaic['tiles'] ?? {}).flatMap((urls) => listOf(urls).map(text)))].toSorted();
const storedHrefs = async (id = 'a'): Promise<string[]> => hrefsOf(await get(`/files/metadata/mosaics/${id}.json`));
const tileHrefs = async (id = 'a'): Promise<string[]> => listOf((await get(`/api/datasets/${id}/tiles?limit=1000`))['features']).map((tile) => text(tile['assets']?.['data']?.['href']));

/** Tiles of one version: their hrefs tell which. */
const version = (name: string, count: number, more: Partial<DatasetBody> = {}): DatasetBody => datasetBody('a', boxTiles(count).map((tile) => ({ ...tile, href: `https://cogs.example.com/${name}/${text(tile.index)}.tif` })), more);
const hrefsOfVersion = ({ tiles }: DatasetBody): string[] => tiles.map(({ href }) => href);

describe('a PUT', () => {
  it('makes the dataset where there is none: 201 with Location, as POST does', async () => {
    const { status, headers, body } = await put(version('one', 5));
    expect({ status, body }).toMatchObject({ status: 201, body: { id: 'a', tile_count: 5 } });
    expect(headers['location']).toBe(`${server.url}/api/datasets/a`);
    expect(await tileHrefs()).toEqual(hrefsOfVersion(version('one', 5)));
  });

  it('replaces dataset, tiles, mosaic and stored copy: 200; created stays, updated moves', async () => {
    const first = await postDataset(server, version('one', 12));
    const before = await get('/api/datasets/a');
    await delay(5);
    const other = version('two', 7, { dataset: { id: 'a', properties: { title: 'Another', datetime: '2025-01-01T00:00:00Z' } } });
    const { status, body } = await put(other);
    expect({ status, body }).toMatchObject({ status: 200, body: { tile_count: 7, created_at: first['created_at'], search_id: first['search_id'] } });
    const after = await get('/api/datasets/a');
    expect(after['properties']).toMatchObject({ title: 'Another', 'file:tile_count': 7, created: before['properties']?.['created'] });
    expect(text(after['properties']?.['updated']) > text(before['properties']?.['updated'])).toBe(true);
    expect(await tileHrefs()).toEqual(hrefsOfVersion(other));
    expect(hrefsOf(await get('/api/datasets/a/mosaic.json'))).toEqual(hrefsOfVersion(other).toSorted());
    expect(await storedHrefs()).toEqual(hrefsOfVersion(other).toSorted());
    expect(await server.written()).toMatchObject({ 'pgstac.items': 8, 'stac_mosaic.dataset_contents': 1, files: ['/metadata/mosaics/a.json'] });
    expect((await get('/collections/datasets'))['extent']).toMatchObject({ temporal: { interval: [['2025-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z']] } });
  });

  it('with another overlap gets another search, and the old one is gone', async () => {
    const first = await postDataset(server, version('one', 4));
    const { body } = await put(version('one', 4, { mosaic: { overlap: 'first' } }));
    expect(body['search_id']).not.toBe(first['search_id']);
    expect((await server.request('GET', `/searches/${text(first['search_id'])}/info`)).status).toBe(404);
    expect((await server.request('GET', `/searches/${text(body['search_id'])}/info`)).status).toBe(200);
  });

  it('of the same content again is 200', async () => {
    expect((await put(version('one', 4))).status).toBe(201);
    expect((await put(version('one', 4))).status).toBe(200);
    // What POST compares with is what is there now.
    expect((await server.request('POST', '/api/datasets', { body: version('one', 4) })).status).toBe(200);
    expect((await put(version('two', 4))).status).toBe(200);
    expect((await server.request('POST', '/api/datasets', { body: version('one', 4) })).status).toBe(409);
  });

  it('takes NDJSON, an id left out, and an Idempotency-Key', async () => {
    const lines = linesOf({ ...version('one', 30), dataset: { properties: { datetime: '2024-01-01T00:00:00Z' } }, expected_tiles: 30 });
    const path = '/api/datasets/a';
    const first = await postLines(server, lines, { 'idempotency-key': 'k' }, path, 'PUT');
    expect({ status: first.status, id: first.body['id'] }).toEqual({ status: 201, id: 'a' });
    const again = await postLines(server, lines, { 'idempotency-key': 'k' }, path, 'PUT');
    expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: first.body });
    expect((await put(version('two', 2), { 'idempotency-key': 'k' })).status).toBe(409);
    expect(await tileHrefs()).toHaveLength(30);
  });

  it('honours If-Match and If-None-Match', async () => {
    expect((await put(version('one', 3), { 'if-match': '"x"' })).status).toBe(412);
    expect((await put(version('one', 3), { 'if-none-match': '*' })).status).toBe(201);
    expect((await put(version('two', 3), { 'if-none-match': '*' })).status).toBe(412);
    const etag = text((await server.request('GET', '/api/datasets/a')).headers['etag']);
    expect((await put(version('two', 3), { 'if-match': etag })).status).toBe(200);
    const late = await put(version('three', 3), { 'if-match': etag });
    expect({ status: late.status, code: late.body['code'] }).toEqual({ status: 412, code: 'PreconditionFailed' });
    expect(await tileHrefs()).toEqual(hrefsOfVersion(version('two', 3)));
    const race = text((await server.request('GET', '/api/datasets/a')).headers['etag']);
    const answers = await Promise.all([1, 2, 3, 4].map((i) => put(version(`r${i}`, i), { 'if-match': race })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412]);
  });

  it('whose id is not the one of the URL is 400', async () => {
    const { status, body } = await put(datasetBody('b'));
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ path: '/dataset/id' }] });
    expect((await server.written())['pgstac.items']).toBe(0);
  });

  it('that is only checked changes nothing', async () => {
    await postDataset(server, version('one', 4));
    const before = await server.written();
    expect((await server.request('PUT', '/api/datasets/a?validate=only', { body: version('two', 7) })).body).toMatchObject({ valid: true, tile_count: 7 });
    expect(await server.written()).toEqual(before);
    expect(await tileHrefs()).toEqual(hrefsOfVersion(version('one', 4)));
  });
});

describe('a PUT that fails leaves the old dataset with its mosaic', () => {
  /** What a failing PUT must not have touched. */
  async function expectOld(failing: () => Promise<unknown>): Promise<void> {
    const one = version('one', 12, { metadata: { said: 'one' } });
    await postDataset(server, one);
    const state = async (): Promise<unknown> => [await server.written(), await get('/api/datasets/a'), await tileHrefs(), await get('/files/metadata/mosaics/a.json'), await get('/files/metadata/original/a.json')];
    const before = await state();
    await failing();
    expect(await state()).toEqual(before);
    expect((await put(version('two', 3))).status).toBe(200);
    expect(await storedHrefs()).toEqual(hrefsOfVersion(version('two', 3)).toSorted());
  }

  it('for bad tiles', () => expectOld(async () => {
    expect((await put(version('two', 5, { expected_tiles: 6 }))).status).toBe(400);
    expect((await put({ ...version('two', 5), tiles: [...version('two', 5).tiles, { href: '' }] })).status).toBe(400);
  }));

  it('for a connection that is cut', () => expectOld(async () => {
    const { outgoing, answer } = openUpload(server.url, '/api/datasets/a', 'PUT');
    outgoing.write(linesOf(version('two', 100)).slice(0, -50));
    await delay(100);
    outgoing.destroy();
    await answer;
    await delay(50);
  }));

  it('for a database that refuses in the middle', () => expectOld(async () => {
    const { pool } = server.services.database;
    await pool.query(`CREATE FUNCTION stac_mosaic.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.dataset_id = 'a' THEN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END IF; RETURN NEW; END $$`);
    await pool.query('CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON stac_mosaic.dataset_contents FOR EACH ROW EXECUTE FUNCTION stac_mosaic.refuse()');
    const { status } = await put(version('two', 5));
    await pool.query('DROP TRIGGER refuse ON stac_mosaic.dataset_contents');
    await pool.query('DROP FUNCTION stac_mosaic.refuse');
    expect(status).toBe(503);
  }));

  it('for a store that refuses', () => expectOld(async () => {
    const { blobs } = server.services;
    const put502 = withBlobs({ put: () => Promise.reject(new Error('full')) });
    expect((await put(version('two', 5))).status).toBe(500);
    put502();
    expect(server.services.blobs).toBe(blobs);
  }));
});

/** The store with some of its functions failing, until the answer is called. */
function withBlobs(broken: Partial<BlobStore>): () => void {
  const { blobs } = server.services;
  const whole = { ...blobs };
  Object.assign(blobs, broken);
  return () => void Object.assign(blobs, whole);
}

describe('the copies that are stored', () => {
  it('of a PUT whose process died before it promoted them are found by reconcile', async () => {
    const two = { ...version('two', 5), metadata: { said: 'two' } };
    await postDataset(server, { ...version('one', 9), metadata: { said: 'one' } });
    const mend = withBlobs({ promote: () => Promise.reject(new Error('dead')), remove: () => Promise.reject(new Error('dead')) });
    expect((await put(two)).status).toBe(200);
    mend();
    expect(await storedHrefs()).toEqual(hrefsOfVersion(version('one', 9)).toSorted());
    expect(await reconcile(server.services)).toEqual({ restored: ['a'], removed: [] });
    expect(await storedHrefs()).toEqual(hrefsOfVersion(version('two', 5)).toSorted());
    expect(await get('/files/metadata/original/a.json')).toEqual({ said: 'two' });
    expect((await server.written())['files']).toEqual(['/metadata/mosaics/a.json', '/metadata/original/a.json']);
  });

  it('hold the source\'s own description, which is linked as asset metadata and goes with a PUT without it', async () => {
    await postDataset(server, { ...version('one', 2), metadata: { 'gmd:title': 'As it came', list: [1, 2] } });
    const asset = (await get('/api/datasets/a'))['assets']?.['metadata'];
    expect(asset).toMatchObject({ href: `${server.url}/files/metadata/original/a.json`, roles: ['metadata'], type: 'application/json' });
    expect(await get('/files/metadata/original/a.json')).toEqual({ 'gmd:title': 'As it came', list: [1, 2] });
    expect((await put(version('two', 2))).status).toBe(200);
    expect((await get('/api/datasets/a'))['assets']?.['metadata']).toBeUndefined();
    expect((await server.request('GET', '/files/metadata/original/a.json')).status).toBe(404);
    expect((await put({ ...version('three', 2), metadata: { now: 'again' } })).status).toBe(200);
    await server.request('DELETE', '/api/datasets/a');
    expect((await server.written())['files']).toEqual([]);
  });

  it('are those of the writer who came last, whatever the others do meanwhile', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => put(version(`v${i}`, 3 + i))));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(await storedHrefs()).toEqual((await tileHrefs()).toSorted());
    expect((await server.written())['files']).toEqual(['/metadata/mosaics/a.json']);
  });
});

it('readers see the old dataset or the new one, never a mixture, while it is replaced again and again', async () => {
  const [one, two] = [version('one', 60), version('two', 90)];
  await postDataset(server, one);
  const state = { done: false };
  const writer = (async () => {
    for (let round = 0; round < 6; round += 1) expect((await put(round % 2 === 0 ? two : one)).status).toBe(200);
  })().finally(() => {
    state.done = true;
  });
  let looks = 0;
  while (!state.done) {
    const page = await get('/api/datasets/a/tiles?limit=1000');
    const hrefs = listOf(page['features']).map((tile) => text(tile['assets']?.['data']?.['href']));
    expect([hrefsOfVersion(one), hrefsOfVersion(two)]).toContainEqual(hrefs);
    expect(page['numberMatched']).toBe(hrefs.length);
    const mosaic = await get('/api/datasets/a/mosaic.json');
    expect([hrefsOfVersion(one).toSorted(), hrefsOfVersion(two).toSorted()]).toContainEqual(hrefsOf(mosaic));
    looks += 1;
  }
  await writer;
  expect(looks).toBeGreaterThan(3);
});
