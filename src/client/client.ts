/** A small client of our own API: JSON or streams in, JSON out, failures in words for a person. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';

export interface ClientOptions {
  /** The base of the API, without a trailing slash. */
  readonly server: string;
  /** An API key or a token, sent as a bearer. */
  readonly key?: string | undefined;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the base: `/api/datasets`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A document; or a function that makes the pieces of a body anew for each attempt. */
  readonly body?: JsonObject | (() => Iterable<Buffer>);
  /** Media type of the body's pieces. */
  readonly type?: string;
  readonly signal?: AbortSignal | undefined;
  /** Attempts in all while the connection breaks or the server is busy: only for requests that may be repeated. */
  readonly attempts?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: Json;
}

/** A server that refused or failed, or none at all (status 0). The message is for whoever called. */
export class ClientError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly faults: readonly Fault[] = [],
    /** Seconds, where the server said when to come again. */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = 'ClientError';
  }
}

export type Client = (request: ApiRequest) => Promise<ApiAnswer>;

/** Busy, or away for a moment: the same request may succeed soon. */
const PASSING = new Set([0, 429, 502, 503, 504]);
const FIRST_PAUSE_MS = 500;
/** Answers are small documents; a stream of anything larger is somebody else's. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** Requests to one server. @throws ClientError for every answer of 400 or above */
export function createClient({ server, key }: ClientOptions): Client {
  return async (asked) => {
    const attempts = asked.attempts ?? 1;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(server, key, asked);
      } catch (error) {
        if (!(error instanceof ClientError) || !PASSING.has(error.status) || attempt >= attempts) throw error;
        await delay(Math.min(60_000, (error.retryAfter ?? 0) * 1000 || FIRST_PAUSE_MS * 2 ** (attempt - 1)), undefined, asked.signal === undefined ? {} : { signal: asked.signal });
      }
    }
  };
}

async function once(server: string, key: string | undefined, asked: ApiRequest): Promise<ApiAnswer> {
  const { response, sent } = await send(server, key, asked);
  const body = await read(response);
  asked.signal?.throwIfAborted();
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) {
    await sent;
    return { status, body };
  }
  throw refusal(status, body, response);
}

interface Sending {
  readonly response: IncomingMessage;
  /** Settles once the body is out; a server that refuses early may never read it all. */
  readonly sent: Promise<void>;
}

/** The answer's head, which may come while the body is still on its way. */
function send(server: string, key: string | undefined, { method, path, headers = {}, body, type = 'application/json', signal }: ApiRequest): Promise<Sending> {
  const url = new URL(server + path);
  const whole = body === undefined || typeof body === 'function' ? undefined : Buffer.from(JSON.stringify(body));
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method,
    agent: false,
    ...(signal === undefined ? {} : { signal }),
    headers: {
      accept: 'application/json',
      'user-agent': 'stac-mosaic',
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(whole === undefined ? {} : { 'content-length': String(whole.length) }),
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
  });
  return new Promise((resolve, reject) => {
    let answered = false;
    const sent = typeof body === 'function' ? pipeline(Readable.from(body(), { objectMode: false }), request) : Promise.resolve(void request.end(whole));
    request.on('response', (response) => {
      answered = true;
      resolve({ response, sent });
    });
    const fail = (error: unknown): void => {
      if (answered) return; // the server answered without reading to the end: its answer says why
      reject(signal?.aborted === true ? signal.reason : unreachable(server, error));
    };
    request.on('error', fail);
    sent.catch(fail);
  });
}

async function read(response: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      if (!(chunk instanceof Uint8Array)) continue;
      length += chunk.byteLength;
      if (length > MOST_ANSWER_BYTES) throw new ClientError('The server answers with more than 64 MB.', response.statusCode ?? 0);
      chunks.push(Buffer.from(chunk));
    }
  } catch (error) {
    if (error instanceof ClientError) throw error;
    throw new ClientError('The connection to the server broke before its answer was complete.', 0);
  }
  const text = Buffer.concat(chunks, length).toString('utf8');
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function unreachable(server: string, error: unknown): ClientError {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(code)) {
    return new ClientError(`No server answers at ${server} (${code}). Start one with "stac-mosaic serve", or name another with --server.`, 0);
  }
  return new ClientError(`The connection to ${server} broke (${code || message}).`, 0);
}

/** Our own errors have a description and faults (API.md section 1); others only a status. */
function refusal(status: number, body: Json, response: IncomingMessage): ClientError {
  const { description, errors } = isObject(body) ? body : {};
  const faults = Array.isArray(errors) ? errors.flatMap((fault) => (isObject(fault) ? [{ path: text(fault['path']), message: text(fault['message']) }] : [])) : [];
  const retryAfter = Number(response.headers['retry-after']);
  const hint = status === 401 || status === 403 ? ' Give a key with --key or STAC_MOSAIC_KEY.' : '';
  const said = typeof description === 'string' ? description : `it is no stac-mosaic API (${response.headers['content-type'] ?? 'no content type'})`;
  return new ClientError(`The server answers ${status}: ${said}${hint}`, status, faults, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
