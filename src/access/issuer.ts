/** The issuer of tokens: found by OpenID Connect Discovery 1.0, its keys fetched again when they rotate. */
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import type { OidcConfig } from '../config-auth.js';
import { DomainError, messageOf } from '../errors.js';
import { isObject } from '../json.js';
import { createGuard, type Guard } from '../storage/guard.js';
import { readBody } from '../storage/request.js';
import { requestOver } from '../storage/undici.js';

const TIMEOUT_MS = 5000;
/** Of what an issuer says of itself, and of its keys: a few kB each. */
const MAX_BYTES = 1024 * 1024;
/** A token that names an unknown key makes the keys be fetched again, at most so often: anybody may send such tokens. */
const ROTATION_MS = 1000;
/** So long a key counts after the issuer has withdrawn it. */
const KEYS_MS = 600_000;
/** An issuer that does not answer is left alone for so long. */
const PAUSE_MS = 1000;

export interface Issuer {
  /** As tokens name it. */
  readonly names: readonly string[];
  /** Of Entra ID: the tenant that every token must be of. */
  readonly tenant: string | undefined;
  readonly keys: JWTVerifyGetKey;
}

export const issuerAway = (cause: unknown): DomainError =>
  new DomainError('Unavailable', 'The issuer of tokens does not answer, so yours cannot be checked: try again.', { cause, retryAfter: 5 });

const TENANT = /^https:\/\/(?:login\.microsoftonline\.com|sts\.windows\.net)\/([0-9a-f-]{36})(?:\/|$)/;

/**
 * Entra ID signs tokens of both versions with the keys of the tenant: which one an application gets is set where it is
 * registered (`requestedAccessTokenVersion`), whatever it asks for.
 */
export function issuerNames(issuer: string): Pick<Issuer, 'names' | 'tenant'> {
  const tenant = TENANT.exec(issuer)?.[1];
  if (tenant === undefined) return { names: [issuer], tenant };
  return { names: [...new Set([issuer, `https://login.microsoftonline.com/${tenant}/v2.0`, `https://sts.windows.net/${tenant}/`])], tenant };
}

const bare = (url: string): string => url.replace(/\/+$/, '');

/** What the issuer answers; redirects are not followed. @throws an error of no kind: {@link issuerAway} is made of it */
async function answerOf(guard: Guard, url: URL, signal: AbortSignal): Promise<Response> {
  try {
    guard.check(url);
    const { statusCode, body } = await requestOver(await guard.agent(), url, { signal, headers: { accept: 'application/json', 'user-agent': 'stac-mosaic' } });
    body.on('error', () => undefined); // told to whoever reads it
    const bytes = await readBody(url, { body, length: undefined }, MAX_BYTES);
    return new Response(statusCode === 200 ? bytes : undefined, { status: statusCode });
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  }
}

/** Where its keys are: an issuer that is asked by TLS has them behind TLS too. */
function keysUrl(issuer: string, said: unknown): URL {
  if (typeof said !== 'string' || !URL.canParse(said)) throw new Error('it does not say where its keys are');
  const url = new URL(said);
  if (url.protocol !== 'https:' && new URL(issuer).protocol === 'https:') throw new Error('its keys are not at an https URL');
  return url;
}

/** @throws Unavailable while the issuer does not answer, or says something else than its own name and where its keys are */
async function discover({ issuer }: Pick<OidcConfig, 'issuer'>, guard: Guard): Promise<Issuer> {
  try {
    const response = await answerOf(guard, new URL(`${bare(issuer)}/.well-known/openid-configuration`), AbortSignal.timeout(TIMEOUT_MS));
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    const said: unknown = await response.json();
    const { issuer: name, jwks_uri: keys } = isObject(said) ? said : {};
    const named = typeof name === 'string' ? issuerNames(name) : undefined;
    // Entra ID's two versions name each other's.
    if (typeof name !== 'string' || named === undefined || !issuerNames(issuer).names.some((known) => bare(known) === bare(name))) throw new Error('it has another name than OIDC_ISSUER');
    return {
      ...named,
      keys: createRemoteJWKSet(keysUrl(issuer, keys), { timeoutDuration: TIMEOUT_MS, cooldownDuration: ROTATION_MS, cacheMaxAge: KEYS_MS, [customFetch]: (url, { signal }) => answerOf(guard, new URL(url), signal) }),
    };
  } catch (error) {
    throw issuerAway(new Error(`OIDC discovery failed: ${messageOf(error)}`, { cause: error }));
  }
}

export interface IssuerFinder {
  find(): Promise<Issuer>;
  /** The keys are not where they were: look again next time. */
  forget(): void;
}

/** Looks when first asked, so that a server starts while its issuer is away. */
export function createIssuerFinder(config: Pick<OidcConfig, 'issuer'>): IssuerFinder {
  // The issuer may be on a private network; its keys may be elsewhere, as Google's are, but then at a public address.
  const guard = createGuard({ hosts: [], trusted: [new URL(config.issuer).hostname], anyPublic: true, timeout: TIMEOUT_MS });
  let found: Promise<Issuer> | undefined;
  let failedAt: number | undefined;
  const forget = (): void => {
    found = undefined;
    failedAt = undefined;
  };
  return {
    find() {
      if (failedAt !== undefined && performance.now() - failedAt > PAUSE_MS) forget();
      if (found === undefined) {
        found = discover(config, guard);
        found.catch(() => (failedAt = performance.now()));
      }
      return found;
    },
    forget,
  };
}
