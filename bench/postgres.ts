/** The PostgreSQL that a bench runs on, and its databases there. */
import { Client } from 'pg';

/** BENCH_POSTGRES_URL names a server (superuser, PostGIS); else one is started for the occasion, as for tests. */
export async function benchPostgres(): Promise<{ server: string; stop: () => Promise<void> }> {
  const named = process.env['BENCH_POSTGRES_URL'];
  if (named !== undefined) return { server: named, stop: () => Promise.resolve() };
  const { startPostgres } = (await import(new URL('../../scripts/postgres.mjs', import.meta.url).href)) as { startPostgres: () => Promise<{ url: string; stop: () => Promise<void> }> };
  const { url, stop } = await startPostgres();
  return { server: url, stop };
}

async function asAdmin<T>(server: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes the database that a URL names, unless it is there. */
export const createDatabase = (server: string, url: URL): Promise<void> =>
  asAdmin(server, async (client) => {
    const name = url.pathname.slice(1);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
  });

/** Makes it anew. */
export async function freshDatabase(server: string, url: URL): Promise<void> {
  await asAdmin(server, (client) => client.query(`DROP DATABASE IF EXISTS ${url.pathname.slice(1)} WITH (FORCE)`));
  await createDatabase(server, url);
}
