/** Probes: alive is the process, ready is the process with its database. */
import { DomainError } from '../src/errors.js';
import { operation } from './http.js';

const tag = 'Operation';
const status = { description: 'Well', type: 'application/json', schema: { type: 'object' } };

export const live = operation({
  id: 'getHealthLive',
  summary: 'Whether the process answers',
  tag,
  answers: { 200: status },
  handle: () => ({ body: { status: 'ok' }, headers: { 'Cache-Control': 'no-store' } }),
});

export const ready = operation({
  id: 'getHealthReady',
  summary: 'Whether the server and its database answer',
  tag,
  answers: { 200: status },
  async handle({ services }) {
    try {
      await services.database.pool.query('SELECT 1');
    } catch (cause) {
      throw new DomainError('Unavailable', 'The database does not answer.', { cause, retryAfter: 5 });
    }
    return { body: { status: 'ok', database: services.database.kind, pgstac: services.database.pgstacVersion }, headers: { 'Cache-Control': 'no-store' } };
  },
});

/** The probe of titiler-pgstac: what is there, whether or not the database answers. */
export const healthz = operation({
  id: 'getHealthz',
  summary: 'Whether the database answers, with the versions of what draws and stores',
  tag,
  answers: { 200: status },
  async handle({ services }) {
    const online = await services.database.pool.query('SELECT 1').then(() => true, () => false);
    const { kind, pgstacVersion } = services.database;
    return { body: { database_online: online, database: kind, versions: { pgstac: pgstacVersion, node: process.versions.node } }, headers: { 'Cache-Control': 'no-store' } };
  },
});
