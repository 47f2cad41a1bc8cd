/**
 * SIGKILL at random moments of POST /api/datasets: each dataset is whole or absent after the next start, and search ids live on.
 * Five kills; twenty with --long. Each is of the server alone or of the embedded database with it, as a machine's end would be.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'pg';
import { SEED_COLLECTIONS } from '../../src/datasets/collections.js';
import { openDatabase } from '../../src/database/index.js';
import { loadConfig } from '../../src/config.js';
import { silentLogger } from '../../src/log.js';
import { type Loose, listOf, text } from '../support/client.js';
import { createServerDatabase, type ServerDatabase, testsOnPostgres } from '../support/database.js';
import { boxTiles, datasetBody } from '../support/datasets.js';
import { runProgram, type ServerProcess, startServerProcess } from '../support/process.js';

const KILLS = process.env['TEST_LONG'] === '1' ? 20 : 5;
const TILES = 60;
/** Posts that run when the kill comes. */
const WRITERS = 3;

let database: ServerDatabase;
let storage = '';
let server: ServerProcess | undefined;

const variables = (): Record<string, string> => ({ ...database.env, STORAGE_URL: `file://${storage}` });
const start = (): Promise<ServerProcess> => startServerProcess(variables());

beforeAll(async () => {
  database = await createServerDatabase();
  storage = await mkdtemp(join(tmpdir(), 'stac-mosaic-kill-'));
}, 60_000);

afterAll(async () => {
  await server?.kill(true);
  await database.remove();
  await rm(storage, { recursive: true, force: true });
});

/** The tiles' hrefs are the dataset's own, so that whatever is left of another is seen. */
const bodyOf = (id: string): ReturnType<typeof datasetBody> =>
  datasetBody(id, boxTiles(TILES).map((tile) => ({ ...tile, href: `https://cogs.example.com/${id}/${tile.index as number}.tif` })));

async function get(path: string): Promise<{ status: number; body: Loose }> {
  const response = await fetch(`${server?.url}${path}`);
  const sent = await response.text();
  return { status: response.status, body: (sent === '' ? {} : JSON.parse(sent)) as Loose };
}

