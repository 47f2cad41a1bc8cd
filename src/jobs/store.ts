/** Jobs and their tasks in our own schema: every statement about them. */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { notFound } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import type { FailedTask, Job, Tally } from './job.js';

type Queryable = Pool | ClientBase;

interface JobRow {
  readonly job_id: string;
  readonly dataset_id: string;
  readonly request: JsonObject;
  readonly expected: number;
  readonly auto_complete: boolean;
  readonly replace: boolean;
  readonly state: Job['state'];
  readonly answer: JsonObject | null;
  readonly failure: JsonObject | null;
  readonly created_at: Date;
  readonly active_at: Date;
}

const toJob = (row: JobRow): Job => ({
  id: row.job_id,
  datasetId: row.dataset_id,
  request: row.request,
  expected: row.expected,
  autoComplete: row.auto_complete,
  replace: row.replace,
  state: row.state,
  answer: row.answer,
  failure: row.failure,
  createdAt: row.created_at,
  activeAt: row.active_at,
});

/** Hours as an interval: `$n` is a number. */
const hours = (parameter: string): string => `make_interval(secs => ${parameter}::float8 * 3600)`;

const COLUMNS = 'job_id, dataset_id, request, expected, auto_complete, replace, answer, failure, created_at, active_at';

/** A job that nobody has swept away yet is expired all the same. @param lock holds its row until the transaction ends @throws NotFound */
export async function findJob(db: Queryable, id: string, ttlHours: number, lock = false): Promise<Job> {
  const { rows } = await db.query<JobRow>(
    `SELECT ${COLUMNS}, CASE WHEN state = 'RUNNING' AND active_at < now() - ${hours('$2')} THEN 'EXPIRED' ELSE state END AS state
       FROM stac_mosaic.jobs WHERE job_id = $1${lock ? ' FOR UPDATE' : ''}`,
    [id, ttlHours],
  );
  if (rows[0] === undefined) throw notFound(`Job ${id}`);
  return toJob(rows[0]);
}

export async function insertJob(db: Queryable, job: Pick<Job, 'id' | 'datasetId' | 'request' | 'expected' | 'autoComplete' | 'replace'>): Promise<void> {
  await db.query('INSERT INTO stac_mosaic.jobs (job_id, dataset_id, request, expected, auto_complete, replace) VALUES ($1, $2, $3, $4, $5, $6)', [
    job.id, job.datasetId, JSON.stringify(job.request), job.expected, job.autoComplete, job.replace,
  ]);
}

const LOCK = 'hashtextextended($1, 0)';
const lockName = (id: string): string => `stac-mosaic job ${id}`;

/** Whether a task may be written now: many may at once, none while the job ends. Held until the transaction ends. */
export async function mayWriteTask(client: PoolClient, id: string): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_xact_lock_shared(${LOCK}) AS locked`, [lockName(id)]);
  return rows[0]?.locked === true;
}

/** Waits for the tasks that are being written, and keeps others away until the transaction ends. */
export async function lockJob(client: PoolClient, id: string): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`, [lockName(id)]);
}

export interface TaskReport {
  readonly status: 'COMPLETE' | 'FAILED';
  /** JSON text of the tile; null where the task failed. */
  readonly tile: string | null;
  readonly error: string | null;
}

/** Writes a task of a running job; the same report again changes nothing. `closed`: the job runs no more. */
export async function writeTask(client: PoolClient, id: string, index: number, { status, tile, error }: TaskReport): Promise<'created' | 'changed' | 'closed'> {
  const { rows } = await client.query<{ running: boolean; created: boolean | null }>(
    `WITH job AS (SELECT job_id FROM stac_mosaic.jobs WHERE job_id = $1 AND state = 'RUNNING'),
          written AS (
            INSERT INTO stac_mosaic.job_tasks AS t (job_id, task_index, status, tile, error) SELECT job_id, $2, $3, $4::json, $5 FROM job
            ON CONFLICT (job_id, task_index) DO UPDATE
              SET status = EXCLUDED.status, tile = EXCLUDED.tile, error = EXCLUDED.error, revision = t.revision + 1, updated_at = now()
              WHERE (t.status, t.tile::text, t.error) IS DISTINCT FROM (EXCLUDED.status, EXCLUDED.tile::text, EXCLUDED.error)
            RETURNING revision = 1 AS created)
     SELECT EXISTS (SELECT FROM job) AS running, (SELECT created FROM written) AS created`,
    [id, index, status, tile, error],
  );
  if (rows[0]?.running !== true) return 'closed';
  return rows[0].created === true ? 'created' : 'changed';
}

/** Remembers that a job is not idle; only where that is older than a hundredth of the time after which it expires. */
export async function touchJob(db: Queryable, id: string, ttlHours: number): Promise<void> {
  await db.query(`UPDATE stac_mosaic.jobs SET active_at = now() WHERE job_id = $1 AND state = 'RUNNING' AND active_at < now() - ${hours('$2')} / 100`, [id, ttlHours]);
}

/** Failed tasks that are listed one by one. */
const MOST_FAILURES = 100;

