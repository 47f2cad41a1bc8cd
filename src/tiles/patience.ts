/** Waiting for an asset of a tile, but not for ever, nor for a client who has left. */
import { DomainError } from '../errors.js';
import { shownHref } from '../storage/source.js';

/** Milliseconds. */
export interface Patience {
  /** For one asset of one tile: its header and its blocks. */
  readonly asset: number;
  /** For all of a tile's; those behind are not tried. */
  readonly tile: number;
}

export const PATIENCE: Patience = { asset: 30_000, tile: 60_000 };

/**
 * What `work` comes to, unless it takes too long or `left` is aborted: then its signal is, and it must do no more.
 * @throws DomainError UpstreamTimeout naming the asset; the reason of `left`
 */
export async function patiently<T>(ms: number, href: string, left: AbortSignal | undefined, work: (still: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const leave = (): void => stop.abort(left?.reason);
  const timer = setTimeout(() => stop.abort(tooSlow(href, ms)), Math.max(0, ms));
  left?.addEventListener('abort', leave, { once: true });
  const ended = new Promise<never>((_resolve, reject) => stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true }));
  try {
    return await Promise.race([work(stop.signal), ended]);
  } finally {
    clearTimeout(timer);
    left?.removeEventListener('abort', leave);
  }
}

export const tooSlow = (href: string, ms: number): DomainError => new DomainError('UpstreamTimeout', `${shownHref(href)}: it could not be read within ${(Math.max(0, ms) / 1000).toFixed(0)} s.`);
