/** The door to tiles: checks a request, lets a worker thread draw it, and names what failed. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../log.js';
import type { FetchPolicy } from '../storage/source.js';
import type { CacheLimits } from './assets.js';
import type { FailedAsset } from './draw.js';
import { encodeCanvas } from './encode.js';
import { createCanvas } from './canvas.js';
import type { WorkerSetup } from './messages.js';
import { RenderPool, type PoolStats } from './pool.js';
import { areaOf, type RenderRequest } from './request.js';

export type { FailedAsset } from './draw.js';
export type { RenderRequest } from './request.js';

export interface RenderedTile {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** No asset had a pixel here: a route may answer 204. The bytes are a transparent picture. */
  readonly empty: boolean;
  /** Hrefs that gave pixels, in stacking order. */
  readonly used: readonly string[];
  /** Assets that could not be read although the tile has pixels of others. */
  readonly failed: readonly FailedAsset[];
}

export interface TileRenderer {
  /**
   * @throws DomainError NotFound (a tile outside its matrix set), Unavailable (queue full, worker died, closed); where no
   *   pixel was drawn and an asset failed, the first one's error: Upstream, UpstreamTimeout, NotImplemented, InvalidInput
   */
  render(request: RenderRequest, signal?: AbortSignal): Promise<RenderedTile>;
  stats(): PoolStats;
  close(): Promise<void>;
}

export interface RendererOptions {
  readonly policy: FetchPolicy;
  /** Worker threads; as many as cores by default. */
  readonly workers?: number;
  /** Tiles that may wait for a worker; 64 by default. */
  readonly queueLimit?: number;
  /** Of each worker. */
  readonly caches?: CacheLimits;
  readonly logger: Logger;
}

/** Tiles that a worker draws at a time. */
const TILES_A_WORKER = 4;

/** Starts no thread before the first tile. */
export function createTileRenderer({ policy, workers = availableParallelism(), queueLimit = 64, caches = {}, logger }: RendererOptions): TileRenderer {
  const setup: WorkerSetup = {
    policy: { allowedHosts: [...policy.allowedHosts], allowedFileRoots: [...policy.allowedFileRoots], azure: policy.azure },
    caches,
  };
  const pool = new RenderPool({
    start: () => new Worker(new URL('./worker.js', import.meta.url), { workerData: setup }),
    workers: Math.max(1, workers),
    perWorker: TILES_A_WORKER,
    queueLimit,
    logger,
  });
  return {
    async render(request, signal) {
      areaOf(request); // a tile that does not exist costs no place in the queue
      if (request.hrefs.length === 0) return emptyTile(request);
      const tile = await pool.run(request, signal);
      if (tile.failed.length > 0) logger.warn({ failed: tile.failed }, 'a tile was drawn without some of its assets');
      return { ...tile, bytes: Buffer.from(tile.bytes.buffer, tile.bytes.byteOffset, tile.bytes.byteLength) };
    },
    stats: () => pool.stats(),
    close: () => pool.close(),
  };
}

async function emptyTile(request: RenderRequest): Promise<RenderedTile> {
  const { area, size } = areaOf(request);
  const { bytes, contentType } = await encodeCanvas(createCanvas(size), { format: request.format, mask: request.style?.returnMask ?? true, area });
  return { bytes: Buffer.from(bytes), contentType, empty: true, used: [], failed: [] };
}
