/** `stac-mosaic ingest` as users run it: folders, patterns, lists and containers become datasets, again and after interruptions too. */
import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Azurite, startAzurite } from '../support/azurite.js';
import { type Loose, listOf, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { startProxy } from '../support/http-proxy.js';
import { type Ended, root, runProgram, startProgram } from '../support/process.js';
import { startTestServer, type TestServer } from '../support/server.js';

const COUNT = 12;

let server: TestServer;
let folder = '';
/** A cache of its own: what one run leaves is what the next finds. */
let cache = '';

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'stac-mosaic-ingest-'));
  server = await startTestServer();
  folder = join(server.cogFolder, 'tiles');
  for (let i = 0; i < COUNT; i++) await put(join(folder, i < 6 ? '' : 'sub', `tile_${i + 1}.tif`), await cog(i));
}, 120_000);

afterEach(() => server.reset());

afterAll(async () => {
  await server.close();
  await rm(cache, { recursive: true, force: true });
});

/** 4 columns, 3 rows of the world. */
const cog = (i: number): Promise<Buffer> => makeCog({ width: 64, height: 64, bands: 1, west: -180 + 90 * (i % 4), north: 90 - 60 * Math.floor(i / 4), res: [90 / 64, 60 / 64] });

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

const env = (): Record<string, string> => ({ CACHE_DIR: cache, STAC_MOSAIC_SERVER: server.url });
const ingest = (...args: string[]): Promise<Ended> => runProgram(['ingest', ...args], env());
const json = ({ stdout }: Ended): Loose => JSON.parse(stdout) as Loose;
const tilesOf = async (id: string): Promise<Loose[]> => listOf((await server.request('GET', `/api/datasets/${id}/tiles`)).body['features']);
const hrefs = async (id: string): Promise<string[]> => (await tilesOf(id)).map((tile) => text(tile['assets']?.['data']?.['href']));
const exists = async (id: string): Promise<boolean> => (await server.request('GET', `/api/datasets/${id}`)).status === 200;