/** What the tasks have reported, in one snapshot. */
export async function tallyOf(db: Queryable, { id, expected }: Pick<Job, 'id' | 'expected'>): Promise<Tally> {
  const { rows } = await db.query<{ complete: number; failed: number; missing: readonly number[]; failures: readonly FailedTask[] }>(
    `SELECT (SELECT count(*)::int FROM stac_mosaic.job_tasks WHERE job_id = $1 AND status = 'COMPLETE') AS complete,
            (SELECT count(*)::int FROM stac_mosaic.job_tasks WHERE job_id = $1 AND status = 'FAILED') AS failed,
            (SELECT coalesce(json_agg(i ORDER BY i), '[]') FROM generate_series(1, $2::int) AS i
              WHERE NOT EXISTS (SELECT FROM stac_mosaic.job_tasks WHERE job_id = $1 AND task_index = i)) AS missing,
            (SELECT coalesce(json_agg(json_build_object('index', task_index, 'error', error) ORDER BY task_index), '[]')
               FROM (SELECT task_index, error FROM stac_mosaic.job_tasks WHERE job_id = $1 AND status = 'FAILED' ORDER BY task_index LIMIT ${MOST_FAILURES}) AS f) AS failures`,
    [id, expected],
  );
  return rows[0] ?? { complete: 0, failed: 0, missing: [], failures: [] };
}

export async function hasFailedTask(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query("SELECT 1 FROM stac_mosaic.job_tasks WHERE job_id = $1 AND status = 'FAILED' LIMIT 1", [id]);
  return rowCount === 1;
}

/** Up to `limit` indices from `from` on whose tasks are COMPLETE, ascending. */
export async function completeFrom(db: Queryable, id: string, from: number, limit: number): Promise<number[]> {
  const { rows } = await db.query<{ task_index: number }>(
    "SELECT task_index FROM stac_mosaic.job_tasks WHERE job_id = $1 AND task_index >= $2 AND status = 'COMPLETE' ORDER BY task_index LIMIT $3",
    [id, from, limit],
  );
  return rows.map((row) => row.task_index);
}

/** The state of all tasks in two numbers: any change of any task changes it. */
export async function fingerprint(db: Queryable, id: string): Promise<string> {
  const { rows } = await db.query<{ text: string }>("SELECT count(*) || '/' || coalesce(sum(revision), 0) AS text FROM stac_mosaic.job_tasks WHERE job_id = $1 AND status = 'COMPLETE'", [id]);
  return rows[0]?.text ?? '';
}

/** The tiles of tasks that are COMPLETE, by index. @param first, last both included */
export async function readTiles(db: Queryable, id: string, first: number, last: number): Promise<Json[]> {
  const { rows } = await db.query<{ tile: Json }>(
    "SELECT tile FROM stac_mosaic.job_tasks WHERE job_id = $1 AND task_index BETWEEN $2 AND $3 AND status = 'COMPLETE' ORDER BY task_index",
    [id, first, last],
  );
  return rows.map(({ tile }) => tile);
}

/** The job ends well: its answer is kept, its tasks are not. */
export async function markComplete(client: PoolClient, id: string, answer: JsonObject): Promise<void> {
  await endJob(client, id, 'COMPLETE');
  await client.query('UPDATE stac_mosaic.jobs SET answer = $2, failure = NULL WHERE job_id = $1', [id, JSON.stringify(answer)]);
}

export async function endJob(client: PoolClient, id: string, state: 'COMPLETE' | 'CANCELLED'): Promise<void> {
  await client.query("UPDATE stac_mosaic.jobs SET state = $2, request = '{}', ended_at = now() WHERE job_id = $1", [id, state]);
  await client.query('DELETE FROM stac_mosaic.job_tasks WHERE job_id = $1', [id]);
}

export async function markFailure(db: Queryable, id: string, failure: JsonObject): Promise<void> {
  await db.query("UPDATE stac_mosaic.jobs SET failure = $2 WHERE job_id = $1 AND state = 'RUNNING'", [id, JSON.stringify(failure)]);
}

/** Jobs that one sweep takes, so that whoever pays for it pays little. */
const SWEPT = 20;

/** Ends idle jobs with their tasks, and forgets what ended 30 days ago. Two sweeps at once take different jobs. */
export async function sweep(db: Queryable, ttlHours: number): Promise<number> {
  const { rows } = await db.query<{ job_id: string }>(
    `WITH idle AS (
       UPDATE stac_mosaic.jobs SET state = 'EXPIRED', request = '{}', ended_at = now() WHERE job_id IN (
         SELECT job_id FROM stac_mosaic.jobs WHERE state = 'RUNNING' AND active_at < now() - ${hours('$1')} ORDER BY active_at LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED)
       RETURNING job_id)
     , tasks AS (DELETE FROM stac_mosaic.job_tasks WHERE job_id IN (SELECT job_id FROM idle))
     SELECT job_id FROM idle`,
    [ttlHours],
  );
  await db.query(
    `WITH old AS (
       DELETE FROM stac_mosaic.jobs WHERE job_id IN (
         SELECT job_id FROM stac_mosaic.jobs WHERE state <> 'RUNNING' AND ended_at < now() - interval '30 days' ORDER BY ended_at LIMIT ${SWEPT} FOR UPDATE SKIP LOCKED)
       RETURNING job_id)
     DELETE FROM stac_mosaic.job_tasks WHERE job_id IN (SELECT job_id FROM old)`,
  );
  return rows.length;
}
