/** The variables that say who may do what (API.md sections 6 to 8). */
import { type Grant, parsePrivate } from './access/grants.js';
import { type ApiKey, parseKeys } from './access/keys.js';

export interface OidcConfig {
  readonly issuer: string;
  /** A token must be for one of them. */
  readonly audiences: readonly string[];
  /** Stands before `read`, `write` and `admin` in the issuer's scopes and roles; '' where nothing does. */
  readonly scopePrefix: string;
}

export interface AuthConfig {
  /** With `oidc`, API keys count as well. */
  readonly auth: 'none' | 'api-key' | 'oidc';
  readonly apiKeys: readonly ApiKey[];
  readonly oidc: OidcConfig | undefined;
  readonly privateCollections: readonly Grant[];
  /** Whether public collections can be read by whoever sends nothing. */
  readonly publicRead: boolean;
}

/** What the reader of config.ts offers. */
interface Variables {
  readonly problems: string[];
  text(name: string): string | undefined;
  flag(name: string, fallback: boolean): boolean;
  list(name: string): string[];
}

/** Whether a host is this machine to itself. */
export const isLoopback = (host: string): boolean => /^127(\.\d+){3}$/.test(host) || ['::1', '[::1]', 'localhost'].includes(host);

/** A server that takes writes without authentication off loopback must be told so aloud. */
export function readAuth(variables: Variables, host: string): AuthConfig {
  const { problems } = variables;
  const said = variables.text('AUTH');
  const auth = said === undefined ? 'none' : (['none', 'api-key', 'oidc'] as const).find((known) => known === said);
  if (auth === undefined) problems.push(`AUTH must be none, api-key or oidc, not "${said}"`);
  const keys = variables.text('API_KEYS');
  const issuer = variables.text('OIDC_ISSUER');
  if (said === undefined) {
    if (!isLoopback(host)) problems.push(`AUTH is not set and HOST=${host} is not a loopback address: say AUTH=api-key or AUTH=oidc, or AUTH=none to let everybody write`);
    if (keys !== undefined || issuer !== undefined) problems.push(`AUTH is not set, but ${keys === undefined ? 'OIDC_ISSUER' : 'API_KEYS'} is: say AUTH=${keys === undefined ? 'oidc' : 'api-key'}, or AUTH=none`);
  }
  const apiKeys = keys === undefined ? [] : parseKeys(keys, problems);
  if (auth === 'api-key' && keys === undefined) problems.push('API_KEYS is missing: AUTH=api-key needs keys as read:KEY;write:KEY;admin:KEY');
  return {
    auth: auth ?? 'none',
    apiKeys,
    oidc: auth === 'oidc' ? readOidc(variables, issuer) : undefined,
    privateCollections: parsePrivate(variables.text('COLLECTIONS_PRIVATE') ?? '', problems),
    publicRead: variables.flag('PUBLIC_READ', true),
  };
}

/** A name without dots is of the same network: what containers call each other. */
const mayBeHttp = ({ hostname }: URL): boolean => isLoopback(hostname) || !/[.:]/.test(hostname);

function readOidc(variables: Variables, issuer: string | undefined): OidcConfig | undefined {
  const { problems } = variables;
  const audiences = variables.list('OIDC_AUDIENCE');
  if (audiences.length === 0) problems.push('OIDC_AUDIENCE is missing: tokens for other services must not count here');
  const url = issuer !== undefined && URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (issuer === undefined) problems.push('OIDC_ISSUER is missing: AUTH=oidc needs the URL of the issuer');
  else if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') problems.push('OIDC_ISSUER must be an https URL without query');
  else if (url.protocol === 'http:' && !mayBeHttp(url)) problems.push('OIDC_ISSUER must be https: whoever stands between could put keys of their own in the place of the issuer\'s');
  else if (/^https:\/\/login\.microsoftonline\.com\/(common|organizations|consumers)(\/|$)/.test(issuer)) problems.push('OIDC_ISSUER must name one tenant of Entra ID: https://login.microsoftonline.com/TENANT-ID/v2.0');
  return issuer === undefined ? undefined : { issuer, audiences, scopePrefix: variables.text('OIDC_SCOPE_PREFIX') ?? '' };
}
