/** A job: the fan-in of an ETL's tasks, each of which brings one tile of a dataset (API.md section 2). */
import { conflict, DomainError } from '../errors.js';
import type { JsonObject } from '../json.js';

/** Tasks of one job: as many as a dataset may have tiles. */
export const MOST_TASKS = 1_000_000;

export interface Job {
  readonly id: string;
  readonly datasetId: string;
  /** `dataset` and `mosaic` as POST /api/jobs took them; empty once the job has ended. */
  readonly request: JsonObject;
  readonly expected: number;
  readonly autoComplete: boolean;
  readonly replace: boolean;
  readonly state: 'RUNNING' | 'COMPLETE' | 'CANCELLED' | 'EXPIRED';
  /** Of the completion, hrefs relative to the base of the API. */
  readonly answer: JsonObject | null;
  /** Why the last automatic completion failed: code, description and errors. */
  readonly failure: JsonObject | null;
  readonly createdAt: Date;
  readonly activeAt: Date;
}

export interface FailedTask {
  readonly index: number;
  readonly error: string | null;
}

/** What the tasks of a job have reported. */
export interface Tally {
  readonly complete: number;
  readonly failed: number;
  /** Indices that have not reported, ascending. */
  readonly missing: readonly number[];
  /** The first of those that failed, by index. */
  readonly failures: readonly FailedTask[];
}

/** @throws Gone for a job that was cancelled or has expired */
export function assertAlive({ id, state }: Pick<Job, 'id' | 'state'>, ttlHours: number): void {
  if (state === 'CANCELLED') throw new DomainError('Gone', `Job ${id} was cancelled.`);
  if (state === 'EXPIRED') throw new DomainError('Gone', `Job ${id} has expired: no task reported within ${ttlHours} hours.`);
}

/** At most so many tasks are named one by one. */
const MOST_NAMED = 100;

/** The Conflict of a completion that comes too early, naming what is missing and what failed (API.md section 8, Jobs). */
export function notAllComplete(job: Pick<Job, 'id' | 'expected'>, { complete, failed, missing, failures }: Tally): DomainError {
  const parts = [
    ...(missing.length === 0 ? [] : [`missing: ${ranges(missing)}`]),
    ...(failed === 0 ? [] : [`failed: ${ranges(failures.map(({ index }) => index), failed > failures.length)}`]),
  ];
  const faults = [
    ...failures.map(({ index, error }) => ({ path: `/tasks/${index}`, message: error === null ? 'FAILED' : `FAILED: ${error}`, index })),
    ...missing.slice(0, MOST_NAMED).map((index) => ({ path: `/tasks/${index}`, message: 'is missing', index })),
  ];
  return conflict(`Job ${job.id} is not complete: ${complete} of ${job.expected} tasks are COMPLETE; ${parts.join('; ')}.`, faults.slice(0, MOST_NAMED));
}

const MOST_RANGES = 20;

/** `1 to 3, 7, 9 to 12 and more`. */
function ranges(indices: readonly number[], more = false): string {
  const found: [first: number, last: number][] = [];
  for (const index of indices) {
    const last = found.at(-1);
    if (last?.[1] === index - 1) last[1] = index;
    else if (found.length === MOST_RANGES) return `${written(found)} and more`;
    else found.push([index, index]);
  }
  return `${written(found)}${more ? ' and more' : ''}`;
}

const written = (found: readonly (readonly [number, number])[]): string =>
  found.map(([first, last]) => (first === last ? String(first) : `${first} to ${last}`)).join(', ');
