/**
 * A file that is written while it is checked, in one transaction that is committed where all of it turns out good: PostgreSQL
 * works on one core while we judge on another, and the file is read once. Nobody depends on it: where it comes to nothing,
 * as it does for items that stand before their collection and for the first items of one, whose partition would keep all readers
 * waiting through the check, the file is written after it was checked.
 */
import type { PoolClient } from 'pg';
import { begin, giveUp } from '../database/transaction.js';
import type { Loadable } from './check.js';
import { DocumentWriter, type Loaded, type LoadMethod, type LoadServices } from './write.js';

export class LoadAhead {
  /** Whether what was given so far is written. */
  private writing: Promise<boolean> = Promise.resolve(true);
  private isOver = false;

  private constructor(
    private readonly client: PoolClient,
    private readonly writer: DocumentWriter,
  ) {}

  static async begin(services: LoadServices, method: LoadMethod): Promise<LoadAhead> {
    const client = await begin(services.database.pool);
    return new LoadAhead(client, new DocumentWriter(client, services, method, undefined, 'apart'));
  }

  /** Documents that were found good, in their order; resolves when those before them are written. */
  async add(values: readonly Loadable[]): Promise<void> {
    if (!(await this.writing)) await this.abandon();
    if (this.isOver) return;
    // What goes wrong here is met again, and told, where the file is written without a head start.
    this.writing = this.write(values).catch(() => false);
  }

  /** Once: the transaction, which the caller ends, and what it has written; undefined where it came to nothing. */
  async take(): Promise<{ client: PoolClient; loaded: Loaded } | undefined> {
    const loaded = (await this.writing) && !this.isOver ? await this.writer.finish().catch(() => undefined) : undefined;
    if (loaded === undefined) {
      await this.abandon();
      return undefined;
    }
    this.isOver = true;
    return { client: this.client, loaded };
  }

  /** Rolls back what was not taken. */
  async abandon(): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    // What is under way on the client would go on after the rollback.
    await this.writing;
    await giveUp(this.client);
  }

  private async write(values: readonly Loadable[]): Promise<boolean> {
    for (const value of values) {
      if (value.kind === 'collection') await this.writer.addCollection(value.collection);
      else await this.writer.addItem(value.item);
    }
    return true;
  }
}
