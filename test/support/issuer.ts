/** An OpenID Connect issuer for tests: oidc-provider on a port of its own, whose keys the test has too, so that it can sign what no issuer would. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';

export const AUDIENCE = 'https://stac.example.com';
const CLIENT = { client_id: 'etl', client_secret: 'a-secret-of-the-client' };

type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

interface SigningKey {
  readonly kid: string;
  readonly key: Key;
  readonly jwk: JWK;
}

export interface TestIssuer {
  readonly url: string;
  /** A token by the client credentials grant, signed by the issuer itself. */
  token(scope: string): Promise<string>;
  /** Signs claims with the key of the moment; those that every token has are there unless said otherwise. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: { readonly kid?: string; readonly key?: Key }): Promise<string>;
  /** The public key that tokens are signed by now. */
  publicKey(): JWK;
  /** Another key takes the place of the present one. */
  rotate(): Promise<void>;
  /** Answers nobody, until it is told to answer again. */
  away(isAway: boolean): void;
  /** How often its keys were asked for. */
  keysAsked(): number;
  close(): Promise<void>;
}

let made = 0;

async function makeKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const kid = `key-${(made += 1)}`;
  return { kid, key: privateKey, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' } };
}

const providerOf = (issuer: string, { jwk }: SigningKey): Provider =>
  new Provider(issuer, {
    clients: [{ ...CLIENT, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    ttl: { ClientCredentials: 600 },
    jwks: { keys: [{ ...jwk, kty: 'RSA' }] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: 'read write admin', audience: AUDIENCE, accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  });

export async function startIssuer(): Promise<TestIssuer> {
  let answer: ReturnType<Provider['callback']> | undefined;
  let isAway = false;
  let keysAsked = 0;
  const server: Server = createServer((request, response) => {
    if (request.url === '/jwks') keysAsked += 1;
    if (isAway) request.destroy();
    else void answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let current = await makeKey();
  answer = providerOf(url, current).callback();
  return {
    url,
    async token(scope) {
      const body = new URLSearchParams({ grant_type: 'client_credentials', scope, resource: AUDIENCE });
      const authorization = `Basic ${Buffer.from(`${CLIENT.client_id}:${CLIENT.client_secret}`).toString('base64')}`;
      const said = (await (await fetch(`${url}/token`, { method: 'POST', body, headers: { authorization } })).json()) as { access_token?: string; error_description?: string };
      if (said.access_token === undefined) throw new Error(`The issuer gives no token: ${JSON.stringify(said)}`);
      return said.access_token;
    },
    sign(claims = {}, { kid = current.kid, key = current.key } = {}) {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, aud: AUDIENCE, sub: 'somebody', iat: now, exp: now + 600, scope: 'read', ...claims }).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
    },
    publicKey: () => ({ kty: 'RSA', n: current.jwk.n ?? '', e: current.jwk.e ?? '' }),
    async rotate() {
      current = await makeKey();
      answer = providerOf(url, current).callback();
    },
    away: (away) => void (isAway = away),
    keysAsked: () => keysAsked,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}
