/** `If-Match` and `If-None-Match` of writes (RFC 9110 section 13.1), judged under the lock of what is written. */
import { createHash } from 'node:crypto';
import { DomainError } from '../errors.js';

/** The two headers as they were sent; undefined where they were not. */
export interface Preconditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

const TAG = /(W\/)?"([\u0021\u0023-\u007e\u0080-\u00ff]*)"/g;

/**
 * The strong ETag of a version as it is shown under a base: the hrefs of an answer begin with the base, so the same
 * version has another tag on another host. Whoever writes is asked for the version alone ({@link checkPreconditions}),
 * so a tag that was read through one host holds for a write through another, and for the answer of a POST.
 * @param version of base64url characters
 */
export const etagOf = (version: string, base: string): string => `"${version}.${createHash('sha1').update(base).digest('base64url').slice(0, 8)}"`;

/** The versions that a header names. @param comparison strong (RFC 9110 section 8.8.3.2): weak tags name nothing */
function versionsIn(header: string, comparison: 'strong' | 'weak'): string[] {
  const tags = [...header.matchAll(TAG)].filter(([, weak]) => comparison === 'weak' || weak === undefined);
  return tags.map(([, , tag = '']) => tag.replace(/\.[\w-]{8}$/, ''));
}

const names = (header: string, version: string, comparison: 'strong' | 'weak'): boolean =>
  header.trim() === '*' || versionsIn(header, comparison).includes(version);

/**
 * To be called for a resource that exists: what does not is 404 with or without preconditions (RFC 9110 section 13.2.1).
 * @param version of what is stored now, as `itemVersion` and `collectionVersion` tell it
 * @throws PreconditionFailed
 */
export function checkPreconditions({ ifMatch, ifNoneMatch }: Preconditions, version: string): void {
  if (ifMatch !== undefined && !names(ifMatch, version, 'strong')) {
    throw new DomainError('PreconditionFailed', 'It has changed since: If-Match does not name what is stored now. GET it again for its ETag.', { faults: [{ path: 'If-Match', message: 'does not name the stored version' }] });
  }
  if (ifNoneMatch !== undefined && names(ifNoneMatch, version, 'weak')) {
    throw new DomainError('PreconditionFailed', 'It exists, which If-None-Match rules out.', { faults: [{ path: 'If-None-Match', message: 'names the stored version' }] });
  }
}
