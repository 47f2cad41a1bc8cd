/** Byte ranges over HTTP: redirects followed by hand and checked, one retry, time and size bounded. */
import { LRUCache } from 'lru-cache';
import { DomainError } from '../errors.js';
import type { AzureAccess } from './azure-access.js';
import { createGuard, followed } from './guard.js';
import type { Resolver } from './hosts.js';
import type { Answer } from './request.js';
import { readBody, requestRange, TransientFailure, upstream } from './request.js';
import type { FetchOptions, Source, VersionedSource } from './source.js';

export interface HttpOptions {
  /** In the place of the system's resolver. */
  readonly resolver?: Resolver;
  /** Until connected, milliseconds; 5 s. */
  readonly connectTimeout?: number;
  /** A fetch in all, with its redirects and its retry, milliseconds; 30 s. */
  readonly timeout?: number;
  /** Before the retry, milliseconds; 250. */
  readonly retryDelay?: number;
}

export interface HttpReader {
  /** Refuses a URL that may never be read. */
  check(url: URL): void;
  source(url: URL): Source;
  close(): Promise<void>;
}

/** A file from a server that ignores Range is read as a whole up to this size. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;
/** Whole files kept for the next ranges, all sources together. */
const WHOLE_CACHE_BYTES = 2 * MAX_WHOLE_BYTES;
const WHOLE_CACHE_MS = 60_000;
/** The longest single range: a tile or strip beyond it is not for this server. */
const MAX_RANGE_BYTES = 64 * 1024 * 1024;

/**
 * One pool of connections for all sources of a server, and one for its own storage account, whose addresses may be
 * private (Azure's private endpoints are): whoever runs the server has named it.
 */
export function createHttpReader(allowedHosts: readonly string[], options: HttpOptions = {}, account?: AzureAccess): HttpReader {
  const { resolver, connectTimeout, timeout = 30_000 } = options;
  const limits = { resolver, connectTimeout, timeout };
  const guard = createGuard({ hosts: allowedHosts, ...limits });
  const accountGuard = createGuard({ hosts: [], trusted: account === undefined ? [] : [account.host], ...limits });
  const wholes = new LRUCache<string, ArrayBuffer>({
    maxSize: WHOLE_CACHE_BYTES,
    ttl: WHOLE_CACHE_MS,
    sizeCalculation: (bytes) => Math.max(1, bytes.byteLength),
  });

  function check(url: URL): void {
    if (account?.owns(url) !== true) guard.check(url);
  }

  /** Credentials go with hops inside the account, and with no other: whoever redirects to it from elsewhere is not the one who was trusted with them. */
  async function request(url: URL, isOwn: boolean, range: string, signal: AbortSignal): Promise<Answer> {
    if (!isOwn || account?.owns(url) !== true) return requestRange(await guard.agent(), url, range, signal);
    const grant = await account.grant(url, range);
    return requestRange(await accountGuard.agent(), grant.url, range, signal, grant.headers);
  }

  async function attempt(url: URL, offset: number, length: number, signal: AbortSignal): Promise<Range> {
    const isOwn = account?.owns(url) === true;
    const answer = await followed(url, isOwn ? check : (at) => guard.check(at), (at) => request(at, isOwn, `bytes=${offset}-${offset + length - 1}`, signal));
    if (answer.status === 206) return partial(url, answer, offset, length);
    if (answer.status === 416) {
      answer.body.destroy();
      return { bytes: new ArrayBuffer(0), size: answer.range?.size, version: answer.version };
    }
    if ((answer.length ?? 0) > MAX_WHOLE_BYTES) {
      answer.body.destroy();
      throw upstream(url, 'its server does not answer byte ranges, and the file is larger than 64 MB');
    }
    const whole = await readBody(url, answer, MAX_WHOLE_BYTES);
    wholes.set(url.href, whole);
    return { bytes: whole.slice(offset, offset + length), size: whole.byteLength, version: answer.version };
  }

  async function fetchRange(url: URL, offset: number, length: number, signal?: AbortSignal): Promise<Range> {
    const deadline = AbortSignal.timeout(timeout);
    const both = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      return await attempt(url, offset, length, both).catch(async (error: unknown) => {
        if (both.aborted || !isWorthRetrying(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, options.retryDelay ?? 250));
        return attempt(url, offset, length, both);
      });
    } catch (error) {
      if (deadline.aborted) throw new DomainError('UpstreamTimeout', upstream(url, `no answer within ${timeout / 1000} s`).message);
      if (signal?.aborted === true) throw signal.reason;
      throw error;
    }
  }

  function source(url: URL): VersionedSource {
    const metadata: VersionedSource['metadata'] = {};
    return {
      url,
      metadata,
      async fetch(offset: number, length?: number, { signal }: FetchOptions = {}) {
        const whole = wholes.get(url.href);
        const wanted = length ?? (metadata.size ?? MAX_RANGE_BYTES) - offset;
        if (whole !== undefined) {
          metadata.size = whole.byteLength;
          return whole.slice(offset, offset + wanted);
        }
        if (wanted <= 0) return new ArrayBuffer(0);
        if (wanted > MAX_RANGE_BYTES) throw upstream(url, `a range of ${wanted} bytes is more than this server reads at once`);
        const { bytes, size, version } = await fetchRange(url, offset, wanted, signal);
        if (size !== undefined) metadata.size = size;
        if (version !== undefined) metadata.version = version;
        return bytes;
      },
    };
  }

  return { check, source, close: async () => void (await Promise.all([guard.close(), accountGuard.close()])) };
}

interface Range {
  readonly bytes: ArrayBuffer;
  readonly size: number | undefined;
  readonly version: string | undefined;
}

/** The body of a 206, held against what was asked and what the server says it sends. */
async function partial(url: URL, answer: Answer, offset: number, length: number): Promise<Range> {
  const { range } = answer;
  if (range?.start !== offset || range.end - range.start + 1 > length) {
    answer.body.destroy();
    throw upstream(url, 'its server answers another byte range than the one asked for');
  }
  const sent = range.end - range.start + 1;
  const bytes = await readBody(url, answer, sent);
  const due = range.size === undefined ? sent : Math.min(length, range.size - offset);
  if (bytes.byteLength < due) throw upstream(url, `its server sent ${bytes.byteLength} bytes of ${due}`);
  return { bytes, size: range.size, version: answer.version };
}

/** 5xx answers and connections that broke; a refused or missing file will not get better in 250 ms. */
const isWorthRetrying = (error: unknown): boolean => error instanceof TransientFailure;
