/** Databases on the PostgreSQL that TEST_POSTGRES_URL names: empty ones, and clones of a template that is built once. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, escapeIdentifier } from 'pg';

/** One database of a test file; its name is unique and it goes away with drop(). */
export interface PostgresDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** Serialises the building of a template among jest's workers. */
const TEMPLATE_LOCK = 0x7465_6d70;

function serverUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url === undefined || url === '') {
    throw new Error('TEST_POSTGRES_URL is not set: "npm test -- --postgres" starts a server, or name one (superuser, PostGIS).');
  }
  return url;
}

/** Runs `work` as a superuser in the database that TEST_POSTGRES_URL names. */
async function asAdmin<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: serverUrl() });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The server's URL with another database in it; a socket's `?host=` stays. */
function urlOf(database: string): string {
  const [base = '', query] = serverUrl().split('?', 2);
  const other = `${base.slice(0, base.lastIndexOf('/'))}/${database}`;
  return query === undefined ? other : `${other}?${query}`;
}

/** A pool has ended before its sessions are gone, and one that is forced out then is an error that nobody listens for. At most 2 s. */
async function untilLeft(client: Client, database: string): Promise<void> {
  for (let tries = 0; tries < 40; tries += 1) {
    const { rowCount } = await client.query("SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'", [database]);
    if (rowCount === 0) return;
    await delay(50);
  }
}

async function create(name: string, template: string): Promise<PostgresDatabase> {
  await asAdmin((client) => client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE ${escapeIdentifier(template)}`));
  return {
    url: urlOf(name),
    drop: () =>
      asAdmin(async (client) => {
        await untilLeft(client, name);
        await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
      }),
  };
}

const freshName = (): string => `stac_mosaic_test_${randomUUID().replaceAll('-', '')}`;

/** A database without anything in it. */
export const createEmptyDatabase = (): Promise<PostgresDatabase> => create(freshName(), 'template0');

/** A clone of the template of this name, which `build` fills the first time that it is asked for. */
export async function cloneTemplate(name: string, build: (url: string) => Promise<void>): Promise<PostgresDatabase> {
  await asAdmin(async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    // Built under another name, so that a run that is cut off leaves no half template.
    const draft = await create(freshName(), 'template0');
    try {
      await build(draft.url);
      const draftName = draft.url.slice(draft.url.lastIndexOf('/') + 1).split('?')[0] ?? '';
      await client.query(`ALTER DATABASE ${escapeIdentifier(draftName)} RENAME TO ${escapeIdentifier(name)}`);
    } catch (error) {
      await draft.drop();
      throw error;
    }
  });
  return create(freshName(), name);
}
