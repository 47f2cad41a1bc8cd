/** Room for the footprints of all mosaics under way together, so that many large ones wait for one another instead of for memory. */
import { DomainError } from '../errors.js';

/** About 300 bytes each: 900 MB. One mosaic at its limit always finds room when it is alone. */
const MOST = 3_000_000;
/** So few are let in at once: they need 3 MB. */
const FEW = 10_000;
const PATIENCE_MS = 30_000;

interface Waiting {
  readonly count: number;
  readonly enter: () => void;
}

export interface Room {
  /**
   * Waits until there is room for so many footprints, first come first served; answers what gives it back.
   * @throws Unavailable after half a minute, the signal's reason when it is aborted
   */
  enter(count: number, signal: AbortSignal): Promise<() => void>;
}

export function createRoom(most = MOST, patienceMs = PATIENCE_MS): Room {
  let taken = 0;
  let queue: readonly Waiting[] = [];
  const admit = (): void => {
    for (let [next] = queue; next !== undefined && taken + next.count <= most; [next] = queue) {
      queue = queue.slice(1);
      taken += next.count;
      next.enter();
    }
  };
  const leaving = (count: number): (() => void) => {
    let inside = true;
    return () => {
      if (inside) taken -= count;
      inside = false;
      admit();
    };
  };
  return {
    async enter(count, signal) {
      if (count <= FEW) return () => {};
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', gone);
          queue = queue.filter((one) => one !== waiting);
          admit();
        };
        const waiting: Waiting = {
          count: Math.min(count, most),
          enter: () => {
            resolve();
            leave();
          },
        };
        const gone = (): void => {
          leave();
          reject(signal.reason instanceof Error ? signal.reason : new Error('The reader has gone.'));
        };
        const timer = setTimeout(() => {
          leave();
          reject(new DomainError('Unavailable', 'Other large mosaics are under way; ask again in a moment, or for less of it (bbox, datetime, filter).', { retryAfter: 15 }));
        }, patienceMs);
        signal.addEventListener('abort', gone, { once: true });
        queue = [...queue, waiting];
        admit();
      });
      return leaving(Math.min(count, most));
    },
  };
}

/** Memory is the process's, so its room is too. */
export const room = createRoom();
