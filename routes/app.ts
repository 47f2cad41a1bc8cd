/** The express application: the only place that turns requests into calls and replies into responses. */
import { randomUUID } from 'node:crypto';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import compression from 'compression';
import cors from 'cors';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { DomainError, messageOf } from '../src/errors.js';
import { parseQuery } from '../schemas/parameters.js';
import { isObject, type Json } from '../src/json.js';
import type { Lifecycle } from '../src/lifecycle.js';
import type { Services } from '../src/services.js';
import { inRequestSpan } from '../src/telemetry/spans.js';
import { answerSeen } from './access.js';
import { authorise, callerOf, forCaller } from './authorise.js';
import { assertHost, baseOf } from './base.js';
import { bodyParsers, streamOf, textOfBody } from './body.js';
import { errorReply } from './errors.js';
import { type Call, type Method, type Operation, type Reply, type Route, scopeOf } from './http.js';
import { createLimits, type Limits } from './limits.js';
import { hrefsIn, withSignatures } from './signing.js';
import { documentOf, formatOf, hasPage, withAlternate } from './negotiate.js';
import { CONTENT_SECURITY_POLICY } from './pages/csp.js';
import { errorPage } from './pages/error.js';
import { pageOf } from './pages/index.js';
import { isStream, reading } from './reading.js';

/** A stream that moves nothing for so long is cut. */
const STALL_MS = 120_000;
const PAGE_TYPE = 'text/html; charset=utf-8';

/** `/collections/{id}` of OpenAPI as `/collections/:id` of express; quoted, since letters may follow: `{width}x{height}`. */
const toExpressPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':"$1"');

/** The application over a table of routes. Every GET answers HEAD, every path OPTIONS with `Allow`, other methods 405. */
export function createApp(services: Services, routes: readonly Route[], assets: readonly { path: string; folder: string }[] = []): Express {
  const { config } = services;
  const app = express();
  app.locals['lifecycle'] = services.lifecycle;
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustProxy);
  app.set('query parser', false);
  app.set('case sensitive routing', true);
  app.use(identify(services));
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: CONTENT_SECURITY_POLICY }, crossOriginResourcePolicy: { policy: 'cross-origin' } }));
  app.use(cors({
    origin: config.corsOrigins.includes('*') ? '*' : [...config.corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    exposedHeaders: ['Allow', 'Content-Bbox', 'Content-Crs', 'ETag', 'Link', 'Location', 'Content-Range', 'RateLimit', 'RateLimit-Policy', 'Retry-After', 'Server-Timing', 'WWW-Authenticate', 'X-Assets', 'X-Failed-Assets', 'X-Request-Id', 'X-Truncated'],
    preflightContinue: true,
  }));
  app.use(compression({ filter: namesCoding }));
  app.use(stripRootPath(config.rootPath));
  // Their names stay when the next release changes them: asked for again each time, answered with 304 by their ETag.
  for (const { path, folder } of assets) app.use(path, express.static(folder, { maxAge: 0, index: false }));
  const limits = createLimits(config);
  app.use(assertHost, ...limits.ofAddress);
  mount(app, services, routes, limits);
  app.use(...limits.ofUnasked, (request: Request) => {
    throw new DomainError('NotFound', `There is nothing at ${request.path}.`);
  });
  app.use(onError(services));
  return app;
}

/** `Accept-Encoding: *` alone gets no coding: it comes from readers that have none in mind (pystac's, as stac-api-validator sets it up) and undo none. */
const namesCoding = (request: Request, response: Response): boolean =>
  /\b(br|gzip|deflate)\b/i.test(request.get('accept-encoding') ?? '') && compression.filter(request, response);

/** Gives each request its id, kept from a caller that sent a sane one, and logs how it ended. */
function identify({ logger, metrics }: Services) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const sent = request.get('x-request-id');
    const id = sent !== undefined && /^[\w.-]{1,64}$/.test(sent) ? sent : randomUUID();
    const started = performance.now();
    response.locals['requestId'] = id;
    response.setHeader('X-Request-Id', id);
    response.on('close', () => {
      const ms = performance.now() - started;
      const route: unknown = response.locals['route'];
      metrics.request(request.method, typeof route === 'string' ? route : 'none', response.statusCode, ms / 1000);
      logger.debug({ request_id: id, method: request.method, url: request.originalUrl, status: response.statusCode, ms: Math.round(ms) }, 'request');
    });
    next();
  };
}

