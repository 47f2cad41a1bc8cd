/** Thumbnails of datasets: drawn after the commit, stored, served, replaced and removed with the dataset; drawn again where they were lost. */
import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import { exclusively } from '../../src/datasets/exclusive.js';
import { reconcile } from '../../src/datasets/reconcile.js';
import { makeThumbnail } from '../../src/datasets/thumbnails.js';
import { type Azurite, startAzurite, storageOf } from '../support/azurite.js';
import { makeCog } from '../support/cogs.js';
import { datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let server: TestServer;
let red = '';
let blue = '';

const RED = [200, 10, 10] as const;
const BLUE = [10, 10, 200] as const;

beforeAll(async () => {
  server = await startTestServer();
  const cog = (colour: typeof RED | typeof BLUE): Promise<Buffer> => makeCog({ width: 90, height: 90, res: 1, west: 0, north: 90, block: 64, pixels: () => colour });
  red = await server.file('red.tif', await cog(RED));
  blue = await server.file('blue.tif', await cog(BLUE));
}, 60_000);
afterAll(() => server?.close());
beforeEach(() => server.reset());

const STORED = '/files/metadata/thumbnails/one.png';
const BLOB = STORED.slice('/files/'.length);
const PREVIEW = '/api/datasets/one/preview';
const one = (href: string): object => ({ dataset: { id: 'one' }, tiles: [{ href }] });

async function colourOf(bytes: Buffer): Promise<number[]> {
  const { data } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray(0, 3)];
}

/** What is drawn in the background comes soon. */
async function stored({ request }: Pick<TestVariant, 'request'> = server, colour: readonly number[] = RED): Promise<Buffer> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { status, bytes } = await request('GET', STORED);
    if (status === 200 && (await colourOf(bytes)).join() === colour.join()) return bytes;
    await delay(50);
  }
  throw new Error('No thumbnail was stored within 10 s.');
}

describe('the thumbnail of a dataset', () => {
  it('is stored soon after the commit; the item and /preview lead to it, with an ETag', async () => {
    await postDataset(server, one(red));
    const bytes = await stored();
    const { thumbnail } = (await server.request('GET', '/api/datasets/one')).body['assets'] as Record<string, unknown>;
    expect(thumbnail).toMatchObject({ href: server.url + PREVIEW, type: 'image/png', roles: ['thumbnail'] });
    const preview = await server.request('GET', PREVIEW);
    expect(preview).toMatchObject({ status: 200, headers: { 'content-type': 'image/png', 'content-length': String(bytes.length) } });
    expect(preview.bytes.equals(bytes)).toBe(true);
    const again = await server.request('GET', PREVIEW, { headers: { 'if-none-match': String(preview.headers.etag) } });
    expect(again).toMatchObject({ status: 304, bytes: Buffer.alloc(0) });
  });

  it('follows a PUT at once, and goes with the dataset', async () => {
    await postDataset(server, one(red));
    await stored();
    const before = await server.request('GET', PREVIEW);
    expect((await server.request('PUT', '/api/datasets/one', { body: one(blue) })).status).toBe(200);
    const after = await server.request('GET', PREVIEW, { headers: { 'if-none-match': String(before.headers.etag) } });
    expect(after.status).toBe(200);
    expect(await colourOf(after.bytes)).toEqual([...BLUE]);
    await stored(server, BLUE);
    expect((await server.request('DELETE', '/api/datasets/one')).status).toBe(204);
    expect((await server.request('GET', STORED)).status).toBe(404);
    expect((await server.request('GET', PREVIEW)).status).toBe(404);
  });

  it('that the caller gave is kept, and none is drawn', async () => {
    const assets = { thumbnail: { href: 'https://example.com/t.png', type: 'image/png', roles: ['thumbnail'] } };
    await postDataset(server, { dataset: { id: 'one', assets }, tiles: [{ href: red }] });
    expect((await server.request('GET', '/api/datasets/one')).body['assets']).toMatchObject(assets);
    expect(await makeThumbnail(server.services, 'one', AbortSignal.timeout(10_000))).toBe(false);
    expect((await server.request('GET', STORED)).status).toBe(404);
  });

  it('is none where no COG may be read: the dataset is there, and /preview says why', async () => {
    await postDataset(server, datasetBody('one'));
    expect(Object.keys((await server.request('GET', '/api/datasets/one')).body['assets'] ?? {})).toEqual(['mosaic', 'mosaic-snapshot']);
    const { status, body } = await server.request('GET', PREVIEW);
    expect({ status, body }).toMatchObject({ status: 400, body: { description: expect.stringMatching(/ALLOWED_HOSTS/) } });
    expect((await server.request('GET', STORED)).status).toBe(404);
    expect(await server.services.blobs.list('metadata/thumbnails')).toEqual([]);
  });

  it('that was lost is drawn by whoever asks first, of any instance, or by reconcile', async () => {
    await postDataset(server, one(red));
    await stored();
    await server.services.blobs.remove(BLOB);
    const other = await server.variant({});
    try {
      expect(await colourOf((await other.request('GET', PREVIEW)).bytes)).toEqual([...RED]);
      await stored(other);
    } finally {
      await other.close();
    }
    await server.services.blobs.remove(BLOB);
    const draw = (id: string): Promise<boolean> => makeThumbnail(server.services, id, AbortSignal.timeout(10_000));
    expect(await reconcile(server.services, false, draw)).toEqual({ restored: ['one'], removed: [] });
    await stored();
    expect(await reconcile(server.services, false, draw)).toEqual({ restored: [], removed: [] });
  });

  it('that another writer of the dataset keeps from being stored does not keep the server from stopping', async () => {
    const other = await server.variant({});
    const { promise: written, resolve: write } = Promise.withResolvers<void>();
    await postDataset(server, one(red));
    await stored();
    const writer = exclusively(server.services.database, 'one', () => written);
    try {
      other.services.thumbnails.later('one', 1);
      await delay(1000);
      const began = performance.now();
      await other.services.thumbnails.close();
      expect(performance.now() - began).toBeLessThan(8000);
    } finally {
      write();
      await writer;
      await other.close();
    }
  }, 30_000);

  it('of what was replaced, left by a crash, is neither shown nor kept', async () => {
    await postDataset(server, one(red));
    await stored();
    await server.services.database.pool.query("UPDATE stac_mosaic.dataset_contents SET thumbnail = 'an earlier attempt'");
    await server.services.blobs.put(BLOB, 'stale');
    expect((await reconcile(server.services)).removed).toEqual([BLOB]);
    await server.services.blobs.put(BLOB, 'stale');
    expect(await colourOf((await server.request('GET', PREVIEW)).bytes)).toEqual([...RED]);
    await stored();
  });
});

describe('a thumbnail in Azure', () => {
  let azurite: Azurite;
  beforeAll(async () => {
    azurite = await startAzurite();
  }, 60_000);
  afterAll(() => azurite?.close());

  it('is a blob beside the mosaic and goes with the dataset', async () => {
    const variables = { AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString(azurite.endpoint), STORAGE_URL: `${azurite.endpoint}/thumbnails` };
    const main = await server.variant(storageOf(variables));
    try {
      await postDataset(main, one(red));
      const bytes = await stored(main);
      expect((await azurite.names('thumbnails')).toSorted()).toEqual(['metadata/mosaics/one.json', BLOB]);
      expect((await main.request('GET', PREVIEW)).bytes.equals(bytes)).toBe(true);
      await main.request('DELETE', '/api/datasets/one');
      expect(await azurite.names('thumbnails')).toEqual([]);
    } finally {
      await main.close();
    }
  });
});
