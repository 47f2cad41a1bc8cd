/** The composition root: configuration → database → services → application → listening → drained. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApp } from '../routes/app.js';
import { routes } from '../routes/index.js';
import type { Config } from './config.js';
import { type Database, openDatabase, withTransaction } from './database/index.js';
import { DATASETS, SEED_COLLECTIONS } from './datasets/collections.js';
import { reconcile } from './datasets/reconcile.js';
import { clearSpool, spoolFolder } from './datasets/spool.js';
import { registerCollectionSearch, searchIdOf } from './hooks/collection-search.js';
import { sweep } from './jobs/store.js';
import { keepHealing } from './hooks/heal-collections.js';
import { withRootPath } from './links.js';
import type { Logger } from './log.js';
import { findCollection, updateCollection } from './pgstac/collections.js';
import { createItemBytes } from './search/item-bytes.js';
import { createSearchUse } from './searches/use.js';
import type { Services } from './services.js';
import { ensureStacSchemas, extensionSchemas } from './setup/index.js';
import { createBlobs } from './storage/open-blobs.js';
import { createGuard } from './storage/guard.js';
import { createSources } from './storage/sources.js';
import { cachedRenderer } from './tiles/cached-renderer.js';
import { openTileCache } from './tiles/open-cache.js';
import { createTileRenderer } from './tiles/renderer.js';
import { createStacValidator } from './validation/validator.js';

export interface RunningServer {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  readonly services: Services;
  /** Takes no new requests, lets the running ones end, then closes everything. */
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly onProgress?: (message: string) => void;
  /** A database that is open and seeded already, in place of the configured one; it is closed with the server. */
  readonly database?: Database;
}

/** How long running requests may take to end once the server is told to stop. */
const DRAIN_MS = 30_000;

/** Where `stac-mosaic demo` keeps its COGs; the server may read them. */
export const demoFolder = (config: Config): string => join(config.dataDir, 'demo');

/** Files of ours that pages load: from the package folder, whether run from dist/ or installed. */
const packageFolder = fileURLToPath(new URL('../../', import.meta.url));

/** Opens everything and listens. What was opened is closed again when a later step fails. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger, onProgress } = options;
  const wheels = { cacheDir: config.cacheDir, wheelDir: config.wheelDir, onProgress };
  const schemaDir = await ensureStacSchemas(wheels);
  const database = options.database ?? (await openDatabase(config, { logger, collections: SEED_COLLECTIONS, onProgress }));
  try {
    const services = makeServices(config, logger, database, schemaDir);
    await hookDatasets(services);
    await sweep(database.pool, config.jobTtlHours);
    // Nobody else writes in this folder, so whatever a crash left can be told and mended at once; a container may be others' too.
    if (database.kind === 'embedded' && config.storageUrl.startsWith('file:')) await reconcile(services, true);
    const assets = [
      { path: '/assets/maplibre', folder: fileURLToPath(new URL('.', import.meta.resolve('maplibre-gl'))) },
      { path: '/assets', folder: join(packageFolder, 'public') },
    ];
    // An upload takes as long as it takes: routes/body.ts ends those whose client falls silent.
    const server = createServer({ requestTimeout: 0 }, createApp(services, routes, assets));
    await clearSpool(spoolFolder(config.dataDir));
    await listen(server, config);
    const healing = keepHealing(services);
    return {
      url: urlOf(server, config),
      services,
      async close() {
        await healing.close();
        await drain(server, services);
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function makeServices(config: Config, logger: Logger, database: Database, schemaDir: string): Services {
  const demo = demoFolder(config);
  const policy = {
    allowedHosts: config.allowedHosts,
    allowedFileRoots: existsSync(demo) ? [...config.allowedFileRoots, demo] : config.allowedFileRoots,
    azure: config.azure,
  };
  return {
    config,
    logger,
    database,
    sources: createSources(policy),
    blobs: createBlobs(config),
    validator: createStacValidator({ schemaDirs: [schemaDir, extensionSchemas(config)] }),
    renderer: cachedRenderer(createTileRenderer({ policy, logger }), openTileCache(config, logger)),
    titiler: createGuard({ hosts: [], trusted: config.titiler === undefined ? [] : [new URL(config.titiler.url).hostname] }),
    searchUse: createSearchUse(database.pool, logger),
    itemBytes: createItemBytes(),
    storedBase: config.publicUrl === undefined ? '' : withRootPath(config.publicUrl, config.rootPath),
  };
}

/** The collection `datasets` comes with the seed, so its search is registered here, once for all instances. */
export async function hookDatasets(services: Services): Promise<void> {
  await withTransaction(services.database.pool, async (client) => {
    const collection = await findCollection(client, DATASETS, true);
    if (collection === undefined || searchIdOf(collection) !== undefined) return;
    const hooked = await registerCollectionSearch(client, collection, services);
    await updateCollection(client, hooked.collection);
  });
}

function listen(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server, { host, rootPath }: Config): string {
  const { port } = server.address() as AddressInfo;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${rootPath}`;
}

async function drain(server: Server, services: Services): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(force);
  await services.renderer.close();
  await services.sources.close();
  await services.titiler.close();
  await services.searchUse.close();
  await services.database.close();
}
