/** Page tokens: the sort keys of the row where a page ends, sealed, and bound to the query that they belong to and to what its reader sees. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { invalidAt } from '../errors.js';
import { jsonDigest } from '../json.js';
import type { Visibility } from '../pgstac/selection.js';

/** Raised when the meaning of a token changes: tokens of another version are refused, never misread. */
const VERSION = 2;
const CIPHER = 'aes-256-gcm';
const [IV_BYTES, TAG_BYTES] = [12, 16];

export interface PageToken {
  /** `prev` reads backwards from the row. */
  readonly direction: 'next' | 'prev';
  /** The row's sort keys as text, null for SQL's NULL; the tie-breakers collection and id last. */
  readonly keys: readonly (string | null)[];
}

type Direction = PageToken['direction'];

/** The tokens of one query for one reader. */
export interface Tokens {
  /** The tokens of the pages beside this one, undefined where there is none. */
  neighbours(page: Readonly<Record<Direction, PageToken['keys'] | undefined>>): Record<Direction, string | undefined>;
  /** @throws InvalidInput for garbage, for another version's token, for the token of another query and for one of a reader who sees something else */
  decode(text: string, keys: number): PageToken;
}

const refuse = (): Error => invalidAt('token', 'is not a token of this server, or belongs to another query; take it from a next or prev link and leave the rest of the query as it is');

/** The same row has the same token, so that the ETag of a page stays: the nonce is made of what is sealed (as RFC 8452 does). */
const nonceOf = (key: Buffer, bound: string, text: string): Buffer => createHmac('sha256', key).update(bound).update('\0').update(text).digest().subarray(0, IV_BYTES);

/**
 * @param key 32 bytes, the same on all instances
 * @param query everything that a token belongs to: the query but its token and limit
 */
export function tokensOf(key: Buffer, query: object, { hidden }: Visibility): Tokens {
  const bound = jsonDigest([VERSION, query, hidden]);
  const sealKey = createHmac('sha256', key).update('page tokens').digest();

  function seal(text: string): string {
    const nonce = nonceOf(key, bound, text);
    const cipher = createCipheriv(CIPHER, sealKey, nonce).setAAD(Buffer.from(bound));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  function open(token: string): unknown {
    const bytes = Buffer.from(token, 'base64url');
    const [nonce, tag, sealed] = [bytes.subarray(0, IV_BYTES), bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES), bytes.subarray(IV_BYTES + TAG_BYTES)];
    try {
      const decipher = createDecipheriv(CIPHER, sealKey, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(bound)).setAuthTag(tag);
      return JSON.parse(Buffer.concat([decipher.update(sealed), decipher.final()]).toString('utf8')) as unknown;
    } catch {
      throw refuse();
    }
  }

  return {
    neighbours(page) {
      const token = (direction: Direction): string | undefined => {
        const keys = page[direction];
        return keys === undefined ? undefined : seal(JSON.stringify([direction === 'next' ? 'n' : 'p', ...keys]));
      };
      return { next: token('next'), prev: token('prev') };
    },
    decode(text, keys) {
      const parts = open(text);
      // The types of properties, and with them the number of keys, may change while a token is out.
      if (!Array.isArray(parts) || parts.length !== keys + 1) throw refuse();
      const [direction, ...values] = parts as readonly unknown[];
      if (!values.every((v): v is string | null => v === null || (typeof v === 'string' && !v.includes('\0')))) throw refuse();
      return { direction: direction === 'n' ? 'next' : 'prev', keys: values };
    },
  };
}
