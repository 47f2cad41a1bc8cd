/** Hrefs of answers get their signatures last, when ETags have been made and caches filled; so none is stored or compared. */
import { createHash } from 'node:crypto';
import { endOfString } from '../src/json-strings.js';
import type { HrefSigner, Sign } from '../src/storage/signing.js';
import { GEOJSON_TYPE, JSON_TYPE } from '../src/links.js';
import type { Reply } from './http.js';
import { SEQUENCE_TYPE } from './item-sequence.js';

/** Up to an href's opening quote; within a string the quotes of it would have backslashes. */
const HREF = /"href":\s*(?=")/g;

/** One that holds signatures: for this client alone, and sent anew each time, since the one that it has may have ended. */
export function signedReply(reply: Reply): Reply {
  const isStored = reply.headers?.['Cache-Control']?.includes('no-store') !== true;
  return { ...reply, unconditional: true, headers: { ...reply.headers, 'Cache-Control': isStored ? 'private, no-cache' : 'private, no-store' } };
}

const unquoted = (quoted: string): string => (quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1));

/**
 * What a reader sends may come back, in links to the next page and in features with their statistics: its hrefs are the
 * reader's, not the catalogue's, and signing them would open any blob of the container to whoever asks.
 */
export function hrefsIn(value: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, part] of Object.entries(value)) {
    if (name === 'href' && typeof part === 'string') found.add(part);
    else hrefsIn(part, found);
  }
  return found;
}

/** Where the hrefs of a JSON text are, and what they are. */
function* hrefsOf(text: string): Generator<{ readonly from: number; readonly to: number; readonly href: string }, void, undefined> {
  for (const { index, 0: { length } } of text.matchAll(HREF)) {
    const from = index + length;
    const to = endOfString(text, from);
    if (to === -1) return;
    yield { from, to, href: unquoted(text.slice(from, to)) };
  }
}

function signedText(sign: Sign, text: string): string {
  let written = '';
  let at = 0;
  for (const { from, to, href } of hrefsOf(text)) {
    const signed = sign(href);
    if (signed === href) continue;
    written += text.slice(at, from) + JSON.stringify(signed);
    at = to;
  }
  return written + text.slice(at);
}

const except = (sign: Sign, not: ReadonlySet<string>): Sign => (href) => (not.has(href) ? href : sign(href));

function wantsSignatures(signer: HrefSigner, text: string, not: ReadonlySet<string>): boolean {
  if (!signer.mayHold(text)) return false;
  for (const { href } of hrefsOf(text)) if (!not.has(href) && signer.wants(href)) return true;
  return false;
}

/**
 * The reply with the hrefs of its JSON signed.
 * @param isRead whether it is a read, whose ETag is then of the unsigned text
 * @param not these: {@link hrefsIn} what a reader sent
 * @throws Upstream where there is something to sign and no key for it
 */
export async function withSignatures(signer: HrefSigner | undefined, reply: Reply, isRead: boolean, not: ReadonlySet<string> = new Set()): Promise<Reply> {
  const { type = JSON_TYPE, text, body } = reply;
  if (signer === undefined || (reply.status ?? 200) >= 300) return reply;
  if (type === SEQUENCE_TYPE && text !== undefined && typeof text !== 'string' && !(text instanceof Uint8Array)) {
    const sign = except(await signer.ready(), not);
    return signedReply({ ...reply, text: signedPieces(sign, text) });
  }
  if ((type !== JSON_TYPE && type !== GEOJSON_TYPE) || (text !== undefined && typeof text !== 'string' && !(text instanceof Uint8Array))) return reply;
  if (text === undefined && body === undefined) return reply;
  const plain = text === undefined ? JSON.stringify(body) : typeof text === 'string' ? text : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('utf8');
  if (!wantsSignatures(signer, plain, not)) return reply;
  const signed = signedText(except(await signer.ready(), not), plain);
  const { body: _body, ...rest } = reply;
  const etag = isRead && reply.headers?.['ETag'] === undefined ? { ETag: `W/"${createHash('sha1').update(plain).digest('base64url')}"` } : {};
  return signedReply({ ...rest, type, text: signed, headers: { ...reply.headers, ...etag } });
}

/** Records are never cut in two. */
async function* signedPieces(sign: Sign, pieces: AsyncIterable<string | Uint8Array>): AsyncGenerator<string, void, undefined> {
  for await (const piece of pieces) yield signedText(sign, typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8'));
}
