/** Keys, claims and grants: what a caller is and sees, and settings that are refused without a secret in the words. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAccess } from '../../src/access/access.js';
import { callerOfToken } from '../../src/access/claims.js';
import { parsePrivate } from '../../src/access/grants.js';
import { issuerNames } from '../../src/access/issuer.js';
import { callerOfKey, digestOf, parseKeys } from '../../src/access/keys.js';
import { hiddenFrom, withTiles } from '../../src/access/private.js';
import { ANYBODY, type Caller, covers } from '../../src/access/scopes.js';
import { createTokenCheck } from '../../src/access/tokens.js';
import { loadConfig } from '../../src/config.js';
import { readAuthOf } from '../support/auth.js';

const caller = (scope: Caller['scope'], ...claims: string[]): Caller => ({ name: 'x', scope, claims: new Set(claims) });

describe('API keys', () => {
  const problems: string[] = [];
  const keys = parseKeys(`read:r1; read:r2 ;write:w:with:colons;admin:sha256:${digestOf('hashed').toUpperCase()};read+geology+maps:g;write:twice;read+maps:twice;`, problems);

  it.each([
    ['r1', 'read', []],
    ['r2', 'read', []],
    ['w:with:colons', 'write', []],
    ['hashed', 'admin', []],
    ['g', 'read', ['geology', 'maps']],
    ['twice', 'write', ['maps']],
  ])('%s has the scope %s and the claims %j', (key, scope, claims) => {
    expect(problems).toEqual([]);
    expect(callerOfKey(keys, key)).toEqual({ name: `key ${digestOf(key).slice(0, 8)}`, scope, claims: new Set(claims) });
  });

  it.each(['', 'r', 'r1 ', 'R1', 'sha256', digestOf('hashed'), `sha256:${digestOf('hashed')}`, 'with:colons'])('%j is of nobody', (key) => {
    expect(callerOfKey(keys, key)).toBeUndefined();
  });

  it('are kept as digests only', () => {
    expect(JSON.stringify(keys)).not.toMatch(/r1|colons|twice/);
  });

  it.each(['topsecret', 'owner:topsecret', 'read:', ':topsecret', 'read topsecret', 'read:top secret', 'read:sha256:topsecret', 'read+:topsecret', 'read:ok;write:top secret'])('%j is refused by its place alone', (text) => {
    const found: string[] = [];
    parseKeys(text, found);
    expect(found).toEqual([expect.stringMatching(/^API_KEYS: entry [12] must/)]);
    expect(found.join()).not.toMatch(/top|secret/);
  });
});

it('each scope covers the ones before it', () => {
  expect(['read', 'write', 'admin', undefined].map((held) => (['read', 'write', 'admin'] as const).map((needed) => covers(held as Caller['scope'], needed)))).toEqual([[true, false, false], [true, true, false], [true, true, true], [false, false, false]]);
});

describe('Claims of a token', () => {
  const scopeOf = (payload: Parameters<typeof callerOfToken>[0], scopePrefix = ''): unknown => callerOfToken(payload, { audiences: ['api://stac', 'stac'], scopePrefix }).scope;

  it.each([
    [{ scope: 'openid read write' }, 'write'],
    [{ scp: 'write' }, 'write'],
    [{ scp: ['read', 'admin'] }, 'admin'],
    [{ roles: ['read'] }, 'read'],
    [{ realm_access: { roles: ['admin'] } }, 'admin'],
    [{ resource_access: { stac: { roles: ['write'] }, other: { roles: ['admin'] } } }, 'write'],
    [{ scope: 'readwrite', roles: ['Admin', 'admins', 'read '] }, undefined],
    [{ groups: ['admin'] }, undefined],
    [{ scope: ['admin', 7, null] }, 'admin'],
    [{}, undefined],
  ])('%j grant the scope %s', (payload, scope) => {
    expect(scopeOf(payload)).toBe(scope);
  });

  it('a prefix keeps what the issuer calls its own administrators from being ours', () => {
    expect([scopeOf({ realm_access: { roles: ['admin', 'stac-read'] } }, 'stac-'), scopeOf({ roles: ['admin'] }, 'stac-')]).toEqual(['read', undefined]);
  });
});

describe('Issuers', () => {
  const tenant = '11111111-2222-3333-4444-555555555555';
  const both = [`https://login.microsoftonline.com/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`];

  it.each([...both, `https://login.microsoftonline.com/${tenant}`])('%s of Entra ID signs tokens of both versions, of its tenant', (issuer) => {
    const { names, tenant: found } = issuerNames(issuer);
    expect([...names]).toEqual(expect.arrayContaining(both));
    expect(found).toBe(tenant);
  });

  it.each(['https://id.example.com/realms/x', `https://login.microsoftonline.com.evil.example/${tenant}/v2.0`])('%s is itself alone', (issuer) => {
    expect(issuerNames(issuer)).toEqual({ names: [issuer], tenant: undefined });
  });
});

describe('Private collections', () => {
  const grants = parsePrivate('secret:admin, team:read,rocks:geology,rocks:write,a:b:read,odd%2Cid:urn%3Aclaim', []);

  it.each<[Caller, string[]]>([
    [ANYBODY, ['a:b', 'odd,id', 'rocks', 'secret', 'system_tiles', 'team']],
    [caller('read'), ['odd,id', 'rocks', 'secret', 'system_tiles']],
    [caller('write'), ['odd,id', 'secret', 'system_tiles']],
    [caller('read', 'geology', 'admin'), ['odd,id', 'secret', 'system_tiles']],
    [caller(undefined, 'geology', 'urn:claim'), ['a:b', 'secret', 'system_tiles', 'team']],
    [caller('admin'), []],
  ])('%j does not see %j', (who, hidden) => {
    expect(hiddenFrom(who, grants).hidden.toSorted()).toEqual(hidden);
  });

  it('the tiles may be opened to others, and are seen below their datasets', () => {
    expect(hiddenFrom(caller('read'), parsePrivate('system_tiles:read', []))).toEqual({ hidden: [] });
    expect(withTiles({ hidden: ['a', 'system_tiles'] })).toEqual({ hidden: ['a'] });
  });

  it.each(['secret', 'secret:', ':read', '%:read', 'a:read,b'])('%j is refused', (text) => {
    const problems: string[] = [];
    parsePrivate(text, problems);
    expect(problems).toEqual([expect.stringMatching(/^COLLECTIONS_PRIVATE: entry/)]);
  });
});

describe('Settings', () => {
  const KEYS = 'read:topsecret';
  const OIDC = { AUTH: 'oidc', OIDC_ISSUER: 'https://id.example.com', OIDC_AUDIENCE: 'stac' };

  it.each<[Record<string, string>, string, RegExp]>([
    [{}, '0.0.0.0', /AUTH is not set and HOST=0\.0\.0\.0 is not a loopback address/],
    [{}, '192.168.1.5', /AUTH is not set/],
    [{}, '::', /AUTH is not set/],
    [{ API_KEYS: KEYS }, '127.0.0.1', /AUTH is not set, but API_KEYS is/],
    [{ OIDC_ISSUER: 'https://id.example.com' }, 'localhost', /AUTH is not set, but OIDC_ISSUER is/],
    [{ AUTH: 'basic' }, '127.0.0.1', /AUTH must be none, api-key or oidc, not "basic"/],
    [{ AUTH: 'api-key' }, '127.0.0.1', /API_KEYS is missing/],
    [{ AUTH: 'oidc', OIDC_AUDIENCE: 'x' }, '127.0.0.1', /OIDC_ISSUER is missing/],
    [{ AUTH: 'oidc', OIDC_ISSUER: 'https://id.example.com' }, '127.0.0.1', /OIDC_AUDIENCE is missing/],
    [{ ...OIDC, OIDC_ISSUER: 'http://id.example.com' }, '127.0.0.1', /OIDC_ISSUER must be https/],
    [{ ...OIDC, OIDC_ISSUER: 'https://me:topsecret@id.example.com' }, '127.0.0.1', /OIDC_ISSUER must be an https URL/],
    [{ ...OIDC, OIDC_ISSUER: 'https://login.microsoftonline.com/common/v2.0' }, '127.0.0.1', /must name one tenant/],
  ])('%j on %s are refused', (variables, host, why) => {
    const { problems } = readAuthOf(variables, host);
    expect(problems).toEqual([expect.stringMatching(why)]);
    expect(problems.join()).not.toContain('topsecret');
  });

  it.each<[Record<string, string>, string]>([
    [{}, '127.0.0.1'],
    [{}, '127.1.2.3'],
    [{}, '::1'],
    [{ AUTH: 'none' }, '0.0.0.0'],
    [{ AUTH: 'api-key', API_KEYS: KEYS }, '0.0.0.0'],
    [{ ...OIDC, API_KEYS: KEYS }, '::'],
    [{ ...OIDC, OIDC_ISSUER: 'http://keycloak:8080/realms/x' }, '0.0.0.0'],
  ])('%j on %s are taken', (variables, host) => {
    expect(readAuthOf(variables, host).problems).toEqual([]);
  });

  it('are read from the environment, and a configuration that is shown holds no key', () => {
    const config = loadConfig({ AUTH: 'api-key', API_KEYS: KEYS, COLLECTIONS_PRIVATE: 'a:read', PUBLIC_READ: 'false' });
    expect(config).toMatchObject({ auth: 'api-key', publicRead: false, privateCollections: [{ collection: 'a', to: 'read' }] });
    expect(JSON.stringify(config)).not.toContain('topsecret');
  });
});

describe('Access', () => {
  const access = createAccess(readAuthOf({ AUTH: 'api-key', API_KEYS: 'write:w' }).config);

  it('knows keys of the process itself', async () => {
    const own = createAccess(readAuthOf({ AUTH: 'api-key', API_KEYS: 'write:w' }).config, [{ scope: 'admin', claims: [], digest: digestOf('mine') }]);
    await expect(own.identify({ bearer: 'mine' })).resolves.toMatchObject({ scope: 'admin' });
    await expect(access.identify({ bearer: 'mine' })).rejects.toMatchObject({ kind: 'Unauthorized' });
  });

  it('takes the same key in both headers', async () => {
    await expect(access.identify({ bearer: 'w', key: 'w' })).resolves.toMatchObject({ scope: 'write' });
  });
});

it('keys of an issuer are asked for at its own host or a public address only, whatever it says of them', async () => {
  let asked = 0;
  const issuer = createServer((request, response) => {
    if (request.url === '/jwks') asked += 1;
    const at = `http://localhost:${(issuer.address() as AddressInfo).port}`;
    response.end(JSON.stringify(request.url === '/jwks' ? { keys: [] } : { issuer: at, jwks_uri: `${at.replace('localhost', '127.0.0.1')}/jwks` }));
  });
  await new Promise<void>((resolve) => issuer.listen(0, resolve));
  try {
    const token = [{ alg: 'RS256', kid: 'k' }, { exp: 9e9 }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const check = createTokenCheck({ issuer: `http://localhost:${(issuer.address() as AddressInfo).port}`, audiences: ['a'], scopePrefix: '' });
    await expect(check(`${token}.AAAA`)).rejects.toMatchObject({ kind: 'Unavailable' });
    expect(asked).toBe(0);
  } finally {
    issuer.closeAllConnections();
    issuer.close();
  }
});
