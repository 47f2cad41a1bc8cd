/** The one guard of all outgoing requests: which URLs are asked, over connections to addresses that were looked at, redirects followed by hand. */
import type { Agent } from 'undici';
import type { Resolver } from './hosts.js';
import { guardedLookup, hostCheck, Refused } from './hosts.js';
import { failure, readBody, REDIRECTS, upstream } from './request.js';
import { createAgent, requestOver } from './undici.js';

export interface GuardOptions {
  /** Hosts that may be asked, by exact name whatever the port; naming an address allows that address. */
  readonly hosts: readonly string[];
  /** Hosts of services that whoever runs the server has set up: their addresses may be private, as TiTiler's beside it or an Azure private endpoint's. */
  readonly trusted?: readonly string[];
  /** Whether every other host may be asked too, at public addresses. */
  readonly anyPublic?: boolean;
  /** In the place of the system's resolver; for tests. */
  readonly resolver?: Resolver | undefined;
  /** Until connected, milliseconds; 5 s. */
  readonly connectTimeout?: number | undefined;
  /** Until the head of an answer and between two pieces of it, milliseconds; 30 s. */
  readonly timeout?: number | undefined;
}

export interface Guard {
  /** @throws Refused for a URL that may never be asked; the addresses of a name are looked at when connecting */
  check(url: URL): void;
  /** Made for the first request. */
  agent(): Promise<Agent>;
  close(): Promise<void>;
}

export const MAX_REDIRECTS = 3;
/** Connections to one origin; further requests wait their turn. */
const MAX_CONNECTIONS = 32;

/** A pool of connections and the rule for what it is used for. Requests go through {@link followed}, or follow no redirects. */
export function createGuard({ hosts, trusted = [], anyPublic = false, resolver, connectTimeout = 5000, timeout = 30_000 }: GuardOptions): Guard {
  const rule = { hosts: [...hosts, ...trusted], trusted, anyPublic };
  let opened: Promise<Agent> | undefined;
  const open = async (): Promise<Agent> => {
    const connect = { timeout: connectTimeout, lookup: guardedLookup(rule, resolver) };
    return createAgent({ connections: MAX_CONNECTIONS, headersTimeout: timeout, bodyTimeout: timeout, connect });
  };
  return {
    check: hostCheck(rule),
    agent: () => (opened ??= open()),
    close: async () => (await opened)?.close(),
  };
}

/**
 * Asks, and asks again where an answer leads, three redirects far; every hop is checked as the first was.
 * @throws Refused for a hop that may not be asked, Upstream for one that is no http(s) URL, and for more than three
 */
export async function followed<T extends { readonly location: string | undefined }>(start: URL, check: (url: URL) => void, ask: (url: URL) => Promise<T>): Promise<T> {
  check(start);
  let url = start;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const answer = await ask(url);
    if (answer.location === undefined) return answer;
    if (!URL.canParse(answer.location, url.href)) throw upstream(start, 'it redirects to something that is no URL');
    url = new URL(answer.location, url);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Refused(`${start.origin}: it redirects to a ${url.protocol} URL.`);
    check(url);
  }
  throw upstream(start, `it redirects more than ${MAX_REDIRECTS} times`);
}

export interface DocumentOptions {
  readonly signal: AbortSignal;
  /** The most bytes of the body. */
  readonly limit: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON to be posted. */
  readonly body?: string;
}

export interface FetchedDocument {
  /** Any but a redirect's; errors are the caller's to judge. */
  readonly status: number;
  /** Content-Type. */
  readonly type: string | undefined;
  readonly bytes: Buffer;
}

/**
 * One whole document by GET, or by POST where there is a body.
 * @throws Refused, Upstream (no answer, more bytes than the limit), UpstreamTimeout; the signal's reason
 */
export async function fetchDocument(guard: Guard, url: URL, { signal, limit, headers = {}, body: posted }: DocumentOptions): Promise<FetchedDocument> {
  const agent = await guard.agent();
  const post = posted === undefined ? {} : ({ method: 'POST', body: posted } as const);
  try {
    return await followed(url, (hop) => guard.check(hop), async (at) => {
      const { statusCode, headers: said, body } = await requestOver(agent, at, { signal, ...post, headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'stac-mosaic', ...(posted === undefined ? {} : { 'content-type': 'application/json' }), ...headers } });
      body.on('error', () => undefined); // told to whoever reads it
      const text = (name: string): string | undefined => [said[name]].flat()[0];
      const location = REDIRECTS.has(statusCode) ? text('location') : undefined;
      if (location !== undefined) body.destroy();
      const bytes = location === undefined ? Buffer.from(await readBody(at, { body, length: undefined }, limit)) : Buffer.alloc(0);
      return { status: statusCode, type: text('content-type'), bytes, location };
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw failure(url, error);
  }
}
