/** What the tests of faults share: large datasets that tell their version, whether one is whole or absent, and what must not leak. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Config, loadConfig } from '../../src/config.js';
import { spoolFolder } from '../../src/datasets/spool.js';
import { createLogger } from '../../src/log.js';
import { startServer } from '../../src/server.js';
import type { Services } from '../../src/services.js';
import { createClient, listOf, type Loose, type TestAnswer, type TestClient, text } from './client.js';
import { cacheDir } from './database.js';
import { type DatasetBody, datasetBody } from './datasets.js';
import { linesOf, NDJSON, openUpload, type UploadAnswer } from './ndjson.js';
import type { Variables } from './process.js';

export const LONG = process.env['TEST_LONG'] === '1';

const hrefOf = (id: string, version: string, index: number): string => `https://cogs.example.com/${encodeURIComponent(id)}/${version}/${index}.tif`;

/** A dataset of small tiles side by side, 200 a row, whose hrefs name their version. */
export function gridDataset(id: string, count: number, version = 'one', more: Partial<DatasetBody> = {}): DatasetBody {
  const tiles = Array.from({ length: count }, (_, i) => {
    const [west, south] = [(i % 200) / 2 - 50, Math.floor(i / 200) / 2];
    return { href: hrefOf(id, version, i + 1), bbox: [west, south, west + 0.5, south + 0.5], index: i + 1, 'file:size': 1000, gsd: 30, 'proj:code': 'EPSG:4326' };
  });
  return datasetBody(id, tiles, { expected_tiles: count, ...more });
}

/** Sends it as NDJSON or as JSON. */
export const sendDataset = (request: TestClient, method: 'POST' | 'PUT', body: DatasetBody, form: 'json' | 'ndjson' = 'ndjson'): Promise<TestAnswer> => {
  const path = method === 'POST' ? '/api/datasets' : `/api/datasets/${encodeURIComponent(body.dataset.id)}`;
  return request(method, path, form === 'json' ? { body } : { body: linesOf(body), headers: NDJSON });
};

/** Posts of fewer tiles have no head start (docs/decisions/0031), nor have those that come in two. */
export const FEWEST_AHEAD = 1000;

/** Posts it, in two parts where it has so many tiles that all at once they might be written while they are read. */
export async function postLate({ url, request }: Pick<FaultServer, 'url' | 'request'>, body: DatasetBody): Promise<Pick<TestAnswer, keyof UploadAnswer>> {
  if (body.tiles.length < FEWEST_AHEAD) return sendDataset(request, 'POST', body);
  const all = linesOf(body);
  const { outgoing, answer } = openUpload(url);
  await new Promise((resolve) => outgoing.write(all.slice(0, all.length / 2), resolve));
  // By then the rest is waited for no more.
  await eventually('the rows are spooled', async () => process.platform !== 'linux' || (await openSpools()).length > 0);
  outgoing.end(all.slice(all.length / 2));
  const answered = await answer;
  if (answered === undefined) throw new Error('The upload got no answer.');
  return answered;
}

/** Asks again while the database or the store is away (503 that names when to come back), at most 30 s. */
export async function comingBack(ask: () => Promise<TestAnswer>): Promise<TestAnswer> {
  for (let tries = 0; ; tries += 1) {
    const answer = await ask();
    if (answer.status !== 503 || tries === 300) return answer;
    expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    await delay(100);
  }
}

const mosaicHrefs = (mosaic: Loose): string[] => [...new Set(Object.values(mosaic['tiles'] ?? {}).flatMap((urls) => listOf(urls).map(text)))].toSorted();

/** The hrefs of all tiles by index, in one stream. */
async function tileHrefs(request: TestClient, path: string): Promise<string[]> {
  const { status, bytes } = await comingBack(() => request('GET', `${path}/tiles`, { headers: { accept: 'application/geo+json-seq' } }));
  expect(status).toBe(200);
  return bytes.toString('utf8').split('\u001e').filter((part) => part.trim() !== '').map((part) => text((JSON.parse(part) as Loose)['assets']?.['data']?.['href']));
}

/**
 * Whether this very body is what the dataset is made of, in everything that hangs on it; false where nothing at all is there.
 * Anything between fails.
 */
