/** One HTTP request for a byte range, and its failures as domain errors. */
import type { Agent, Dispatcher } from 'undici';
import { DomainError } from '../errors.js';
import { codeOf, shownHref } from './source.js';
import { requestOver } from './undici.js';

export interface Answer {
  /** 200, 206, 416 or a redirect. */
  readonly status: number;
  /** Where a redirect leads. */
  readonly location: string | undefined;
  /** `Content-Range`; of a 416 only the size is known, start and end are -1. */
  readonly range: ContentRange | undefined;
  /** `Content-Length`, bytes. */
  readonly length: number | undefined;
  /** `ETag`, else `Last-Modified`. */
  readonly version: string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
}

export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly size: number | undefined;
}

export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** What is read of an answer that nobody wants, so that its connection can be used again. */
const DISCARD_BYTES = 64 * 1024;

/** A failure that may be gone at the next try: an overloaded server, a connection that broke. */
export class TransientFailure extends DomainError {}

/** The asset failed us. */
export const upstream = (url: URL, why: string, cause?: unknown, Kind = DomainError): DomainError =>
  new Kind('Upstream', `${shownHref(url.href)}: ${why}.`, { cause });

/**
 * Asks for one range and answers the head; the caller reads or destroys the body.
 * @throws DomainError Upstream for 4xx, 5xx and a broken connection, UpstreamTimeout, or what the guarded lookup says
 */
export async function requestRange(agent: Agent, url: URL, range: string, signal: AbortSignal, authorisation: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await requestOver(agent, url, {
    headers: { ...authorisation, range, 'accept-encoding': 'identity', 'user-agent': 'stac-mosaic' },
    signal,
  }).catch((error: unknown) => {
    throw failure(url, error);
  });
  const { statusCode: status, headers, body } = response;
  body.on('error', () => undefined); // a destroyed body says so; whoever reads it hears it from the read
  const location = REDIRECTS.has(status) ? text(headers['location']) : undefined;
  if (location !== undefined || ![200, 206, 416].includes(status)) {
    body.dump({ limit: DISCARD_BYTES, signal }).catch(() => undefined);
  }
  if (location === undefined && ![200, 206, 416].includes(status)) {
    const code = /^\w{1,60}$/.exec(text(headers['x-ms-error-code']) ?? '')?.[0]; // Azure's word for why
    throw upstream(url, `its server answered ${status}${code === undefined ? '' : ` (${code})`}`, undefined, status >= 500 ? TransientFailure : DomainError);
  }
  if (location === undefined && !['', 'identity'].includes(text(headers['content-encoding']) ?? '')) {
    body.destroy();
    throw upstream(url, 'its server compresses the file in transit, so byte ranges mean nothing');
  }
  const length = Number(text(headers['content-length']) ?? Number.NaN);
  return {
    status,
    location,
    range: parseContentRange(text(headers['content-range'])),
    length: Number.isSafeInteger(length) ? length : undefined,
    version: text(headers['etag']) ?? text(headers['last-modified']),
    body,
  };
}

/** The whole body, which must not be longer than `limit` bytes. */
export async function readBody(url: URL, { body, length }: Pick<Answer, 'body' | 'length'>, limit: number): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    // No more comes than was announced: taken together by undici, which costs less than a stream.
    if (length !== undefined && length <= limit) return await body.arrayBuffer();
    for await (const chunk of body) {
      if (!(chunk instanceof Uint8Array)) continue;
      size += chunk.byteLength;
      if (size > limit) throw upstream(url, `its server sends more than the ${limit} bytes that were expected`);
      chunks.push(chunk);
    }
  } catch (error) {
    throw failure(url, error);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole.buffer;
}

/** RFC 9110 section 14.4: `bytes 0-99/1000`, `bytes 0-99/*` or `bytes *\/1000`. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15}|\*)$/i.exec(value ?? '');
  if (match === null) return undefined;
  const [, start = '-1', end = '-1', size = '*'] = match;
  return { start: Number(start), end: Number(end), size: size === '*' ? undefined : Number(size) };
}

/** Whatever a request threw, as what it means for the caller. */
export function failure(url: URL, error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const code = codeOf(error);
  if (TIMEOUTS.has(code)) {
    return new DomainError('UpstreamTimeout', `${shownHref(url.href)}: its server did not answer in time.`, { cause: error });
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return upstream(url, 'its host name is not known', error);
  const why = `the connection to its server failed${code === '' ? '' : ` (${code})`}`;
  return upstream(url, why, error, BROKEN.has(code) ? TransientFailure : DomainError);
}

const text = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header[0] : header);
