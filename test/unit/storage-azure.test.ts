/** Credentials of the storage account: what is signed, where they go, and where they never go. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AzureAccount, AzureCredential } from '../../src/config-storage.js';
import { createAzureAccess } from '../../src/storage/azure-access.js';
import { azureFailure } from '../../src/storage/azure-failure.js';
import { within } from '../../src/storage/deadline.js';
import { createSources } from '../../src/storage/sources.js';

const KEY = Buffer.from('a key of the account').toString('base64');
const SAS = 'sv=2021-12-02&sig=secret';

let server: Server;
let port = 0;
let seen: { readonly url: string; readonly authorization: string | undefined }[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

const range = (_request: IncomingMessage, response: ServerResponse): void => void response.writeHead(206, { 'content-range': 'bytes 0-3/4' }).end('tile');

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  seen = [];
  answer = range;
});

const account = (credential: AzureCredential): AzureAccount => ({ name: 'acct', endpoint: `http://127.0.0.1:${port}/acct`, credential });

async function read(href: string, credential: AzureCredential, allowedHosts: string[] = []): Promise<string> {
  const sources = createSources({ allowedHosts, allowedFileRoots: [], azure: account(credential) }, { retryDelay: 5, timeout: 500 });
  try {
    return Buffer.from(await (await sources.open(href)).fetch(0, 4)).toString();
  } finally {
    await sources.close();
  }
}

describe('a request to the account', () => {
  it('is signed over method, range, date, version, path and query', async () => {
    const { url, headers } = await createAzureAccess(account({ kind: 'key', key: KEY })).grant(new URL(`http://127.0.0.1:${port}/acct/c/a%20b.tif?versionid=1&Comp=x`), 'bytes=0-9');
    const date = headers['x-ms-date'];
    const signed = `GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-9\nx-ms-date:${date}\nx-ms-version:2021-12-02\n/acct/acct/c/a%20b.tif\ncomp:x\nversionid:1`;
    expect(headers['authorization']).toBe(`SharedKey acct:${createHmac('sha256', Buffer.from(KEY, 'base64')).update(signed).digest('base64')}`);
    expect(Math.abs(Date.parse(date ?? '') - Date.now())).toBeLessThan(5000);
    expect(url.search).toBe('?versionid=1&Comp=x');
  });

  it('carries the SAS where that is what there is, and is shown without it', async () => {
    expect(await read('az://cogs/a.tif', { kind: 'sas', token: SAS })).toBe('tile');
    expect(seen).toEqual([{ url: `/acct/cogs/a.tif?${SAS}`, authorization: undefined }]);
    answer = (_request, response) => void response.writeHead(403, { 'x-ms-error-code': 'AuthorizationFailure' }).end();
    await expect(read('az://cogs/a.tif', { kind: 'sas', token: SAS })).rejects.toMatchObject({ kind: 'Upstream', message: `http://127.0.0.1:${port}/acct/cogs/a.tif: its server answered 403 (AuthorizationFailure).` });
  });

  it('that carries a signature of its own gets no other', async () => {
    await read(`http://127.0.0.1:${port}/acct/cogs/a.tif?sig=own`, { kind: 'key', key: KEY });
    await read(`http://127.0.0.1:${port}/acct/cogs/a.tif?sig=own`, { kind: 'sas', token: SAS });
    expect(seen).toEqual(Array.from({ length: 2 }, () => ({ url: '/acct/cogs/a.tif?sig=own', authorization: undefined })));
  });

  it('that is redirected elsewhere takes no credentials along, and goes only where hosts are allowed', async () => {
    answer = (request, response) => (request.url?.startsWith('/acct/') === true ? void response.writeHead(302, { location: `http://localhost:${port}/elsewhere` }).end() : range(request, response));
    await expect(read('az://cogs/a.tif', { kind: 'key', key: KEY })).rejects.toMatchObject({ kind: 'InvalidInput', message: expect.stringMatching(/localhost is not in ALLOWED_HOSTS/) });
    seen = [];
    expect(await read('az://cogs/a.tif', { kind: 'key', key: KEY }, ['localhost'])).toBe('tile');
    expect(seen).toEqual([{ url: '/acct/cogs/a.tif', authorization: expect.stringMatching(/^SharedKey acct:/) }, { url: '/elsewhere', authorization: undefined }]);
  });

  it('to which another host redirects is asked for without credentials, and where hosts are allowed', async () => {
    answer = (request, response) => (request.url === '/moved' ? void response.writeHead(302, { location: `http://127.0.0.1:${port}/acct/cogs/a.tif` }).end() : range(request, response));
    await expect(read(`http://localhost:${port}/moved`, { kind: 'key', key: KEY }, ['localhost'])).rejects.toMatchObject({ kind: 'InvalidInput', message: expect.stringMatching(/127\.0\.0\.1 is not in ALLOWED_HOSTS/) });
    seen = [];
    await read(`http://localhost:${port}/moved`, { kind: 'key', key: KEY }, ['localhost', '127.0.0.1']);
    expect(seen.map(({ url, authorization }) => [url, authorization])).toEqual([['/moved', undefined], ['/acct/cogs/a.tif', undefined]]);
  });

  it('is read with rights of the server itself, as files are, unless it brings a signature', () => {
    const sources = createSources({ allowedHosts: [], allowedFileRoots: ['/data'], azure: { name: 'acct', endpoint: 'https://acct.blob.core.windows.net', credential: { kind: 'key', key: KEY } } });
    const own = ['az://cogs/a.tif', '/vsiaz/cogs/a.tif', 'abfss://cogs@acct.dfs.core.windows.net/a.tif', 'https://acct.blob.core.windows.net/cogs/a.tif', 'HTTPS://ACCT.blob.core.windows.net:443/open/../cogs/a.tif?x=1', '/vsicurl/https://acct.blob.core.windows.net/cogs/a.tif', 'file:///data/a.tif', 'FILE:/etc/passwd', '/vsicurl/file:///data/a.tif'];
    const not = ['https://acct.blob.core.windows.net/cogs/a.tif?sv=1&sig=x', 'https://others.blob.core.windows.net/cogs/a.tif', 'abfss://cogs@others.dfs.core.windows.net/a.tif', 'https://acct.blob.core.windows.net.example.com/cogs/a.tif', 's3://cogs/a.tif', 'a.tif', ''];
    expect([...own, ...not].filter((href) => sources.needsOwnRights(href))).toEqual(own);
  });

  it.each(['/other/a.tif', '/acct', '/acctother/a.tif', '/acct/../other/a.tif', '/acct/%2e%2e/other/a.tif'])('to %s of the same server is none of the account', async (path) => {
    const credential = { kind: 'sas', token: SAS } as const;
    await expect(read(`http://127.0.0.1:${port}${path}`, credential)).rejects.toMatchObject({ kind: 'InvalidInput' });
    await read(`http://127.0.0.1:${port}${path}`, credential, ['127.0.0.1']);
    expect(seen.map(({ url }) => url)).toEqual([expect.not.stringMatching(/sig=/)]);
  });

  it('is tried once more when the account is busy, and ends in time when it is silent', async () => {
    answer = (request, response) => (seen.length === 1 ? void response.writeHead(503).end() : range(request, response));
    expect(await read('az://cogs/a.tif', { kind: 'key', key: KEY })).toBe('tile');
    expect(seen.length).toBe(2);
    answer = () => undefined;
    await expect(read('az://cogs/a.tif', { kind: 'key', key: KEY })).rejects.toMatchObject({ kind: 'UpstreamTimeout' });
  });
});

describe('a failure of the store', () => {
  it('keeps status and code, and nothing that is signed', () => {
    const error = Object.assign(new Error('Refused https://acct.blob.core.windows.net/c/a?sv=1&sig=secret&se=2030\nAuthorization: SharedKey'), { statusCode: 403, code: 'AuthenticationFailed', request: { url: 'https://x/?sig=secret' } });
    const failure = azureFailure('writing a.json', error);
    expect(failure).toMatchObject({ kind: 'Upstream', message: 'The blob store failed at writing a.json (403 AuthenticationFailed).' });
    expect(failure.cause).toMatchObject({ message: 'Refused https://acct.blob.core.windows.net/c/a?sv=1&sig=…&se=…' });
    expect(JSON.stringify([failure.message, String(failure.cause), failure.cause])).not.toMatch(/secret|SharedKey/);
  });

  it('ends in time even when the signal is not heeded', async () => {
    let aborted = false;
    const deaf = within(50, 'reading a.json', (signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise<never>(() => undefined);
    });
    await expect(deaf).rejects.toMatchObject({ kind: 'UpstreamTimeout', message: 'The blob store did not answer within 0.05 s at reading a.json.' });
    expect(aborted).toBe(true);
    expect(await within(50, 'nothing', async () => 'done')).toBe('done');
  });
});
