/** HTTP ranges against a real server: what is asked, what is refused, and what happens when servers misbehave. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readCogHeader } from '../../src/cog/open.js';
import { createGuard, type FetchedDocument, fetchDocument, type Guard, type GuardOptions } from '../../src/storage/guard.js';
import type { Resolver } from '../../src/storage/hosts.js';
import { parseContentRange } from '../../src/storage/request.js';
import type { Sources } from '../../src/storage/source.js';
import { createSources } from '../../src/storage/sources.js';
import { makeGeoTiff } from '../support/geotiff.js';

const cog = makeGeoTiff({ width: 300, height: 300, bands: 3, tile: 64, epsg: 32618, origin: [500_000, 4_000_000], pixel: [10, 10], overviews: [2, 4] });

let server: Server;
let port = 0;
let seen: string[] = [];
const opened: Sources[] = [];

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function sendRange(request: IncomingMessage, response: ServerResponse): void {
  const [, from = '0', to = '0'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from);
  if (start >= cog.byteLength) return void response.writeHead(416, { 'content-range': `bytes */${cog.byteLength}` }).end();
  const part = cog.subarray(start, Number(to) + 1);
  response.writeHead(206, { 'content-range': `bytes ${start}-${start + part.byteLength - 1}/${cog.byteLength}`, 'content-length': part.byteLength }).end(part);
}

const redirect = (location: () => string): Handler => (_, response) => void response.writeHead(302, { location: location() }).end('moved');

/** Fails `times` times in a row, then answers; counted by path. */
const flaky = (times: number, fail: (response: ServerResponse) => void): Handler => (request, response) => {
  if (seen.filter((path) => path === request.url).length <= times) fail(response);
  else sendRange(request, response);
};

const HANDLERS: Readonly<Record<string, Handler>> = {
  '/range.tif': sendRange,
  '/whole.tif': (_, response) => void response.writeHead(200, { 'content-length': cog.byteLength }).end(cog),
  '/endless.tif': (_, response) => {
    response.writeHead(200);
    const more = (): boolean => response.write(Buffer.alloc(1 << 20));
    response.on('drain', more);
    more();
  },
  '/too-large.tif': (_, response) => void response.writeHead(200, { 'content-length': 65 * 1024 * 1024 }).write('x'),
  '/moved.tif': redirect(() => '/range.tif'),
  '/moved-away.tif': redirect(() => `http://localhost:${port}/range.tif`),
  '/moved-metadata.tif': redirect(() => 'http://169.254.169.254/latest/meta-data'),
  '/moved-file.tif': redirect(() => 'file:///etc/passwd'),
  '/loop.tif': redirect(() => '/loop.tif'),
  '/missing.tif': (_, response) => void response.writeHead(404).end('no'),
  '/forbidden.tif': (_, response) => void response.writeHead(403).end('no'),
  '/flaky.tif': flaky(1, (response) => void response.writeHead(503).end('busy')),
  '/broken.tif': (_, response) => void response.writeHead(500).end('broken'),
  '/reset.tif': flaky(1, (response) => void response.destroy()),
  '/short.tif': (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-32767/${cog.byteLength}`, 'content-length': 32_768 });
    response.write(cog.subarray(0, 1000), () => response.destroy());
  },
  '/little.tif': (_, response) => void response.writeHead(206, { 'content-range': `bytes 0-99/${cog.byteLength}` }).end(cog.subarray(0, 100)),
  '/other-range.tif': (_, response) => void response.writeHead(206, { 'content-range': 'bytes 7-8/9' }).end('xx'),
  '/no-content-range.tif': (_, response) => void response.writeHead(206).end(cog.subarray(0, 100)),
  '/long.tif': (_, response) => void response.writeHead(206, { 'content-range': `bytes 0-9/${cog.byteLength}` }).end(Buffer.alloc(100_000)),
  '/gzip.tif': (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
  '/slow.tif': () => undefined,
};

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.url ?? '');
    (HANDLERS[(request.url ?? '').replace(/\?.*/, '')] ?? HANDLERS['/missing.tif'])?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = isAddress(address) ? address.port : 0;
});

const isAddress = (address: AddressInfo | string | null): address is AddressInfo => typeof address === 'object' && address !== null;

afterAll(async () => {
  server.closeAllConnections();
  await Promise.all(opened.map((sources) => sources.close()));
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  seen = [];
});

function sourcesFor(allowedHosts: string[], options: Parameters<typeof createSources>[1] = {}): Sources {
  const sources = createSources({ allowedHosts, allowedFileRoots: [] }, { retryDelay: 5, ...options });
  opened.push(sources);
  return sources;
}

const read = async (path: string, sources = sourcesFor(['127.0.0.1'])): Promise<Buffer> =>
  Buffer.from(await (await sources.open(`http://127.0.0.1:${port}${path}`)).fetch(0, 100));

const resolverTo = (...addresses: string[]): Resolver => (_, __, callback) =>
  callback(null, addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));

