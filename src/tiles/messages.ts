/** What the renderer and its worker threads say to each other. */
import type { ErrorKind, Fault } from '../errors.js';
import { DomainError, messageOf } from '../errors.js';
import type { FetchPolicy } from '../storage/source.js';
import type { CacheLimits } from './assets.js';
import type { DrawnTile } from './draw.js';
import type { Measured, StatisticsRequest } from './measure.js';
import type { PointRequest, Probed } from './point.js';
import type { RenderRequest } from './request.js';

/** `workerData` of a new worker. */
export interface WorkerSetup {
  readonly policy: FetchPolicy;
  readonly caches: CacheLimits;
}

/** What a worker can be asked for. */
export type Work =
  | { readonly type: 'draw'; readonly request: RenderRequest }
  | { readonly type: 'measure'; readonly request: StatisticsRequest }
  | { readonly type: 'probe'; readonly request: PointRequest };

/** What comes of it. */
export type Done =
  | { readonly type: 'drawn'; readonly tile: DrawnTile }
  | { readonly type: 'measured'; readonly statistics: Measured }
  | { readonly type: 'probed'; readonly values: Probed };

export type ToWorker = (Work & { readonly id: number }) | { readonly type: 'cancel'; readonly id: number };

export type FromWorker = (Done & { readonly id: number }) | { readonly type: 'failed'; readonly id: number; readonly error: WireError };

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
