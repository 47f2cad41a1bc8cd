/** What a server counts and measures of itself, in the text format of Prometheus. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from './database/index.js';
import { TRANSACTIONS, type TransactionEnd } from './database/transaction.js';
import type { PoolStats } from './tiles/pool.js';

export interface Metrics {
  /** The media type of {@link text}. */
  readonly contentType: string;
  text(): Promise<string>;
  /** One answered request. @param route the path template of the URL table, or `none` */
  request(method: string, route: string, status: number, seconds: number): void;
  /** One served tile. @param from as ServedTile tells */
  tile(from: string): void;
  close(): void;
}

export interface MetricsSources {
  readonly database: Pick<Database, 'pool' | 'replica'>;
  /** 1 while the server takes requests. */
  readonly isReady: () => boolean;
  readonly tiles: () => PoolStats;
}

/** From a known page (1 ms) to what the statement timeout ends (60 s). */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** A registry of its own for each server: two in one process do not meet. */
export function createMetrics({ database: { pool: primary, replica }, isReady, tiles }: MetricsSources): Metrics {
  const pools = { primary, ...(replica === undefined ? {} : { replica: replica.pool }) };
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const requests = new Histogram({
    name: 'stac_mosaic_http_request_duration_seconds', help: 'Requests by the route of the URL table, from the first byte in to the last byte out.',
    labelNames: ['method', 'route', 'status'], buckets: SECONDS, registers,
  });
  const transactions = new Histogram({
    name: 'stac_mosaic_transaction_duration_seconds', help: 'Transactions on the database by how they ended.', labelNames: ['outcome'], buckets: SECONDS, registers,
  });
  const served = new Counter({ name: 'stac_mosaic_tiles_total', help: 'Tiles by where they came from: drawn, shared with another request, or the cache.', labelNames: ['from'], registers });
  const gauge = (name: string, help: string, value: () => number): void => {
    registry.registerMetric(new Gauge({ name: `stac_mosaic_${name}`, help, registers: [], collect() { this.set(value()); } }));
  };
  gauge('ready', '1 while the server takes requests.', () => (isReady() ? 1 : 0));
  registry.registerMetric(new Gauge({
    name: 'stac_mosaic_database_connections', help: 'Connections of the pools, and requests that wait for one.', labelNames: ['pool', 'state'], registers: [],
    collect() {
      for (const [pool, { totalCount, idleCount, waitingCount }] of Object.entries(pools)) {
        this.set({ pool, state: 'used' }, totalCount - idleCount);
        this.set({ pool, state: 'idle' }, idleCount);
        this.set({ pool, state: 'waiting' }, waitingCount);
      }
    },
  }));
  if (replica !== undefined) {
    registry.registerMetric(new Counter({
      name: 'stac_mosaic_reads_total', help: 'Reads by the database that they were sent to.', labelNames: ['database'], registers: [],
      collect() {
        this.reset();
        for (const [database, count] of Object.entries(replica.counts)) this.inc({ database }, count);
      },
    }));
  }
  gauge('tile_workers', 'Worker threads that draw tiles.', () => tiles().workers);
  gauge('tiles_running', 'Tiles that workers draw now.', () => tiles().running);
  gauge('tiles_queued', 'Tiles that wait for a worker.', () => tiles().queued);
  registry.registerMetric(new Counter({
    name: 'stac_mosaic_tile_drawings_total', help: 'Drawings by how they ended.', labelNames: ['outcome'], registers: [],
    collect() {
      const { drawn, failed, refused, crashed } = tiles();
      this.reset();
      for (const [outcome, count] of Object.entries({ drawn, failed, refused, crashed })) this.inc({ outcome }, count);
    },
  }));

  const ended = (end: unknown): void => {
    const { outcome, seconds } = end as TransactionEnd;
    transactions.observe({ outcome }, seconds);
  };
  subscribe(TRANSACTIONS, ended);
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    request: (method, route, status, seconds) => requests.observe({ method, route, status }, seconds),
    tile: (from) => served.inc({ from }),
    close() {
      unsubscribe(TRANSACTIONS, ended);
      registry.clear();
    },
  };
}
