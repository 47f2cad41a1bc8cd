/** PUT /api/jobs/{job}/tasks/{index}: reports in any order, from many writers, the same one as often as they like. */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { withTransaction } from '../database/index.js';
import { conflict, DomainError, invalidAt } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { Services } from '../services.js';
import { tryComplete } from './complete.js';
import { assertAlive, type Job } from './job.js';
import { parseReport } from './report.js';
import { completeFrom, findJob, hasFailedTask, mayWriteTask, type TaskReport, touchJob, writeTask } from './store.js';

export interface TaskOutcome {
  readonly created: boolean;
  readonly report: JsonObject;
}

/** @throws NotFound, Gone, Conflict where the job is complete, InvalidInput for the index or the tile */
export async function putTask(services: Services, id: string, index: number, body: unknown, signal: AbortSignal): Promise<TaskOutcome> {
  const { config, database } = services;
  const job = await findJob(database.pool, id, config.jobTtlHours);
  assertAlive(job, config.jobTtlHours);
  if (job.state === 'COMPLETE') throw isComplete(id);
  if (!Number.isInteger(index) || index < 1 || index > job.expected) throw invalidAt('index', `must be a whole number from 1 to ${job.expected}`);
  const report = await parseReport(body, job, index, services, signal);
  const created = await store(services, job, index, report);
  await touchJob(database.pool, id, config.jobTtlHours);
  const done = job.autoComplete && report.status === 'COMPLETE' && (await looksComplete(database.pool, job)) && (await tryComplete(services, id));
  const state = done ? 'COMPLETE' : (await hasFailedTask(database.pool, id)) ? 'FAILED' : 'RUNNING';
  return { created, report: { job_id: id, index, status: report.status, ...(report.error === null ? {} : { error: report.error }), state } };
}

const isComplete = (id: string): DomainError => conflict(`Job ${id} is complete: its tasks can report no more.`);

/** How long a report waits for a completion under way to end, without holding a connection. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

async function store({ database, config }: Services, job: Job, index: number, report: TaskReport): Promise<boolean> {
  for (const started = Date.now(); ; await delay(PAUSE_MS)) {
    const outcome = await withTransaction(database.pool, async (client) =>
      (await mayWriteTask(client, job.id)) ? writeTask(client, job.id, index, report) : 'busy',
    );
    if (outcome === 'closed') {
      assertAlive(await findJob(database.pool, job.id, config.jobTtlHours), config.jobTtlHours);
      throw isComplete(job.id);
    }
    if (outcome !== 'busy') return outcome === 'created';
    if (Date.now() - started > PATIENCE_MS) throw new DomainError('Unavailable', `Job ${job.id} is being completed: try again.`, { retryAfter: 10 });
  }
}

/**
 * By job, the lowest index whose task was not COMPLETE when last looked at. Counting all tasks at each report would cost
 * a million reports a million counts; this looks at each task about once. What it says is checked before anything is done.
 */
const waitsFor = new LRUCache<string, number>({ max: 1000 });
const LOOK_AHEAD = 5000;

async function looksComplete(pool: Pool, { id, expected }: Job): Promise<boolean> {
  let index = waitsFor.get(id) ?? 1;
  while (index <= expected) {
    // One row is a cheap question, and mostly the answer is no.
    if ((await completeFrom(pool, id, index, 1))[0] !== index) break;
    for (const found of await completeFrom(pool, id, index, LOOK_AHEAD)) {
      if (found !== index) break;
      index += 1;
    }
  }
  waitsFor.set(id, index);
  return index > expected;
}