/** A proxy may pass the root path on or cut it off: both ways lead to the same routes. */
function stripRootPath(rootPath: string) {
  return (request: Request, _response: Response, next: NextFunction): void => {
    if (rootPath !== '' && (request.url === rootPath || request.url.startsWith(`${rootPath}/`) || request.url.startsWith(`${rootPath}?`))) {
      const rest = request.url.slice(rootPath.length);
      request.url = rest.startsWith('/') ? rest : `/${rest}`;
    }
    next();
  };
}

function mount(app: Express, services: Services, routes: readonly Route[], limits: Limits): void {
  const byPath = Map.groupBy(routes, (route) => route.path);
  for (const [path, group] of byPath) {
    const methods = group.map((route) => route.method);
    const allow = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].join(', ');
    const at = app.route(toExpressPath(path));
    at.all((_request: Request, response: Response, next: NextFunction) => {
      response.locals['route'] = path;
      next();
    });
    for (const { method, operation } of group) {
      const register = { GET: at.get, POST: at.post, PUT: at.put, PATCH: at.patch, DELETE: at.delete }[method satisfies Method].bind(at);
      register(authorise(services, scopeOf({ method, operation })), ...limits.ofCaller, ...bodyParsers(operation, services), (request: Request, response: Response) =>
        inRequestSpan({ method, route: path, path: request.path, headers: request.headers }, async (span) => {
          await serve(services, { method, path, operation }, request, response);
          span.setAttribute('http.response.status_code', response.statusCode);
        }));
    }
    at.options(...limits.ofUnasked, (_request: Request, response: Response) => void response.setHeader('Allow', allow).status(204).end());
    at.all(...limits.ofUnasked, (request: Request, response: Response) => {
      response.setHeader('Allow', allow);
      throw new DomainError('MethodNotAllowed', `${request.method} is not allowed here; allowed are ${allow}.`);
    });
  }
}

/** A connection kept open would keep a server that stops from its end, or be cut in the middle of the next request. */
const isDraining = ({ app }: Response): boolean => (app.locals['lifecycle'] as Lifecycle).state === 'draining';

const requestId = (response: Response): string => String(response.locals['requestId']);

async function serve(services: Services, { method, path, operation }: Route, request: Request, response: Response): Promise<void> {
  if (services.lifecycle.state === 'starting' && operation.withoutDatabase !== true) throw new DomainError('Unavailable', 'The database is not there yet.', { retryAfter: 5 });
  const gone = new AbortController();
  // An abort makes an exception with its stack: 3 % of a small answer, where nobody is left to stop.
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const search = new URLSearchParams(request.url.split('?').slice(1).join('?'));
  const negotiated = method === 'GET' && hasPage(path, operation);
  if (negotiated) response.vary('Accept');
  const format = negotiated ? formatOf(request) : undefined;
  const stream = streamOf(operation, request, services.config);
  const caller = callerOf(response);
  const call: Call = {
    services,
    caller,
    visibility: services.access.visibility(caller),
    params: request.params as Record<string, string>,
    query: parseQuery(operation.query ?? {}, search, services.config.strictParameters && operation.otherParameters === undefined),
    search,
    body: request.body as unknown,
    bodyText: textOfBody(request),
    stream,
    // A page is made of the JSON answer, so that is what the operation is asked for.
    headers: format === 'html' || search.has('f') ? { ...request.headers, accept: 'application/json' } : request.headers,
    base: baseOf(request, services.config),
    // One address for one answer, with or without the slash that express overlooks.
    path: request.path.length > 1 ? request.path.replace(/\/+$/, '') : request.path,
    signal: gone.signal,
    logger: services.logger,
  };
  const isRead = scopeOf({ method, operation }) === 'read';
  const unsigned = await leaving(stream, () => answerSeen({ method, path, operation }, call, () => reading(isRead, call, operation)));
  const signed = await withSignatures(services.signer, unsigned, method === 'GET', isRead && services.signer !== undefined ? hrefsIn(call.body) : undefined);
  const reply = forCaller(signed, caller);
  if (format === 'html') return send(await toPage(operation, reply, call), request, response);
  await send(format === 'json' ? withAlternate(reply, call) : reply, request, response);
}

/** What the work left of a body is read on, lest the next request on the connection waits behind it. */
async function leaving<T>(stream: Call['stream'], work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } finally {
    // Not awaited: a client that sends no more holds no answer back.
    stream?.[Symbol.asyncIterator]().return?.().catch(() => undefined);
  }
}

