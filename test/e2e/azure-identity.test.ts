/**
 * Managed identity: a server process gets its tokens from a stand-in of the App Service identity endpoint and shows them to
 * Azurite, which looks at issuer, audience and life but not at the signature. Azure's own endpoint cannot be tried here.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Azurite, startAzurite } from '../support/azurite.js';
import { createClient, type TestClient, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { collectionBody, itemBody } from '../support/datasets.js';
import { createServerDatabase, type ServerDatabase } from '../support/database.js';
import { runProgram, type ServerProcess, startServerProcess } from '../support/process.js';

/** Azurite takes bearer tokens over https only, so it needs a certificate. */
function certificate(): { folder: string; cert: string; key: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'stac-mosaic-identity-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { folder, cert, key };
  } catch {
    return undefined;
  }
}

const tls = certificate();
const HEADER = 'the-secret-of-the-endpoint';
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

let azurite: Azurite;
let identity: Server;
let asked: string[] = [];
let database: ServerDatabase;
let server: ServerProcess;
let client: { request: TestClient; close(): void };

function startIdentity(): Promise<Server> {
  const endpoint = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://identity');
    asked.push(`${text(request.headers['x-identity-header'])} ${url.searchParams.get('resource')}`);
    const now = Math.floor(Date.now() / 1000);
    const claims = { aud: 'https://storage.azure.com', iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/', iat: now, nbf: now - 60, exp: now + 86_400, oid: '11111111-1111-1111-1111-111111111111', tid: '22222222-2222-2222-2222-222222222222' };
    const body = { access_token: `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`, expires_on: String(claims.exp), resource: claims.aud, token_type: 'Bearer', client_id: 'me' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return new Promise((resolve) => endpoint.listen(0, '127.0.0.1', () => resolve(endpoint)));
}

const describeWithTls = tls === undefined ? describe.skip : describe;

describeWithTls('a server with a managed identity (skipped without openssl)', () => {
  beforeAll(async () => {
    if (tls === undefined) return;
    [azurite, identity, database] = await Promise.all([startAzurite({ tls }), startIdentity(), createServerDatabase()]);
    await azurite.put('cogs', 'a.tif', await makeCog({ width: 90, height: 90, west: 0, north: 45, block: 64, pixels: () => [200, 10, 10] }));
    server = await startServerProcess({
      ...database.env,
      STORAGE_URL: `${azurite.endpoint}/blobs`,
      SIGN_HREFS: 'cogs',
      NODE_EXTRA_CA_CERTS: tls.cert,
      IDENTITY_ENDPOINT: `http://127.0.0.1:${(identity.address() as AddressInfo).port}/msi/token`,
      IDENTITY_HEADER: HEADER,
    });
    client = createClient(server.url);
  }, 60_000);

  afterAll(async () => {
    client?.close();
    await server?.stop();
    identity?.closeAllConnections();
    identity?.close();
    await azurite?.close();
    await database?.remove();
    if (tls !== undefined) await rm(tls.folder, { recursive: true, force: true });
  });

  it('reads COGs, stores the mosaic, serves it, draws tiles and deletes, asking for few tokens', async () => {
    const { request } = client;
    expect(await request('POST', '/api/datasets', { body: { dataset: { id: 'one', properties: { datetime: '2024-01-01T00:00:00Z' } }, tiles: [{ href: 'az://cogs/a.tif' }] } })).toMatchObject({ status: 201, body: { bbox: [0, -45, 90, 45] } });
    expect(await azurite.names('blobs')).toEqual(['metadata/mosaics/one.json']);
    expect(await request('GET', '/files/metadata/mosaics/one.json')).toMatchObject({ status: 200, body: { name: 'one' } });
    for (const x of [0, 1]) expect((await request('GET', `/api/datasets/one/tiles/1/${x}/0`)).status).toBeLessThan(300);
    expect((await request('DELETE', '/api/datasets/one')).status).toBe(204);
    expect(await azurite.names('blobs')).toEqual([]);
    expect(new Set(asked)).toEqual(new Set([`${HEADER} https://storage.azure.com`]));
    // One for the store, one for reading headers, one for each worker that drew.
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it('signs hrefs with a user delegation key, asked for once', async () => {
    const { request } = client;
    asked = [];
    await azurite.put('cogs', 'b.tif', Buffer.from('another'));
    expect((await request('POST', '/collections', { body: collectionBody('c') })).status).toBe(201);
    expect((await request('POST', '/collections/c/items', { body: itemBody('a', { assets: { data: { href: 'az://cogs/a.tif', roles: ['data'] } } }) })).status).toBe(201);
    const hrefs = await Promise.all([0, 1, 2].map(async () => text((await request('GET', '/collections/c/items/a')).body['assets']?.['data']?.['href'])));
    expect(new Set(hrefs).size).toBe(1);
    const [href = ''] = hrefs;
    expect(href).toMatch(/^https:.*\/cogs\/a\.tif\?sv=.*&skoid=1{8}-.*&sktid=2{8}-.*&sig=/);
    const ca = await readFile(tls?.cert ?? '');
    const statusOf = (url: string): Promise<number | undefined> => new Promise((resolve, reject) => get(url, { ca }, (answer) => resolve(answer.resume().statusCode)).on('error', reject));
    expect(await statusOf(href)).toBe(200);
    expect(await statusOf(href.replace('a.tif', 'b.tif'))).toBe(403);
    expect((await request('DELETE', '/collections/c')).status).toBe(204);
    expect(asked.length).toBeLessThanOrEqual(1);
  });

  it('that its account does not know says so in a 502, without the token', async () => {
    asked = [];
    identity.closeAllConnections();
    await new Promise((resolve) => identity.close(resolve));
    const lost = await startServerProcess({ ...database.env, DATA_DIR: join(tls?.folder ?? '', 'data'), STORAGE_URL: `${azurite.endpoint}/blobs`, NODE_EXTRA_CA_CERTS: tls?.cert ?? '', STORAGE_TIMEOUT_SECONDS: '20', AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential' });
    const other = createClient(lost.url);
    const { request } = other;
    try {
      const tiles = [{ href: 'https://cogs.example.com/a.tif', bbox: [0, 0, 1, 1] }];
      const answer = await request('POST', '/api/datasets', { body: { dataset: { id: 'two', properties: { datetime: '2024-01-01T00:00:00Z' } }, tiles } });
      expect(answer).toMatchObject({ status: 502, body: { description: expect.stringMatching(/no identity for the storage account was found; set AZURE_STORAGE_ACCESS_KEY/) } });
      expect((await request('GET', '/api/datasets/two')).status).toBe(404);
    } finally {
      other.close();
      await lost.stop();
    }
  });

  it('may be left for a key: the command reconcile works on the container', async () => {
    await server.stop();
    await azurite.put('blobs', 'metadata/mosaics/gone.json', Buffer.from('{}'));
    const young = `metadata/mosaics/young.${randomUUID()}.json`;
    await azurite.put('blobs', young, Buffer.from('{}'));
    const ended = await runProgram(['reconcile', '--json'], { ...database.env, STORAGE_URL: `${azurite.endpoint}/blobs`, AZURE_STORAGE_ACCESS_KEY: azurite.key, NODE_EXTRA_CA_CERTS: tls?.cert ?? '' });
    expect(ended).toMatchObject({ code: 0 });
    expect(JSON.parse(ended.stdout)).toEqual({ restored: [], removed: ['metadata/mosaics/gone.json'] });
    expect(await azurite.names('blobs')).toEqual([young]);
  });
});
