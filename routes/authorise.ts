/** Who asks, and whether they may: found out before a body is read or a parameter parsed. */
import type { NextFunction, Request, Response } from 'express';
import type { Credentials } from '../src/access/access.js';
import { ANYBODY, type Caller, type Scope } from '../src/access/scopes.js';
import { DomainError } from '../src/errors.js';
import type { Services } from '../src/services.js';
import type { Reply } from './http.js';

const REALM = 'Bearer realm="stac-mosaic"';
/** What the answers depend on. */
const VARY = 'Authorization, X-API-Key';

/** @throws Unauthorized for another scheme than Bearer (RFC 6750 section 2.1) */
function credentialsOf(request: Request): Credentials {
  const header = request.get('authorization');
  const key = request.get('x-api-key');
  if (header === undefined) return { key };
  const bearer = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (bearer === undefined) throw new DomainError('Unauthorized', 'Authorization must be Bearer, with an API key or a token.');
  return { bearer, key };
}

/** Goes on for those who may; the others hear 401 or 403 with a challenge (RFC 6750 section 3). */
export function authorise({ access, logger }: Pick<Services, 'access' | 'logger'>, needed: Scope | 'none') {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (!access.isOn || needed === 'none') return next();
    response.vary(VARY);
    const challenge = (more: string): void => void response.setHeader('WWW-Authenticate', REALM + more);
    try {
      const caller = await access.identify(credentialsOf(request));
      response.locals['caller'] = caller;
      if (access.allows(caller, needed)) return next();
      if (caller === ANYBODY) throw new DomainError('Unauthorized', `This needs a key or token with the scope ${needed}: send it as "Authorization: Bearer KEY" or as "X-API-Key: KEY".`);
      challenge(`, error="insufficient_scope", scope="${needed}"`);
      throw new DomainError('Forbidden', `This needs the scope ${needed}, which this key or token does not have.`);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.kind === 'Unauthorized') challenge(request.get('authorization') === undefined && request.get('x-api-key') === undefined ? '' : ', error="invalid_token"');
      if (error.kind !== 'Unavailable' || !access.isPublic(needed)) throw error;
      // Public things can be read while the issuer is away; whatever may be hidden says so (routes/access.ts).
      logger.warn({ err: error }, 'a token could not be checked: its sender is treated as anybody');
      response.locals['caller'] = { ...ANYBODY, unchecked: true } satisfies Caller;
      response.setHeader('Warning', '199 stac-mosaic "The issuer of tokens does not answer: only what is public is shown."');
      next();
    }
  };
}

/** Whoever {@link authorise} let through. */
export const callerOf = (response: Response): Caller => (response.locals['caller'] as Caller | undefined) ?? ANYBODY;

/** What was made for one caller is stored for nobody else (RFC 9111 section 5.2.2.7). */
export function forCaller(reply: Reply, caller: Caller): Reply {
  if (caller === ANYBODY) return reply;
  const said = (reply.headers?.['Cache-Control'] ?? '').split(',').map((directive) => directive.trim());
  const kept = caller.unchecked === true ? ['no-store'] : ['private', ...said.filter((directive) => directive !== '' && directive !== 'public' && directive !== 'private')];
  return { ...reply, headers: { ...reply.headers, 'Cache-Control': kept.join(', ') } };
}
