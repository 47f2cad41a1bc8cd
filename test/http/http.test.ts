/** HTTP itself: the base of links behind proxies, methods, CORS, conditional answers, compression and the error form. */
import { connect } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Config } from '../../src/config.js';
import { routes } from '../../routes/index.js';
import { hrefOf, linksOf, listOf, text } from '../support/client.js';
import { boxTiles, collectionBody, datasetBody, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

async function withConfig(config: Partial<Config>, test: (variant: TestVariant) => Promise<void>): Promise<void> {
  const variant = await server.variant(config);
  try {
    await test(variant);
  } finally {
    await variant.close();
  }
}

/** The base that a server writes into its links, for a request with these headers. */
const baseFor = async ({ request }: Pick<TestVariant, 'request'>, headers: Record<string, string>, path = '/'): Promise<string> => hrefOf((await request('GET', path, { headers })).body, 'self');

describe('the base of links', () => {
  it('is the request\'s own host', async () => {
    expect(await baseFor(server, {})).toBe(server.url);
    expect(await baseFor(server, { host: 'stac.example.com' })).toBe('http://stac.example.com');
  });

  it('names one address for an answer, with or without a slash at the end of the path', async () => {
    for (const path of ['/collections', '/collections/datasets', '/collections/datasets/items', '/search', '/api/datasets', '/collections/datasets/queryables']) {
      const [bare, slashed] = [await server.request('GET', path), await server.request('GET', `${path}/`)];
      expect([bare.status, slashed.status]).toEqual([200, 200]);
      const linksIn = (document: typeof bare): unknown => [document.body['$id'], linksOf(document.body, 'self').map((link) => link['href'])];
      expect(linksIn(slashed)).toEqual(linksIn(bare));
    }
  });

  it('is never a hostile Host, which is refused and not repeated', async () => {
    const hosts = ['evil.example.com/path', 'a b', '"><script>', 'evil.com?x=', "x'y", 'user@evil.com', 'evil.com#', 'evil.com:port', 'a\\b', '..', '.a', '-a.com', 'a:99999', '[::1', '[::gg]', '[:::]', 'a,b', 'a'.repeat(300), `${'a'.repeat(70)}.com`, 'a%0d%0ab', 'caf\u00e9.example.com'];
    for (const host of hosts) {
      for (const accept of ['application/json', 'text/html']) {
        const { status, bytes, headers } = await server.request('GET', '/', { headers: { host, accept } });
        expect({ host, status }).toEqual({ host, status: 400 });
        if (host.length > 3) expect(`${bytes.toString()} ${JSON.stringify(headers)}`).not.toContain(host);
      }
    }
    for (const host of ['a.example.com:8443', 'stac_mosaic', 'a.b.', '[::1]:80', 'xn--caf-dma.example.com']) expect(await baseFor(server, { host })).toBe(`http://${host}`);
  });

  it('is PUBLIC_URL where there is one, whatever the request says', async () => {
    await withConfig({ publicUrl: 'https://stac.example.com/api', trustProxy: true }, async (variant) => {
      for (const headers of [{}, { host: 'evil.com' }, { 'x-forwarded-host': 'evil.com', 'x-forwarded-proto': 'http' }]) expect(await baseFor(variant, headers)).toBe('https://stac.example.com/api');
      const { headers, body } = await variant.request('POST', '/api/datasets', { body: datasetBody('d') });
      expect(headers['location']).toBe('https://stac.example.com/api/api/datasets/d');
      for (const name of ['viewer_url', 'tilejson_url', 'mosaic_url']) expect(text(body[name])).toMatch(/^https:\/\/stac\.example\.com\/api\//);
      const { rows } = await variant.services.database.pool.query<{ links: { href: string }[] }>("SELECT content->'links' AS links FROM pgstac.items WHERE id = 'd' AND collection = 'datasets'");
      expect(rows[0]?.links.every(({ href }) => href.startsWith('https://stac.example.com/api/'))).toBe(true);
    });
    // The same rows, read through a server without it: under its own base.
    expect(hrefOf((await server.request('GET', '/api/datasets/d')).body, 'tilejson').startsWith(server.url)).toBe(true);
  });

  it('ends with ROOT_PATH, whether the proxy cuts it off or passes it on', async () => {
    await withConfig({ rootPath: '/stac' }, async ({ request, url }) => {
      const origin = url.replace(/\/stac$/, '');
      for (const path of [`${origin}/stac`, `${origin}/stac/`, `${origin}/`]) expect(hrefOf((await request('GET', path)).body, 'self')).toBe(`${origin}/stac`);
      const { body } = await request('POST', `${origin}/stac/collections`, { body: collectionBody('c') });
      for (const rel of ['self', 'items', 'preview', 'tilejson', 'mosaicjson']) {
        const hrefs = linksOf(body, rel).map((link) => text(link['href']));
        // The items are linked as GeoJSON and as a page.
        expect(hrefs).toHaveLength(rel === 'items' ? 2 : 1);
        for (const href of hrefs) {
          expect(href.startsWith(`${origin}/stac/`)).toBe(true);
          expect({ rel, status: (await request('GET', href)).status }).toEqual({ rel, status: 200 });
        }
      }
      expect((await request('GET', `${origin}/stacks`)).status).toBe(404);
    });
    await withConfig({ rootPath: '/stac', publicUrl: 'https://x.example.com/stac' }, async (variant) => expect(await baseFor(variant, {})).toBe('https://x.example.com/stac'));
    await withConfig({ rootPath: '/stac', publicUrl: 'https://x.example.com' }, async (variant) => expect(await baseFor(variant, {})).toBe('https://x.example.com/stac'));
  });

  it('follows forwarded headers from trusted proxies only', async () => {
    const said = [
      { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'stac.example.com' },
      { forwarded: 'for=1.2.3.4;proto=https;host=stac.example.com' },
      { forwarded: 'proto=https;host="stac.example.com", for=10.0.0.1;host=inner' },
      { 'x-forwarded-proto': 'https,http', 'x-forwarded-host': 'stac.example.com, inner', 'x-forwarded-port': '443' },
    ];
    for (const headers of said) expect(await baseFor(server, headers)).toBe(server.url);
    for (const trustProxy of [true, 1, 'loopback', '127.0.0.1']) {
      await withConfig({ trustProxy }, async (variant) => {
        for (const headers of said) expect(await baseFor(variant, headers)).toBe('https://stac.example.com');
        expect(await baseFor(variant, { 'x-forwarded-host': 'a.example.com', 'x-forwarded-port': '8443', 'x-forwarded-proto': 'https' })).toBe('https://a.example.com:8443');
        expect(await baseFor(variant, { 'x-forwarded-host': 'a.example.com', 'x-forwarded-prefix': '/p/q/' })).toBe('http://a.example.com/p/q');
        for (const host of ['evil"><', 'a b', 'x/y']) expect(await baseFor(variant, { 'x-forwarded-host': host })).toBe(variant.url);
        for (const prefix of ['//evil.com', '/a"b', 'nope', '/../x y']) expect(await baseFor(variant, { 'x-forwarded-prefix': prefix })).toBe(variant.url);
        expect(await baseFor(variant, { 'x-forwarded-proto': 'javascript' })).toBe(variant.url);
      });
    }
    await withConfig({ trustProxy: '10.0.0.0/8' }, async (variant) => expect(await baseFor(variant, said[0] ?? {})).toBe(variant.url));
  });

  it('is never stored: what one host wrote is read under another', async () => {
    await server.request('POST', '/api/datasets', { body: datasetBody('d'), headers: { host: 'writer.example.com' } });
    await server.request('POST', '/collections', { body: collectionBody('c'), headers: { host: 'writer.example.com' } });
    for (const path of ['/api/datasets/d', '/collections/c', '/collections/datasets', '/api/datasets/d/tiles']) expect(JSON.stringify((await server.request('GET', path)).body)).not.toContain('writer.example.com');
    const { rows } = await server.services.database.pool.query<{ text: string }>('SELECT string_agg(content::text, \' \') AS text FROM pgstac.items');
    expect(rows[0]?.text).not.toContain('writer.example.com');
    const again = await server.request('POST', '/api/datasets', { body: datasetBody('d') });
    expect(JSON.stringify(again.body)).not.toContain('writer.example.com');
  });
});

describe('methods', () => {
  it('every GET answers HEAD alike without a body, every path OPTIONS with Allow, and others 405', async () => {
    await postDataset(server, datasetBody('d'));
    const search = text((await server.request('GET', '/api/datasets/d')).body['properties']?.['mosaic:search_id']);
    const values: Record<string, string> = { collectionId: 'datasets', itemId: 'd', datasetId: 'd', tileId: 'd_tile_001', searchId: search, tileMatrixSetId: 'WebMercatorQuad', folder: 'metadata', kind: 'mosaics', name: 'd.json', z: '1', x: '0', y: '1' };
    const paths = new Map<string, string[]>();
    for (const { path, method } of routes) paths.set(path, [...(paths.get(path) ?? []), method]);
    for (const [template, methods] of paths) {
      const path = template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name);
      const options = await server.request('OPTIONS', path);
      expect({ path, status: options.status }).toEqual({ path, status: 204 });
      const allowed = text(options.headers['allow']).split(', ');
      expect(allowed).toEqual(expect.arrayContaining([...methods, 'OPTIONS']));
      for (const method of ['PUT', 'DELETE', 'PATCH', 'POST', 'GET'].filter((name) => !allowed.includes(name))) {
        const refused = await server.request(method, path);
        expect({ path, method, status: refused.status, allow: refused.headers['allow'] }).toEqual({ path, method, status: 405, allow: options.headers['allow'] });
        expect(Object.keys(refused.body).toSorted()).toEqual(['code', 'description', 'errors', 'request_id']);
      }
      if (!methods.includes('GET')) continue;
      const get = await server.request('GET', path);
      const head = await server.request('HEAD', path);
      expect({ path, status: head.status, length: head.bytes.length, type: head.headers['content-type'] }).toEqual({ path, status: get.status, length: 0, type: get.headers['content-type'] });
    }
  });

  it('of a stranger are 405 or 404, never more', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'LOCK']) expect([404, 405]).toContain((await server.request(method, '/collections')).status);
  });

  it('of unknown paths are 404 in the error form, with the id of the request', async () => {
    const { status, headers, body } = await server.request('GET', '/nosuch', { headers: { 'x-request-id': 'mine-1' } });
    expect(status).toBe(404);
    expect(headers['x-request-id']).toBe('mine-1');
    expect(body).toMatchObject({ code: 'NotFound', errors: [], request_id: 'mine-1' });
    const hostile = await server.request('GET', '/nosuch', { headers: { 'x-request-id': '"><x>' } });
    expect(hostile.body['request_id']).not.toBe('"><x>');
  });
});

