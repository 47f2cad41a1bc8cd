/** Domain errors: what went wrong and whose fault it is. Only routes/errors.ts turns them into HTTP statuses. */
import { isNativeError } from 'node:util/types';

/** The place of a fault inside what the caller sent. */
export interface Fault {
  /** JSON pointer into the body (`/tiles/3/bbox`), or the name of a query parameter. */
  readonly path: string;
  /** The rule that was broken, and the value where that helps. */
  readonly message: string;
  /** The `index` of the tile, where the fault is a tile's (API.md section 8, Dataset answers). */
  readonly index?: number | undefined;
}

export type ErrorKind =
  | 'InvalidInput' // the caller's document or parameters break a rule
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'Conflict'
  | 'Gone'
  | 'PreconditionFailed'
  | 'TooLarge'
  | 'RequestTimeout' // the caller stopped sending in the middle of a body
  | 'UnsupportedMediaType'
  | 'RateLimited'
  | 'NotImplemented' // a clear "this server cannot do that (yet)"
  | 'Upstream' // a COG, a blob store or TiTiler failed us
  | 'UpstreamTimeout'
  | 'Unavailable' // we or the database are overloaded or away
  | 'Internal';

export interface ErrorOptions {
  readonly faults?: readonly Fault[];
  /** How many there are, where not all of them are kept. */
  readonly faultCount?: number;
  readonly cause?: unknown;
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfter?: number;
}

/** An error with a meaning for the caller. `message` is safe to show: no SQL, no path of the machine, no secret. */
export class DomainError extends Error {
  readonly faults: readonly Fault[];
  readonly faultCount: number;
  readonly retryAfter: number | undefined;

  constructor(
    readonly kind: ErrorKind,
    message: string,
    options: ErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DomainError';
    this.faults = options.faults ?? [];
    this.faultCount = Math.max(options.faultCount ?? 0, this.faults.length);
    this.retryAfter = options.retryAfter;
  }
}

export const invalidInput = (message: string, faults: readonly Fault[] = []): DomainError =>
  new DomainError('InvalidInput', message, { faults });

/** One parameter or member that breaks one rule. */
export const invalidAt = (path: string, message: string): DomainError =>
  new DomainError('InvalidInput', `${path}: ${message}`, { faults: [{ path, message }] });

/** So many faults stand in the message; the answer lists more of them. */
const TOLD = 20;

/** Several parameters or members that break rules. */
export function invalidFaults(faults: readonly Fault[]): DomainError {
  const told = faults.slice(0, TOLD).map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new DomainError('InvalidInput', faults.length > TOLD ? `${told}; and ${faults.length - TOLD} more` : told, { faults });
}

export const notFound = (what: string): DomainError => new DomainError('NotFound', `${what} does not exist.`);

export const conflict = (message: string, faults: readonly Fault[] = []): DomainError =>
  new DomainError('Conflict', message, { faults });

export const notImplemented = (message: string): DomainError => new DomainError('NotImplemented', message);

/** The text of anything that was thrown, for a log line. Errors of another realm (jest runs tests in one) count as well. */
export const messageOf = (error: unknown): string => (isNativeError(error) ? error.message : String(error));