/** The reply as a page: what JSON it holds, shown; its ETag is the JSON's and not kept. */
async function toPage(operation: Operation, reply: Reply, call: Call): Promise<Reply> {
  const document = await documentOf(reply);
  if (document === undefined) return reply;
  const { ETag: _etag, ...headers } = reply.headers ?? {};
  return { type: PAGE_TYPE, headers, text: await pageOf(operation)(isObject(document) ? document : { value: document as Json }, call, operation) };
}

async function send(reply: Reply, request: Request, response: Response): Promise<void> {
  response.status(reply.status ?? 200);
  if (isDraining(response)) response.setHeader('Connection', 'close');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  if (reply.text === undefined && reply.body === undefined) return void response.end();
  response.setHeader('Content-Type', reply.type ?? 'application/json');
  const { text } = reply;
  if (isStream(text)) {
    if (reply.unconditional !== true && isConditional(request, response) && response.hasHeader('ETag') && isNotModified(request, response)) return;
    if (request.method === 'HEAD') return void response.end();
    const pieces = Readable.from(await begun(text), { objectMode: true });
    cutWhenStalled(response);
    await pipeline(pieces, response);
    return;
  }
  const bytes = bytesOf(text ?? JSON.stringify(reply.body));
  if (isConditional(request, response)) {
    if (!response.hasHeader('ETag')) response.setHeader('ETag', `W/"${createHash('sha1').update(bytes).digest('base64url')}"`);
    if (reply.unconditional !== true && isNotModified(request, response)) return;
  }
  if (request.method === 'HEAD') return void response.setHeader('Content-Length', bytes.length).end();
  cutWhenStalled(response);
  // `send` of express answers 304 by itself.
  if (reply.unconditional === true) response.setHeader('Content-Length', bytes.length).end(bytes);
  else response.send(bytes);
}

/** What is held for a reader (rows, a connection, room, the bytes themselves) is not held for one that takes nothing. */
const cutWhenStalled = (response: Response): void => void response.setTimeout(STALL_MS, () => response.destroy());

/** The same pieces, the first of them at hand: what fails before it is answered with its status, not by a cut connection. */
async function begun<T>(pieces: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    if (first.done === true) return;
    try {
      yield first.value;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  })();
}

const bytesOf = (text: string | Uint8Array): Buffer => (typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.buffer, text.byteOffset, text.byteLength));

const isRead = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD';

const isConditional = (request: Request, response: Response): boolean => isRead(request) && response.statusCode === 200;

/** Answers 304 where the client has this ETag already. */
function isNotModified(request: Request, response: Response): boolean {
  if (!matches(request.get('if-none-match'), String(response.getHeader('ETag')))) return false;
  for (const name of ['Content-Type', 'Content-Length']) response.removeHeader(name);
  response.status(304).end();
  return true;
}

/** Weak comparison of RFC 9110 section 13.1.2. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const bare = (tag: string): string => tag.trim().replace(/^W\//, '');
  return header.trim() === '*' || header.split(',').some((tag) => bare(tag) === bare(etag));
}

function onError({ config, logger }: Services) {
  return (thrown: unknown, request: Request, response: Response, _next: NextFunction): void => {
    if (response.destroyed) {
      logger.debug({ request_id: requestId(response), url: request.originalUrl }, `the client has gone: ${messageOf(thrown)}`);
      return;
    }
    if (response.headersSent) {
      logger.warn({ request_id: requestId(response), url: request.originalUrl }, `the answer was cut off: ${messageOf(thrown)}`);
      response.destroy();
      return;
    }
    const reply = errorReply(thrown instanceof URIError ? new DomainError('InvalidInput', 'The path is not valid percent-encoding.') : thrown, requestId(response), logger);
    for (const name of ['ETag', 'Content-Length', 'Content-Encoding']) response.removeHeader(name);
    response.vary('Accept');
    const page = isRead(request) && formatOf(request) === 'html' && isObject(reply.body) ? { type: PAGE_TYPE, text: errorPage(reply.body, baseOf(request, config), request.path) } : {};
    send({ ...reply, ...page, headers: { ...reply.headers, 'Cache-Control': 'no-store' } }, request, response).catch((error: unknown) => logger.error({ err: error }, 'an error could not be sent'));
  };
}
