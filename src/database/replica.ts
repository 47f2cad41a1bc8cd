/** Reads on a streaming standby that never miss a write: it is asked only when it has replayed what was committed before the question. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { messageOf } from '../errors.js';
import type { Logger } from '../log.js';

export interface Replica {
  readonly pool: Pool;
  /**
   * The pool for a read that begins now: the standby's, or the primary's where the standby is behind for longer than
   * {@link PATIENCE_MS}, away, or no standby. What anybody was told is written before this call, through any instance or
   * program, is seen in it.
   */
  poolOfNow(): Promise<Pool>;
  /** Reads sent to each, for the metrics. */
  readonly counts: { readonly replica: number; readonly primary: number };
  /** After a failure of the standby: the primary is asked for a while. */
  rest(reason: unknown): void;
}

/** A standby in the same data centre is a few milliseconds behind; a read that waits for longer is better asked of the primary. */
const PATIENCE_MS = 100;
const LOOK_AGAIN_MS = 5;
/** How long a standby that failed is left alone. */
const REST_MS = 5000;

export function createReplica(primary: Pool, pool: Pool, logger: Logger): Replica {
  const counts = { replica: 0, primary: 0 };
  let restsUntil = 0;
  let running: Promise<boolean> | undefined;
  let next: Promise<boolean> | undefined;

  /** With synchronous_commit a transaction is seen only when its log is flushed, so this place lies behind all that are. */
  async function isCaughtUp(): Promise<boolean> {
    const { rows } = await primary.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn');
    const until = performance.now() + PATIENCE_MS;
    do {
      const { rows: replayed } = await pool.query<{ ok: boolean | null }>(
        'SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() >= $1::pg_lsn END AS ok',
        [rows[0]?.lsn],
      );
      const ok = replayed[0]?.ok;
      if (ok === null) throw new Error('DATABASE_READ_URL is not a streaming standby.');
      if (ok === true) return true;
      await delay(LOOK_AGAIN_MS);
    } while (performance.now() < until);
    return false;
  }

  /** One question at a time for all who read: who comes while it is asked waits for the next, which is asked after they came. */
  function ask(): Promise<boolean> {
    if (running === undefined) {
      running = isCaughtUp().finally(() => (running = undefined));
      return running;
    }
    next ??= running.catch(() => undefined).then(() => {
      next = undefined;
      return ask();
    });
    return next;
  }

  function rest(reason: unknown): void {
    if (Date.now() >= restsUntil) logger.warn(`the read replica is left alone for ${REST_MS / 1000} s: ${messageOf(reason)}`);
    restsUntil = Date.now() + REST_MS;
  }

  return {
    pool,
    counts,
    rest,
    async poolOfNow() {
      const ok = Date.now() >= restsUntil && (await ask().catch((error: unknown) => {
        rest(error);
        return false;
      }));
      counts[ok ? 'replica' : 'primary'] += 1;
      return ok ? pool : primary;
    },
  };
}
