/** What a crash leaves of stored mosaics is found and mended. */
import { randomUUID } from 'node:crypto';
import { reconcile } from '../../src/datasets/reconcile.js';
import { datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
}, 60_000);
afterAll(() => server?.close());
beforeEach(() => server.reset());

const LIVE = 'metadata/mosaics/one.json';

describe('reconcile', () => {
  it('writes the copy of a dataset whose process died before it was promoted', async () => {
    await postDataset(server, datasetBody('one'));
    const before = (await server.request('GET', `/files/${LIVE}`)).body;
    await server.services.blobs.remove(LIVE);
    expect(await reconcile(server.services)).toEqual({ restored: ['one'], removed: [] });
    const restored = (await server.request('GET', `/files/${LIVE}`)).body;
    expect(restored['tiles']).toEqual(before['tiles']);
    expect(await reconcile(server.services)).toEqual({ restored: [], removed: [] });
  });

  it('removes the copies of datasets that are gone, and of attempts only when none can be under way', async () => {
    await postDataset(server, datasetBody('one'));
    const attempt = `metadata/mosaics/two.${randomUUID()}.json`;
    await server.services.blobs.put(attempt, '{}');
    await server.services.blobs.put('metadata/mosaics/gone.json', '{}');
    expect((await reconcile(server.services)).removed).toEqual(['metadata/mosaics/gone.json']);
    expect((await reconcile(server.services, true)).removed).toEqual([attempt]);
    expect((await server.request('GET', `/files/${LIVE}`)).status).toBe(200);
  });
});
