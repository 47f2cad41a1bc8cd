/** Keeps `lastused` and `usecount` of registered searches true: one write a minute for a search, however many tiles are asked for. */
import type { Pool } from 'pg';
import { messageOf } from '../errors.js';
import type { Logger } from '../log.js';
import { touchSearches } from '../pgstac/searches.js';

export interface SearchUse {
  /** The first use in a minute is written at once, so that it is there before what is read next; the others are counted. */
  used(id: string): Promise<void>;
  /** Writes what was counted. */
  flush(): Promise<void>;
  /** The same, and no more after. */
  close(): Promise<void>;
}

interface Use {
  count: number;
  writtenAt: number;
}

const MINUTE_MS = 60_000;

export function createSearchUse(pool: Pool, logger: Logger, every = MINUTE_MS): SearchUse {
  const uses = new Map<string, Use>();

  /** A search that cannot be touched (a read-only database) is used all the same. */
  async function write(ids: readonly string[]): Promise<void> {
    const pending = ids.flatMap((id) => {
      const use = uses.get(id);
      if (use === undefined || use.count === 0) return [];
      const { count } = use;
      use.count = 0;
      use.writtenAt = Date.now();
      return [{ id, count }];
    });
    if (pending.length === 0) return;
    const moved = await touchSearches(pool, pending).catch((error: unknown) => {
      logger.warn({ searches: pending.length }, `the use of searches was not written: ${messageOf(error)}`);
      return pending.map(({ id }) => id);
    });
    for (const { id, count } of pending.filter(({ id: touched }) => !moved.includes(touched))) {
      const use = uses.get(id);
      if (use !== undefined) use.count += count;
    }
  }

  async function flush(): Promise<void> {
    for (const [id, { count, writtenAt }] of uses) if (count === 0 && Date.now() - writtenAt > every) uses.delete(id);
    await write([...uses.keys()]);
  }

  const timer = setInterval(() => void flush(), every).unref();
  return {
    async used(id) {
      const use = uses.get(id) ?? { count: 0, writtenAt: -Infinity };
      uses.set(id, use);
      use.count += 1;
      if (Date.now() - use.writtenAt >= every) await write([id]);
    },
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
