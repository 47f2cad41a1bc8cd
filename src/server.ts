/** The composition root: configuration → database → services → application → listening → drained. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createApp } from '../routes/app.js';
import { routes } from '../routes/index.js';
import { createAccess } from './access/access.js';
import type { ApiKey } from './access/keys.js';
import type { Config } from './config.js';
import { type Database, openDatabase, withTransaction } from './database/index.js';
import { DATASETS, SEED_COLLECTIONS } from './datasets/collections.js';
import { reconcile } from './datasets/reconcile.js';
import { clearSpool, spoolFolder } from './datasets/spool.js';
import { createThumbnails } from './datasets/thumbnails.js';
import { warmUp } from './datasets/warm-up.js';
import { registerCollectionSearch, searchIdOf } from './hooks/collection-search.js';
import { sweep } from './jobs/store.js';
import { keepHealing } from './hooks/heal-collections.js';
import { createLifecycle, type Lifecycle } from './lifecycle.js';
import { withRootPath } from './links.js';
import type { Logger } from './log.js';
import { findCollection, updateCollection } from './pgstac/collections.js';
import { createMetrics } from './metrics.js';
import { createItemBytes } from './search/item-bytes.js';
import { createSearchUse } from './searches/use.js';
import type { Services } from './services.js';
import { ensureStacSchemas, extensionSchemas } from './setup/index.js';
import { createBlobs } from './storage/open-blobs.js';
import { createGuard } from './storage/guard.js';
import { policyOf } from './storage/policy.js';
import { createSigner } from './storage/signing.js';
import { createSources } from './storage/sources.js';
import { cachedRenderer } from './tiles/cached-renderer.js';
import { openTileCache } from './tiles/open-cache.js';
import { createTileRenderer } from './tiles/renderer.js';
import { createStacValidator, type StacValidator } from './validation/validator.js';

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
  /** Keys of this process itself, beside those of the configuration. */
  readonly ownKeys?: readonly ApiKey[];
  /** A database that is open and seeded already, in place of the configured one; it is closed with the server. */
  readonly database?: Database;
  /** Compiles before it listens what the first requests would wait for. */
  readonly warm?: boolean;
}

/** How long running requests may take to end once the server is told to stop. */
const DRAIN_MS = 30_000;

/** Longer than load balancers keep an idle connection (mostly 60 s): the one that sends requests closes first, and cuts none. */
const KEEP_ALIVE_MS = 75_000;
const PREPARE_AGAIN_MS = 1000;

/** Files of ours that pages load: from the package folder, whether run from dist/ or installed. */
const packageFolder = fileURLToPath(new URL('../../', import.meta.url));

/** Opens everything and listens. What was opened is closed again when a later step fails. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { config, logger, onProgress } = options;
  const wheels = { cacheDir: config.cacheDir, wheelDir: config.wheelDir, onProgress };
  const schemaDir = await ensureStacSchemas(wheels);
  const validator = createStacValidator({ schemaDirs: [schemaDir, extensionSchemas(config)] });
  // While the database opens.
  const compiled = options.warm === true ? validator.prepare().catch(() => undefined) : undefined;
  const database = options.database ?? (await openDatabase(config, { logger, collections: SEED_COLLECTIONS, onProgress, waits: true }));
  const lifecycle = createLifecycle();
  try {
    const services = makeServices(options, database, validator, lifecycle);
    // A database that is away is waited for while the probes answer.
    const prepared = database.migrated === undefined ? database.opened.then(() => keepPreparing(services)) : prepare(services);
    if (database.migrated !== undefined) await prepared;
    void prepared.then(() => lifecycle.ready());
    const assets = [
      { path: '/assets/maplibre', folder: fileURLToPath(new URL('.', import.meta.resolve('maplibre-gl'))) },
      { path: '/assets', folder: join(packageFolder, 'public') },
    ];
    // An upload takes as long as it takes: routes/body.ts ends those whose client falls silent.
    // Unless it is told, Node then lets the head of a request take for ever too.
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: config.headTimeoutMs, connectionsCheckingInterval: Math.min(5000, config.headTimeoutMs) }, createApp(services, routes, assets));
    await clearSpool(spoolFolder(config.dataDir));
    await compiled;
    if (options.warm === true && database.migrated !== undefined) await warmUp(services).catch((error: unknown) => logger.debug({ err: error }, 'nothing was warmed up'));
    await listen(server, config);
    let healing: { close(): Promise<void> } | undefined;
    void prepared.then(() => (healing = lifecycle.state === 'ready' ? keepHealing(services) : undefined));
    return {
      url: urlOf(server, config),
      services,
      async close() {
        lifecycle.drain();
        // A load balancer that asks the probe now and then goes on sending for a while.
        if (config.drainDelayMs > 0) await delay(config.drainDelayMs);
        await healing?.close();
        await drain(server, services);
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** What has to be in the database, or be gone from it and the store, before the first request. */
async function prepare(services: Services): Promise<void> {
  const { config, database } = services;
  await hookDatasets(services);
  await sweep(database.pool, config.jobTtlHours);
  // Nobody else writes in this folder, so whatever a crash left can be told and mended at once; a container may be others' too.
  if (database.kind === 'embedded' && config.storageUrl.startsWith('file:')) await reconcile(services, true);
}

/** The same with a database that came late and may go again: tried until it is done, or the server stops. */
async function keepPreparing(services: Services): Promise<void> {
  while (services.lifecycle.state === 'starting') {
    try {
      return await prepare(services);
    } catch (error) {
      services.logger.error({ err: error }, 'the database could not be prepared');
      await delay(PREPARE_AGAIN_MS);
    }
  }
}

function makeServices({ config, logger, ownKeys }: ServerOptions, database: Database, validator: StacValidator, lifecycle: Lifecycle): Services {
  const policy = policyOf(config);
  const renderer = createTileRenderer({ policy, logger });
  const services = {
    config,
    logger,
    lifecycle,
    metrics: createMetrics({ database, isReady: () => lifecycle.state === 'ready', tiles: () => renderer.stats() }),
    access: createAccess(config, ownKeys),
    database,
    sources: createSources(policy),
    blobs: createBlobs(config),
    validator,
    renderer: cachedRenderer(renderer, openTileCache(config, logger)),
    signer: createSigner(config.azure, config),
    titiler: createGuard({ hosts: [], trusted: config.titiler === undefined ? [] : [new URL(config.titiler.url).hostname] }),
    searchUse: createSearchUse(database.pool, logger),
    itemBytes: createItemBytes(),
    storedBase: config.publicUrl === undefined ? '' : withRootPath(config.publicUrl, config.rootPath),
  };
  return { ...services, thumbnails: createThumbnails(services) };
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
    const fail = (error: NodeJS.ErrnoException): void =>
      reject(error.code === 'EADDRINUSE' ? new Error(`Another program listens on ${host}:${port}: stop it, or set PORT to another number.`, { cause: error }) : error);
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
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
  await services.thumbnails.close();
  await services.renderer.close();
  await services.sources.close();
  await services.titiler.close();
  await services.searchUse.close();
  await services.database.close();
  services.metrics.close();
}
