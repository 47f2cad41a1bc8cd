/** What the renderer and its worker threads say to each other. */
import type { ErrorKind, Fault } from '../errors.js';
import { DomainError, messageOf } from '../errors.js';
import type { FetchPolicy } from '../storage/source.js';
import type { CacheLimits } from './assets.js';
import type { DrawnTile } from './draw.js';
import type { RenderRequest } from './request.js';

/** `workerData` of a new worker. */
export interface WorkerSetup {
  readonly policy: FetchPolicy;
  readonly caches: CacheLimits;
}

export type ToWorker = { readonly type: 'draw'; readonly id: number; readonly request: RenderRequest } | { readonly type: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly type: 'drawn'; readonly id: number; readonly tile: DrawnTile }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };

/** An error as it crosses threads, where classes are lost. */
export interface WireError {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly faults: readonly Fault[];
  readonly retryAfter: number | undefined;
  readonly stack: string | undefined;
}

export const toWire = (error: unknown): WireError =>
  error instanceof DomainError
    ? { kind: error.kind, message: error.message, faults: error.faults, retryAfter: error.retryAfter, stack: error.stack }
    : { kind: 'Internal', message: messageOf(error), faults: [], retryAfter: undefined, stack: error instanceof Error ? error.stack : undefined };

export const fromWire = ({ kind, message, faults, retryAfter, stack }: WireError): DomainError =>
  new DomainError(kind, message, { faults, cause: stack, ...(retryAfter === undefined ? {} : { retryAfter }) });
