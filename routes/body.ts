/** Bodies of requests: JSON parsed whole, or bytes handed on as they come; both limited in size and in the time that a client may be silent. */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Config } from '../src/config.js';
import { DomainError, invalidInput } from '../src/errors.js';
import { checkDepth, unstorable } from '../src/json-text.js';
import type { Services } from '../src/services.js';
import { textWithoutSignatures, withoutSignatures } from '../src/storage/signing.js';
import type { Operation } from './http.js';

/** What a client may take to send a JSON body, which is small: Node's own limit, which is off for the sake of long uploads. */
const JSON_MS = 300_000;
/** A client that sends a kilobyte a second may go on for as long as it likes. */
const MS_A_BYTE = 1;
/** How long a body is read on and thrown away after it was refused, so that the client reads the answer before its connection goes. */
const DRAIN_MS = 10_000;

const typeOf = (request: Request): string => (request.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

const isStreamed = ({ body }: Operation, request: Request): boolean => body?.streamed?.includes(typeOf(request)) === true;

/** JSON is parsed, strictly by its media type; an operation with another type says so in `body.types`. */
export function bodyParsers(operation: Operation, { config: { maxJsonBytes }, signer }: Pick<Services, 'config' | 'signer'>) {
  const { body } = operation;
  if (body === undefined) return [];
  const types = [...body.types, ...(body.streamed ?? [])];
  const json = express.json({ limit: maxJsonBytes, strict: false, type: () => true, ...(body.keepsText === true ? { verify: keepText } : {}) });
  const check = (request: Request, _response: Response, next: NextFunction): void => {
    if (!types.includes(typeOf(request))) throw new DomainError('UnsupportedMediaType', `Content-Type must be one of ${types.join(', ')}.`);
    next();
  };
  const parse = (request: Request, response: Response, next: NextFunction): void => {
    if (isStreamed(operation, request)) return next();
    const late = setTimeout(() => request.destroy(), JSON_MS).unref();
    for (const event of ['end', 'close']) request.once(event, () => clearTimeout(late));
    json(request, response, next);
  };
  const storable = (request: Request, _response: Response, next: NextFunction): void => {
    checkDepth(request.body as unknown);
    const faults = body.gathersFaults === true ? [] : unstorable(request.body as unknown);
    if (faults.length > 0) throw invalidInput(`The body cannot be stored: ${faults[0]?.path} ${faults[0]?.message}`, faults);
    if (signer !== undefined) {
      request.body = withoutSignatures(signer, request.body as unknown);
      const text = texts.get(request);
      if (text !== undefined) texts.set(request, textWithoutSignatures(signer, text));
    }
    next();
  };
  return [check, parse, storable];
}

/** Of an operation with `keepsText`; JSON is UTF-8 (RFC 8259 section 8.1). */
const texts = new WeakMap<IncomingMessage, string>();

const keepText = (request: IncomingMessage, _response: unknown, bytes: Buffer): void => void texts.set(request, bytes.toString('utf8'));

/** The body as it was written; empty where the operation does not ask for it. */
export const textOfBody = (request: IncomingMessage): string => texts.get(request) ?? '';

/** The bytes of a body that is not parsed here; undefined where it is. Whoever does not read them to their end calls `return`, or the next request on the connection waits behind them. */
export function streamOf(operation: Operation, request: Request, config: Config): AsyncGenerator<Buffer, void, undefined> | undefined {
  if (!isStreamed(operation, request)) return undefined;
  const charset = /;\s*charset="?([^";\s]+)/i.exec(request.get('content-type') ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw new DomainError('UnsupportedMediaType', `The charset must be UTF-8, not ${charset}.`);
  return bytesOf(request, config);
}

/** @throws TooLarge beyond the limit, counted unpacked; RequestTimeout when the client falls silent or takes for ever; InvalidInput when it goes away */
async function* bytesOf(request: Request, { maxNdjsonBytes, uploadIdleMs, uploadMs }: Config): AsyncGenerator<Buffer, void, undefined> {
  const source = unpacked(request);
  const pieces = source.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  let bytes = 0;
  /** Milliseconds that this side had to wait: its own slowness is no client's fault. */
  let waited = 0;
  try {
    for (;;) {
      const asked = performance.now();
      const left = uploadMs + bytes * MS_A_BYTE - waited;
      const late = left < uploadIdleMs ? tooSlow(bytes, waited + left) : silent(uploadIdleMs);
      const next = await withinTime(pieces.next(), Math.min(left, uploadIdleMs), late).catch((error: unknown) => {
        throw error instanceof DomainError ? error : source === request ? cutOff() : notPacked(error);
      });
      waited += performance.now() - asked;
      if (next.done === true) return;
      bytes += next.value.length;
      if (bytes > maxNdjsonBytes) throw new DomainError('TooLarge', `The body is larger than the ${Math.floor(maxNdjsonBytes / 1024 / 1024)} MB that the server takes (MAX_BODY_MB).`);
      yield next.value;
    }
  } finally {
    if (!request.complete) drain(request, source);
  }
}

/** The body without its Content-Encoding. A failure of the connection ends the unpacking too. */
function unpacked(request: Request): Readable {
  const coding = (request.get('content-encoding') ?? 'identity').trim().toLowerCase();
  if (coding === 'identity') return request;
  const makers = { gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress };
  const make = makers[coding as keyof typeof makers];
  if (make === undefined) throw new DomainError('UnsupportedMediaType', `Content-Encoding must be one of ${Object.keys(makers).join(', ')}, not ${coding}.`);
  const unpacker = make();
  request.on('error', () => unpacker.destroy(cutOff()));
  return request.pipe(unpacker);
}

const notPacked = (cause: unknown): DomainError => new DomainError('InvalidInput', 'The body is not packed as its Content-Encoding says.', { cause });

const cutOff = (): DomainError => new DomainError('InvalidInput', 'The body ended before its end.');

const silent = (ms: number): string => `Nothing came of the body for ${ms / 1000} seconds.`;

const tooSlow = (bytes: number, ms: number): string => `The body came too slowly: ${bytes} bytes in ${Math.round(ms / 1000)} seconds (UPLOAD_SECONDS).`;

async function withinTime<T>(next: Promise<T>, ms: number, said: string): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new DomainError('RequestTimeout', said);
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    late.catch(() => undefined);
    timer.abort();
  }
}

/** Throws away what still comes, for a while. */
function drain(request: Request, source: Readable): void {
  if (source !== request) {
    request.unpipe();
    source.destroy();
  }
  request.on('error', () => undefined);
  // The iterator's own: while it listens nothing flows.
  request.removeAllListeners('readable');
  request.resume();
  const timer = setTimeout(() => request.destroy(), DRAIN_MS).unref();
  for (const event of ['end', 'close']) request.once(event, () => clearTimeout(timer));
}
