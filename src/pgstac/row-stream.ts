/** The rows of one statement as they come, which end when their connection does. */
import type { ClientBase } from 'pg';
import QueryStream from 'pg-query-stream';

type Done = (error?: Error | null) => void;

/**
 * pg-query-stream closes its cursor before it tells of an error, and waits for PostgreSQL to say that it is ready again: of a
 * connection that was lost nobody hears that, and whoever reads would wait for ever. It says nothing either when the connection
 * goes while nobody reads.
 */
export class RowStream extends QueryStream {
  private whenLost: (() => void) | undefined;
  private isLost = false;

  constructor(client: ClientBase, text: string, values: readonly unknown[], config: QueryStream.Config) {
    super(text, [...values], config);
    const lost = (): void => {
      this.isLost = true;
      if (this.destroyed) this.whenLost?.();
      else this.destroy(new Error('Connection terminated'));
    };
    client.once('end', lost);
    this.once('close', () => client.off('end', lost));
  }

  override _destroy(error: Error, done: Done): void {
    let isDone = false;
    const once: Done = (failure) => {
      if (isDone) return;
      isDone = true;
      done(failure);
    };
    this.whenLost = () => once(error);
    if (this.isLost) once(error);
    // oxlint-disable-next-line no-underscore-dangle -- the name that Node's streams give it
    else super._destroy(error, once);
  }
}
