/** Brings a database to where the server needs it: pgSTAC, our own schema, the seed; safe to run from many instances at once. */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from '../log.js';
import { migrateOwnSchema } from './own-schema.js';
import { filesFor, installedRelease, planRelease, readMigration, type ReleasePlan } from './pgstac-release.js';
import { seed, type SeedCollection } from './seed.js';
import { sqlState } from './transaction.js';

export interface MigrateOptions {
  /** The folder of pgSTAC's SQL; asked for only when something is to be installed or upgraded. */
  readonly pgstacFolder: () => Promise<string>;
  /** The pgSTAC release to install, or to upgrade to. */
  readonly version: string;
  /** Whether an older pgSTAC that works may be upgraded (`stac-mosaic migrate`), or is left alone (`serve`). */
  readonly upgrade: boolean;
  readonly collections: readonly SeedCollection[];
  readonly logger: Logger;
  readonly onProgress?: ((message: string) => void) | undefined;
}

export interface MigrateResult {
  readonly pgstac: { readonly from?: string; readonly to: string };
  /** Our own migrations that were run. */
  readonly own: readonly string[];
}

/** 'stac_mosaic' in eight letters: one lock for all that changes the schema. */
const LOCK = 0x73746163;
const LOCK_POLL_MS = 200;
/** After this long the wait for another instance is told. */
const PATIENCE_MS = 3000;

/**
 * Installs or upgrades pgSTAC, migrates our own schema and seeds it, under a session advisory lock; whatever is there
 * already is left alone. Each of the three parts is one transaction, so that a crash leaves a part whole or absent.
 * Throws PgstacVersionError for a pgSTAC that must not be touched.
 */
export async function migrate(pool: pg.Pool, options: MigrateOptions): Promise<MigrateResult> {
  const client = await pool.connect();
  try {
    // The settings go with the connection, which is not given back to the pool.
    await client.query(`SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning`);
    await lock(client, options);
    const { from, to } = await migratePgstac(client, options);
    const own = await migrateOwnSchema(client, options.logger);
    if (own.length > 0) options.logger.info({ migrations: own }, 'our own schema was migrated');
    await transaction(client, () => seed(client, to, options.collections));
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
    return { pgstac: from === undefined ? { to } : { from, to }, own };
  } finally {
    client.release(true);
  }
}

/** Polls instead of waiting in the server: a wait there would hold the embedded database's only backend. */
async function lock(client: pg.ClientBase, { onProgress }: MigrateOptions): Promise<void> {
  const started = Date.now();
  let told = false;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [LOCK]);
    if (rows[0]?.locked === true) return;
    if (!told && Date.now() - started > PATIENCE_MS) {
      onProgress?.('Waiting for another instance that is migrating the database …');
      told = true;
    }
    await delay(LOCK_POLL_MS);
  }
}

async function migratePgstac(client: pg.ClientBase, options: MigrateOptions): Promise<{ from: string | undefined; to: string }> {
  const from = await installedRelease(client);
  const plan = planRelease(from, options.version, options.upgrade);
  if (plan.action !== 'keep') {
    options.onProgress?.(plan.action === 'install' ? `Installing pgSTAC ${plan.release} …` : `Upgrading pgSTAC ${plan.from} to ${plan.release} …`);
    const files = await filesFor(plan, await options.pgstacFolder());
    await apply(client, plan, files);
    options.logger.info({ from, to: plan.release }, 'pgSTAC was migrated');
  } else if (plan.release !== options.version) {
    options.logger.info({ release: plan.release, wanted: options.version }, 'pgSTAC is kept as it is');
  }
  return { from, to: plan.release };
}

async function apply(client: pg.ClientBase, plan: ReleasePlan, files: readonly string[]): Promise<void> {
  // Statements that wait in pgSTAC's queue name functions of the release that queued them.
  if (plan.action === 'upgrade') await drainQueue(client);
  await retryOnRoleRace(() =>
    transaction(client, async () => {
      for (const file of files) {
        await client.query(await readMigration(file));
        // pgSTAC's SQL ends as one of its roles, and sets the search path for the session.
        await client.query('RESET ROLE');
      }
      const reached = await installedRelease(client);
      if (reached !== plan.release) throw new Error(`pgSTAC says it is ${reached} after a migration to ${plan.release}.`);
    }),
  );
  if (plan.action === 'upgrade') await drainQueue(client);
}

/** pgSTAC queues the repair of partition statistics during an upgrade; each runs in its own short transaction. */
async function drainQueue(client: pg.ClientBase): Promise<void> {
  await client.query('SET search_path = pgstac, public');
  const { rows } = await client.query<{ waiting: boolean }>(`SELECT EXISTS (SELECT FROM pgstac.query_queue) AS waiting`);
  if (rows[0]?.waiting === true) await client.query('CALL pgstac.run_queued_queries()');
}

async function transaction(client: pg.ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * Roles are shared by all databases of a cluster, advisory locks are not: two databases that get pgSTAC at the same time
 * collide on pgSTAC's roles ("tuple concurrently updated", or a duplicate in pg_authid), and the second tries again.
 */
async function retryOnRoleRace(work: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const race = ['XX000', '23505', '40P01'].includes(sqlState(error) ?? '');
      if (!race || attempt >= 4) throw error;
      await delay(200 * (attempt + Math.random()));
    }
  }
}
