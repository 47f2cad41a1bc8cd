/** A server whose PostgreSQL is away when it starts, and goes away again: it says so, keeps no caller waiting, and needs no restart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testsOnPostgres } from '../support/database.js';
import { eventually } from '../support/faults.js';
import { createEmptyDatabase, type PostgresDatabase } from '../support/postgres.js';
import { type ServerProcess, startServerProcess } from '../support/process.js';
import { addressOf, startTcpProxy, type TcpProxy, throughProxy } from '../support/tcp-proxy.js';

const status = async (server: ServerProcess, path: string): Promise<number> => (await fetch(server.url + path)).status;

(testsOnPostgres() ? describe : describe.skip)('serve with a PostgreSQL that is away', () => {
  let folder: string;
  let database: PostgresDatabase;
  let proxy: TcpProxy;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-away-'));
    database = await createEmptyDatabase();
    proxy = await startTcpProxy(addressOf(database.url));
    proxy.refuses = true;
    server = await startServerProcess({ DATABASE_URL: throughProxy(database.url, proxy), DATA_DIR: folder });
  }, 60_000);

  afterAll(async () => {
    await server?.kill(true);
    await proxy?.close();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('starts, answers what needs no database, and tells the others when to come back', async () => {
    for (const path of ['/health/live', '/conformance', '/api', '/metrics']) expect([path, await status(server, path)]).toEqual([path, 200]);
    for (const path of ['/health/ready', '/', '/search', '/collections']) {
      const response = await fetch(server.url + path);
      expect([path, response.status, response.headers.get('retry-after')]).toEqual([path, 503, '5']);
      expect(await response.json()).toMatchObject({ code: 'Unavailable', description: expect.not.stringMatching(/ECONN|postgres|at /) as string });
    }
    const posted = await fetch(`${server.url}/api/datasets`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"dataset":{"id":"a"},"tiles":[]}' });
    expect(posted.status).toBe(503);
  });

  it('installs pgSTAC and serves once the database is there', async () => {
    proxy.refuses = false;
    await eventually('the server is ready', async () => (await status(server, '/health/ready')) === 200);
    const { links } = (await (await fetch(`${server.url}/collections/datasets`)).json()) as { links: { rel: string }[] };
    expect(links.map(({ rel }) => rel)).toContain('tilejson');
  }, 60_000);

  it('answers 503 while the database is gone again, and is back with it', async () => {
    proxy.refuses = true;
    proxy.cutAll();
    await eventually('the probe tells', async () => (await status(server, '/health/ready')) === 503);
    expect([await status(server, '/health/live'), await status(server, '/search')]).toEqual([200, 503]);
    proxy.refuses = false;
    await eventually('the server is ready', async () => (await status(server, '/health/ready')) === 200);
    expect(await status(server, '/search')).toBe(200);
  }, 60_000);

  it('ends with 0 at SIGTERM also while the database is away', async () => {
    proxy.refuses = true;
    proxy.cutAll();
    expect(await server.stop()).toBe(0);
  }, 60_000);
});
