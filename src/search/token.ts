/** Page tokens: the sort keys of the row where a page ends, bound to the query that they belong to. */
import { invalidAt } from '../errors.js';
import { jsonDigest } from '../json.js';
import type { Visibility } from '../pgstac/selection.js';

/** Raised when the meaning of a token changes: tokens of another version are refused, never misread. */
const VERSION = 1;

export interface PageToken {
  /** `prev` reads backwards from the row. */
  readonly direction: 'next' | 'prev';
  /** The row's sort keys as text, null for SQL's NULL; the tie-breakers collection and id last. */
  readonly keys: readonly (string | null)[];
}

/** A digest of what a token belongs to: everything of the query but its token and limit, and what its reader does not see. */
export const queryDigest = (query: object, { hidden }: Visibility): string => jsonDigest([query, hidden]).slice(0, 16);

const encodeToken = (token: PageToken, digest: string): string =>
  Buffer.from(JSON.stringify([VERSION, digest, token.direction === 'next' ? 'n' : 'p', ...token.keys])).toString('base64url');

type Direction = PageToken['direction'];

/** The tokens of the pages beside this one, undefined where there is none. */
export function encodeNeighbours(page: Readonly<Record<Direction, PageToken['keys'] | undefined>>, digest: string): Record<Direction, string | undefined> {
  const token = (direction: Direction): string | undefined => {
    const keys = page[direction];
    return keys === undefined ? undefined : encodeToken({ direction, keys }, digest);
  };
  return { next: token('next'), prev: token('prev') };
}

/** @throws InvalidInput for garbage, for another version's token and for the token of another query */
export function decodeToken(text: string, digest: string, keys: number): PageToken {
  const refuse = (why: string): Error => invalidAt('token', `${why}; take it from a next or prev link and leave the rest of the query as it is`);
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw refuse('is not a token of this server');
  }
  if (!Array.isArray(parts) || parts[0] !== VERSION || (parts[2] !== 'n' && parts[2] !== 'p')) throw refuse('is not a token of this server');
  if (parts[1] !== digest || parts.length !== keys + 3) throw refuse('belongs to another query');
  const values: unknown[] = parts.slice(3);
  if (!values.every((v): v is string | null => v === null || (typeof v === 'string' && !v.includes('\0')))) throw refuse('is not a token of this server');
  return { direction: parts[2] === 'n' ? 'next' : 'prev', keys: values };
}
