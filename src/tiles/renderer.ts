/** The door to tiles: checks a request, lets a worker thread draw it, and names what failed. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../log.js';
import type { FetchPolicy } from '../storage/source.js';
import type { CacheLimits } from './assets.js';
import type { FailedAsset } from './compose.js';
import { encodeCanvas } from './encode.js';
import { createCanvas } from './canvas.js';
import type { Measured, StatisticsRequest } from './measure.js';
import type { Done, Work, WorkerSetup } from './messages.js';
import type { PointRequest, Probed } from './point.js';
import { RenderPool, type PoolStats } from './pool.js';
import { frameOf, type RenderRequest } from './request.js';
import type { Timings } from './stopwatch.js';

export type { FailedAsset } from './compose.js';
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
  /** Of the files that were opened, by href; another one after each change of a file. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Where the time went. */
  readonly timings?: Timings;
}

export interface TileRenderer {
  /**
   * @throws DomainError NotFound (a tile outside its matrix set), Unavailable (queue full, worker died, closed); where no
   *   pixel was drawn and an asset failed, the first one's error: Upstream, UpstreamTimeout, NotImplemented, InvalidInput
   */
  render(request: RenderRequest, signal?: AbortSignal): Promise<RenderedTile>;
  /** Statistics inside polygons. @throws DomainError as {@link render} */
  measure(request: StatisticsRequest, signal?: AbortSignal): Promise<Measured>;
  /** Values at a point. @throws DomainError as {@link render} */
  probe(request: PointRequest, signal?: AbortSignal): Promise<Probed>;
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

/** Of a worker's heap: pixels lie outside of it, and what is left dies young. V8's own 48 MB would make a worker 30 MB larger and no faster. */
const YOUNG_MB = 12;

/** Tiles that a worker draws at a time. */
const TILES_A_WORKER = 4;

/** Starts no thread before the first tile. */
export function createTileRenderer({ policy, workers = availableParallelism(), queueLimit = 64, caches = {}, logger }: RendererOptions): TileRenderer {
  const setup: WorkerSetup = {
    policy: { allowedHosts: [...policy.allowedHosts], allowedFileRoots: [...policy.allowedFileRoots], azure: policy.azure },
    caches,
  };
  const pool = new RenderPool({
    start: () => new Worker(new URL('./worker.js', import.meta.url), { workerData: setup, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } }),
    workers: Math.max(1, workers),
    perWorker: TILES_A_WORKER,
    queueLimit,
    logger,
  });
  /** Of one type, which the caller names to get its own. */
  async function done<T extends Done['type']>(type: T, work: Work, signal: AbortSignal | undefined): Promise<Extract<Done, { type: T }>> {
    const result = await pool.run(work, signal);
    if (!isOf(type, result)) throw new Error(`A worker that was asked to ${work.type} answers ${result.type}.`);
    return result;
  }
  const heard = <T extends { readonly failed: readonly FailedAsset[] }>(result: T): T => {
    if (result.failed.length > 0) logger.warn({ failed: result.failed }, 'an answer was made without some of its assets');
    return result;
  };
  return {
    async render(request, signal) {
      frameOf(request); // a tile that does not exist costs no place in the queue
      if (request.hrefs.length === 0) return emptyTile(request);
      const { tile } = await done('drawn', { type: 'draw', request }, signal);
      return { ...heard(tile), bytes: Buffer.from(tile.bytes.buffer, tile.bytes.byteOffset, tile.bytes.byteLength) };
    },
    async measure(request, signal) {
      frameOf(request);
      if (request.hrefs.length === 0) return { used: [], failed: [], versions: {}, bands: undefined };
      return heard((await done('measured', { type: 'measure', request }, signal)).statistics);
    },
    async probe(request, signal) {
      if (request.hrefs.length === 0) return { used: [], failed: [], versions: {}, points: [] };
      return heard((await done('probed', { type: 'probe', request }, signal)).values);
    },
    stats: () => pool.stats(),
    close: () => pool.close(),
  };
}

const isOf = <T extends Done['type']>(type: T, result: Done): result is Extract<Done, { type: T }> => result.type === type;

async function emptyTile(request: RenderRequest): Promise<RenderedTile> {
  const { area, size } = frameOf(request);
  const { bytes, contentType } = await encodeCanvas(createCanvas(size), { format: request.format, mask: request.style?.returnMask ?? true, area });
  return { bytes: Buffer.from(bytes), contentType, empty: true, used: [], failed: [] };
}
