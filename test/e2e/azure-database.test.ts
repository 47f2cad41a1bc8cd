/** Managed identity for PostgreSQL: a role whose password is the token that a stand-in of the identity endpoint gives; Azure's own cannot be tried here. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { loadConfig } from '../../src/config.js';
import { createClient, type TestClient, text } from '../support/client.js';
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.js';
import { type ServerProcess, startServerProcess } from '../support/process.js';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (name: string): string => `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ aud: 'https://ossrdbms-aad.database.windows.net', name, padding: 'x'.repeat(1500) })}.c2lnbmF0dXJl`;

let database: OwnPostgres | undefined;
let admin: Client;
let identity: Server;
let token: string | undefined;
let asked: string[] = [];
let folder: string;
let server: ServerProcess | undefined;
let client: { request: TestClient; close(): void };

/** The role's password is this token now, and the endpoint gives it out; sessions end, as they do when a pool's connections grow old. */
async function rotate(name: string): Promise<void> {
  token = tokenOf(name);
  await admin.query(`ALTER ROLE "stac@mosaic" PASSWORD '${token}'`);
  await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'stac@mosaic'`);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-azure-database-'));
  database = await startOwnPostgres();
  if (database === undefined) return;
  admin = new Client(database.url);
  await admin.connect();
  const { rows } = await admin.query<{ hba_file: string }>('SHOW hba_file');
  const hba = rows[0]?.hba_file ?? '';
  await writeFile(hba, `host all "stac@mosaic" all password\n${await readFile(hba, 'utf8')}`);
  await admin.query(`SELECT pg_reload_conf()`);
  await admin.query('CREATE ROLE "stac@mosaic" LOGIN SUPERUSER');
  await rotate('first');
  identity = createServer((request, response) => {
    asked.push(new URL(request.url ?? '', 'http://identity').searchParams.get('resource') ?? '');
    // So near its end that it is asked for again with each connection.
    if (token === undefined) response.writeHead(500).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ access_token: token, expires_on: String(Math.floor(Date.now() / 1000) + 200), resource: 'https://ossrdbms-aad.database.windows.net', token_type: 'Bearer' }));
  });
  await new Promise<void>((resolve) => identity.listen(0, '127.0.0.1', resolve));
}, 60_000);
afterAll(async () => {
  client?.close();
  await server?.kill(true);
  identity?.closeAllConnections();
  identity?.close();
  await admin?.end();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

it('its token is the password of each new connection, renewed as it changes; without one the server says 503 and recovers', async () => {
  if (database === undefined) {
    console.warn('skipped: there is no PostgreSQL with PostGIS on this machine');
    return;
  }
  const { hostname, port } = new URL(database.url);
  server = await startServerProcess({
    DATABASE_AUTH: 'azure', POSTGRES_HOST: hostname, POSTGRES_PORT: port, POSTGRES_DB: 'postgres', POSTGRES_USER: 'stac@mosaic', PGSSLMODE: 'disable', DATA_DIR: folder,
    IDENTITY_ENDPOINT: `http://127.0.0.1:${(identity.address() as AddressInfo).port}/msi/token`, IDENTITY_HEADER: 'secret', AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
  });
  client = createClient(server.url);
  const { request } = client;
  const status = async (): Promise<number> => (await request('GET', '/collections')).status;
  const until = async (wanted: number): Promise<void> => {
    for (let left = 100; (await status()) !== wanted; left--) {
      if (left === 0) throw new Error(`not ${wanted} but ${await status()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await until(200);
  expect(new Set(asked)).toEqual(new Set(['https://ossrdbms-aad.database.windows.net']));
  await rotate('second');
  await until(200);
  await rotate('third');
  token = undefined;
  await until(503);
  const answer = await request('GET', '/collections');
  expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
  expect(text(answer.body)).not.toContain(tokenOf('third').slice(0, 40));
  await rotate('fourth');
  await until(200);
  const said = (await server.stop(), await server.ended);
  expect(said.stderr + said.stdout).not.toContain('c2lnbmF0dXJl');
}, 120_000);

it.each<[Record<string, string>, object]>([
  [{ POSTGRES_HOST: 'db', POSTGRES_PORT: '5433', POSTGRES_DB: 'stac', POSTGRES_USER: 'me@there', POSTGRES_PASS: 'p@ss/word' }, { url: 'postgresql://me%40there:p%40ss%2Fword@db:5433/stac' }],
  [{ PGHOST: 'db', PGUSER: 'me', PGDATABASE: 'stac', PGPASSWORD: 'x', POSTGRES_USER: 'you' }, { url: 'postgresql://you:x@db:5432/stac' }],
  [{ PGHOST: '::1' }, { url: 'postgresql://postgres@[::1]:5432/postgres' }],
  [{ PGHOST: '/var/run/postgresql', PGDATABASE: 'stac' }, { url: 'postgresql://postgres@/stac?host=%2Fvar%2Frun%2Fpostgresql&port=5432' }],
  [{ DATABASE_URL: 'postgresql://a@b/c', PGHOST: 'db', DATABASE_AUTH: 'azure' }, { url: 'postgresql://a@b/c', azureToken: true, tls: true }],
  [{ DATABASE_URL: 'postgresql://a@b/c', DATABASE_AUTH: 'azure', PGSSLMODE: 'disable' }, { azureToken: true, tls: undefined }],
])('%j are read', (variables, database) => {
  expect(loadConfig({ DATA_DIR: '/tmp', ...variables }).database).toMatchObject(database);
});

it.each([[{ DATABASE_AUTH: 'azure' }, /needs DATABASE_URL, or POSTGRES_HOST/], [{ DATABASE_AUTH: 'entra', PGHOST: 'db' }, /DATABASE_AUTH must be one of password, azure/]])('%j are refused', (variables, message) => {
  expect(() => loadConfig({ DATA_DIR: '/tmp', ...variables })).toThrow(message);
});
