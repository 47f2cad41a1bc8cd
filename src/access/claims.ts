/** What a token grants, in the shapes of Entra ID and Keycloak beside the standard ones. */
import { isObject, type JsonObject } from '../json.js';
import type { OidcConfig } from '../config-auth.js';
import { type Caller, isScope, largest } from './scopes.js';

/** A list of texts, or one text with spaces between them (`scope` of RFC 8693 section 4.2, `scp` of Entra ID). */
function words(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}

const rolesOf = (value: unknown): string[] => (isObject(value) ? words(value['roles']) : []);

/** Roles that Keycloak lists by client: those of the clients that this server is. */
function clientRoles(value: unknown, clients: readonly string[]): string[] {
  return isObject(value) ? clients.flatMap((client) => rolesOf(value[client])) : [];
}

/**
 * The caller whose token has been verified. Scopes are among `scope`, `scp`, `roles`, `realm_access.roles` and
 * `resource_access.{audience}.roles`, after the prefix where one is set; groups are claims only, since whoever names groups
 * has no say in what this server calls its administrators.
 */
export function callerOfToken(payload: JsonObject, { audiences, scopePrefix }: Pick<OidcConfig, 'audiences' | 'scopePrefix'>): Caller {
  const granted = [
    ...words(payload['scope']),
    ...words(payload['scp']),
    ...words(payload['roles']),
    ...rolesOf(payload['realm_access']),
    ...clientRoles(payload['resource_access'], audiences),
  ];
  const scopes = granted.flatMap((name) => (name.startsWith(scopePrefix) ? name.slice(scopePrefix.length) : [])).filter(isScope);
  const subject = payload['sub'] ?? payload['oid'] ?? payload['azp'] ?? payload['appid'];
  return { name: `token ${typeof subject === 'string' ? subject : 'without subject'}`, scope: largest(scopes), claims: new Set([...granted, ...words(payload['groups'])]) };
}