describe('ingest of a folder', () => {
  it('makes one dataset of all COGs below it, in the order of their names, as the server itself would', async () => {
    const ended = await ingest(folder, '--dataset', 'world', '--title', 'The world', '--datetime', '2024-05-01/2024-05-31T12:00:00Z', '--overlap', 'first');
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Dataset world was made: 12 tiles.') });
    expect(ended.stdout).toMatch(/^Map +http\S+map\.html\S*$/m);
    const { body } = await server.request('GET', '/api/datasets/world');
    expect(body).toMatchObject({ bbox: [-180, -90, 180, 90], properties: { title: 'The world', datetime: null, start_datetime: '2024-05-01T00:00:00Z', end_datetime: '2024-05-31T12:00:00Z', 'file:tile_count': 12 } });
    const names = [7, 8, 9, 10, 11, 12].map((i) => `sub/tile_${i}.tif`).concat([1, 2, 3, 4, 5, 6].map((i) => `tile_${i}.tif`));
    expect(await hrefs('world')).toEqual(names.map((name) => pathToFileURL(join(folder, name)).href));

    // The same tiles, each only an href: their headers are read by the server.
    const tiles = (await hrefs('world')).map((href) => ({ href }));
    expect((await server.request('POST', '/api/datasets', { body: { dataset: { id: 'by-server', properties: { datetime: '2024-05-01T00:00:00Z' } }, tiles } })).status).toBe(201);
    const bare = (tile: Loose): object => {
      const { datetime: _d, start_datetime: _s, end_datetime: _e, parent_dataset: _p, 'processing:datetime': _t, ...rest } = tile['properties'] ?? {};
      return { ...rest, geometry: tile['geometry'], bbox: tile['bbox'], data: tile['assets']?.['data'] };
    };
    expect((await tilesOf('world')).map(bare)).toEqual((await tilesOf('by-server')).map(bare));
  }, 60_000);

  it('gets the same dataset when it is run again, and reads no header twice unless its file has changed', async () => {
    const first = json(await ingest(folder, '--dataset', 'again', '--json'));
    const second = await ingest(folder, '--dataset', 'again', '--json');
    expect([second.code, json(second)]).toMatchObject([0, { created: false, headers_read: 0, search_id: first['search_id'], created_at: first['created_at'] }]);
    await utimes(join(folder, 'tile_3.tif'), new Date(), new Date(Date.now() + 5000));
    expect(json(await ingest(folder, '--dataset', 'another', '--json'))).toMatchObject({ created: true, headers_read: 1 });
    expect(await readdir(join(cache, 'ingest'))).toHaveLength(1);
  }, 60_000);

  it('refuses other content under an id that exists, and replaces it with --replace', async () => {
    expect((await ingest(folder, '--dataset', 'twice')).code).toBe(0);
    expect(await ingest(join(folder, 'sub'), '--dataset', 'twice')).toMatchObject({ code: 1, stderr: expect.stringContaining('The server answers 409: Dataset twice exists') });
    expect(await ingest(join(folder, 'sub'), '--dataset', 'twice', '--replace')).toMatchObject({ code: 0, stdout: expect.stringContaining('was replaced: 6 tiles') });
    expect(await tilesOf('twice')).toHaveLength(6);
  }, 60_000);

  it('names every file that cannot become a tile and posts nothing; with --skip-bad it posts the others and ends with 3', async () => {
    const bad = join(server.cogFolder, 'bad');
    for (let i = 0; i < 3; i++) await put(join(bad, `good_${i}.tif`), await cog(i));
    await put(join(bad, 'text.tif'), Buffer.from('no TIFF'));
    await put(join(bad, 'cut.TIFF'), (await cog(4)).subarray(0, 100));
    await put(join(bad, '._good_1.tif'), Buffer.from('left by a Mac'));
    const before = await server.written();
    const refused = await ingest(bad, '--dataset', 'partly', '--json');
    expect([refused.code, await exists('partly'), await server.written()]).toEqual([1, false, before]);
    expect(listOf(json(refused)['error']?.['errors']).map(({ path }) => text(path))).toEqual([join(bad, 'cut.TIFF'), join(bad, 'text.tif')]);
    expect(refused.stderr).toContain('text.tif: it is not a TIFF.');
    expect(refused.stderr).toContain('2 files of 5 cannot become tiles; nothing was posted. With --skip-bad the others are.');
    const partly = await ingest(bad, '--dataset', 'partly', '--skip-bad', '--json');
    expect([partly.code, json(partly)]).toMatchObject([3, { tile_count: 3, files: 5, failed_files: [{ file: join(bad, 'cut.TIFF') }, { file: join(bad, 'text.tif') }] }]);
  }, 60_000);

  it('says what is less than a COG, and takes it', async () => {
    const strips = join(server.cogFolder, 'strips');
    const { makeGeoTiff } = await import('../support/geotiff.js');
    await put(join(strips, 'strips.tif'), makeGeoTiff({ width: 64, height: 64, tile: 0, origin: [0, 10], pixel: [0.1, 0.1] }));
    expect(await ingest(strips, '--dataset', 'strips')).toMatchObject({ code: 0, stderr: expect.stringContaining('strips.tif: not a Cloud Optimized GeoTIFF (strips instead of tiles)') });
  }, 60_000);

  it('takes patterns, single files, lists of them and standard input', async () => {
    expect(json(await ingest(join(folder, '*', '*_1?.tif'), '--dataset', 'pattern', '--json'))).toMatchObject({ tile_count: 3 });
    expect(json(await ingest(join(folder, 'tile_2.tif'), join(folder, 'tile_1.tif'), join(folder, 'tile_2.tif'), '--dataset', 'files', '--json'))).toMatchObject({ tile_count: 2 });
    expect((await hrefs('files'))[0]).toMatch(/tile_2\.tif$/);
    const list = join(cache, 'list.txt');
    await writeFile(list, `# two tiles\r\n${join(folder, 'tile_5.tif')}\r\n\r\n${pathToFileURL(join(folder, 'tile_4.tif')).href}\n`);
    expect(json(await ingest(list, '--dataset', 'list', '--json'))).toMatchObject({ tile_count: 2 });
    expect((await hrefs('list')).map((href) => href.slice(-10))).toEqual(['tile_5.tif', 'tile_4.tif']);
  }, 60_000);

  it('puts a public URL in the place of the folder, and tells when the server cannot read there', async () => {
    const ended = await ingest(folder, '--dataset', 'public', '--href-prefix', 'https://example.com/cogs/');
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('The server cannot read https://example.com/cogs/sub/tile_7.tif, so it will not draw the tiles') });
    expect((await hrefs('public'))[0]).toBe('https://example.com/cogs/sub/tile_7.tif');
  }, 60_000);

  it('posts nothing that the server may not read, and says how to allow it', async () => {
    const variant = await server.variant({ allowedFileRoots: [] });
    const before = await server.written();
    const ended = await ingest(folder, '--dataset', 'closed', '--server', variant.url);
    await variant.close();
    expect([ended.code, await server.written()]).toEqual([1, before]);
    expect(ended.stderr).toContain('is not below a folder in ALLOWED_FILE_ROOTS');
    expect(ended.stderr).toContain(`Start it with ALLOWED_FILE_ROOTS=${folder}, or say with --href-prefix`);
  }, 60_000);

  it.each([
    ['no dataset', ['tiles'], 2, "required option '--dataset <id>'"],
    ['no source', ['--dataset', 'x'], 2, "missing required argument 'source'"],
    ['an unknown option', ['tiles', '--dataset', 'x', '--force'], 2, "unknown option '--force'"],
    ['a date that is none', ['.', '--dataset', 'x', '--datetime', 'May'], 2, '--datetime "May" is not a date'],
    ['an overlap that is none', ['.', '--dataset', 'x', '--overlap', 'center'], 2, 'Allowed choices are last, first'],
    ['a prefix that is none', ['.', '--dataset', 'x', '--href-prefix', 'cogs'], 2, '--href-prefix must be a URL'],
    ['a source that is not there', ['/nosuch', '--dataset', 'x'], 1, '/nosuch: there is no such file or folder'],
    ['a folder without COGs', [join(root, 'schemas'), '--dataset', 'x'], 1, 'no GeoTIFF (.tif, .tiff) was found'],
    ['a binary list', [process.execPath, '--dataset', 'x'], 2, 'neither a GeoTIFF (.tif, .tiff) nor a list of them'],
    ['a container without an account', ['az://cogs/a', '--dataset', 'x'], 1, 'AZURE_STORAGE_ACCOUNT'],
  ])('says what is wrong with %s', async (_what, args, exit, words) => {
    const { code, stdout, stderr } = await ingest(...args);
    expect([code, stdout]).toEqual([exit, '']);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('    at ');
  });

  it('asks the server before it reads the first header: none there, a bad id', async () => {
    expect(await ingest(folder, '--dataset', 'x', '--server', 'http://127.0.0.1:1')).toMatchObject({ code: 1, stderr: expect.stringContaining('No server answers at http://127.0.0.1:1') });
    const bad = await ingest(folder, '--dataset', 'a/b');
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('/dataset/id must not hold "/"') });
    expect(bad.stderr).not.toContain('read');
  });

  it('comes through a server that is busy, a connection that is cut and an answer that is lost', async () => {
    const proxy = await startProxy(server.url);
    const fates = ['busy', 'reset', 'lose', 'pass'] as const;
    let posts = 0;
    proxy.fate = ({ headers }) => (headers['content-type'] === 'application/x-ndjson' ? (fates[posts++] ?? 'pass') : 'pass');
    const ended = await ingest(folder, '--dataset', 'through', '--server', proxy.url, '--json');
    await proxy.close();
    expect([ended.code, json(ended), posts]).toMatchObject([0, { id: 'through', tile_count: 12, created: false }, 4]);
    expect(await tilesOf('through')).toHaveLength(12);
  }, 60_000);
});

