/** What operators see of a server: its metrics, its probes while it stops, and logs without secrets. */
import { request as httpRequest } from 'node:http';
import { createLogger } from '../../src/log.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
}, 120_000);

afterAll(() => server?.close());

/** The value of one line of /metrics. */
async function measured(url: string, line: string): Promise<number | undefined> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split('\n').find((said) => said.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
}

describe('GET /metrics', () => {
  it('is what Prometheus reads, and is not kept', async () => {
    const response = await fetch(`${server.url}/metrics`);
    expect([response.status, response.headers.get('content-type'), response.headers.get('cache-control')]).toEqual([200, expect.stringMatching(/^text\/plain; version=0\.0\.4/), 'no-store']);
    for (const line of (await response.text()).trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) [a-z_0-9]+ .+|[a-zA-Z_0-9]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[\d.e+-]+|[a-z_0-9]+ (NaN|\+Inf))$|^$/);
  });

  it('counts requests by the template of their route, never by what a caller wrote', async () => {
    const line = 'stac_mosaic_http_request_duration_seconds_count{method="GET",route="/collections/{collectionId}",status="404"}';
    const before = (await measured(server.url, line)) ?? 0;
    await server.request('GET', '/collections/nobody-has-this');
    await server.request('GET', '/collections/nor-this');
    expect(await measured(server.url, line)).toBe(before + 2);
    await server.request('GET', '/no/such/place');
    expect(await measured(server.url, 'stac_mosaic_http_request_duration_seconds_count{method="GET",route="none",status="404"}')).toBeGreaterThan(0);
    expect(await (await fetch(`${server.url}/metrics`)).text()).not.toMatch(/nobody-has-this|no\/such/);
  });

  it('counts transactions by how they ended, and shows the pool', async () => {
    const committed = (await measured(server.url, 'stac_mosaic_transaction_duration_seconds_count{outcome="committed"}')) ?? 0;
    expect((await server.request('POST', '/collections', { body: { type: 'Collection', stac_version: '1.1.0', id: 'counted', description: 'c', license: 'other', links: [], extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } } } })).status).toBe(201);
    expect(await measured(server.url, 'stac_mosaic_transaction_duration_seconds_count{outcome="committed"}')).toBeGreaterThan(committed);
    expect(await measured(server.url, 'stac_mosaic_database_connections{pool="primary",state="idle"}')).toBeGreaterThan(0);
    expect(await measured(server.url, 'stac_mosaic_ready')).toBe(1);
  });
});

describe('a server that is told to stop', () => {
  it('says so to probes and goes on serving for DRAIN_DELAY_SECONDS, then ends running requests', async () => {
    const variant = await server.variant({ drainDelayMs: 400 });
    const stopped = variant.close();
    const [ready, live, search] = await Promise.all(['/health/ready', '/health/live', '/search'].map((path) => fetch(variant.url + path)));
    expect([ready?.status, ready?.headers.get('retry-after'), live?.status, search?.status]).toEqual([503, '5', 200, 200]);
    await stopped;
    await expect(fetch(`${variant.url}/health/live`)).rejects.toThrow('fetch failed');
  });

  it('ends a connection that is kept alive after its answer', async () => {
    const variant = await server.variant({});
    const answered = new Promise<string | undefined>((resolve, reject) => {
      const outgoing = httpRequest(`${variant.url}/search`, { method: 'POST', headers: { 'Content-Type': 'application/json', Connection: 'keep-alive' } }, (response) => {
        response.resume();
        response.on('end', () => resolve(`${response.statusCode} ${response.headers.connection}`));
      });
      outgoing.on('error', reject);
      outgoing.write('{"limit"');
      // Half of the body is there when the server is told to stop.
      setTimeout(() => {
        const began = performance.now();
        variant.close().then(() => expect(performance.now() - began).toBeLessThan(5000), reject);
        setTimeout(() => outgoing.end(':1}'), 100);
      }, 100);
    });
    expect(await answered).toBe('200 close');
  });
});

describe('logs', () => {
  const lines: string[] = [];
  const logger = createLogger('debug', { write: (line) => void lines.push(line) });

  it.each([
    ['a SAS', 'https://a.blob.core.windows.net/c/b.tif?sv=2024&sig=c2VjcmV0%2B&se=2026', 'c2VjcmV0'],
    ['a password in a URL', 'connect to postgresql://me:hunter2@db/x', 'hunter2'],
    ['a bearer token', 'Authorization: Bearer eyJsecret.abc', 'eyJsecret'],
    ['an API key', '{"x-api-key":"topsecret"}', 'topsecret'],
    ['an account key', 'AccountName=a;AccountKey=c2VjcmV0==;EndpointSuffix=x', 'c2VjcmV0'],
  ])('never hold %s', (_what, text, secret) => {
    lines.length = 0;
    logger.info({ url: text, err: new Error(text, { cause: new Error(text) }) }, text);
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).toContain('***');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', err: { type: 'Error', cause: { type: 'Error' } } });
  });

  it('tell the kind and causes of an error, and nothing that a client hung on to it', () => {
    lines.length = 0;
    logger.error({ err: Object.assign(new Error('refused'), { code: 'ECONNREFUSED', request: { headers: { cookie: 'c' } } }) });
    const { err } = JSON.parse(lines[0] ?? '') as { err: Record<string, unknown> };
    expect(Object.keys(err).toSorted()).toEqual(['code', 'message', 'stack', 'type']);
  });
});
