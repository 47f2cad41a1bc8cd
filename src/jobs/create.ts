/** POST /api/jobs: what will be the dataset is checked before the first task starts, with one tile in the place of all. */
import { randomUUID } from 'node:crypto';
import { DATASETS } from '../datasets/collections.js';
import { Faults } from '../datasets/faults.js';
import { parseHead } from '../datasets/head.js';
import { MOST_EMBEDDED_TILES } from '../datasets/intake.js';
import { uploadOfBody } from '../datasets/upload.js';
import { validateDataset } from '../datasets/write.js';
import { conflict, DomainError, invalidInput } from '../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { findItem } from '../pgstac/items-read.js';
import type { Services } from '../services.js';
import { type Job, MOST_TASKS } from './job.js';
import { findJob, insertJob, sweep } from './store.js';

/** Stands for the tiles that will come. */
const STAND_IN: JsonObject = { href: 'https://example.com/tile.tif', bbox: [0, 0, 1, 1] };

/**
 * Starts a job.
 * @throws InvalidInput with every fault; Conflict where the dataset exists and `replace` is not said; TooLarge for more
 *   tiles than the embedded database takes
 */
export async function createJob(services: Services, body: unknown, signal: AbortSignal): Promise<Job> {
  const { config, database } = services;
  const { datasetId, head, expected, autoComplete, replace } = parseJob(body);
  if (database.kind === 'embedded' && expected > MOST_EMBEDDED_TILES) {
    throw new DomainError('TooLarge', `The embedded database takes at most ${MOST_EMBEDDED_TILES} tiles in one dataset; PostgreSQL (DATABASE_URL) takes any number.`);
  }
  await validateDataset(services, uploadOfBody({ ...head, tiles: [STAND_IN] }), { signal }, datasetId);
  if (!replace && (await findItem(database.pool, DATASETS, datasetId)) !== undefined) {
    throw conflict(`Dataset ${datasetId} exists; "replace": true makes a job that puts other tiles in its place.`, [{ path: '/dataset/id', message: 'exists' }]);
  }
  const id = randomUUID();
  await insertJob(database.pool, { id, datasetId, request: head, expected, autoComplete, replace });
  await sweep(database.pool, config.jobTtlHours);
  return findJob(database.pool, id, config.jobTtlHours);
}

interface JobRequest extends Pick<Job, 'datasetId' | 'expected' | 'autoComplete' | 'replace'> {
  /** What POST /api/datasets takes beside its tiles. */
  readonly head: JsonObject;
}

function parseJob(body: unknown): JobRequest {
  if (!isObject(body)) throw invalidInput('The body must be a JSON object with "dataset" and "expected_tiles".', [{ path: '', message: 'must be an object' }]);
  const { expected_tiles: expected, auto_complete: autoComplete = false, replace = false, ...head } = body;
  const faults = new Faults();
  const { id } = parseHead(head, faults);
  if (typeof expected !== 'number' || !Number.isInteger(expected) || expected < 1 || expected > MOST_TASKS) {
    faults.add('/expected_tiles', expected === undefined ? 'is missing' : `must be a whole number from 1 to ${MOST_TASKS}`);
  }
  for (const [name, value] of Object.entries({ auto_complete: autoComplete, replace })) if (typeof value !== 'boolean') faults.add(`/${name}`, 'must be true or false');
  faults.throwAny('The job');
  return { datasetId: id, head, expected: Number(expected), autoComplete: autoComplete === true, replace: replace === true };
}