const post = (body: unknown): Promise<Response> =>
  fetch(`${server?.url}/api/datasets`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const hrefsOf = (mosaic: Loose): string[] => [...new Set(Object.values(mosaic['tiles'] ?? {}).flatMap((list) => listOf(list).map(text)))].toSorted();

/** The whole dataset with everything that hangs on it, or nothing at all of it: true or false. */
async function isWhole(id: string): Promise<boolean> {
  const item = await get(`/api/datasets/${id}`);
  const parts = await Promise.all(['tiles?limit=1000', 'mosaic.json', 'tilejson.json'].map((part) => get(`/api/datasets/${id}/${part}`)));
  const search = await get(`/search?collections=datasets&ids=${id}`);
  const [tiles, mosaic] = parts;
  if (item.status === 404) {
    expect(parts.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(listOf(search.body['features'])).toEqual([]);
    return false;
  }
  expect([item.status, ...parts.map(({ status }) => status)]).toEqual([200, 200, 200, 200]);
  expect(listOf(search.body['features'])).toHaveLength(1);
  expect(item.body).toMatchObject({ properties: { 'file:tile_count': TILES } });
  const wanted = bodyOf(id).tiles.map(({ href }) => href);
  expect(listOf(tiles?.body['features']).map((tile) => text(tile['assets']?.['data']?.['href']))).toEqual(wanted);
  expect(hrefsOf(mosaic?.body ?? {})).toEqual(wanted.toSorted());
  const info = await get(`/searches/${text(item.body['properties']?.['mosaic:search_id'])}/info`);
  expect(info.status).toBe(200);
  return true;
}

interface Rows {
  readonly datasets: string[];
  readonly tiles: Record<string, number>;
  readonly holders: string[];
  readonly contents: string[];
  /** Rows that name a search that is not there. */
  readonly dangling: number;
}

/** What the tables themselves hold, the server being gone. */
async function rowsOf(): Promise<Rows> {
  const { DATABASE_URL: url } = database.env;
  const opened = url === undefined
    ? await openDatabase(loadConfig({ ...database.env }), { logger: silentLogger(), collections: SEED_COLLECTIONS })
    : undefined;
  const pool = opened?.pool ?? new Pool({ connectionString: url });
  try {
    const names = async (sql: string): Promise<string[]> => (await pool.query<{ name: string }>(sql)).rows.map(({ name }) => name);
    const { rows: counted } = await pool.query<{ name: string; count: number }>(
      `SELECT properties->>'parent_dataset' AS name, count(*)::int AS count FROM (SELECT content->'properties' AS properties FROM pgstac.items WHERE collection = 'system_tiles') t GROUP BY 1 ORDER BY 1`);
    const { rows: dangling } = await pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM stac_mosaic.search_holders h WHERE NOT EXISTS (SELECT FROM pgstac.searches s WHERE s.hash = h.search_id)');
    return {
      datasets: await names(`SELECT id AS name FROM pgstac.items WHERE collection = 'datasets' ORDER BY id COLLATE "C"`),
      tiles: Object.fromEntries(counted.map(({ name, count }) => [name, count])),
      holders: await names(`SELECT holder_id AS name FROM stac_mosaic.search_holders WHERE holder_kind = 'dataset' ORDER BY holder_id COLLATE "C"`),
      contents: await names(`SELECT dataset_id AS name FROM stac_mosaic.dataset_contents ORDER BY dataset_id COLLATE "C"`),
      dangling: dangling[0]?.count ?? -1,
    };
  } finally {
    await (opened?.close() ?? pool.end());
  }
}

it(`leaves every dataset whole or absent over ${KILLS} kills, and each search answers under its id after them`, async () => {
  const posted: string[] = [];
  const answered: string[] = [];
  server = await start();
  const registered = await fetch(`${server.url}/searches/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ collections: ['datasets'], 'filter-lang': 'cql2-json', filter: { op: '=', args: [{ property: 'gsd' }, 30] } }),
  });
  const searchId = text(((await registered.json()) as Loose)['id']);
  expect(searchId).toMatch(/^[0-9a-f]{32}$/);

  // How long a post takes here, so that the kills fall into it.
  const warm = `warm-${randomUUID()}`;
  expect((await post(bodyOf(warm))).status).toBe(201);
  const began = performance.now();
  expect((await post(bodyOf(`${warm}-2`))).status).toBe(201);
  const duration = performance.now() - began;
  posted.push(warm, `${warm}-2`);
  answered.push(...posted);

  for (let round = 0; round < KILLS; round += 1) {
    const ids = Array.from({ length: WRITERS }, (_, i) => `round-${round}-${i}`);
    posted.push(...ids);
    const posts = ids.map(async (id) => {
      const response = await post(bodyOf(id)).catch(() => undefined);
      if (response?.status === 201) answered.push(id);
    });
    await delay(Math.random() * duration * WRITERS * 1.2);
    await server.kill(round % 2 === 1);
    await Promise.all(posts);
    server = await start();
    const whole = new Map<string, boolean>();
    for (const id of posted) whole.set(id, await isWhole(id));
    // What was answered is there for good.
    for (const id of answered) expect([id, whole.get(id)]).toEqual([id, true]);
    expect((await get(`/searches/${searchId}/info`)).body).toMatchObject({ search: { hash: searchId } });
    for (const id of ids) {
      const again = await post(bodyOf(id));
      // Whole already: the first answer again.
      expect([id, again.status]).toEqual([id, whole.get(id) === true ? 200 : 201]);
      expect(await isWhole(id)).toBe(true);
      answered.push(id);
    }
  }

  expect(await server.stop()).toBe(0);
  const everything = posted.toSorted();
  const rows = await rowsOf();
  expect(rows).toEqual({
    datasets: everything,
    tiles: Object.fromEntries(everything.map((id) => [id, TILES])),
    holders: everything,
    contents: everything,
    dangling: 0,
  });

  // An embedded server does this at each start; where several may run, it is the operator's.
  expect((await runProgram(['reconcile', '--json'], variables())).code).toBe(0);
  server = await start();
  expect((await get(`/searches/${searchId}/info`)).status).toBe(200);
  for (const id of everything) expect((await fetch(`${server.url}/files/metadata/mosaics/${id}.json`)).status).toBe(200);
  if (!testsOnPostgres()) expect((await readdir(join(storage, 'metadata/mosaics'))).toSorted()).toEqual(everything.map((id) => `${id}.json`).toSorted());
  expect(await server.stop()).toBe(0);
}, 1_200_000);
