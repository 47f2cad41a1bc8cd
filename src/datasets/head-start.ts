/**
 * The rows of an upload that lies in memory as a whole, copied while the later ones are still made: PostgreSQL works on one
 * core and we on another, so that 10,000 tiles take half the time. Nobody depends on it: where it comes to nothing, the rows
 * are copied when all of them are there.
 */
import type { Pool, PoolClient } from 'pg';
import { begin, giveUp } from '../database/transaction.js';
import { type Base, copyItemRows, isCurrentBase } from '../pgstac/items-write.js';
import { SYSTEM_TILES } from './collections.js';
import { isKnown, tryLockDataset } from './records.js';

/** How long its transaction waits for the rest of the work: a slow blob store must hold no connection. */
const HOLD_MS = 1000;

/** Pools on which one is under way: uploads share the processor, so two would hold two connections for twice as long. */
const busy = new WeakSet<Pool>();

export interface HeadStartOf {
  readonly id: string;
  readonly key: string | undefined;
  readonly base: Base;
}

export class HeadStart {
  private readonly stopped = Promise.withResolvers<never>();
  private readonly copying: Promise<boolean>;
  private client: PoolClient | undefined;
  private isOver = false;
  private held: NodeJS.Timeout | undefined;
  private ending: Promise<void> | undefined;

  /** @param rows as they come, to the last one; they need not be all of them, or good */
  static begin(pool: Pool, dataset: HeadStartOf, rows: AsyncIterable<Buffer>): HeadStart | undefined {
    // Of a single connection everybody else would wait for the whole upload: 8 s at 100,000 tiles, 5 without, and after 10 they are told 503.
    return busy.has(pool) || pool.options.max < 2 ? undefined : new HeadStart(pool, dataset, rows);
  }

  private constructor(
    private readonly pool: Pool,
    dataset: HeadStartOf,
    rows: AsyncIterable<Buffer>,
  ) {
    busy.add(pool);
    this.stopped.promise.catch(() => undefined);
    // What goes wrong here is met again, and told, where the rows are copied without a head start.
    this.copying = this.copy(dataset, rows).catch(() => false);
    void this.copying.then((isGood) => (isGood ? this.hold() : this.abandon()));
  }

  /** Once: the transaction that holds the lock on the dataset and all rows; undefined where it came to nothing. The caller ends it. */
  async take(): Promise<PoolClient | undefined> {
    if (this.client === undefined || !(await this.copying) || this.isOver) {
      await this.abandon();
      return undefined;
    }
    this.close();
    // A connection may have been lost while it was held.
    const isAlive = await this.client.query('SELECT 1').then(() => true, () => false);
    if (isAlive) return this.client;
    await giveUp(this.client);
    return undefined;
  }

  /** Rolls back what was not taken; the rows may come to an end or not. */
  abandon(): Promise<void> {
    this.ending ??= this.rollBack();
    return this.ending;
  }

  private async rollBack(): Promise<void> {
    if (this.isOver) return;
    this.close();
    this.stopped.reject(new Error('The head start was given up.'));
    if (this.client === undefined) return;
    // What is under way on the client would go on after the rollback.
    await this.copying;
    await giveUp(this.client);
  }

  /** Whether all rows are in the transaction. */
  private async copy({ id, key, base }: HeadStartOf, rows: AsyncIterable<Buffer>): Promise<boolean> {
    const client = await begin(this.pool);
    if (this.isOver) {
      await giveUp(client);
      return false;
    }
    this.client = client;
    const isFree = (await tryLockDataset(client, id)) && !(await isKnown(client, id, key)) && (await isCurrentBase(client, SYSTEM_TILES, base));
    if (isFree) await copyItemRows(client, SYSTEM_TILES, this.untilStopped(rows));
    return isFree;
  }

  private async *untilStopped(rows: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    const pieces = rows[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([pieces.next(), this.stopped.promise]);
      if (next.done === true) return;
      yield next.value;
    }
  }

  private hold(): void {
    if (!this.isOver) this.held = setTimeout(() => void this.abandon(), HOLD_MS);
  }

  private close(): void {
    this.isOver = true;
    clearTimeout(this.held);
    busy.delete(this.pool);
  }
}
