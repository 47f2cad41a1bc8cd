/** `/api/jobs`: the fan-in of an ETL's tasks into one dataset (API.md section 2). */
import { documentSchema, jsonAnswer } from '../schemas/documents.js';
import { createJob } from '../src/jobs/create.js';
import { cancelJob, completeJob } from '../src/jobs/complete.js';
import type { Job, Tally } from '../src/jobs/job.js';
import { jobStatus } from '../src/jobs/status.js';
import { putTask } from '../src/jobs/tasks.js';
import { type Json, type JsonObject, textOf } from '../src/json.js';
import { GEOJSON_TYPE, JSON_TYPE, type Link, paths } from '../src/links.js';
import { operation, param } from './http.js';
import { resolveAnswer } from './present.js';

const tag = 'Jobs';

/** What 410 means on every route of a job. */
const gone = { description: 'The job was cancelled, or expired because no task reported for JOB_TTL_HOURS' };

export const create = operation({
  id: 'postJob',
  summary: 'Starts a job: a dataset whose tiles are reported one by one',
  tag,
  body: { types: ['application/json'], schema: documentSchema('jobRequest'), gathersFaults: true },
  answers: {
    201: jsonAnswer('The job; Location names it', 'job'),
    409: { description: 'The dataset exists, and "replace" is not said' },
  },
  async handle({ services, body, base, signal }) {
    const job = await createJob(services, body, signal);
    return { status: 201, headers: { Location: base + paths.job(job.id) }, body: presentJob(base, job) };
  },
});

export const read = operation({
  id: 'getJob',
  summary: 'A job: how many of its tasks are done, and which are missing',
  tag,
  answers: { 200: jsonAnswer('The job', 'job'), 410: gone },
  async handle({ services, params, base }) {
    const { job, tally } = await jobStatus(services, param({ params }, 'jobId'));
    return { body: presentJob(base, job, tally) };
  },
});

export const cancel = operation({
  id: 'deleteJob',
  summary: 'Cancels a job and drops what its tasks have reported',
  tag,
  answers: { 204: { description: 'Cancelled' }, 409: { description: 'The job is complete: its dataset is deleted at /api/datasets/{id}' }, 410: gone },
  async handle({ services, params }) {
    await cancelJob(services, param({ params }, 'jobId'));
    return { status: 204 };
  },
});

export const report = operation({
  id: 'putJobTask',
  summary: 'Reports a task: its tile, or that it failed; any order, many writers, again as often as need be',
  tag,
  body: { types: ['application/json'], schema: documentSchema('taskReport'), gathersFaults: true },
  answers: {
    200: jsonAnswer('The task, which had reported before: this report stands in the place of the other', 'task'),
    201: jsonAnswer('The task, which reports for the first time', 'task'),
    409: { description: 'The job is complete' },
    410: gone,
    502: { description: 'The header of the tile cannot be read' },
  },
  async handle({ services, params, body, base, path, signal }) {
    const { created, report } = await putTask(services, param({ params }, 'jobId'), Number(param({ params }, 'index')), body, signal);
    return { status: created ? 201 : 200, ...(created ? { headers: { Location: base + path } } : {}), body: report };
  },
});

export const complete = operation({
  id: 'postJobComplete',
  summary: 'Writes the dataset of a job with all its tiles, or nothing',
  tag,
  answers: {
    200: jsonAnswer('The same answer again', 'datasetAnswer'),
    201: jsonAnswer('The dataset; Location names it', 'datasetAnswer'),
    409: { description: 'Tasks are missing or FAILED, and named; or the dataset has come meanwhile' },
    410: gone,
    502: { description: 'The blob store failed' },
  },
  async handle({ services, params, base }) {
    const { created, answer } = await completeJob(services, param({ params }, 'jobId'));
    return { status: created ? 201 : 200, headers: { Location: base + paths.dataset(textOf(answer['id'])) }, body: resolveAnswer(base, answer) };
  },
});

function presentJob(base: string, job: Job, tally?: Tally): JsonObject {
  const self = base + paths.job(job.id);
  const links: Link[] = [
    { rel: 'self', href: self, type: JSON_TYPE },
    { rel: 'root', href: base, type: JSON_TYPE },
    { rel: 'complete', href: `${self}/complete`, type: JSON_TYPE, method: 'POST', title: 'Writes the dataset' },
    ...(job.state === 'COMPLETE' ? [{ rel: 'item', href: base + paths.dataset(job.datasetId), type: GEOJSON_TYPE, title: 'The dataset' }] : []),
  ];
  return {
    job_id: job.id,
    dataset_id: job.datasetId,
    state: (tally?.failed ?? 0) > 0 ? 'FAILED' : job.state,
    expected: job.expected,
    complete: tally?.complete ?? 0,
    failed: tally?.failed ?? 0,
    ...(tally === undefined ? {} : { missing: tally.missing as Json[], failed_tasks: tally.failures.map(({ index, error }) => ({ index, error })) }),
    auto_complete: job.autoComplete,
    replace: job.replace,
    created_at: job.createdAt.toISOString(),
    ...(job.failure === null ? {} : { completion_error: job.failure }),
    links: links as unknown as Json[],
  };
}
