/** Every class that GET /conformance names, check by check, against a running server. */
import { type Answer, type Probe } from '../../conformance/class.js';
import { conformanceClasses, conformsTo } from '../../conformance/index.js';
import { boxTiles, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let probe: Probe;

const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
  return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
};

beforeAll(async () => {
  server = await startTestServer();
  await postDataset(server, datasetBody('conformance-dataset', boxTiles(4)));
  const items = ['a', 'b', 'c'].map((id, i) => itemBody(id, { bbox: [i, i, i + 1, i + 1], properties: { datetime: `2024-01-0${i + 1}T00:00:00Z` } }));
  await makeCollection(server, 'conformance-collection', items);
  const { url } = server;
  probe = {
    base: url,
    get: async (path, headers = {}) => answerOf(await fetch(url + path, { headers })),
    send: async (method, path, body, headers = {}) =>
      answerOf(
        await fetch(url + path, {
          method,
          headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
          ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      ),
    fixtures: { dataset: 'conformance-dataset', collection: 'conformance-collection', item: 'b' },
  };
});

afterAll(() => server?.close());

for (const { title, checks } of conformanceClasses) {
  for (const check of checks) {
    // eslint-disable-next-line jest/expect-expect -- a check throws what did not hold
    it(`${title}: ${check.name}`, () => check.run(probe));
  }
}

it('GET /conformance names every class once, and no class without a check', async () => {
  expect(((await probe.get('/conformance')).body as { conformsTo: string[] }).conformsTo).toEqual(conformsTo);
  expect(new Set(conformsTo).size).toBe(conformsTo.length);
  expect(conformanceClasses.filter(({ checks }) => checks.length === 0)).toEqual([]);
});
