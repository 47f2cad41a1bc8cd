/** Who a caller is, what they may do and which collections exist for them. */
import type { AuthConfig } from '../config-auth.js';
import { SYSTEM_TILES } from '../datasets/collections.js';
import { DomainError } from '../errors.js';
import type { Visibility } from '../pgstac/selection.js';
import { type ApiKey, callerOfKey } from './keys.js';
import { hiddenFrom } from './private.js';
import { ANYBODY, type Caller, covers, type Scope } from './scopes.js';
import { createTokenCheck } from './tokens.js';

/** What a request brings along. */
export interface Credentials {
  readonly bearer?: string | undefined;
  readonly key?: string | undefined;
}

export interface Access {
  /** Whether anybody is asked who they are; without it all may read and write, and nobody administers. */
  readonly isOn: boolean;
  /** Whether collections beside the tiles' are private: then a missing one must look like them. */
  readonly hasPrivate: boolean;
  /** @throws Unauthorized for a key or token that is nobody's, Unavailable while a token cannot be checked */
  identify(credentials: Credentials): Promise<Caller>;
  /** Whether this is allowed to whoever sends nothing. */
  isPublic(needed: Scope): boolean;
  allows(caller: Caller, needed: Scope): boolean;
  visibility(caller: Caller): Visibility;
}

/** @param ownKeys of this process itself, beside those of the configuration */
export function createAccess(config: AuthConfig, ownKeys: readonly ApiKey[] = []): Access {
  const { auth, apiKeys, oidc, privateCollections, publicRead } = config;
  const isOn = auth !== 'none';
  const keys = [...apiKeys, ...ownKeys];
  const checkToken = auth === 'oidc' && oidc !== undefined ? createTokenCheck(oidc) : undefined;
  const toAnybody = hiddenFrom(ANYBODY, privateCollections);
  const isPublic = (needed: Scope): boolean => !isOn || (publicRead && needed === 'read');
  return {
    isOn,
    hasPrivate: privateCollections.some(({ collection }) => collection !== SYSTEM_TILES),
    async identify({ bearer, key }) {
      if (!isOn || (bearer === undefined && key === undefined)) return ANYBODY;
      if (bearer !== undefined && key !== undefined && bearer !== key) throw new DomainError('Unauthorized', 'Authorization and X-API-Key say different things: send one of them.');
      const known = callerOfKey(keys, bearer ?? key ?? '');
      if (known !== undefined) return known;
      if (bearer === undefined || checkToken === undefined) throw new DomainError('Unauthorized', 'The key is not one that this server knows.');
      return checkToken(bearer);
    },
    isPublic,
    allows: ({ scope }, needed) => isPublic(needed) || covers(scope, needed),
    visibility: (caller) => (caller === ANYBODY ? toAnybody : hiddenFrom(caller, privateCollections)),
  };
}
