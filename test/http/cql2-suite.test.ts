/** All 351 predicates of OGC's CQL2 abstract test suite as clients send them: as text and as JSON, by GET and by POST. */
import type { TestAnswer } from '../support/client.js';
import { combinations, loadSuite, predicates, present, title } from '../support/cql2-suite.js';
import { startTestServer, type TestServer } from '../support/server.js';

(present ? describe : describe.skip)(title, () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    await loadSuite(server.services.database.pool);
  }, 300_000);

  afterAll(() => server?.close());

  it('finds the expected items four ways', async () => {
    const all = [...predicates, ...combinations()];
    expect(all).toHaveLength(351);
    const wrong: unknown[] = [];
    for (const { collection, expected, 'cql2-text': text, 'cql2-json': json } of all) {
      const fields = { limit: 1000, fields: { include: ['id'] } };
      const query = (filter: string, language: string): string => `limit=1000&fields=id&filter-lang=${language}&filter=${encodeURIComponent(filter)}`;
      const answers: TestAnswer[] = [
        await server.request('GET', `/collections/${collection}/items?${query(text, 'cql2-text')}`),
        await server.request('GET', `/search?collections=${collection}&${query(JSON.stringify(json), 'cql2-json')}`),
        await server.request('POST', '/search', { body: { ...fields, collections: [collection], filter: text, 'filter-lang': 'cql2-text' } }),
        await server.request('POST', '/search', { body: { ...fields, collections: [collection], filter: json } }),
      ];
      const counts = answers.map(({ status, body }) => (status === 200 ? body['numberReturned'] : status));
      if (counts.some((count) => count !== expected)) wrong.push({ collection, text, expected, counts });
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});
