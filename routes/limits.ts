/** How much one caller may ask: requests in a time (RATE_LIMIT) and requests at once (CONCURRENCY_LIMIT); counted in each process. */
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import { ANYBODY } from '../src/access/scopes.js';
import type { Config } from '../src/config.js';
import { DomainError, type ErrorKind } from '../src/errors.js';
import { callerOf } from './authorise.js';

/** Handlers; none where nothing is limited. A caller beyond a limit is told 429 and when to come back. */
export interface Limits {
  /** Before all else: whoever sends no key or token is counted by address. */
  readonly ofAddress: readonly RequestHandler[];
  /** Behind authorisation: the others are counted by who they are, and those who turn out to be nobody by their address too. */
  readonly ofCaller: readonly (RequestHandler | ErrorRequestHandler)[];
  /** Where nobody is asked who they are (OPTIONS, 404, 405): whoever sends a key is counted by address, be it one or none. */
  readonly ofUnasked: readonly RequestHandler[];
}

/** Asked by machines that watch this one, often from one address. */
const PROBES = /^\/(health\/(live|ready)|healthz|metrics)\/?$/;

/** How authorisation ends for those who are not let through. */
const REFUSALS: ReadonlySet<ErrorKind> = new Set(['Unauthorized', 'Forbidden', 'Unavailable']);

type Key = (request: Request, response: Response) => string;

/** The client's behind proxies of TRUST_PROXY; of IPv6 the /56 that one customer has. */
const addressOf: Key = (request) => `address ${ipKeyGenerator(request.ip ?? '')}`;

const callerKey: Key = (request, response) => {
  const { name } = callerOf(response);
  return name === ANYBODY.name ? addressOf(request, response) : `caller ${name}`;
};

export function createLimits({ auth, rateLimit: rate, concurrencyLimit }: Pick<Config, 'auth' | 'rateLimit' | 'concurrencyLimit'>): Limits {
  const limits = [...(rate === undefined ? [] : [rated(rate)]), ...(concurrencyLimit === undefined ? [] : [concurrent(concurrencyLimit)])];
  const isKnown = (request: Request): boolean => auth !== 'none' && (request.get('authorization') ?? request.get('x-api-key')) !== undefined;
  const handlers = (counts: (request: Request) => boolean, key: Key): RequestHandler[] =>
    limits.map((limit) => (request, response, next) => (PROBES.test(request.path) || !counts(request) ? next() : limit(key)(request, response, next)));
  const ofRefused = limits.map((limit): ErrorRequestHandler => (error: unknown, request, response, next) => {
    if (!(error instanceof DomainError) || !REFUSALS.has(error.kind) || !isKnown(request)) return next(error);
    return limit(callerKey)(request, response, (limited: unknown) => next(limited ?? error));
  });
  return {
    ofAddress: handlers((request) => !isKnown(request), addressOf),
    ofCaller: [...handlers(isKnown, callerKey), ...ofRefused],
    ofUnasked: handlers(isKnown, addressOf),
  };
}

/** One count for all ways to a key. */
function rated({ requests, windowMs }: NonNullable<Config['rateLimit']>): (key: Key) => RequestHandler {
  const keys = new WeakMap<Request, Key>();
  const limiter = rateLimit({
    limit: requests,
    windowMs,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    // Its checks of the settings are for those who write them in code; ours are config.ts's.
    validate: false,
    keyGenerator: (request, response) => (keys.get(request) ?? addressOf)(request, response),
    handler: (_request, response, next) => {
      const seconds = Number(response.getHeader('Retry-After') ?? windowMs / 1000);
      next(new DomainError('RateLimited', `More than ${requests} requests in ${windowMs / 1000} s; come back in ${seconds} s.`, { retryAfter: seconds }));
    },
  });
  return (key) => (request, response, next) => {
    keys.set(request, key);
    return limiter(request, response, next);
  };
}

function concurrent(most: number): (key: Key) => RequestHandler {
  const running = new Map<string, number>();
  return (key) => (request: Request, response: Response, next: NextFunction): void => {
    const caller = key(request, response);
    const others = running.get(caller) ?? 0;
    if (others >= most) return next(new DomainError('RateLimited', `${most} requests of this caller are running already; come back when one of them has ended.`, { retryAfter: 1 }));
    running.set(caller, others + 1);
    response.once('close', () => {
      const left = (running.get(caller) ?? 1) - 1;
      if (left === 0) running.delete(caller);
      else running.set(caller, left);
    });
    next();
  };
}
