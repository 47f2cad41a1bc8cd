/** What a crash leaves of stored mosaics is found and mended. */
import { randomUUID } from 'node:crypto';
import { reconcile } from '../../src/datasets/reconcile.js';
import { text } from '../support/client.js';
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

  it('keeps a description that its dataset names, under whatever name', async () => {
    await postDataset(server, datasetBody('one'));
    const [named, stray] = ['metadata/original/an%20older%2Bname.json', 'metadata/original/stray.json'] as const;
    for (const name of [named, stray]) await server.services.blobs.put(name, '{}');
    await server.services.database.pool.query("UPDATE pgstac.items SET content = jsonb_set(content, '{assets,metadata}', $1) WHERE id = 'one'", [JSON.stringify({ href: `/files/${named}`, type: 'application/json' })]);
    expect(await reconcile(server.services, true)).toEqual({ restored: [], removed: [stray] });
  });

  it('leaves what belongs to a dataset that came while it was at work', async () => {
    const { blobs } = server.services;
    for (const id of ['x', 'y']) await blobs.put(`metadata/mosaics/${id}.json`, '{}');
    let came: string | undefined;
    const remove = async (name: string): Promise<void> => {
      if (came === undefined) await postDataset(server, datasetBody((came = name.endsWith('/x.json') ? 'y' : 'x')));
      return blobs.remove(name);
    };
    const { removed } = await reconcile({ ...server.services, blobs: { ...blobs, remove } });
    expect([came, removed]).toEqual([expect.stringMatching(/^[xy]$/), [`metadata/mosaics/${came === 'x' ? 'y' : 'x'}.json`]]);
    expect((await server.request('GET', `/files/metadata/mosaics/${came}.json`)).body['tiles']).toEqual((await server.request('GET', `/api/datasets/${came}/mosaic.json`)).body['tiles']);
  });

  it('restores nothing of a dataset that went, or was replaced, while it was at work', async () => {
    const { blobs } = server.services;
    for (const [method, status] of [['DELETE', 204], ['PUT', 200]] as const) {
      const first = datasetBody('one');
      await postDataset(server, first);
      await blobs.remove(LIVE);
      const put = async (...[name, content]: Parameters<typeof blobs.put>): Promise<void> => {
        await blobs.put(name, content);
        expect((await server.request(method, '/api/datasets/one', method === 'PUT' ? { body: datasetBody('one', first.tiles.slice(1)) } : {})).status).toBe(status);
      };
      expect(await reconcile({ ...server.services, blobs: { ...blobs, put } })).toEqual({ restored: [], removed: [] });
      const names = (await blobs.list('metadata/mosaics')).map(({ name }) => name);
      expect({ method, names }).toEqual({ method, names: method === 'PUT' ? [LIVE] : [] });
      await server.reset();
    }
  });

  it('knows a dataset from an attempt, also one whose id ends as the names of attempts do', async () => {
    const id = `scene.${randomUUID()}`;
    await postDataset(server, datasetBody(id));
    expect(await reconcile(server.services, true)).toEqual({ restored: [], removed: [] });
    const { assets } = (await server.request('GET', `/api/datasets/${id}`)).body;
    const hrefs = Object.values(assets ?? {}).map((asset) => text(asset?.['href'])).filter((href) => href.includes('/files/metadata/mosaics/'));
    expect(hrefs).toHaveLength(1);
    expect((await server.request('GET', new URL(hrefs[0] ?? '').pathname)).status).toBe(200);
  });

  it('is not waited for where the same request comes again: it puts the copies in their place', async () => {
    const body = datasetBody('one', undefined, { metadata: { said: 'one' } });
    await postDataset(server, body);
    const { blobs, database } = server.services;
    const { rows: [row] } = await database.pool.query<{ attempt: string }>("SELECT attempt FROM stac_mosaic.dataset_contents WHERE dataset_id = 'one'");
    for (const folder of ['mosaics', 'original']) await blobs.promote(`metadata/${folder}/one.json`, `metadata/${folder}/one.${row?.attempt}.json`);
    expect((await server.request('GET', `/files/${LIVE}`)).status).toBe(404);
    expect((await server.request('POST', '/api/datasets', { body })).status).toBe(200);
    expect((await server.request('GET', `/files/${LIVE}`)).status).toBe(200);
    expect((await server.request('GET', '/files/metadata/original/one.json')).body).toEqual({ said: 'one' });
    expect(await reconcile(server.services, true)).toEqual({ restored: [], removed: [] });
  });
});
