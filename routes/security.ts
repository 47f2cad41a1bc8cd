/** Who may call what, as OpenAPI 3.0.3 says it: schemes, the requirement of each operation, and what the others hear. */
import type { SchemaObject } from '../schemas/parameters.js';
import type { AuthConfig } from '../src/config-auth.js';
import { type Route, scopeOf } from './http.js';

export type Security = Pick<AuthConfig, 'auth' | 'oidc' | 'publicRead'>;

/** Nobody is asked who they are. */
export const OPEN: Security = { auth: 'none', oidc: undefined, publicRead: true };

export function securitySchemes({ auth, oidc }: Security): Record<string, SchemaObject> {
  if (auth === 'none') return {};
  return {
    bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or a token of the issuer where there is one.' },
    apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' },
    ...(oidc === undefined ? {} : { oidc: { type: 'openIdConnect', openIdConnectUrl: `${oidc.issuer.replace(/\/+$/, '')}/.well-known/openid-configuration` } }),
  };
}

/** Any one of the schemes; `{}` where none is needed (section 4.7.30). Scopes stand in an extension: 3.0 names them for OAuth 2 and OpenID Connect alone. */
export function securityOf(route: Route, { auth, oidc, publicRead }: Security): SchemaObject {
  const scope = scopeOf(route);
  if (auth === 'none') return {};
  if (scope === 'none') return { security: [] };
  const isOpen = scope === 'read' && publicRead;
  return { security: [...(isOpen ? [{}] : []), { bearer: [] }, { apiKey: [] }, ...(oidc === undefined ? [] : [{ oidc: [oidc.scopePrefix + scope] }])], 'x-scope': scope };
}

/** What is said of the statuses 401 and 403; nothing where nobody is asked. */
export function refusals(route: Route, { auth }: Security): Record<string, string> {
  const scope = scopeOf(route);
  if (auth === 'none' || scope === 'none') return {};
  return { 401: 'No key or token where one is needed, or one that does not count', 403: `The key or token lacks the scope ${scope}` };
}
