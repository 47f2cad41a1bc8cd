/** ETag and If-None-Match: of single resources and of lists, in each form, until what they show has changed. */
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server?.close());

beforeEach(async () => {
  await server.reset();
  await postDataset(server, datasetBody('d', boxTiles(2)));
  await makeCollection(server, 'c', ['a', 'b'].map((id, i) => itemBody(id, { bbox: [i, i, i + 1, i + 1] })));
});

/** Lists and resources that show item `a` of collection `c`. */
const SHOWING = ['/collections/c/items', '/collections/c/items?limit=5&sortby=id', '/collections/c/items/a', '/search', '/search?ids=a', '/aggregate?aggregations=total_count,datetime_max', '/collections/c/queryables'];
const OTHERS = ['/', '/conformance', '/api', '/collections', '/collections/c', '/children', '/queryables', '/sortables', '/aggregations', '/api/datasets', '/api/datasets/d', '/api/datasets/d/tiles'];

const etagOf = async (path: string, headers: Record<string, string> = {}): Promise<string> => {
  const answer = await server.request('GET', path, { headers });
  expect({ path, status: answer.status, etag: answer.headers.etag }).toEqual({ path, status: 200, etag: expect.stringMatching(/^(W\/)?"[^"]+"$/) as string });
  return answer.headers.etag ?? '';
};

const statusOf = async (path: string, etag: string, headers: Record<string, string> = {}): Promise<number> =>
  (await server.request('GET', path, { headers: { ...headers, 'if-none-match': etag } })).status;

describe('If-None-Match', () => {
  it('is 304 with the ETag and without a body or its type, on resources and lists, while nothing changes', async () => {
    for (const path of [...SHOWING, ...OTHERS]) {
      const etag = await etagOf(path);
      const { status, headers, bytes } = await server.request('GET', path, { headers: { 'if-none-match': etag } });
      expect({ path, status, bytes: bytes.length, etag: headers.etag, type: headers['content-type'] }).toEqual({ path, status: 304, bytes: 0, etag, type: undefined });
    }
  });

  it('is 200 again once an item that is shown has changed', async () => {
    const before = await Promise.all(SHOWING.map(async (path) => ({ path, etag: await etagOf(path) })));
    const { status } = await server.request('PATCH', '/collections/c/items/a', { body: { properties: { datetime: '2025-05-05T00:00:00Z', 'eo:cloud_cover': 7 } } });
    expect(status).toBe(204);
    for (const { path, etag } of before) expect({ path, status: await statusOf(path, etag) }).toEqual({ path, status: 200 });
  });

  it('tells a page from the JSON of one resource, and a page of one host from that of another', async () => {
    const json = await etagOf('/collections/c');
    const page = await etagOf('/collections/c', { accept: 'text/html' });
    expect(page).not.toBe(json);
    expect(await statusOf('/collections/c', json, { accept: 'text/html' })).toBe(200);
    expect(await statusOf('/collections/c', page, { accept: 'text/html' })).toBe(304);
    expect(await statusOf('/collections/c', json, { host: 'other.example.com' })).toBe(200);
  });

  it('says nothing to errors: they are not 304, and have no ETag', async () => {
    for (const path of ['/collections/no-such', '/collections/c/items?limit=0']) {
      const { status, headers } = await server.request('GET', path, { headers: { 'if-none-match': '*' } });
      expect([400, 404]).toContain(status);
      expect(headers.etag).toBeUndefined();
    }
  });
});
