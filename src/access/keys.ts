/** API keys: only their digests are kept, and all are compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Caller, isScope, largest, type Scope } from './scopes.js';

export interface ApiKey {
  readonly scope: Scope;
  /** Names that collections may be private to, as a token's roles are. */
  readonly claims: readonly string[];
  /** SHA-256 of the key, hexadecimal. Keys are long and random, so there is nothing that salt or rounds would protect. */
  readonly digest: string;
}

export const digestOf = (key: string): string => createHash('sha256').update(key).digest('hex');

/** A name, with more names behind it: `read`, `write+geology`. */
const NAMES = /^(\w+)((?:\+[^+\s]+)*)$/;
const DIGEST = /^sha256:([0-9a-f]{64})$/i;

/**
 * `read:KEY;write:KEY;write:sha256:HEX;read+geology:KEY`.
 * @param problems gets one line for each bad entry, which names its place and never what it holds
 */
export function parseKeys(text: string, problems: string[]): ApiKey[] {
  const entries = text.split(';').map((entry) => entry.trim());
  return entries.flatMap((entry, i) => {
    if (entry === '') return [];
    const at = entry.indexOf(':');
    const [, scope = '', claims = ''] = NAMES.exec(entry.slice(0, at === -1 ? 0 : at).trim()) ?? [];
    const key = entry.slice(at + 1).trim();
    if (at === -1 || !isScope(scope) || key === '' || /\s/.test(key)) {
      problems.push(`API_KEYS: entry ${i + 1} must be read:KEY, write:KEY or admin:KEY, or have sha256:HEX in the place of KEY`);
      return [];
    }
    const hashed = DIGEST.exec(key)?.[1];
    if (hashed === undefined && key.startsWith('sha256:')) {
      problems.push(`API_KEYS: entry ${i + 1} must have 64 hexadecimal digits after sha256:`);
      return [];
    }
    return [{ scope, claims: claims.split('+').filter((claim) => claim !== ''), digest: hashed?.toLowerCase() ?? digestOf(key) }];
  });
}

/** Whose key it is; undefined for one that is nobody's. However many there are, all are looked at. */
export function callerOfKey(keys: readonly ApiKey[], key: string): Caller | undefined {
  const digest = digestOf(key);
  const sent = Buffer.from(digest, 'hex');
  const found = keys.filter((known) => timingSafeEqual(Buffer.from(known.digest, 'hex'), sent));
  if (found.length === 0) return undefined;
  return { name: `key ${digest.slice(0, 8)}`, scope: largest(found.map(({ scope }) => scope)), claims: new Set(found.flatMap(({ claims }) => claims)) };
}
