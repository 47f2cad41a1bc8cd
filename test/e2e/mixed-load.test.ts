/** Everything at once, for seconds here and for ten minutes of each with --long: tiles, searches, mosaics, and clients that leave. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type LoadResult, mixedLoad } from '../../bench/mixed-load.js';
import { makeDemoCogs } from '../../src/demo/cogs.js';
import { createServerDatabase, type ServerDatabase } from '../support/database.js';
import { startServerProcess, type ServerProcess } from '../support/process.js';

const LONG = process.env['TEST_LONG'] === '1';
const SECONDS = LONG ? 600 : 4;

let folder: string;
let database: ServerDatabase | undefined;
let server: ServerProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-load-'));
  database = await createServerDatabase();
  const cogs = await makeDemoCogs(folder);
  server = await startServerProcess({ ...database.env, ALLOWED_FILE_ROOTS: folder });
  const body = { dataset: { id: 'world', properties: { datetime: '2024-01-01T00:00:00Z' } }, tiles: cogs.map(({ path }) => ({ href: pathToFileURL(path).href })) };
  const posted = await fetch(`${server.url}/api/datasets`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect(posted.status).toBe(201);
});
afterAll(async () => {
  await server?.stop();
  await database?.remove();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const load = async (clients: number): Promise<LoadResult> => mixedLoad({ url: server?.url ?? '', dataset: 'world', clients, seconds: SECONDS, pid: server?.process.pid });
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The second half holds no more than 10 % and 50 MB above what the second quarter held. */
function expectFlat({ memory }: LoadResult): void {
  if (!LONG || memory.some(Number.isNaN)) return;
  const [quarter, half] = [Math.floor(memory.length / 4), Math.floor(memory.length / 2)];
  expect(mean(memory.slice(half))).toBeLessThan(mean(memory.slice(quarter, half)) * 1.1 + 50);
}

test('8 clients are answered: 99.9 % with 2xx or 304, the rest with 503 and Retry-After', async () => {
  const result = await load(8);
  expect(result.examples).toEqual([]);
  expect(result.good / result.total).toBeGreaterThanOrEqual(0.999);
  expect(result.answers).toMatchObject({ 'tile 200': expect.any(Number), 'search 200': expect.any(Number), 'mosaic 200': expect.any(Number) });
  expectFlat(result);
}, (SECONDS + 60) * 1000);

test('64 clients are answered, or told when to come again', async () => {
  const result = await load(64);
  expect(result.examples).toEqual([]);
  expect(result.bad).toBe(0);
  expect(result.total).toBe(result.good + result.later);
  expectFlat(result);
}, (SECONDS + 60) * 1000);
