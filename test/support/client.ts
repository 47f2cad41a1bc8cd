/** A client that sends exactly what a test says (Host, raw bodies, HEAD) and unpacks nothing. */
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http';

/** A document as tests read it: members are looked up freely, what is not there is undefined. */
export interface Loose {
  readonly [member: string]: Loose | undefined;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The parsed JSON, else the text. */
  readonly body: Loose;
}

export interface TestRequest {
  /** A document, sent as JSON; or the text or bytes as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export type TestClient = (method: string, path: string, options?: TestRequest) => Promise<TestAnswer>;

/** A client for one server; `path` may also be a whole URL of it. */
export function createClient(url: string): { request: TestClient; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const request: TestClient = (method, path, { body, headers = {} } = {}) => {
    const bytes = body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
    const sent = { ...(bytes === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(bytes.length) }), ...headers };
    const target = new URL(path.startsWith('http') ? path : url + path);
    return new Promise((resolve, reject) => {
      // `path` as it was written: URL would resolve `..` and escape what a hostile client does not.
      const raw = path.startsWith('http') ? target.pathname + target.search : new URL(url).pathname.replace(/\/$/, '') + path;
      const outgoing = send({ agent, method, host: target.hostname, port: target.port, path: raw, headers: sent }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const all = Buffer.concat(chunks);
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, bytes: all, body: parsed(all, incoming.headers) });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(bytes);
    });
  };
  return { request, close: () => agent.destroy() };
}

function parsed(bytes: Buffer, headers: IncomingHttpHeaders): Loose {
  const isJson = /json(;|$)/.test(headers['content-type'] ?? '') && bytes.length > 0 && headers['content-encoding'] === undefined;
  return (isJson ? JSON.parse(bytes.toString('utf8')) : bytes.toString('utf8')) as Loose;
}

/** A string as it is, anything else as JSON. */
export const text = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** An array of a document; anything else is none. */
export const listOf = (value: Loose | undefined): Loose[] => (Array.isArray(value) ? (value as Loose[]) : []);

export const linksOf = (document: Loose | undefined, rel: string): Loose[] => listOf(document?.['links']).filter((link) => text(link['rel']) === rel);

/** The href of the one link with this relation. */
export function hrefOf(document: Loose | undefined, rel: string): string {
  const links = linksOf(document, rel);
  if (links.length !== 1) throw new Error(`There are ${links.length} links ${rel}, not one.`);
  return text(links[0]?.['href']);
}

/** A document without the link to its page, which names the route it was asked at: what is left is the same everywhere. */
export function withoutPage(document: Loose): Loose {
  if (!Array.isArray(document['links'])) return document;
  const links = listOf(document['links']).filter((link) => !(text(link['rel']) === 'alternate' && text(link['href']).endsWith('f=html')));
  return { ...document, links: links as unknown as Loose };
}
