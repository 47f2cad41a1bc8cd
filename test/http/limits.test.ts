/** What one caller may take: requests in a time, requests at once, and the patience that slow clients find. */
import { connect, type Socket } from 'node:net';
import { loadConfig } from '../../src/config.js';
import { datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let server: TestServer;
const opened: TestVariant[] = [];

beforeAll(async () => {
  server = await startTestServer();
  await postDataset(server, datasetBody('world'));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((variant) => variant.close()));
});
afterAll(() => server.close());

async function variant(config: Parameters<TestServer['variant']>[0]): Promise<TestVariant> {
  const started = await server.variant(config);
  opened.push(started);
  return started;
}

describe('RATE_LIMIT', () => {
  it('lets so many requests of an address through, then answers 429 with the time to wait', async () => {
    const { request } = await variant({ rateLimit: { requests: 3, windowMs: 60_000 } });
    for (let i = 0; i < 3; i++) expect((await request('GET', '/collections')).status).toBe(200);
    const answer = await request('GET', '/collections');
    expect(answer).toMatchObject({ status: 429, body: { code: 'RateLimited', errors: [] }, headers: { 'content-type': expect.stringMatching(/json/), 'cache-control': 'no-store' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(answer.headers['ratelimit']).toMatch(/limit=3, remaining=0, reset=\d+/);
    // Writes are counted too, and refused before their bodies are looked at.
    expect((await request('POST', '/api/datasets', { body: datasetBody('late') })).status).toBe(429);
    expect((await request('GET', '/nowhere')).status).toBe(429);
    for (const path of ['/health/live', '/health/ready']) expect((await request('GET', path)).status).toBe(200);
    expect((await server.request('GET', '/api/datasets/late')).status).toBe(404);
  });

  it('counts addresses that only a trusted proxy may name, those of one IPv6 network as one', async () => {
    const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
    const trusting = await variant({ rateLimit: { requests: 1, windowMs: 60_000 }, trustProxy: 'loopback' });
    const statuses = async ({ request }: TestVariant, addresses: readonly string[]): Promise<number[]> => {
      const found: number[] = [];
      for (const address of addresses) found.push((await request('GET', '/conformance', { headers: from(address) })).status);
      return found;
    };
    expect(await statuses(trusting, ['203.0.113.1', '203.0.113.2', '203.0.113.1', '2001:db8:1:1::1', '2001:db8:1:1::2', '2001:db8:2::1', '198.51.100.7, 203.0.113.2'])).toEqual([200, 200, 429, 200, 429, 200, 429]);
    expect(await statuses(await variant({ rateLimit: { requests: 1, windowMs: 60_000 } }), ['203.0.113.1', '203.0.113.2'])).toEqual([200, 429]);
  });

  it('counts each key for itself, and guesses at keys by address', async () => {
    const { auth, apiKeys } = loadConfig({ AUTH: 'api-key', API_KEYS: 'read:the-reader;write:the-writer', DATA_DIR: '/tmp' });
    const { request } = await variant({ auth, apiKeys, rateLimit: { requests: 2, windowMs: 60_000 } });
    const statuses = async (...keys: (string | undefined)[]): Promise<number[]> => {
      const found: number[] = [];
      for (const key of keys) found.push((await request('GET', '/collections', { headers: key === undefined ? {} : { 'x-api-key': key } })).status);
      return found;
    };
    expect(await statuses('the-reader', 'the-reader', 'the-reader', 'the-writer', undefined)).toEqual([200, 200, 429, 200, 200]);
    expect(await statuses('guess-1', 'guess-2', 'guess-3', undefined, 'the-writer', 'the-writer')).toEqual([401, 429, 429, 429, 200, 429]);
  });

  it.each([
    ['a path that is none', 'GET', '/none', 404],
    ['a method that is none', 'PUT', '/collections', 405],
    ['OPTIONS', 'OPTIONS', '/collections', 204],
    ['a write beyond the scope of a key', 'POST', '/collections', 403],
  ])('counts %s, whatever key comes with it', async (_, method, path, first) => {
    const { auth, apiKeys } = loadConfig({ AUTH: 'api-key', API_KEYS: 'read:the-reader', DATA_DIR: '/tmp' });
    const { request } = await variant({ auth, apiKeys, rateLimit: { requests: 2, windowMs: 60_000 } });
    const found: number[] = [];
    for (let i = 0; i < 3; i += 1) found.push((await request(method, path, { headers: { 'x-api-key': 'the-reader' } })).status);
    expect(found).toEqual([first, first, 429]);
  });

  it.each([
    [undefined, undefined],
    ['off', undefined],
    ['100/minute', { requests: 100, windowMs: 60_000 }],
    ['5 per s', { requests: 5, windowMs: 1000 }],
    ['20/10s', { requests: 20, windowMs: 10_000 }],
    ['5000/Hour', { requests: 5000, windowMs: 3_600_000 }],
    ['10/2days', { requests: 10, windowMs: 172_800_000 }],
  ])('%j is read', (said, rateLimit) => {
    expect(loadConfig({ RATE_LIMIT: said, DATA_DIR: '/tmp' }).rateLimit).toEqual(rateLimit);
  });

  it.each(['100', '0/minute', '-1/minute', '1e3/minute', '100/fortnight', '1/30days', 'many', '100/minute/second', '1.5/s'])('%j is refused', (said) => {
    expect(() => loadConfig({ RATE_LIMIT: said, DATA_DIR: '/tmp' })).toThrow(/RATE_LIMIT must be off, or requests in a time/);
  });
});

it('CONCURRENCY_LIMIT bounds what one caller has running, and frees it again however the requests end', async () => {
  const limited = await variant({ concurrencyLimit: 2 });
  const { hostname, port } = new URL(limited.url);
  const slow = await Promise.all([0, 1].map(() => sending(hostname, Number(port), 'POST /search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{')));
  const answer = await until(() => limited.request('GET', '/collections'), ({ status }) => status === 429);
  expect(answer).toMatchObject({ status: 429, body: { code: 'RateLimited' }, headers: { 'retry-after': '1' } });
  expect((await limited.request('GET', '/health/live')).status).toBe(200);
  for (const socket of slow) socket.destroy();
  await until(() => limited.request('GET', '/collections'), ({ status }) => status === 200);
  for (let i = 0; i < 10; i++) expect((await limited.request('GET', '/collections')).status).toBe(200);
});

describe('200 slow connections', () => {
  const heads = ['GET /collections HTTP/1.1\r\nHost: a\r\nX-Slow: ', '', 'GET /coll'];
  const json = 'POST /search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"collections": [';
  const ndjson = 'POST /api/datasets HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"dat\r\n';
  const reader = 'GET /search?limit=10000 HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20);

  it('do not keep others from being served as ever; those that never finish a head are told to go, silent uploads too', async () => {
    const patient = await variant({ headTimeoutMs: 1500, uploadIdleMs: 1500 });
    const { hostname, port } = new URL(patient.url);
    const kinds = [...heads, json, ndjson, reader];
    const sockets = await Promise.all(Array.from({ length: 200 }, (_, i) => sending(hostname, Number(port), kinds[i % kinds.length] ?? '')));
    const dribbling = setInterval(() => sockets.forEach((socket, i) => {
      // A byte now and then is no head, however long it goes on; an upload that moves is let be.
      if (i % kinds.length === 0 && !socket.destroyed) socket.write('x');
    }), 200);
    try {
      const paths = ['/collections', '/search', '/api/datasets/world', '/api/datasets/world/mosaic.json', '/collections/datasets/items?f=html', '/health/ready'];
      const times: number[] = [];
      for (let i = 0; i < 60; i++) {
        const began = performance.now();
        expect((await patient.request('GET', paths[i % paths.length] ?? '')).status).toBe(200);
        times.push(performance.now() - began);
      }
      await postDataset(patient, datasetBody('meanwhile'));
      expect(times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.9)]).toBeLessThan(500);
      const isOver = (socket: Socket): boolean => socket.destroyed || socket.readableEnded;
      const bounded = sockets.filter((_, i) => kinds[i % kinds.length] !== json && kinds[i % kinds.length] !== reader);
      await until(async () => bounded.filter((socket) => !isOver(socket)).length, (left) => left === 0, 8000);
    } finally {
      clearInterval(dribbling);
      for (const socket of sockets) socket.destroy();
    }
  }, 30_000);
});

it('every answer carries the headers that keep browsers from guessing, framing and running what is not ours', async () => {
  for (const path of ['/', '/?f=html', '/api.html', '/nowhere', '/api/datasets/world/map.html', '/assets/pages.css']) {
    const { headers } = await server.request('GET', path);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'SAMEORIGIN', 'cross-origin-opener-policy': 'same-origin' });
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'none'/);
    expect(/script-src ([^;]*)/.exec(policy)?.[1]).toBe("'self'");
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('set-cookie');
  }
});

/** A connection that has sent this, takes what comes without ever reading on, and is not missed when it breaks. */
function sending(host: string, port: number, text: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.off('error', reject).on('error', () => undefined);
      if (!text.startsWith('GET /search')) socket.resume();
      socket.write(text, () => resolve(socket));
    });
    socket.on('error', reject);
  });
}

async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean, ms = 5000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    if (Date.now() > end) throw new Error(`Still ${JSON.stringify(answer)} after ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