export async function isWhole(request: TestClient, { dataset: { id }, tiles }: DatasetBody): Promise<boolean> {
  const path = `/api/datasets/${encodeURIComponent(id)}`;
  const get = (part: string): Promise<TestAnswer> => comingBack(() => request('GET', part));
  const item = await get(path);
  const parts = [await get(`${path}/mosaic.json`), await get(`${path}/tilejson.json`), await get(`${path}/tiles?limit=1`)];
  const search = await get(`/search?collections=datasets&ids=${encodeURIComponent(id)}`);
  const there = item.status === 200;
  expect({ item: item.status, parts: parts.map(({ status }) => status), found: listOf(search.body['features']).length }).toEqual(
    there ? { item: 200, parts: [200, 200, 200], found: 1 } : { item: 404, parts: [404, 404, 404], found: 0 },
  );
  if (!there) return false;
  expect(item.body['properties']?.['file:tile_count']).toBe(tiles.length);
  const wanted = tiles.map(({ href }) => href);
  expect(await tileHrefs(request, path)).toEqual(wanted);
  expect(mosaicHrefs(parts[0]?.body ?? {})).toEqual(wanted.toSorted());
  return true;
}

/** The tiles of the copy that is stored are those of the body; undefined where none is stored. */
export async function storedIs(request: TestClient, { dataset: { id }, tiles }: DatasetBody): Promise<boolean | undefined> {
  const stored = await request('GET', `/files/metadata/mosaics/${encodeURIComponent(id)}.json`);
  return stored.status === 404 ? undefined : JSON.stringify(mosaicHrefs(stored.body)) === JSON.stringify(tiles.map(({ href }) => href).toSorted());
}

/** Waits until this answers true; fails after 15 s with what it was about. */
export async function eventually(what: string, look: () => Promise<boolean> | boolean): Promise<void> {
  const started = Date.now();
  while (!(await look())) {
    if (Date.now() - started > 15_000) throw new Error(`After 15 s still not: ${what}`);
    await delay(25);
  }
}

/** Spool files that this process has open; they have no names. None where the system does not tell. */
export async function openSpools(pid: number | 'self' = 'self'): Promise<string[]> {
  const folder = `/proc/${pid}/fd`;
  if (!existsSync(folder)) return [];
  const links = await Promise.all((await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => '')));
  return links.filter((link) => /\.rows( \(deleted\))?$/.test(link));
}

const HELD = `SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
  + (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (state LIKE 'idle in transaction%' OR (state = 'active' AND backend_type = 'client backend'))) AS held`;

/** No connection out, none in a transaction, no advisory lock, no spool file, open or by name. */
export async function expectNoLeaks({ config, database }: Pick<Services, 'config' | 'database'>): Promise<void> {
  const { pool } = database;
  await eventually('all connections are given back', () => pool.totalCount === pool.idleCount && pool.waitingCount === 0);
  await eventually('no session works or idles in a transaction, none holds an advisory lock', async () => Number((await pool.query<{ held: string }>(HELD)).rows[0]?.held) === 0);
  await eventually('no spool file is open', async () => (await openSpools()).length === 0);
  expect(await readdir(spoolFolder(config.dataDir)).catch(() => [])).toEqual([]);
}

export interface FaultServer {
  readonly url: string;
  readonly services: Services;
  readonly request: TestClient;
  /** What is stored, below `metadata` of the blob folder. */
  files(): Promise<string[]>;
  close(): Promise<void>;
}

/** A server in this process that opens its database by itself, with folders of its own. */
export async function startFaultServer(env: Variables, overrides: Partial<Config> = {}): Promise<FaultServer> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'stac-mosaic-faults-')));
  const config: Config = { ...loadConfig({ CACHE_DIR: cacheDir, PORT: '0', ...env, DATA_DIR: folder }), ...overrides };
  const server = await startServer({ config, logger: createLogger(process.env['TEST_LOG'] ?? 'silent') });
  const client = createClient(server.url);
  const storage = new URL(config.storageUrl).pathname;
  return {
    url: server.url,
    services: server.services,
    request: client.request,
    files: async () => (await readdir(storage, { recursive: true, withFileTypes: true }).catch(() => [])).filter((entry) => entry.isFile()).map((entry) => relative(join(storage, 'metadata'), join(entry.parentPath, entry.name))).toSorted(),
    async close() {
      client.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
