/** A whole server for a test file: real HTTP, real services and a real database, COGs and storage in folders of its own. */
import { mkdirSync } from 'node:fs';
import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Config, loadConfig } from '../../src/config.js';
import type { Database } from '../../src/database/index.js';
import { createLogger } from '../../src/log.js';
import { hookDatasets, startServer } from '../../src/server.js';
import type { Services } from '../../src/services.js';
import { createClient, type TestClient } from './client.js';
import { cacheDir, createTestDatabase } from './database.js';

export interface TestServer {
  readonly url: string;
  readonly services: Services;
  readonly request: TestClient;
  /** The folder that `file:` hrefs may point into. */
  readonly cogFolder: string;
  /** Puts a file there; answers its href. */
  file(name: string, bytes: Uint8Array): Promise<string>;
  /** How many rows each table has and which files are stored: equal before and after what must write nothing. */
  written(): Promise<Readonly<Record<string, number | readonly string[]>>>;
  /** Another server with other settings on the same database and folders; closed by itself. */
  variant(config: Partial<Config>): Promise<TestVariant>;
  /** As new: no datasets, no other collections, no searches but the seed's, no stored files. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export type TestVariant = Pick<TestServer, 'url' | 'request' | 'services' | 'close'>;

export interface TestServerOptions {
  readonly config?: Partial<Config>;
}

const TABLES = ['pgstac.items', 'pgstac.collections', 'pgstac.searches', 'stac_mosaic.search_holders', 'stac_mosaic.registered_searches', 'stac_mosaic.dataset_contents', 'stac_mosaic.idempotency_keys'];

/** Starts it on a port of its own. One server a test file, `reset()` between tests. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'stac-mosaic-server-')));
  const [cogFolder, storage] = [join(folder, 'cogs'), join(folder, 'storage')];
  for (const made of [cogFolder, storage]) mkdirSync(made);
  const tested = await createTestDatabase();
  const config: Config = {
    ...loadConfig({ CACHE_DIR: cacheDir, DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent' }),
    storageUrl: pathToFileURL(storage).href,
    allowedFileRoots: [cogFolder],
    database: tested.config,
    ...options.config,
  };
  const shared: Database = { kind: tested.kind, pool: tested.pool, pgstacVersion: tested.pgstacVersion, migrated: { pgstac: { to: tested.pgstacVersion }, own: [] }, opened: Promise.resolve(), close: async () => {} };

  async function start(overrides: Partial<Config>): Promise<TestVariant> {
    const server = await startServer({ config: { ...config, ...overrides }, logger: createLogger(process.env['TEST_LOG'] ?? 'silent'), database: shared });
    const client = createClient(server.url);
    const close = async (): Promise<void> => {
      client.close();
      await server.close();
    };
    return { url: server.url, services: server.services, request: client.request, close };
  }

  const main = await start({});
  const files = async (): Promise<string[]> =>
    (await readdir(storage, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(storage.length)).toSorted();
  return {
    ...main,
    cogFolder,
    async file(name, bytes) {
      await writeFile(join(cogFolder, name), bytes);
      return pathToFileURL(join(cogFolder, name)).href;
    },
    async written() {
      const counts = TABLES.map((table) => `(SELECT count(*)::int FROM ${table}) AS "${table}"`).join(', ');
      const { rows } = await tested.pool.query<Record<string, number>>(`SELECT ${counts}, (SELECT count(*)::int FROM pg_class WHERE relname LIKE '\\_items\\_%') AS partitions`);
      return { ...rows[0], files: await files() };
    },
    variant: start,
    async reset() {
      await tested.reset();
      for (const name of await readdir(storage)) await rm(join(storage, name), { recursive: true, force: true });
      await hookDatasets(main.services);
    },
    async close() {
      await main.close();
      await tested.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
