/** A blob store that fails under a dataset that lives: PUT and the completion of a job are 502 or 504, the old dataset and its mosaic stay, nothing leaks, and the same request then succeeds. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Azurite, startAzurite, storageOf } from '../support/azurite.js';
import { type Loose, type TestAnswer, text } from '../support/client.js';
import { boxTiles, datasetBody, type DatasetBody, postDataset } from '../support/datasets.js';
import { expectNoLeaks, isWhole, storedIs } from '../support/faults.js';
import { type Fate, type FaultyProxy, startProxy } from '../support/http-proxy.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

interface Store {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  /** A server on a store of its own, empty. */
  open(): Promise<TestVariant>;
  /** What is stored. */
  names(): Promise<string[]>;
  fail(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

let azurite: Azurite;
let proxy: FaultyProxy;
let server: TestServer;

beforeAll(async () => {
  [azurite, server] = await Promise.all([startAzurite(), startTestServer()]);
  proxy = await startProxy(azurite.endpoint);
}, 60_000);
beforeEach(() => server.reset());
afterAll(async () => {
  await proxy?.close();
  await azurite?.close();
  await server?.close();
});

function azure(fate: Fate, status: number, code: string): Store {
  let container = '';
  return {
    name: `in Azure that answers with ${fate}`,
    status,
    code,
    async open() {
      container = `c-${randomUUID()}`;
      const endpoint = `${proxy.url}/${azurite.account}`;
      return server.variant({ ...storageOf({ AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString(endpoint), STORAGE_URL: `${endpoint}/${container}` }), storageTimeout: 1000 });
    },
    names: () => azurite.names(container),
    async fail() {
      proxy.fate = () => fate;
    },
    async mend() {
      proxy.fate = () => 'pass';
    },
    close: () => Promise.resolve(),
  };
}

const isRoot = process.getuid?.() === 0;

/** Root writes wherever modes forbid it, but not to a file system that is mounted read-only. */
function folder(): Store {
  let root = '';
  const all = async () => readdir(root, { recursive: true, withFileTypes: true });
  const mode = async (wanted: number): Promise<void> => {
    for (const path of [root, ...(await all()).flatMap((entry) => (entry.isDirectory() ? [join(entry.parentPath, entry.name)] : []))]) await chmod(path, wanted);
  };
  const mount = (...how: string[]): void => void execFileSync('mount', [...how, root], { stdio: 'ignore' });
  return {
    name: 'in a folder that became read-only',
    status: 502,
    code: 'Upstream',
    async open() {
      root = await mkdtemp(join(tmpdir(), 'stac-mosaic-read-only-'));
      if (isRoot) mount('-t', 'tmpfs', 'tmpfs');
      return server.variant({ storageUrl: pathToFileURL(root).href });
    },
    names: async () => (await all()).flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name).slice(root.length + 1)] : [])).toSorted(),
    fail: async () => (isRoot ? mount('-o', 'remount,ro') : mode(0o555)),
    mend: async () => (isRoot ? mount('-o', 'remount,rw') : mode(0o755)),
    async close() {
      if (isRoot) execFileSync('umount', [root], { stdio: 'ignore' });
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Mounting needs more than the name of root in some containers. */
function canBeReadOnly(): boolean {
  if (!isRoot) return process.platform !== 'win32';
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const stores: readonly Store[] = [azure('reset', 502, 'Upstream'), azure('busy', 502, 'Upstream'), azure('hang', 504, 'UpstreamTimeout'), ...(canBeReadOnly() ? [folder()] : [])];

const version = (name: string, count: number): DatasetBody => datasetBody('a', boxTiles(count).map((tile) => ({ ...tile, href: `https://cogs.example.com/${name}/${text(tile.index)}.tif` })), { metadata: { said: name } });
const [ONE, TWO] = [version('one', 5), version('two', 3)];

/** Starts a job whose tasks are all done; answers how it is completed. */
async function readyJob({ request }: TestVariant, { tiles, ...head }: DatasetBody, replace: boolean): Promise<{ complete: () => Promise<TestAnswer>; state: () => Promise<Loose | undefined> }> {
  const made = await request('POST', '/api/jobs', { body: { ...head, expected_tiles: tiles.length, replace } });
  expect({ status: made.status, body: made.body }).toMatchObject({ status: 201 });
  const job = `/api/jobs/${text(made.body['job_id'])}`;
  for (const [i, { index: _index, ...tile }] of tiles.entries()) expect((await request('PUT', `${job}/tasks/${i + 1}`, { body: { status: 'COMPLETE', tile } })).status).toBe(201);
  return { complete: () => request('POST', `${job}/complete`), state: async () => (await request('GET', job)).body['state'] };
}

describe.each(stores.map((store) => [store.name, store] as const))('a store %s', (_name, store) => {
  let main: TestVariant;
  beforeEach(async () => {
    main = await store.open();
  });
  afterEach(async () => {
    await store.mend();
    await main.close();
    await store.close();
  });

  /** Sends it while the store is away and when it is back. */
  async function expectAway(before: DatasetBody | undefined, send: () => Promise<TestAnswer>, then: number): Promise<void> {
    if (before !== undefined) await postDataset(main, before);
    const rows = await server.written();
    const names = await store.names();
    await store.fail();
    const answer = await send();
    expect({ status: answer.status, body: answer.body }).toMatchObject({ status: store.status, body: { code: store.code, description: expect.stringMatching(/blob store/) as unknown } });
    expect(await isWhole(main.request, before ?? TWO)).toBe(before !== undefined);
    expect(await server.written()).toEqual(rows);
    await expectNoLeaks(main.services);
    await store.mend();
    expect(await store.names()).toEqual(names);
    expect(await storedIs(main.request, before ?? TWO)).toBe(before === undefined ? undefined : true);
    expect((await send()).status).toBe(then);
    expect(await isWhole(main.request, TWO)).toBe(true);
    expect(await storedIs(main.request, TWO)).toBe(true);
    expect((await main.request('GET', '/files/metadata/original/a.json')).body).toEqual({ said: 'two' });
    expect(await store.names()).toEqual(['metadata/mosaics/a.json', 'metadata/original/a.json']);
    await expectNoLeaks(main.services);
  }

  // eslint-disable-next-line jest/expect-expect -- expectAway() expects
  it('leaves the dataset that a PUT would replace as it was, and the PUT then succeeds', () => expectAway(ONE, () => main.request('PUT', '/api/datasets/a', { body: TWO }), 200), 60_000);

  // eslint-disable-next-line jest/expect-expect -- expectAway() expects
  it('makes a PUT of a new dataset write nothing, and the PUT then succeeds', () => expectAway(undefined, () => main.request('PUT', '/api/datasets/a', { body: TWO }), 201), 60_000);

  it('leaves a job RUNNING with all its tasks, the dataset as it was, and its completion then succeeds, once', async () => {
    let job: Awaited<ReturnType<typeof readyJob>> | undefined;
    await expectAway(ONE, async () => {
      job ??= await readyJob(main, TWO, true);
      expect(await job.state()).toBe('RUNNING');
      return job.complete();
    }, 201);
    expect(await job?.state()).toBe('COMPLETE');
    expect((await job?.complete())?.status).toBe(200);
  }, 60_000);
});
