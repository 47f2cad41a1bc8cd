/** Probes: alive is the process, ready is the process with its database. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { DomainError } from '../src/errors.js';
import { operation } from './http.js';

const tag = 'Operation';
/** Longer than a database takes that is well, shorter than those who probe wait. */
const PROBE_MS = 3000;

/** Whether the database gives a connection and an answer in time. */
const answers = (pool: Pool): Promise<boolean> => Promise.race([pool.query('SELECT 1').then(() => true, () => false), delay(PROBE_MS, false, { ref: false })]);

const status = { description: 'Well', type: 'application/json', schema: { type: 'object' } };

export const live = operation({
  id: 'getHealthLive',
  summary: 'Whether the process answers',
  tag,
  withoutDatabase: true,
  scope: 'none',
  answers: { 200: status },
  handle: () => ({ body: { status: 'ok' }, headers: { 'Cache-Control': 'no-store' } }),
});

export const ready = operation({
  id: 'getHealthReady',
  summary: 'Whether the server takes requests and its database answers',
  tag,
  withoutDatabase: true,
  scope: 'none',
  answers: { 200: status },
  async handle({ services: { lifecycle, database } }) {
    if (lifecycle.state === 'draining') throw new DomainError('Unavailable', 'The server is about to stop.', { retryAfter: 5 });
    if (lifecycle.state === 'starting') throw new DomainError('Unavailable', 'The database is not there yet.', { retryAfter: 5 });
    if (!(await answers(database.pool))) throw new DomainError('Unavailable', 'The database does not answer.', { retryAfter: 5 });
    return { body: { status: 'ok', database: database.kind, pgstac: database.pgstacVersion }, headers: { 'Cache-Control': 'no-store' } };
  },
});

/** The probe of titiler-pgstac: what is there, whether or not the database answers. */
export const healthz = operation({
  id: 'getHealthz',
  summary: 'Whether the database answers, with the versions of what draws and stores',
  tag,
  withoutDatabase: true,
  scope: 'none',
  answers: { 200: status },
  async handle({ services }) {
    const { pool, kind, pgstacVersion } = services.database;
    const online = await answers(pool);
    return { body: { database_online: online, database: kind, versions: { pgstac: pgstacVersion, node: process.versions.node } }, headers: { 'Cache-Control': 'no-store' } };
  },
});

export const metrics = operation({
  id: 'getMetrics',
  summary: 'What the server counts and measures of itself, for Prometheus',
  tag,
  withoutDatabase: true,
  answers: { 200: { description: 'Metrics in the text format of Prometheus', type: 'text/plain', schema: { type: 'string' } } },
  async handle({ services: { metrics: measured } }) {
    return { type: measured.contentType, text: await measured.text(), headers: { 'Cache-Control': 'no-store' } };
  },
});