describe('ingest that is interrupted', () => {
  let files: Server;
  let asked: string[] = [];

  beforeAll(async () => {
    const bytes = await readFile(join(folder, 'tile_1.tif'));
    files = createServer((request, response) => {
      asked.push(request.url ?? '');
      setTimeout(() => response.end(bytes), 100);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => files.once('listening', resolve));
  });

  afterAll(() => files.close());

  it.each([['SIGINT', 130], ['SIGTERM', 143], ['SIGKILL', null]] as const)('goes on after %s where it was', async (signal, exit) => {
    const { port } = files.address() as AddressInfo;
    const list = join(cache, `${signal}.txt`);
    const urls = Array.from({ length: 30 }, (_, i) => `/${signal}/${i}.tif`);
    await writeFile(list, urls.map((url) => `http://127.0.0.1:${port}${url}\n`).join(''));
    asked = [];
    const args = [list, '--dataset', signal, '--concurrency', '2'];
    const run = startProgram(['ingest', ...args], env());
    while (asked.length < 15) await new Promise((resolve) => setTimeout(resolve, 10));
    run.process.kill(signal);
    const { code, stderr } = await run.ended;
    expect(code).toBe(exit);
    if (exit !== null) expect(stderr).toBe('stac-mosaic: interrupted.\n');
    expect(await exists(signal)).toBe(false);
    expect(asked.length).toBeLessThan(30);
    const before = asked.length;
    asked = [];
    const again = await ingest(...args, '--json');
    expect([again.code, json(again)]).toMatchObject([0, { tile_count: 30 }]);
    // At most the two that were under way are asked for again.
    expect(new Set(asked).size).toBeLessThanOrEqual(30 - before + 2);
    expect(json(await ingest(...args, '--json'))).toMatchObject({ headers_read: 0, created: false });
    expect((await readdir(join(cache, 'ingest'))).filter((name) => name.endsWith('.part'))).toEqual([]);
  }, 60_000);
});

describe('ingest of a container', () => {
  let azurite: Azurite;

  beforeAll(async () => {
    azurite = await startAzurite();
  }, 60_000);

  afterAll(() => azurite.close());

  it('takes every COG below a prefix, known by its ETag the next time', async () => {
    for (let i = 0; i < 3; i++) await azurite.put('cogs', `2024/flood #${i}/tile.tif`, await cog(i));
    await azurite.put('cogs', '2024/readme.txt', Buffer.from('x'));
    await azurite.put('cogs', '2023/tile.tif', await cog(5));
    const variables = { ...env(), AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString() };
    const first = await runProgram(['ingest', 'az://cogs/2024/', '--dataset', 'blobs', '--json'], variables);
    expect([first.code, json(first)]).toMatchObject([0, { tile_count: 3, headers_read: 3 }]);
    expect(await hrefs('blobs')).toEqual([0, 1, 2].map((i) => `az://cogs/2024/flood%20%23${i}/tile.tif`));
    await azurite.put('cogs', '2024/flood #1/tile.tif', await cog(1));
    expect(json(await runProgram(['ingest', 'az://cogs/2024/', '--dataset', 'blobs', '--json'], variables))).toMatchObject({ headers_read: 1, created: false });
    const none = await runProgram(['ingest', 'az://nosuch/x', '--dataset', 'none'], variables);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('ContainerNotFound') });
    expect(none.stderr).not.toContain('    at ');
  }, 60_000);
});
