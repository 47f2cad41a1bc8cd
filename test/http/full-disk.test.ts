/** A full disk below the blob folder: 502, nothing stays, and the same request succeeds once there is room. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { boxTiles, datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

/** A file system of 64 KB, for which one must be root on Linux. */
function tinyDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'stac-mosaic-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    return undefined;
  }
}

const disk = tinyDisk();
let server: TestServer;
let full: TestVariant;

(disk === undefined ? describe.skip : describe)('a full disk (skipped where no tmpfs can be mounted: only root can)', () => {
  beforeAll(async () => {
    server = await startTestServer();
    full = await server.variant({ storageUrl: pathToFileURL(disk ?? '').href });
  });
  afterAll(async () => {
    await full?.close();
    await server?.close();
    if (disk === undefined) return;
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true, force: true });
  });

  const stored = async (): Promise<string[]> => (await readdir(disk ?? '', { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name).toSorted();

  it('makes POST a 502 that says so; neither database nor folder keep anything, and the next POST works', async () => {
    await postDataset(full, datasetBody('first'));
    await writeFile(join(disk ?? '', 'ballast'), Buffer.alloc((await statfs(disk ?? '')).bavail * 4096));
    const before = await server.written();
    const answer = await full.request('POST', '/api/datasets', { body: datasetBody('second', boxTiles(100)) });
    expect(answer).toMatchObject({ status: 502, body: { code: 'Upstream', description: expect.stringMatching(/^The blob store failed at writing metadata\/mosaics\/second\.[-0-9a-f]{36}\.json \(ENOSPC\)\.$/) } });
    expect(await server.written()).toEqual(before);
    expect(await stored()).toEqual(['ballast', 'first.json']);
    expect((await full.request('GET', '/files/metadata/mosaics/first.json')).status).toBe(200);
    expect((await full.request('GET', '/api/datasets/second')).status).toBe(404);
    await rm(join(disk ?? '', 'ballast'));
    await postDataset(full, datasetBody('second', boxTiles(100)));
    expect(await stored()).toEqual(['first.json', 'second.json']);
  });

  it('lets a dataset be deleted all the same', async () => {
    await writeFile(join(disk ?? '', 'ballast'), Buffer.alloc((await statfs(disk ?? '')).bavail * 4096));
    expect((await full.request('DELETE', '/api/datasets/first')).status).toBe(204);
    expect(await stored()).toEqual(['ballast', 'second.json']);
  });
});
