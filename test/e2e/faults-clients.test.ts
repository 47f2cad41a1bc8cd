/**
 * Clients that fall silent, go away or send too little, uploads that are refused half-way, a full disk below the spool, and
 * readers beside a slow upload: no rows, files or connections stay, and the next request is served.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { Agent, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { listOf, text } from '../support/client.js';
import type { DatasetBody } from '../support/datasets.js';
import { eventually, expectNoLeaks, gridDataset, isWhole, LONG, openSpools, sendDataset, storedIs } from '../support/faults.js';
import { linesOf, NDJSON, openUpload } from '../support/ndjson.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

/** Enough that the rows go to the disk, which they do by half a megabyte. */
const TILES = LONG ? 20_000 : 1500;

let server: TestServer;
/** Gives up on a silent client soon, and takes little. */
let strict: TestVariant;
const living = gridDataset('living', 10);

beforeAll(async () => {
  server = await startTestServer();
  strict = await server.variant({ uploadIdleMs: 500, maxNdjsonBytes: 300_000 });
  expect((await sendDataset(server.request, 'POST', living)).status).toBe(201);
}, 60_000);

afterAll(async () => {
  await strict?.close();
  await server?.close();
});

const two = gridDataset('living', TILES, 'two');
const fresh = gridDataset('fresh', TILES);
const lines = (body: DatasetBody): string[] => linesOf(body).split(/(?<=\n)/);

/** The dataset that lives is as it was, that which was sent is not there, and nothing is held. */
async function expectUntouched(): Promise<void> {
  expect(await isWhole(server.request, fresh)).toBe(false);
  expect(await isWhole(server.request, living)).toBe(true);
  expect(await storedIs(server.request, living)).toBe(true);
  expect((await server.written())['files']).toEqual(['/metadata/mosaics/living.json']);
  await expectNoLeaks(server.services);
}

/** Both bodies are then taken by the same server, and the first state is made again. */
async function expectTaken(): Promise<void> {
  expect((await sendDataset(server.request, 'POST', fresh)).status).toBe(201);
  expect(await isWhole(server.request, fresh)).toBe(true);
  expect((await server.request('DELETE', '/api/datasets/fresh')).status).toBe(204);
}

const targets = [['POST', '/api/datasets', fresh], ['PUT', '/api/datasets/living', two]] as const;

describe('a client', () => {
  it('that goes away, at whatever moment, leaves nothing', async () => {
    for (const [method, path, body] of targets) {
      const all = linesOf(body);
      for (const part of [0, 0.001, 0.5, 0.9, 1]) {
        const { outgoing, answer } = openUpload(server.url, path, method);
        const written = new Promise((resolve) => outgoing.write(all.slice(0, Math.max(1, Math.floor(all.length * part))), resolve));
        await written;
        if (part >= 0.5) await eventually('the rows are spooled', async () => process.platform !== 'linux' || (await openSpools()).length > 0);
        outgoing.destroy();
        expect(await answer).toBeUndefined();
      }
    }
    await expectUntouched();
    await expectTaken();
  });

  it('that says how much it will send, and sends less, leaves nothing', async () => {
    for (const [method, path, body] of targets) {
      const all = Buffer.from(linesOf(body));
      const outgoing = send(server.url + path, { method, headers: { ...NDJSON, 'content-length': all.length } });
      outgoing.on('error', () => undefined);
      await new Promise((resolve) => outgoing.write(all.subarray(0, all.length / 2), resolve));
      outgoing.destroy();
    }
    await expectUntouched();
  });

  it('whose stream ends early, at the end of a line or within one, is told so', async () => {
    for (const [method, path, body] of targets) {
      const all = lines(body);
      const half = all.slice(0, TILES / 2).join('');
      const ended = await server.request(method, path, { body: half, headers: NDJSON });
      expect({ status: ended.status, paths: listOf(ended.body['errors']).map((error) => error['path']) }).toEqual({ status: 400, paths: ['/expected_tiles'] });
      const torn = await server.request(method, path, { body: `${half}${(all[TILES / 2] ?? '').slice(0, 20)}`, headers: NDJSON });
      expect({ status: torn.status, paths: listOf(torn.body['errors']).map((error) => error['path']) }).toEqual({ status: 400, paths: ['/expected_tiles', `/tiles/${TILES / 2 - 1}`] });
    }
    await expectUntouched();
    await expectTaken();
  });

  it('that falls silent gets 408; twenty of them hold no connection, and others write meanwhile', async () => {
    const silent = Array.from({ length: 20 }, (_, i) => {
      const [method, path, body] = targets[i % 2] ?? targets[0];
      const upload = openUpload(strict.url, path, method);
      upload.outgoing.write(lines(body).slice(0, 1000).join(''));
      return upload;
    });
    expect((await sendDataset(server.request, 'POST', gridDataset('beside', 50))).status).toBe(201);
    expect((await Promise.all(silent.map(({ answer }) => answer))).map((answer) => answer?.status)).toEqual(silent.map(() => 408));
    for (const { outgoing } of silent) outgoing.destroy();
    expect((await server.request('DELETE', '/api/datasets/beside')).status).toBe(204);
    await expectUntouched();
  });
});

