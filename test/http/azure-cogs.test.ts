/** COGs in Azure, against Azurite: az:// and the other spellings, by key, SAS and at their own URLs, and never with more rights than meant. */
import sharp from 'sharp';
import { type Azurite, startAzurite, storageOf } from '../support/azurite.js';
import { listOf, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let azurite: Azurite;
let server: TestServer;
const opened: TestVariant[] = [];
/** The variables that reach the account in each way. */
const ways: Record<string, () => Record<string, string>> = {
  'the shared key': () => ({ AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString() }),
  'a SAS': () => ({ AZURE_STORAGE_CONNECTION_STRING: `BlobEndpoint=${azurite.endpoint};SharedAccessSignature=${azurite.sas(undefined, 'r')}` }),
};

/** Hosts and folders: none are allowed, so that what is read is read as the account's. */
async function variant(variables: Readonly<Record<string, string>>): Promise<TestVariant> {
  const started = await server.variant({ azure: storageOf({ DATA_DIR: '/tmp', ...variables }).azure, allowedHosts: [] });
  opened.push(started);
  return started;
}

const NAMES = ['tiles/west.tif', 'tiles/sü d + 100%/east #1?.tif'];

beforeAll(async () => {
  [azurite, server] = await Promise.all([startAzurite(), startTestServer()]);
  for (const [i, name] of NAMES.entries()) {
    await azurite.put('cogs', name, await makeCog({ width: 90, height: 90, west: i * 90 - 90, north: 45, block: 64, pixels: () => (i === 0 ? [200, 10, 10] : [10, 10, 200]) }));
  }
  await azurite.put('cogs', 'no.tif', Buffer.from('this is no GeoTIFF at all, and long enough to be told'));
}, 60_000);
beforeEach(() => server.reset());
afterEach(async () => {
  await Promise.all(opened.splice(0).map((started) => started.close()));
});
afterAll(async () => {
  await azurite?.close();
  await server?.close();
});

const dataset = (id: string, hrefs: readonly string[]): object => ({ dataset: { id, properties: { datetime: '2024-01-01T00:00:00Z' } }, tiles: hrefs.map((href) => ({ href })) });
const encoded = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

describe.each(Object.keys(ways))('COGs of the account, with %s', (way) => {
  const spellings: Record<string, (name: string) => string> = {
    'az://': (name) => `az://cogs/${encoded(name)}`,
    '/vsiaz/': (name) => `/vsiaz/cogs/${name}`,
    'abfs://': (name) => `abfs://cogs/${encoded(name)}`,
    'abfss:// with the account': (name) => `abfss://cogs@${azurite.account}.dfs.core.windows.net/${encoded(name)}`,
    'their URLs': (name) => `${azurite.endpoint}/cogs/${encoded(name)}`,
    '/vsicurl/ and their URLs': (name) => `/vsicurl/${azurite.endpoint}/cogs/${encoded(name)}`,
  };

  it.each(Object.keys(spellings))('are read and drawn as %s', async (spelling) => {
    const { request } = await variant(ways[way]?.() ?? {});
    const hrefs = NAMES.map((name) => spellings[spelling]?.(name) ?? '');
    const answer = await postDataset({ request }, dataset('world', hrefs));
    expect(answer).toMatchObject({ tile_count: 2, bbox: [-90, -45, 90, 45], warnings: [] });
    const tiles = listOf((await request('GET', '/api/datasets/world/tiles')).body['features']);
    expect(tiles.map((tile) => tile['assets']?.['data']?.['href'])).toEqual(hrefs);
    const drawn = await request('GET', '/api/datasets/world/tiles/0/0/0');
    expect(drawn).toMatchObject({ status: 200, headers: { 'content-type': 'image/png' } });
    const { data, info } = await sharp(drawn.bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number): number[] => [...data.subarray((y * info.width + x) * 4, (y * info.width + x) * 4 + 4)];
    expect([pixel(100, 128), pixel(156, 128)]).toEqual([[200, 10, 10, 255], [10, 10, 200, 255]]);
    for (const shown of [answer, tiles]) expect(text(shown)).not.toMatch(/sig=|SharedKey/);
  });

  it('that are missing, or no COGs, are named without a signature', async () => {
    const { request } = await variant(ways[way]?.() ?? {});
    const { status, body } = await request('POST', '/api/datasets', { body: dataset('bad', ['az://cogs/missing.tif', 'az://cogs/no.tif', 'az://Cogs/a.tif', 'az://no-container/a.tif', 's3://cogs/a.tif']) });
    expect(status).toBe(400);
    expect(listOf(body['errors']).map(({ path, message }) => `${text(path)} ${text(message)}`)).toEqual([
      expect.stringMatching(/^\/tiles\/0\/href .*\/cogs\/missing\.tif: its server answered 404 \(BlobNotFound\)\.$/),
      expect.stringMatching(/^\/tiles\/1\/href .*no\.tif/),
      expect.stringMatching(/^\/tiles\/2\/href az:\/\/Cogs\/a\.tif: "Cogs" is not the name of a container\.$/),
      expect.stringMatching(/^\/tiles\/3\/href .*\/no-container\/a\.tif: its server answered 404 \(ContainerNotFound\)\.$/),
      expect.stringMatching(/^\/tiles\/4\/href s3:\/\/cogs\/a\.tif: s3: cannot be read/),
    ]);
    expect(text(body)).not.toMatch(/sig=/);
  });

  it('make no other account or port of the same machine readable', async () => {
    const { request } = await variant(ways[way]?.() ?? {});
    const { origin } = new URL(azurite.endpoint);
    for (const href of [`${origin}/other/cogs/a.tif`, `${azurite.endpoint}/../other/cogs/a.tif`, `http://127.0.0.1:1/${azurite.account}/cogs/a.tif`, `az://cogs/../../other/cogs/a.tif`.replace('az://cogs/', `${azurite.endpoint}/cogs/`)]) {
      expect(await request('POST', '/api/datasets', { body: dataset('bad', [href]) })).toMatchObject({ status: 400, body: { description: expect.stringMatching(/127\.0\.0\.1 is not in ALLOWED_HOSTS/) } });
    }
  });
});

describe('COGs of an account that refuses', () => {
  it('name the refusal: 400 when posted, 502 when drawn', async () => {
    const { request } = await variant({ AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString().replace(azurite.key, Buffer.from('not the key').toString('base64')) });
    expect(await request('POST', '/api/datasets', { body: dataset('bad', ['az://cogs/tiles/west.tif']) })).toMatchObject({ status: 400, body: { description: expect.stringMatching(/its server answered 403 \(Auth\w+\)/) } });
    await postDataset({ request }, { dataset: { id: 'boxed', properties: { datetime: '2024-01-01T00:00:00Z' } }, tiles: [{ href: 'az://cogs/tiles/west.tif', bbox: [-90, -45, 0, 45] }] });
    expect((await request('GET', '/api/datasets/boxed/tiles/0/0/0')).status).toBe(502);
  });

  it('can be read with a SAS of their own, which is kept as it was given', async () => {
    const { request } = await variant({ AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString().replace(azurite.key, Buffer.from('not the key').toString('base64')) });
    const href = `${azurite.endpoint}/cogs/tiles/west.tif?${azurite.sas('cogs', 'r')}`;
    expect(await postDataset({ request }, dataset('own', [href]))).toMatchObject({ tile_count: 1 });
    expect(await request('GET', '/api/datasets/own/tiles/0/0/0')).toMatchObject({ status: 200, headers: { 'x-assets': 'own_tile_001' } });
  });

  it('are refused by name where the server has no account', async () => {
    expect(await server.request('POST', '/api/datasets', { body: dataset('bad', ['az://cogs/tiles/west.tif']) })).toMatchObject({ status: 400, body: { description: expect.stringMatching(/no storage account; set AZURE_STORAGE_ACCOUNT/) } });
  });
});
