/** POST /api/jobs/{job}/complete: all tiles become one dataset, in the transaction in which the job is done. */
import type { Pool, PoolClient } from 'pg';
import { withTransaction } from '../database/index.js';
import { postDataset, putDataset } from '../datasets/write.js';
import { conflict, DomainError, messageOf } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import type { Services } from '../services.js';
import { assertAlive, type Job, notAllComplete } from './job.js';
import { jobStatus } from './status.js';
import { endJob, fingerprint, findJob, lockJob, markComplete, markFailure, readTiles } from './store.js';

export interface Completion {
  readonly created: boolean;
  /** With hrefs relative to the base of the API. */
  readonly answer: JsonObject;
}

/** Tasks changed, or another caller was faster, between reading the tiles and writing them: nothing is written. */
class JobMoved extends Error {}

/** Each round is lost to a task that reported again meanwhile. */
const ROUNDS = 5;
/** Tiles read at once. */
const PIECE = 1000;

/** A completion goes on when its caller is gone: one whose patience is shorter than a million tiles take would never see its end. */
const NEVER = new AbortController().signal;

/**
 * Completes a job, or gives the answer of its completion again.
 * @throws Conflict that names the tasks that are missing or FAILED, or where the dataset has come meanwhile; NotFound; Gone
 */
export async function completeJob(services: Services, id: string): Promise<Completion> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const { job, tally } = await jobStatus(services, id);
    if (job.answer !== null) return { created: false, answer: job.answer };
    if (tally.complete < job.expected) throw notAllComplete(job, tally);
    try {
      return await commit(services, job);
    } catch (error) {
      const cause = await orMoved(services, id, error);
      if (!(cause instanceof JobMoved)) throw cause;
    }
  }
  throw new DomainError('Unavailable', `The tasks of job ${id} change while it is completed: try again.`, { retryAfter: 2 });
}

async function commit(services: Services, job: Job): Promise<Completion> {
  const { pool } = services.database;
  const ttl = services.config.jobTtlHours;
  const mark = await fingerprint(pool, job.id);
  const upload = { head: { ...job.request, expected_tiles: job.expected }, tiles: tilesOf(pool, job) };
  const within = async (client: PoolClient, answer: JsonObject): Promise<void> => {
    await assertUnmoved(client, job, ttl, mark);
    await markComplete(client, job.id, answer);
  };
  const { outcome, answer } = job.replace
    ? await putDataset(services, job.datasetId, upload, { signal: NEVER, within })
    : await postDataset(services, upload, { signal: NEVER, within });
  // The same dataset was posted beside the job, or by another completion of it.
  if (outcome === 'repeated') await withTransaction(pool, (client) => within(client, answer));
  return { created: outcome !== 'repeated', answer };
}

/** The tiles in pieces, each read on a connection of its own, so that none is held while headers or rows are made of them. */
async function* tilesOf(pool: Pool, job: Job): AsyncGenerator<readonly Json[]> {
  for (let from = 1; from <= job.expected; from += PIECE) {
    const tiles = await readTiles(pool, job.id, from, from + PIECE - 1);
    if (tiles.length !== Math.min(PIECE, job.expected - from + 1)) throw new JobMoved(`Job ${job.id} has moved.`);
    yield tiles;
  }
}

/** Still running, with the tasks that were read; from here to the commit no task can report. */
async function assertUnmoved(client: PoolClient, { id }: Job, ttlHours: number, mark: string): Promise<void> {
  await lockJob(client, id);
  const { state } = await findJob(client, id, ttlHours, true);
  if (state !== 'RUNNING' || (await fingerprint(client, id)) !== mark) throw new JobMoved(`Job ${id} has moved.`);
}

/** Where another caller completed the job meanwhile, the dataset that exists now is this job's: that is no conflict. */
async function orMoved(services: Services, id: string, error: unknown): Promise<unknown> {
  if (!(error instanceof DomainError) || error.kind !== 'Conflict') return error;
  const { answer } = await findJob(services.database.pool, id, services.config.jobTtlHours);
  return answer === null ? error : new JobMoved(error.message, { cause: error });
}

/** The completion with the last task: whether it is done. Why not is kept with the job, whose task has reported all the same. */
export async function tryComplete(services: Services, id: string): Promise<boolean> {
  try {
    await completeJob(services, id);
    return true;
  } catch (error) {
    const known = error instanceof DomainError;
    services.logger.warn({ err: error, job: id }, `a job could not be completed with its last task: ${messageOf(error)}`);
    const failure: JsonObject = known
      ? { code: error.kind, description: error.message, errors: error.faults.slice(0, 100).map(({ path, message }) => ({ path, message })) }
      : { code: 'Internal', description: 'The completion failed; POST to complete tries it again.', errors: [] };
    await markFailure(services.database.pool, id, failure);
    return false;
  }
}

/** Cancels a job and drops what its tasks reported. @throws NotFound; Gone where it was cancelled; Conflict where it is complete */
export async function cancelJob({ config, database }: Services, id: string): Promise<void> {
  await withTransaction(database.pool, async (client) => {
    await lockJob(client, id);
    const job = await findJob(client, id, config.jobTtlHours, true);
    assertAlive(job, config.jobTtlHours);
    if (job.state === 'COMPLETE') throw conflict(`Job ${id} is complete; DELETE /api/datasets/{id} removes its dataset.`);
    await endJob(client, id, 'CANCELLED');
  });
}
