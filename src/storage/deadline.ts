/** Waiting for others, but not for ever. */
import { DomainError } from '../errors.js';

/**
 * Runs `work` with a signal that is aborted after so many milliseconds; the waiting ends then even when `work` does not
 * heed the signal.
 * @throws UpstreamTimeout naming `what`
 */
export async function within<T>(ms: number, what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DomainError('UpstreamTimeout', `The blob store did not answer within ${ms / 1000} s at ${what}.`));
      controller.abort();
    }, ms);
  });
  try {
    return await Promise.race([work(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
