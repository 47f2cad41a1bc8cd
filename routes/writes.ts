/** What headers say of a write: which language a patch is in, and whether the document is wanted back. */
import type { IncomingHttpHeaders } from 'node:http';
import { JSON_PATCH_TYPE } from '../schemas/writes.js';
import type { Patch } from '../src/transactions/patch.js';
import type { Call } from './http.js';

/** `Prefer: return=representation` (RFC 7240) asks for the document instead of 204. */
export const wantsDocument = (headers: IncomingHttpHeaders): boolean =>
  /(^|[,;\s])return=representation\b/.test(String(headers['prefer'] ?? ''));

/** The patch of a body whose media type is one that the operation takes. */
export function patchOf({ headers, body }: Pick<Call, 'headers' | 'body'>): Patch {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  return { language: type === JSON_PATCH_TYPE ? 'json' : 'merge', document: body };
}