const failure = (kind: string, message: RegExp): object => ({ name: 'DomainError', kind, message: expect.stringMatching(message) });

describe('a COG over HTTP', () => {
  it('costs exactly one request for its header, which tells its size too', async () => {
    const source = await sourcesFor(['127.0.0.1']).open(`http://127.0.0.1:${port}/range.tif`);
    expect(seen).toEqual([]);
    expect(await readCogHeader(source)).toMatchObject({ width: 300, fileSize: cog.byteLength, isCog: true });
    expect(seen).toEqual(['/range.tif']);
  });

  it('is read in long ranges directly, to its end and not beyond', async () => {
    const source = await sourcesFor(['127.0.0.1']).open(`http://127.0.0.1:${port}/range.tif`);
    expect(Buffer.from(await source.fetch(1000, 100_000)).equals(cog.subarray(1000, 101_000))).toBe(true);
    expect(Buffer.from(await source.fetch(cog.byteLength - 10, 50)).equals(cog.subarray(-10))).toBe(true);
    expect((await source.fetch(cog.byteLength + 100_000, 50)).byteLength).toBe(0);
  });

  it('behind the end of a file of unknown size is empty', async () => {
    const source = await sourcesFor(['127.0.0.1']).open(`http://127.0.0.1:${port}/range.tif`);
    expect((await source.fetch(cog.byteLength + 100_000, 50)).byteLength).toBe(0);
  });

  it('from a server without ranges is fetched once and kept', async () => {
    const source = await sourcesFor(['127.0.0.1']).open(`http://127.0.0.1:${port}/whole.tif`);
    expect(await readCogHeader(source)).toMatchObject({ width: 300, fileSize: cog.byteLength });
    expect(Buffer.from(await source.fetch(50_000, 90_000)).equals(cog.subarray(50_000, 140_000))).toBe(true);
    expect(seen).toEqual(['/whole.tif']);
  });

  it('from a server without ranges is refused beyond 64 MB, announced or not', async () => {
    await expect(read('/too-large.tif')).rejects.toMatchObject(failure('Upstream', /larger than 64 MB/));
    await expect(read('/endless.tif')).rejects.toMatchObject(failure('Upstream', /more than the 67108864 bytes/));
  });

  it('follows redirects to allowed hosts', async () => {
    expect((await read('/moved.tif')).equals(cog.subarray(0, 100))).toBe(true);
    expect(seen).toEqual(['/moved.tif', '/range.tif']);
  });

  it.each([
    ['/moved-away.tif', 'InvalidInput', /the host localhost is not in ALLOWED_HOSTS/],
    ['/moved-metadata.tif', 'InvalidInput', /169\.254\.169\.254 is not in ALLOWED_HOSTS/],
    ['/moved-file.tif', 'InvalidInput', /redirects to a file: URL/],
    ['/loop.tif', 'Upstream', /redirects more than 3 times/],
    ['/missing.tif', 'Upstream', /answered 404/],
    ['/forbidden.tif', 'Upstream', /answered 403/],
    ['/broken.tif', 'Upstream', /answered 500/],
    ['/short.tif', 'Upstream', /connection to its server failed/],
    ['/little.tif', 'Upstream', /sent 100 bytes of 32768/],
    ['/other-range.tif', 'Upstream', /another byte range/],
    ['/no-content-range.tif', 'Upstream', /another byte range/],
    ['/long.tif', 'Upstream', /more than the 10 bytes/],
    ['/gzip.tif', 'Upstream', /compresses the file in transit/],
  ])('%s fails as %s', async (path, kind, message) => {
    await expect(read(`${path}?sig=secret`)).rejects.toMatchObject(failure(kind, message));
    await expect(read(`${path}?sig=secret`)).rejects.not.toMatchObject({ message: expect.stringMatching(/secret/) });
  });

  it.each(['/flaky.tif', '/reset.tif'])('%s is tried once more', async (path) => {
    expect((await read(path)).equals(cog.subarray(0, 100))).toBe(true);
    expect(seen).toEqual([path, path]);
  });

  it('is tried twice and no more, and not at all again when it is missing', async () => {
    await expect(read('/broken.tif')).rejects.toThrow(/500/);
    await expect(read('/missing.tif')).rejects.toThrow(/404/);
    expect(seen).toEqual(['/broken.tif', '/broken.tif', '/missing.tif']);
  });

  it('that does not answer ends in time, for the deadline or for the caller', async () => {
    await expect(read('/slow.tif', sourcesFor(['127.0.0.1'], { timeout: 100 }))).rejects.toMatchObject(failure('UpstreamTimeout', /no answer within 0\.1 s/));
    const source = await sourcesFor(['127.0.0.1']).open(`http://127.0.0.1:${port}/slow.tif`);
    await expect(source.fetch(0, 100_000, { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('on a port where nobody listens is a failure of the asset', async () => {
    const source = await sourcesFor(['127.0.0.1']).open('http://127.0.0.1:1/a.tif');
    await expect(source.fetch(0, 100)).rejects.toMatchObject(failure('Upstream', /ECONNREFUSED/));
  });
});

describe('a host', () => {
  it.each([
    'http://2130706433/', 'http://0x7f.1/', 'http://0177.0.0.1/', 'http://127.1/', 'http://127.0.0.1:80/', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/', 'http://localhost/', 'http://169.254.169.254/latest', 'http://0.0.0.0/', 'http://10.0.0.1/', 'http://[fd00::1]/', 'http://cogs.example.com.evil.org/',
    'http://cogs.example.com@evil.org/', 'http://evil.org#cogs.example.com', 'http://evil.org\\@cogs.example.com/',
  ])('%s is refused where only cogs.example.com is allowed', async (href) => {
    const sources = sourcesFor(['cogs.example.com']);
    expect(() => sources.check(href)).toThrow(/is not in ALLOWED_HOSTS/);
    await expect(sources.open(href)).rejects.toMatchObject({ kind: 'InvalidInput' });
  });

  it('is allowed in any spelling of its address and on any port', () => {
    const sources = sourcesFor(['127.0.0.1', '::1', 'cogs.example.com']);
    for (const href of ['http://2130706433:9/', 'http://[::ffff:127.0.0.1]/', 'http://[::1]:81/', 'https://COGS.example.com:444/a?b']) {
      expect(() => sources.check(href)).not.toThrow();
    }
    expect(() => sources.check('https://user:password@cogs.example.com/a')).toThrow(/must not carry a user name/);
  });

  it.each([
    '127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1',
    'fd00::1', '::ffff:10.0.0.1', 'ff02::1', '64:ff9b::7f00:1', '64:ff9b:1::a9fe:a9fe', '2002:7f00:1::', '2001::7f00:1', '::127.0.0.1', '::ffff:0:127.0.0.1', 'fec0::1', '4000::1', 'fd00:ec2::254', '168.63.129.16', '192.0.0.192',
  ])('that is allowed by name but leads to %s is refused when connecting', async (address) => {
    const sources = sourcesFor(['cogs.example.com'], { resolver: resolverTo(address) });
    const source = await sources.open(`http://cogs.example.com:${port}/range.tif`);
    await expect(source.fetch(0, 10)).rejects.toMatchObject(failure('InvalidInput', /not public/));
    expect(seen).toEqual([]);
  });

  it('is refused when only one of its addresses is private', async () => {
    const source = await sourcesFor(['cogs.example.com'], { resolver: resolverTo('93.184.216.34', '127.0.0.1') }).open(`http://cogs.example.com:${port}/range.tif`);
    await expect(source.fetch(0, 10)).rejects.toMatchObject({ kind: 'InvalidInput' });
  });

  it('may be private when its name is private or its address is listed too', async () => {
    const resolver = resolverTo('127.0.0.1');
    for (const hosts of [['localhost'], ['minio'], ['cogs.internal'], ['cogs.internal.'], ['cogs.example.com', '127.0.0.1']]) {
      const source = await sourcesFor(hosts, { resolver }).open(`http://${hosts[0] ?? ''}:${port}/range.tif`);
      expect((await source.fetch(0, 10)).byteLength).toBe(10);
    }
  });

  it('with a private name still never leads to the metadata of a cloud', async () => {
    for (const address of ['169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '100.100.100.200']) {
      const source = await sourcesFor(['metadata.internal'], { resolver: resolverTo(address) }).open('http://metadata.internal/latest');
      await expect(source.fetch(0, 10)).rejects.toMatchObject(failure('InvalidInput', /not public/));
    }
  });

  it('that changes its address after the check is refused (DNS rebinding)', async () => {
    let calls = 0;
    const resolver: Resolver = (name, options, callback) => {
      calls += 1;
      resolverTo(calls === 1 ? '198.51.100.7' : '127.0.0.1')(name, options, callback);
    };
    const sources = sourcesFor(['cogs.example.com', '198.51.100.7'], { resolver, connectTimeout: 200, timeout: 500 });
    const source = await sources.open(`http://cogs.example.com:${port}/range.tif`);
    await expect(source.fetch(0, 10)).rejects.toMatchObject({ name: 'DomainError' });
    await expect(source.fetch(0, 10)).rejects.toMatchObject(failure('InvalidInput', /127\.0\.0\.1/));
    expect(seen).toEqual([]);
  });

  it('that nobody knows is a failure of the asset', async () => {
    const resolver: Resolver = (_, __, callback) => callback(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []);
    const source = await sourcesFor(['cogs.example.com'], { resolver }).open('http://cogs.example.com/a.tif');
    await expect(source.fetch(0, 10)).rejects.toMatchObject(failure('Upstream', /host name is not known/));
  });
});

describe('a document', () => {
  const guards: Guard[] = [];
  const ask = (options: GuardOptions, url: string, limit = 1000): Promise<FetchedDocument> => {
    const guard = createGuard({ timeout: 500, ...options });
    guards.push(guard);
    return fetchDocument(guard, new URL(url), { signal: AbortSignal.timeout(5000), limit });
  };
  afterEach(async () => {
    await Promise.all(guards.splice(0).map((guard) => guard.close()));
  });
  const trusted = ['issuer.example.com'];

  it('of a trusted host may lie at a private address, but never at the metadata of a cloud', async () => {
    const url = `http://issuer.example.com:${port}/whole.tif`;
    expect(await ask({ hosts: [], trusted, resolver: resolverTo('127.0.0.1') }, url, 10_000_000)).toMatchObject({ status: 200, bytes: Buffer.from(cog) });
    expect(await ask({ hosts: [], trusted, resolver: resolverTo('127.0.0.1') }, url.replace('whole', 'missing'))).toMatchObject({ status: 404 });
    await expect(ask({ hosts: [], trusted, resolver: resolverTo('169.254.169.254') }, url)).rejects.toMatchObject(failure('InvalidInput', /not public/));
    await expect(ask({ hosts: [], trusted: ['127.0.0.1'] }, `http://127.0.0.1:${port}/moved-away.tif`)).rejects.toMatchObject(failure('InvalidInput', /localhost is not in/));
  });

  it('of any other host may be had from public addresses only', async () => {
    const rule = { hosts: [], trusted, anyPublic: true };
    for (const host of ['127.0.0.1', '[::1]', '169.254.169.254', '2130706433']) await expect(ask(rule, `http://${host}:${port}/range.tif`)).rejects.toMatchObject({ kind: 'InvalidInput' });
    await expect(ask({ ...rule, resolver: resolverTo('10.0.0.1') }, `http://keys.example.com:${port}/range.tif`)).rejects.toMatchObject(failure('InvalidInput', /not public/));
    for (const name of ['localhost', 'keys.internal']) await expect(ask({ ...rule, resolver: resolverTo('127.0.0.1') }, `http://${name}:${port}/range.tif`)).rejects.toMatchObject(failure('InvalidInput', /not public/));
  });

  it('is bounded in size, time and redirects', async () => {
    const rule = { hosts: ['127.0.0.1'] };
    await expect(ask(rule, `http://127.0.0.1:${port}/endless.tif`)).rejects.toMatchObject(failure('Upstream', /more than the 1000 bytes/));
    await expect(ask(rule, `http://127.0.0.1:${port}/slow.tif`)).rejects.toMatchObject({ kind: 'UpstreamTimeout' });
    await expect(ask(rule, `http://127.0.0.1:${port}/loop.tif`)).rejects.toMatchObject(failure('Upstream', /more than 3 times/));
    expect(seen.filter((path) => path === '/loop.tif')).toHaveLength(4);
  });
});

describe('Content-Range', () => {
  it('is read with and without a size, and nothing else is', () => {
    expect(parseContentRange('bytes 0-99/1000')).toEqual({ start: 0, end: 99, size: 1000 });
    expect(parseContentRange('bytes 5-9/*')).toEqual({ start: 5, end: 9, size: undefined });
    expect(parseContentRange('bytes */1000')).toEqual({ start: -1, end: -1, size: 1000 });
    for (const wrong of [undefined, '', 'bytes 1-2', 'lines 0-9/10', 'bytes -1-2/3', 'bytes 0-99999999999999999999/5']) expect(parseContentRange(wrong)).toBeUndefined();
  });
});
