/** JSON or a page: what a GET answers, told by `f`, else by `Accept` (RFC 9110 section 12.5.1; OGC API - Features, requirement /req/html/definition). */
import type { Request } from 'express';
import { choice } from '../schemas/parameters.js';
import { GEOJSON_TYPE, HTML_TYPE, JSON_TYPE, type Link, OPENAPI_TYPE, SCHEMA_TYPE } from '../src/links.js';
import { isObject, type JsonObject } from '../src/json.js';
import type { Call, Operation, Reply } from './http.js';

export type Format = 'json' | 'html';

/** The parameter of every GET that has both. */
export const formatParameter = choice<Format>('The form of the answer: json or html. Unless told, what Accept prefers; json where it prefers nothing.', ['json', 'html']);

/** JSON comes first: it is the answer to a wildcard and to no Accept at all. */
const OFFERED = [JSON_TYPE, GEOJSON_TYPE, SCHEMA_TYPE, OPENAPI_TYPE, 'application/geo+json-seq', HTML_TYPE];

/** Whether a GET answers pages too: all that answer JSON, but for files whose names say that they are JSON. */
export const hasPage = (path: string, { answers }: Operation): boolean => /json/.test(answers[200]?.type ?? '') && !path.endsWith('.json');

export function formatOf(request: Request): Format {
  const [told] = new URLSearchParams(request.url.split('?').slice(1).join('?')).getAll('f');
  if (told === 'json' || told === 'html') return told;
  return request.accepts(OFFERED) === HTML_TYPE ? 'html' : 'json';
}

/** The address of this very answer in one form. */
export function hrefIn(format: Format, { base, path, search }: Pick<Call, 'base' | 'path' | 'search'>): string {
  const query = new URLSearchParams(search);
  query.set('f', format);
  return `${base}${path}?${query.toString()}`;
}

/** The link from a JSON answer to its page (/req/core/fc-links, /req/core/f-links). */
export const alternateLink = (call: Pick<Call, 'base' | 'path' | 'search'>): Link => ({ rel: 'alternate', href: hrefIn('html', call), type: HTML_TYPE, title: 'This as a page' });

/** The reply with the link to its page: behind `self` in a document with links, else as a header (RFC 8288). */
export function withAlternate(reply: Reply, call: Call): Reply {
  const { body } = reply;
  if (body === undefined) return reply;
  if (!isObject(body) || !Array.isArray(body['links'])) return { ...reply, headers: { ...reply.headers, Link: `<${hrefIn('html', call)}>; rel="alternate"; type="${HTML_TYPE}"` } };
  return { ...reply, body: withAlternateLink(body, call) };
}

/** A document with the link to its page behind `self`, unless it has one. */
export function withAlternateLink(document: JsonObject, call: Pick<Call, 'base' | 'path' | 'search'>): JsonObject {
  const { links } = document;
  if (!Array.isArray(links) || links.some((link) => isObject(link) && link['rel'] === 'alternate' && link['type'] === HTML_TYPE && typeof link['href'] === 'string' && link['href'].startsWith(call.base))) return document;
  const at = links.findIndex((link) => isObject(link) && link['rel'] === 'self') + 1;
  return { ...document, links: links.toSpliced(at, 0, { ...alternateLink(call) }) };
}

/** The JSON of a reply that was to be sent, whether it is a document or text; undefined where it is something else. */
export async function documentOf({ body, text, type, status = 200 }: Reply): Promise<unknown> {
  if (status !== 200 || /json-seq|ndjson/.test(type ?? '')) return undefined;
  if (body !== undefined) return body;
  if (text === undefined || (type !== undefined && !/json/.test(type))) return undefined;
  if (typeof text === 'string') return JSON.parse(text) as unknown;
  if (text instanceof Uint8Array) return JSON.parse(Buffer.from(text).toString('utf8')) as unknown;
  const parts: Uint8Array[] = [];
  for await (const part of text) parts.push(typeof part === 'string' ? Buffer.from(part) : part);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
}
