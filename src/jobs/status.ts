/** How a job stands, with its tasks. */
import type { Services } from '../services.js';
import { assertAlive, type Job, type Tally } from './job.js';
import { findJob, tallyOf } from './store.js';

/** @throws NotFound; Gone for a job that was cancelled or has expired */
export async function jobStatus({ config, database: { pool } }: Pick<Services, 'config' | 'database'>, id: string): Promise<{ job: Job; tally: Tally }> {
  const before = await findJob(pool, id, config.jobTtlHours);
  assertAlive(before, config.jobTtlHours);
  const tally = await tallyOf(pool, before);
  // Read again after its tasks, which go when a job ends.
  const job = await findJob(pool, id, config.jobTtlHours);
  assertAlive(job, config.jobTtlHours);
  return { job, tally: job.state === 'COMPLETE' ? { complete: job.expected, failed: 0, missing: [], failures: [] } : tally };
}
