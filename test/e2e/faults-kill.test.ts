/** SIGKILL of the server at random moments of a large NDJSON POST or PUT: whole, absent or as it was, and the same request then succeeds. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { createClient, text } from '../support/client.js';
import { createServerDatabase, type ServerDatabase, testsOnPostgres } from '../support/database.js';
import { eventually, gridDataset, isWhole, LONG, openSpools, sendDataset, storedIs } from '../support/faults.js';
import { runProgram, type ServerProcess, startServerProcess } from '../support/process.js';

const KILLS = LONG ? 20 : 3;
const TILES = LONG ? 20_000 : 2000;

let database: ServerDatabase;
let storage = '';
let server: ServerProcess | undefined;
let client: ReturnType<typeof createClient> | undefined;

const variables = (): Record<string, string> => ({ ...database.env, STORAGE_URL: `file://${storage}` });

async function start(): Promise<ReturnType<typeof createClient>['request']> {
  server = await startServerProcess(variables());
  client?.close();
  client = createClient(server.url);
  return client.request;
}

beforeAll(async () => {
  database = await createServerDatabase();
  storage = await mkdtemp(join(tmpdir(), 'stac-mosaic-faults-kill-'));
}, 60_000);

afterAll(async () => {
  client?.close();
  await server?.kill(true);
  await database?.remove();
  await rm(storage, { recursive: true, force: true });
});

/** The sessions of the server that was killed are gone: what they had begun is done or undone. */
async function expectNoSessions(): Promise<void> {
  const { DATABASE_URL: url } = database.env;
  if (url === undefined) return;
  const pool = new Pool({ connectionString: url });
  try {
    await eventually('the sessions are gone', async () => (await pool.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'stac-mosaic'")).rowCount === 0);
    expect((await pool.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")).rowCount).toBe(0);
  } finally {
    await pool.end();
  }
}

it(`a server killed ${KILLS} times while ${TILES} tiles come and are written`, async () => {
  let request = await start();
  // How long one takes here, so that the kills fall into it.
  const began = performance.now();
  let living = gridDataset('living', TILES, 'v');
  expect((await sendDataset(request, 'POST', living)).status).toBe(201);
  const duration = performance.now() - began;

  for (let round = 0; round < KILLS; round += 1) {
    const isPut = round % 2 === 1;
    const body = isPut ? gridDataset('living', TILES, `v${round}`) : gridDataset(`posted-${round}`, TILES);
    const sending = sendDataset(request, isPut ? 'PUT' : 'POST', body).catch(() => undefined);
    // Each in a part of its own, from the beginning of the upload to some time after the commit.
    await delay(((round + Math.random()) / KILLS) * duration * 1.2);
    // On the embedded database also with the database.
    await server?.kill(round % 4 > 1);
    const answered = (await sending)?.status;
    await expectNoSessions();
    expect(await readdir(join(database.env['DATA_DIR'] ?? '', 'spool')).catch(() => [])).toEqual([]);
    request = await start();
    expect(await openSpools(server?.process.pid)).toEqual([]);

    const posted = isPut ? undefined : await isWhole(request, body);
    const href = text((await request('GET', '/api/datasets/living/tiles?limit=1')).body['features']?.['0']?.['assets']?.['data']?.['href']);
    const isNew = isPut && href.includes(`/v${round}/`);
    expect(await isWhole(request, isNew ? body : living)).toBe(true);
    // What was answered is there for good.
    if (answered === 200 || answered === 201) expect(isPut ? isNew : posted).toBe(true);

    const again = await sendDataset(request, isPut ? 'PUT' : 'POST', body);
    expect({ isPut, posted, status: again.status }).toEqual({ isPut, posted, status: isPut || posted === true ? 200 : 201 });
    expect([await isWhole(request, body), await storedIs(request, body)]).toEqual([true, true]);
    if (isPut) living = body;
    else expect((await request('DELETE', `/api/datasets/${body.dataset.id}`)).status).toBe(204);
    expect(await storedIs(request, living)).toBe(true);
  }

  expect(await server?.stop()).toBe(0);
  // Attempts of the last two hours may be another server's: they are told by their names and live on till then.
  expect((await runProgram(['reconcile', '--json'], variables())).code).toBe(0);
  const left = await readdir(join(storage, 'metadata/mosaics'));
  expect(left.filter((name) => !/\.[0-9a-f-]{36}\.(json|tmp)$/.test(name))).toEqual(['living.json']);
  if (!testsOnPostgres()) expect(left).toEqual(['living.json']);
}, LONG ? 1_200_000 : 120_000);
