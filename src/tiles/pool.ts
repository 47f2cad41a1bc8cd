/** A bounded queue before worker threads that start when they are needed and are replaced when they die or hang. */
import type { Worker } from 'node:worker_threads';
import { DomainError } from '../errors.js';
import type { Logger } from '../log.js';
import { type Done, fromWire, type FromWorker, type ToWorker, type Work } from './messages.js';

export interface PoolOptions {
  readonly start: () => Worker;
  /** Worker threads at most. */
  readonly workers: number;
  /** Tiles that one worker draws at a time: while one waits for bytes another computes. */
  readonly perWorker: number;
  /** Tiles that may wait; more are refused. */
  readonly queueLimit: number;
  /** Milliseconds of work without a pause or an answer after which a worker is taken for hung; 30 s by default. */
  readonly patience?: number;
  readonly logger: Logger;
}

export interface PoolStats {
  readonly workers: number;
  readonly running: number;
  readonly queued: number;
  readonly drawn: number;
  readonly failed: number;
  readonly refused: number;
  readonly crashed: number;
}

interface Job {
  readonly id: number;
  readonly work: Work;
  readonly resolve: (done: Done) => void;
  readonly reject: (error: unknown) => void;
}

interface Seat {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
  /** When it last gave a sign of life, and how long its event loop had been idle then; milliseconds. */
  seen: number;
  idle: number;
}

const PATIENCE = 30_000;

/** Seconds after which a refused caller may try again. */
const RETRY_AFTER = 1;

const unavailable = (message: string): DomainError => new DomainError('Unavailable', message, { retryAfter: RETRY_AFTER });

export class RenderPool {
  readonly #options: PoolOptions;
  readonly #seats = new Set<Seat>();
  readonly #queue: Job[] = [];
  readonly #counts = { drawn: 0, failed: 0, refused: 0, crashed: 0 };
  #nextId = 0;
  #closed = false;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /**
   * Has a worker draw, measure or probe.
   * @throws DomainError as the work itself; Unavailable when the queue is full, the worker dies or the pool is closed;
   *   the signal's reason when it is aborted
   */
  async run(work: Work, signal?: AbortSignal): Promise<Done> {
    signal?.throwIfAborted();
    if (this.#closed) throw unavailable('The server is stopping.');
    if (this.#queue.length >= this.#options.queueLimit) {
      this.#counts.refused++;
      throw unavailable(`${this.#queue.length} tiles are waiting to be drawn; ask again.`);
    }
    const id = this.#nextId++;
    let cancel = (): void => undefined;
    try {
      return await new Promise<Done>((resolve, reject) => {
        cancel = () => {
          this.#cancel(id);
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', cancel, { once: true });
        this.#queue.push({ id, work, resolve, reject });
        this.#assign();
      });
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  stats(): PoolStats {
    const running = [...this.#seats].reduce((sum, { jobs }) => sum + jobs.size, 0);
    return { workers: this.#seats.size, running, queued: this.#queue.length, ...this.#counts };
  }

  /** Ends the workers; what was waiting or being drawn fails as Unavailable. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    const seats = [...this.#seats];
    for (const job of [...this.#queue.splice(0), ...seats.flatMap(({ jobs }) => [...jobs.values()])]) job.reject(unavailable('The server is stopping.'));
    for (const { jobs } of seats) jobs.clear();
    await Promise.all(seats.map(({ worker }) => worker.terminate()));
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      const seat = this.#freeSeat();
      const job = seat === undefined ? undefined : this.#queue.shift();
      if (seat === undefined || job === undefined) return;
      if (seat.jobs.size === 0) seat.seen = performance.now();
      seat.jobs.set(job.id, job);
      seat.worker.ref();
      this.#tell(seat, { ...job.work, id: job.id });
    }
  }

  /** An idle worker, else a new one, else the one with the least to do. */
  #freeSeat(): Seat | undefined {
    const [least] = [...this.#seats].toSorted((a, b) => a.jobs.size - b.jobs.size);
    if (least !== undefined && least.jobs.size === 0) return least;
    if (this.#seats.size < this.#options.workers) return this.#newSeat();
    return least !== undefined && least.jobs.size < this.#options.perWorker ? least : undefined;
  }

  #newSeat(): Seat {
    const worker = this.#options.start();
    const seat: Seat = { worker, jobs: new Map(), seen: performance.now(), idle: 0 };
    this.#seats.add(seat);
    const { patience = PATIENCE } = this.#options;
    this.#watch ??= setInterval(() => this.#endHung(patience), patience / 4).unref();
    worker.on('message', (message: FromWorker) => this.#settle(seat, message));
    worker.on('error', (error) => this.#bury(seat, error));
    worker.on('exit', () => this.#bury(seat, undefined));
    worker.unref();
    return seat;
  }

  /** Ends workers that have computed without a pause for too long: whatever an asset makes them do, others must get their turn. */
  #endHung(patience: number): void {
    const now = performance.now();
    for (const seat of this.#seats) {
      const { idle } = seat.worker.performance.eventLoopUtilization();
      if (seat.jobs.size === 0 || idle !== seat.idle) [seat.seen, seat.idle] = [now, idle];
      else if (now - seat.seen > patience) void seat.worker.terminate(); // its exit buries it
    }
  }

  #settle(seat: Seat, message: FromWorker): void {
    seat.seen = performance.now();
    const job = seat.jobs.get(message.id);
    seat.jobs.delete(message.id);
    if (seat.jobs.size === 0) seat.worker.unref(); // an idle worker keeps no process alive
    if (message.type === 'failed') {
      this.#counts.failed++;
      job?.reject(fromWire(message.error));
    } else {
      this.#counts.drawn++;
      job?.resolve(message);
    }
    this.#assign();
  }

  /** A worker that has died takes its tiles with it; the next tile starts another. */
  #bury(seat: Seat, error: unknown): void {
    if (!this.#seats.delete(seat) || this.#closed) return;
    this.#counts.crashed++;
    this.#options.logger.error({ err: error, tiles: [...seat.jobs.values()].map(({ work }) => work.request) }, 'a tile worker died');
    for (const job of seat.jobs.values()) job.reject(unavailable('The worker that was drawing this tile stopped; ask again.'));
    seat.jobs.clear();
    this.#assign();
  }

  #cancel(id: number): void {
    const queued = this.#queue.findIndex((job) => job.id === id);
    if (queued >= 0) this.#queue.splice(queued, 1);
    for (const seat of this.#seats) if (seat.jobs.has(id)) this.#tell(seat, { type: 'cancel', id });
  }

  #tell({ worker }: Seat, message: ToWorker): void {
    worker.postMessage(message, []);
  }
}
