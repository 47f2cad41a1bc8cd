/** Files: only below the allowed roots, whatever the href looks like. */
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readCogHeader } from '../../src/cog/open.js';
import { cachedInBlocks } from '../../src/storage/blocks.js';
import { createSources } from '../../src/storage/sources.js';
import { makeGeoTiff } from '../support/geotiff.js';

let folder = '';
const href = (...parts: string[]): string => pathToFileURL(join(folder, ...parts)).href;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'storage-file-')));
  await mkdir(join(folder, 'root', 'sub'), { recursive: true });
  await mkdir(join(folder, 'root-beside'));
  await writeFile(join(folder, 'root', 'tile one.tif'), makeGeoTiff({ width: 32, height: 32 }));
  await writeFile(join(folder, 'root', 'digits.bin'), Buffer.from('0123456789'.repeat(10_000)));
  await writeFile(join(folder, 'root-beside', 'secret.tif'), 'secret');
  await writeFile(join(folder, 'secret.tif'), 'secret');
  await symlink(join(folder, 'secret.tif'), join(folder, 'root', 'link-out.tif'));
  await symlink(join(folder, 'root-beside'), join(folder, 'root', 'folder-out'));
  await symlink(join(folder, 'root', 'tile one.tif'), join(folder, 'root', 'sub', 'link-in.tif'));
  await symlink(join(folder, 'root'), join(folder, 'root-link'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const sources = () => createSources({ allowedHosts: [], allowedFileRoots: [join(folder, 'root')] });

describe('a file', () => {
  it('below a root is read, blanks in its name or a link within the root or not', async () => {
    expect(await readCogHeader(await sources().open(href('root', 'tile one.tif')))).toMatchObject({ width: 32, fileSize: expect.any(Number) });
    expect(await readCogHeader(await sources().open(href('root', 'sub', 'link-in.tif')))).toMatchObject({ width: 32 });
  });

  it('is found through a root that is itself a link, in both spellings', async () => {
    const linked = createSources({ allowedHosts: [], allowedFileRoots: [join(folder, 'root-link')] });
    await expect(linked.open(href('root-link', 'digits.bin'))).resolves.toBeDefined();
    await expect(linked.open(href('root', 'digits.bin'))).resolves.toBeDefined();
  });

  it('tells ranges, fewer bytes at its end, none behind it', async () => {
    const source = await sources().open(href('root', 'digits.bin'));
    const read = async (offset: number, length: number): Promise<string> => Buffer.from(await source.fetch(offset, length)).toString();
    expect(source.metadata?.size).toBe(100_000);
    expect(await read(5, 10)).toBe('5678901234');
    expect(await read(32_763, 10)).toBe('3456789012');
    expect(await read(99_998, 10)).toBe('89');
    expect(await read(200_000, 10)).toBe('');
    expect(await read(0, 90_000)).toHaveLength(90_000);
  });

  it.each([
    ['outside', () => href('secret.tif')],
    ['beside a root whose name it begins with', () => href('root-beside', 'secret.tif')],
    ['reached by dots', () => `${pathToFileURL(join(folder, 'root')).href}/../secret.tif`],
    ['reached by encoded dots', () => `${pathToFileURL(join(folder, 'root')).href}/%2e%2e/secret.tif`],
    ['reached by a link', () => href('root', 'link-out.tif')],
    ['below a link to another folder', () => href('root', 'folder-out', 'secret.tif')],
    ['outside and missing', () => href('nowhere.tif')],
  ])('%s is refused', async (_, spelled) => {
    await expect(sources().open(spelled())).rejects.toMatchObject({ kind: 'InvalidInput', message: expect.stringMatching(/ALLOWED_FILE_ROOTS/) });
  });

  it('is refused when no root is allowed', async () => {
    const none = createSources({ allowedHosts: [], allowedFileRoots: [] });
    expect(() => none.check(href('root', 'digits.bin'))).toThrow(/ALLOWED_FILE_ROOTS/);
    await expect(none.open(href('root', 'digits.bin'))).rejects.toMatchObject({ kind: 'InvalidInput' });
  });

  it('that is missing or a folder is a failure of the asset, not of the caller', async () => {
    await expect(sources().open(href('root', 'missing.tif'))).rejects.toMatchObject({ kind: 'Upstream', message: expect.stringMatching(/missing\.tif: there is no such file/) });
    await expect(sources().open(href('root', 'sub'))).rejects.toMatchObject({ kind: 'Upstream', message: expect.stringMatching(/not a regular file/) });
  });
});

describe('a href', () => {
  it.each([
    ['/data/tile.tif', 'InvalidInput', /file:\/\/\//],
    ['tile.tif', 'InvalidInput', /file:\/\/\//],
    ['C:\\data\\tile.tif', 'InvalidInput', /file:\/\/\//],
    ['', 'InvalidInput', /not an absolute URL/],
    ['file://other-machine/share/tile.tif', 'InvalidInput', /not the URL of a local file/],
    ['file:///a%2fb.tif', 'InvalidInput', /not the URL of a local file/],
    ['file:///a%00b.tif', 'InvalidInput', /not the URL of a local file/],
    ['ftp://host/tile.tif', 'InvalidInput', /ftp: cannot be read/],
    ['data:image/tiff;base64,SUkqAA==', 'InvalidInput', /data: cannot be read/],
    ['az://cogs/tile.tif', 'InvalidInput', /no storage account; set AZURE_STORAGE_ACCOUNT/],
    ['/vsiaz/cogs/tile.tif', 'InvalidInput', /no storage account; set AZURE_STORAGE_ACCOUNT/],
    ['abfss://cogs@theirs.dfs.core.windows.net/tile.tif', 'InvalidInput', /theirs\.blob\.core\.windows\.net is not in ALLOWED_HOSTS/],
    ['s3://bucket/tile.tif', 'NotImplemented', /s3: cannot be read; use https:, az: or file:/],
    ['/vsis3/bucket/tile.tif', 'NotImplemented', /\/vsis3\/ cannot be read so/],
    ['/vsizip//vsicurl/https://h/a.zip/a.tif', 'InvalidInput', /\/vsizip\/ cannot be read so/],
    ['/vsicurl//vsis3/bucket/tile.tif', 'NotImplemented', /\/vsis3\/ cannot be read so/],
    ['/vsis3//vsicurl/https://h/tile.tif', 'InvalidInput', /\/vsis3\/ cannot be read so/],
    ['/vsicurl?url=https://h/a.tif', 'InvalidInput', /\/vsicurl\/ cannot be read so/],
    ['/vsicurl/https://elsewhere.example.com/a.tif', 'InvalidInput', /elsewhere\.example\.com is not in ALLOWED_HOSTS/],
  ])('%p is refused as %s with a reason', (spelled, kind, message) => {
    expect.assertions(1);
    try {
      sources().check(spelled);
    } catch (error) {
      expect(error).toMatchObject({ kind, message: expect.stringMatching(message) });
    }
  });
});

describe('the cache of blocks', () => {
  it('asks once for what many want at the same time, and again after a failure', async () => {
    let calls = 0;
    let fail = true;
    const source = cachedInBlocks({
      url: new URL('file:///x'),
      fetch: async (offset, length = 0) => {
        calls += 1;
        if (fail) throw new Error('away');
        return new Uint8Array(length).fill(offset / 32_768).buffer;
      },
    });
    await expect(Promise.all([source.fetch(0, 10), source.fetch(100, 10)])).rejects.toThrow('away');
    expect(calls).toBe(1);
    fail = false;
    await Promise.all([source.fetch(0, 10), source.fetch(100, 32_000), source.fetch(20, 4)]);
    expect(calls).toBe(2);
    expect([...new Uint8Array(await source.fetch(32_766, 4))]).toEqual([0, 0, 1, 1]);
    expect(calls).toBe(3);
  });

  it('is whole where a read needs a block that the same read would push out of the cache', async () => {
    const bytes = Buffer.alloc(64 * 32 * 1024).map((_, i) => i % 251);
    const source = cachedInBlocks({
      url: new URL('file:///x'),
      metadata: { size: bytes.length },
      fetch: async (offset, length = 0) => Uint8Array.from(bytes.subarray(offset, offset + length)).buffer,
    });
    for (const block of [1, 10, 20, 30]) await source.fetch(block * 32 * 1024, 10);
    const read = Buffer.from(await source.fetch(32 * 1024 - 500, 1000));
    expect(read.equals(bytes.subarray(32 * 1024 - 500, 32 * 1024 + 500))).toBe(true);
  });

  it('lets a caller go who no longer wants to wait', async () => {
    const source = cachedInBlocks({ url: new URL('file:///x'), fetch: () => new Promise(() => undefined) });
    await expect(source.fetch(0, 10, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
