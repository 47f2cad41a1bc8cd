/** Who may do what: API keys and tokens of an issuer, over HTTP. */
import { CompactSign, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { routes } from '../../routes/index.js';
import { scopeOf } from '../../routes/http.js';
import { authOf, bearer } from '../support/auth.js';
import { listOf, type Loose, text } from '../support/client.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { AUDIENCE, startIssuer, type TestIssuer } from '../support/issuer.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

const API_KEYS = 'read:key-that-reads;write:key-that-writes;admin:key-that-administers;read:sha256:b4b975564bb728f1d7de5927f415778fb8ffb0b313455e22a308a41857ee39f5';
const ids = (body: Loose): string[] => listOf(body['collections']).map(({ id }) => text(id)).toSorted();

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await makeCollection(server, 'open', [itemBody('a')]);
  await makeCollection(server, 'secret', [itemBody('b')]);
  await makeCollection(server, 'rocks', [itemBody('c')]);
}, 300_000);
afterAll(() => server?.close());

describe('With AUTH=api-key', () => {
  let keyed: TestVariant;
  let closed: TestVariant;
  beforeAll(async () => {
    keyed = await server.variant(authOf({ AUTH: 'api-key', API_KEYS: `${API_KEYS};read+geology:key-of-a-geologist`, COLLECTIONS_PRIVATE: 'secret:admin,rocks:geology' }));
    closed = await server.variant(authOf({ AUTH: 'api-key', API_KEYS, PUBLIC_READ: 'false' }));
  });
  afterAll(async () => {
    await keyed?.close();
    await closed?.close();
  });

  it.each([
    [{}, ['datasets', 'open']],
    [bearer('key-that-reads'), ['datasets', 'open']],
    [{ 'x-api-key': 'key-that-writes' }, ['datasets', 'open']],
    [{ 'x-api-key': 'key-that-was-hashed' }, ['datasets', 'open']],
    [bearer('key-of-a-geologist'), ['datasets', 'open', 'rocks']],
    [bearer('key-that-administers'), ['datasets', 'open', 'rocks', 'secret', 'system_tiles']],
  ])('%j sees the collections %j', async (headers, seen) => {
    const { status, body, headers: said } = await keyed.request('GET', '/collections', { headers });
    expect([status, ids(body)]).toEqual([200, seen]);
    expect(said.vary).toContain('Authorization, X-API-Key');
    expect(said['cache-control'] ?? '').toBe(Object.keys(headers).length === 0 ? '' : 'private');
  });

  it.each([
    ['another key', bearer('key-that-read')],
    ['a digest in the place of its key', bearer('b4b975564bb728f1d7de5927f415778fb8ffb0b313455e22a308a41857ee39f5')],
    ['an empty key', { 'x-api-key': '' }],
    ['another scheme', { authorization: 'Basic a2V5LXRoYXQtcmVhZHM6' }],
    ['two keys', { ...bearer('key-that-reads'), 'x-api-key': 'key-that-writes' }],
  ])('%s is 401 also where none is needed, and is not repeated', async (_, headers) => {
    const { status, headers: said, body } = await keyed.request('GET', '/collections', { headers });
    expect([status, said['www-authenticate'], said['cache-control']]).toEqual([401, 'Bearer realm="stac-mosaic", error="invalid_token"', 'no-store']);
    expect(JSON.stringify(body)).not.toMatch(/key-that|b4b9|a2V5/);
  });

  /** Every route with what it needs: nobody hears anything but 401 of a write, a reader 403, and what a body holds is not looked at before. */
  it.each(routes.filter((route) => scopeOf(route) === 'write').map(({ method, path }) => [method, path] as const))('%s %s needs the scope write', async (method, path) => {
    const at = path.replace(/\{\w+\}/g, 'none');
    const body = method === 'DELETE' ? {} : { body: 'no JSON' };
    const nobody = await keyed.request(method, at, body);
    expect([nobody.status, nobody.headers['www-authenticate'], text(nobody.body['code'])]).toEqual([401, 'Bearer realm="stac-mosaic"', 'Unauthorized']);
    const reader = await keyed.request(method, at, { ...body, headers: bearer('key-that-reads') });
    expect([reader.status, reader.headers['www-authenticate'], text(reader.body['code'])]).toEqual([403, 'Bearer realm="stac-mosaic", error="insufficient_scope", scope="write"', 'Forbidden']);
    const writer = await keyed.request(method, at, { ...body, headers: bearer('key-that-writes') });
    expect([401, 403]).not.toContain(writer.status);
  });

  it.each(routes.filter((route) => scopeOf(route) === 'read').map(({ method, path }) => [method, path] as const))('%s %s needs a key only with PUBLIC_READ=false', async (method, path) => {
    const at = path.replace(/\{\w+\}/g, 'none');
    const body = method === 'POST' ? { body: {} } : {};
    expect([401, 403]).not.toContain((await keyed.request(method, at, body)).status);
    expect((await closed.request(method, at, body)).status).toBe(401);
    expect([401, 403]).not.toContain((await closed.request(method, at, { ...body, headers: bearer('key-that-reads') })).status);
  });

  it('probes, preflights and the files of pages need no key, and a bad one does not matter there', async () => {
    for (const path of ['/health/live', '/health/ready', '/healthz', '/assets/pages.css']) {
      for (const headers of [{}, bearer('of-nobody')]) expect([path, (await closed.request('GET', path, { headers })).status]).toEqual([path, 200]);
    }
    const preflight = await closed.request('OPTIONS', '/collections', { headers: { origin: 'https://x.example.com', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,x-api-key' } });
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([204, 'authorization,x-api-key']);
  });

  it('a browser is told in words what it needs', async () => {
    const { status, headers, body } = await closed.request('GET', '/collections', { headers: { accept: 'text/html' } });
    expect([status, headers['content-type']]).toEqual([401, 'text/html; charset=utf-8']);
    expect(body).toMatch(/<h1>Who are you\?<\/h1>[^]*needs a key or token with the scope read/);
  });

  it('the OpenAPI document says what each operation needs', async () => {
    const { body } = await keyed.request('GET', '/api');
    expect(body['components']?.['securitySchemes']).toEqual({ bearer: expect.objectContaining({ type: 'http', scheme: 'bearer' }) as object, apiKey: expect.objectContaining({ type: 'apiKey', in: 'header', name: 'X-API-Key' }) as object });
    const needs = [{ bearer: [] }, { apiKey: [] }];
    expect(body['paths']?.['/search']?.['post']).toMatchObject({ security: [{}, ...needs], 'x-scope': 'read', responses: { 401: {}, 403: {} } });
    expect(body['paths']?.['/collections']?.['post']).toMatchObject({ security: needs, 'x-scope': 'write', responses: { 401: {}, 403: {} } });
    expect(body['paths']?.['/health/live']?.['get']?.['security']).toEqual([]);
    const open = await server.request('GET', '/api');
    expect(JSON.stringify(open.body)).not.toMatch(/securitySchemes|"security"|"401"/);
  });
});

describe('With AUTH=oidc', () => {
  let issuer: TestIssuer;
  let oidc: TestVariant;
  const variant = (more: Readonly<Record<string, string>> = {}): Promise<TestVariant> =>
    server.variant(authOf({ AUTH: 'oidc', OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: `other,${AUDIENCE}`, API_KEYS, COLLECTIONS_PRIVATE: 'secret:admin,rocks:geology', ...more }));
  const status = async (token: string, method = 'GET', path = '/collections/open'): Promise<number> => (await oidc.request(method, path, { headers: bearer(token) })).status;
  const now = (): number => Math.floor(Date.now() / 1000);

  beforeAll(async () => {
    issuer = await startIssuer();
    oidc = await variant();
  });
  afterAll(async () => {
    await oidc?.close();
    await issuer?.close();
  });

  it.each([
    ['read', [200, 403, 404]],
    ['read write', [200, 404, 404]],
    ['admin', [200, 404, 200]],
  ])('a token of the issuer for %s reads, deletes and sees a private collection with %j', async (scope, statuses) => {
    const token = await issuer.token(scope);
    expect([await status(token), await status(token, 'DELETE', '/collections/none'), await status(token, 'GET', '/collections/secret')]).toEqual(statuses);
  });

  it('API keys count beside tokens', async () => {
    expect(await status('key-that-administers', 'GET', '/collections/secret')).toBe(200);
  });

  it.each<[string, Record<string, unknown>, readonly string[]]>([
    ['Keycloak', { scope: 'openid profile', realm_access: { roles: ['offline_access', 'geology'] }, resource_access: { account: { roles: ['admin'] } } }, ['datasets', 'open', 'rocks']],
    ['Keycloak, by roles of this client', { scope: 'openid', resource_access: { [AUDIENCE]: { roles: ['admin'] } } }, ['datasets', 'open', 'rocks', 'secret', 'system_tiles']],
    ['Entra ID, delegated', { scope: undefined, scp: 'read geology', tid: 'some-tenant' }, ['datasets', 'open', 'rocks']],
    ['Entra ID, of an application', { scope: undefined, roles: ['admin'] }, ['datasets', 'open', 'rocks', 'secret', 'system_tiles']],
    ['groups, which are no scopes', { scope: undefined, groups: ['geology', 'admin'] }, ['datasets', 'open', 'rocks']],
    ['nothing', { scope: undefined }, ['datasets', 'open']],
    ['shapes that nobody has', { scope: 7, scp: { a: 1 }, roles: 'admins', realm_access: [], resource_access: 'admin', groups: null }, ['datasets', 'open']],
  ])('a token in the shape of %s sees what it grants', async (_, claims, seen) => {
    const { body } = await oidc.request('GET', '/collections', { headers: bearer(await issuer.sign(claims)) });
    expect(ids(body)).toEqual(seen);
  });

  it('with OIDC_SCOPE_PREFIX, scopes without it grant nothing', async () => {
    const prefixed = await variant({ OIDC_SCOPE_PREFIX: 'stac.' });
    const seen = async (scope: string): Promise<number> => (await prefixed.request('GET', '/collections/secret', { headers: bearer(await issuer.sign({ scope })) })).status;
    expect([await seen('admin'), await seen('stac.admin')]).toEqual([404, 200]);
    await prefixed.close();
  });

  it('clocks may be apart by half a minute', async () => {
    expect(await status(await issuer.sign({ exp: now() - 20 }))).toBe(200);
    expect(await status(await issuer.sign({ nbf: now() + 20 }))).toBe(200);
  });

  const foreign = async (): Promise<string> => {
    const { privateKey } = await generateKeyPair('RS256');
    return issuer.sign({ scope: 'admin' }, { key: privateKey });
  };
  const shared = async (): Promise<string> => {
    const secret = new TextEncoder().encode(JSON.stringify(issuer.publicKey()));
    return new SignJWT({ iss: issuer.url, aud: AUDIENCE, scope: 'admin', exp: now() + 60 }).setProtectedHeader({ alg: 'HS256' }).sign(secret);
  };
  const altered = async (): Promise<string> => {
    const [head, , signature] = (await issuer.sign({ scope: 'read' })).split('.');
    return [head, Buffer.from(JSON.stringify({ iss: issuer.url, aud: AUDIENCE, scope: 'admin', exp: now() + 60 })).toString('base64url'), signature].join('.');
  };
  const ownKey = async (): Promise<string> => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    const claims = JSON.stringify({ iss: issuer.url, aud: AUDIENCE, scope: 'admin', exp: now() + 60 });
    return new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader({ alg: 'ES256', jwk: { kty: 'EC', crv: 'P-256', x: jwk.x ?? '', y: jwk.y ?? '' }, jku: 'https://evil.example.com/keys' }).sign(privateKey);
  };

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ['that has expired', () => issuer.sign({ exp: now() - 31 }), /expired/],
    ['that is not valid yet', () => issuer.sign({ nbf: now() + 60 }), /not valid yet/],
    ['that never expires', () => issuer.sign({ exp: undefined }), /claim exp is missing/],
    ['for another audience', () => issuer.sign({ aud: 'https://other.example.com' }), /another audience/],
    ['for no audience', () => issuer.sign({ aud: undefined }), /another audience/],
    ['of another issuer', () => issuer.sign({ iss: 'https://evil.example.com' }), /another issuer/],
    ['signed by another key under the same name', foreign, /signature is wrong/],
    ['signed by a key that the issuer does not have', () => issuer.sign({}, { kid: 'unknown' }), /no key of the issuer/],
    ['that brings its own key', ownKey, /no key of the issuer|not taken/],
    ['with other claims than were signed', altered, /signature is wrong/],
    ['that is not signed (alg none)', () => new UnsecuredJWT({ scope: 'admin' }).setIssuer(issuer.url).setAudience(AUDIENCE).setExpirationTime('1h').encode(), /not taken|no signed JWT/],
    ['signed with the public key as a secret (HS256)', shared, /not taken/],
    ['that is none', () => 'a.b.c', /no signed JWT/],
  ])('a token %s is 401', async (_, make, why) => {
    const token = await make();
    for (const [method, path] of [['GET', '/collections/open'], ['DELETE', '/collections/none']] as const) {
      const { status: got, headers, body } = await oidc.request(method, path, { headers: bearer(token) });
      expect([got, headers['www-authenticate']]).toEqual([401, 'Bearer realm="stac-mosaic", error="invalid_token"']);
      expect(text(body['description'])).toMatch(why);
    }
  });

  it('a key that rotates is fetched, the old one counts no longer, and unknown keys are hardly ever asked for', async () => {
    const before = await issuer.sign();
    expect(await status(before)).toBe(200);
    await issuer.rotate();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await status(await issuer.sign())).toBe(200);
    expect(await status(before)).toBe(401);
    const asked = issuer.keysAsked();
    await Promise.all(Array.from({ length: 20 }, async (__, i) => status(await issuer.sign({}, { kid: `unknown-${i}` }))));
    expect(issuer.keysAsked() - asked).toBeLessThanOrEqual(2);
  });

  it('while the issuer is away, public things can be read and the rest is 503, until it is back', async () => {
    issuer.away(true);
    const fresh = await variant();
    const ask = async (method: string, path: string, token?: string): Promise<(string | number | undefined)[]> => {
      const { status: got, headers } = await fresh.request(method, path, token === undefined ? {} : { headers: bearer(token) });
      return [got, headers['retry-after']];
    };
    const token = await issuer.sign({ scope: 'admin' });
    expect(await ask('GET', '/collections/open')).toEqual([200, undefined]);
    const { status: read, headers } = await fresh.request('GET', '/collections/open', { headers: bearer(token) });
    expect([read, headers['cache-control'], headers['warning']]).toEqual([200, 'no-store', expect.stringContaining('only what is public')]);
    for (const id of ['secret', 'absent']) expect(await ask('GET', `/collections/${id}`, token)).toEqual([503, '5']);
    expect(await ask('DELETE', '/collections/none', token)).toEqual([503, '5']);
    expect(await ask('DELETE', '/collections/none', 'key-that-administers')).toEqual([404, undefined]);
    issuer.away(false);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await ask('GET', '/collections/secret', token)).toEqual([200, undefined]);
    await fresh.close();
  });

  it('the OpenAPI document leads to the issuer', async () => {
    const { body } = await oidc.request('GET', '/api');
    expect(body['components']?.['securitySchemes']?.['oidc']).toEqual({ type: 'openIdConnect', openIdConnectUrl: `${issuer.url}/.well-known/openid-configuration` });
    expect(body['paths']?.['/collections']?.['post']?.['security']).toContainEqual({ oidc: ['write'] });
  });
});