describe('an upload that is refused before its end', () => {
  const head = (body: DatasetBody): string => lines(body)[0] ?? '';
  const rest = lines(two).slice(1).join('').repeat(LONG ? 1 : 8);
  const cases: readonly (readonly [what: string, url: () => string, headers: Record<string, string>, body: string | Buffer, status: number])[] = [
    ['for its precondition', () => server.url, { 'if-match': '"other"' }, head(two) + rest, 412],
    ['for its first line', () => server.url, {}, `{"dataset":\n${rest}`, 400],
    ['for a line that is too long', () => server.url, {}, `${head(two)}${'x'.repeat(1024 * 1024 + 1)}\n${rest}`, 413],
    ['for its size', () => strict.url, {}, head(two) + rest, 413],
    ['for its size, packed', () => strict.url, { 'content-encoding': 'gzip' }, gzipSync(head(two) + rest), 413],
    ['for its coding', () => server.url, { 'content-encoding': 'rot13' }, head(two) + rest, 415],
  ];

  it.each(cases)('%s leaves its connection fit for the next request', async (_what, url, headers, body, status) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (method: string, path: string, more: Record<string, string> = {}, bytes?: string | Buffer): Promise<{ status: number; reused: boolean }> =>
      new Promise((resolve, reject) => {
        const outgoing = send(url() + path, { agent, method, headers: more }, (incoming) => {
          incoming.resume().on('end', () => resolve({ status: incoming.statusCode ?? 0, reused: outgoing.reusedSocket })).on('error', reject);
        });
        outgoing.on('error', reject);
        outgoing.end(bytes);
      });
    try {
      expect(await ask('PUT', '/api/datasets/living', { ...NDJSON, ...headers }, body)).toEqual({ status, reused: false });
      const started = performance.now();
      expect(await ask('GET', '/health/live')).toEqual({ status: 200, reused: true });
      // A connection that is stuck is ended after five.
      expect(performance.now() - started).toBeLessThan(4000);
    } finally {
      agent.destroy();
    }
    await expectNoLeaks(server.services);
  });

  it('leaves the dataset that lives', expectUntouched);
});

/** A file system of 4 MB, for which one must be root on Linux. */
function tinyDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'stac-mosaic-spool-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
    mkdirSync(join(folder, 'spool'));
    return folder;
  } catch {
    return undefined;
  }
}

const disk = tinyDisk();
(disk === undefined ? it.skip : it)('a full disk below the spool is 503 that says so, nothing stays, and with room the same upload is taken (only root can mount one)', async () => {
  const small = await server.variant({ dataDir: disk ?? '' });
  try {
    const ballast = join(disk ?? '', 'ballast');
    await writeFile(ballast, Buffer.alloc((await statfs(disk ?? '')).bavail * (await statfs(disk ?? '')).bsize - 256 * 1024));
    for (const [method, , body] of targets) {
      // The first piece of half a megabyte is taken in part, which is no error yet.
      const answer = await sendDataset(small.request, method, body);
      expect({ status: answer.status, code: answer.body['code'], said: text(answer.body['description']) }).toEqual({ status: 503, code: 'Unavailable', said: expect.stringMatching(/ENOSPC/) as unknown });
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    }
    await expectUntouched();
    await expectNoLeaks(small.services);
    await rm(ballast);
    if (!LONG) expect((await sendDataset(small.request, 'POST', fresh)).status).toBe(201);
  } finally {
    await small.close();
    execFileSync('umount', [disk ?? '']);
    await rm(disk ?? '', { recursive: true, force: true });
  }
  await server.request('DELETE', '/api/datasets/fresh');
  await expectTaken();
}, 120_000);

it('readers are not slowed by an upload that takes its time', async () => {
  const median = async (): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      const started = performance.now();
      for (const path of ['/search?collections=datasets', '/api/datasets/living', '/api/datasets/living/tiles']) expect((await server.request('GET', path)).status).toBe(200);
      times.push(performance.now() - started);
    }
    return times.toSorted((a, b) => a - b)[20] ?? 0;
  };
  await median();
  const before = await median();
  const { outgoing, answer } = openUpload(server.url);
  const sending = (async () => {
    const all = lines(fresh);
    for (let from = 0; from < all.length; from += 50) {
      outgoing.write(all.slice(from, from + 50).join(''));
      await delay(LONG ? 20 : 50);
    }
  })();
  const during = await median();
  const { pool } = server.services.database;
  await sending;
  expect(pool.totalCount - pool.idleCount).toBe(0);
  const after = await median();
  outgoing.end();
  expect((await answer)?.status).toBe(201);
  // The machine may be busy with other things: what counts is a wait for the upload's end, which takes seconds.
  expect(during).toBeLessThan(3 * Math.max(before, after) + 100);
  expect(await isWhole(server.request, fresh)).toBe(true);
});