describe('CORS', () => {
  it('lets any origin read, and answers a preflight', async () => {
    const { headers } = await server.request('GET', '/', { headers: { origin: 'https://app.example.com' } });
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(text(headers['access-control-expose-headers'])).toMatch(/Location/);
    const preflight = await server.request('OPTIONS', '/search', { headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,if-match,idempotency-key' } });
    expect(preflight.status).toBe(204);
    expect(text(preflight.headers['access-control-allow-methods'])).toMatch(/POST/);
    expect(text(preflight.headers['access-control-allow-headers'])).toMatch(/content-type/i);
    const error = await server.request('GET', '/nosuch', { headers: { origin: 'https://app.example.com' } });
    expect(error.headers['access-control-allow-origin']).toBe('*');
  });

  it('with CORS_ORIGINS names only those', async () => {
    await withConfig({ corsOrigins: ['https://a.example.com', 'https://b.example.com'] }, async ({ request }) => {
      expect((await request('GET', '/', { headers: { origin: 'https://b.example.com' } })).headers).toMatchObject({ 'access-control-allow-origin': 'https://b.example.com', vary: expect.stringMatching(/origin/i) as unknown });
      expect((await request('GET', '/', { headers: { origin: 'https://evil.example.com' } })).headers['access-control-allow-origin']).toBeUndefined();
    });
  });
});

describe('conditional answers and compression', () => {
  it('a GET has an ETag and is 304 while nothing changes', async () => {
    await postDataset(server, datasetBody('d'));
    for (const path of ['/', '/conformance', '/api', '/collections', '/collections/datasets', '/collections/datasets/items/d', '/api/datasets/d', '/api/datasets/d/mosaic.json', '/api/datasets/d/tilejson.json', '/files/metadata/mosaics/d.json']) {
      const { headers } = await server.request('GET', path);
      const etag = text(headers['etag']);
      expect({ path, etag }).toEqual({ path, etag: expect.stringMatching(/^(W\/)?"[^"]+"$/) as unknown });
      for (const match of [etag, '*', `"other", ${etag}`, etag.replace(/^W\//, '')]) {
        const again = await server.request('GET', path, { headers: { 'if-none-match': match } });
        expect({ path, match, status: again.status, length: again.bytes.length, etag: again.headers['etag'] }).toEqual({ path, match, status: 304, length: 0, etag });
      }
      expect((await server.request('GET', path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
      expect((await server.request('HEAD', path, { headers: { 'if-none-match': etag } })).status).toBe(304);
    }
    const etag = text((await server.request('GET', '/api/datasets/d')).headers['etag']);
    await server.request('PATCH', '/collections/datasets/items/d', { body: { properties: { title: 'New' } } });
    expect((await server.request('GET', '/api/datasets/d', { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  it('a large answer is packed where the client takes it, and a packed body is taken', async () => {
    const packed = await server.request('POST', '/api/datasets', { body: gzipSync(JSON.stringify(datasetBody('d', boxTiles(50)))), headers: { 'content-encoding': 'gzip' } });
    expect(packed.status).toBe(201);
    const { headers, bytes } = await server.request('GET', '/api/datasets/d/tiles', { headers: { 'accept-encoding': 'gzip' } });
    expect(headers['content-encoding']).toBe('gzip');
    expect(text(headers['vary'])).toMatch(/accept-encoding/i);
    expect(listOf((JSON.parse(gunzipSync(bytes).toString()) as { features: never }).features)).toHaveLength(50);
    expect((await server.request('GET', '/api/datasets/d/tiles')).headers['content-encoding']).toBeUndefined();
  });
});

describe('odd clients', () => {
  it('a body that ends before its length, or a client that leaves, troubles nobody', async () => {
    for (const raw of ['POST /api/datasets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"dataset":', 'GARBAGE\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 'GET /search?limit=10']) {
      await new Promise<void>((resolve) => {
        const { port } = new URL(server.url);
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(raw, () => setTimeout(() => socket.destroy(), 50)));
        socket.on('close', () => resolve());
        socket.on('error', () => resolve());
      });
    }
    expect((await server.request('GET', '/health/ready')).status).toBe(200);
  });

  it('a query of 8,000 characters is answered, an endless header refused', async () => {
    expect([200, 400]).toContain((await server.request('GET', `/search?ids=${'x'.repeat(8000)}`)).status);
    expect([414, 431]).toContain((await server.request('GET', `/search?ids=${'x'.repeat(20_000)}`)).status);
  });

  it('bodies on routes that take none, and GET with a body, are no matter', async () => {
    expect((await server.request('GET', '/collections', { body: '{"x":' })).status).toBe(200);
    expect((await server.request('DELETE', '/api/datasets/nosuch', { body: '{"x":' })).status).toBe(404);
  });
});

it('probes answer, and OpenAPI describes every route', async () => {
  expect((await server.request('GET', '/health/live')).body).toMatchObject({ status: 'ok' });
  expect((await server.request('GET', '/health/ready')).body).toMatchObject({ status: 'ok' });
  const { headers, body } = await server.request('GET', '/api');
  expect(headers['content-type']).toMatch(/^application\/vnd\.oai\.openapi\+json;\s*version=3\.0/);
  const described = Object.entries(body['paths'] ?? {}).flatMap(([path, methods]) => Object.keys(methods ?? {}).map((method) => `${method.toUpperCase()} ${path}`));
  expect(described.toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted());
  const operationIds = Object.values(body['paths'] ?? {}).flatMap((methods) => Object.values(methods ?? {}).map((operation) => text(operation?.['operationId'])));
  expect(new Set(operationIds).size).toBe(operationIds.length);
});
