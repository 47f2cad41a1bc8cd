/** SQLSTATE → domain error: the one table that says what a failing query means to the caller. */
import { DomainError, type ErrorKind } from '../errors.js';
import { isAway, isExhausted } from '../database/away.js';
import { sqlState } from '../database/transaction.js';

interface Meaning {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly retryAfter?: number;
}

const AWAY: Meaning = { kind: 'Unavailable', message: 'The database cannot be reached at the moment.', retryAfter: 5 };
const BUSY: Meaning = { kind: 'Unavailable', message: 'The database is busy: try again.', retryAfter: 1 };

/**
 * What states mean when they come out of pgSTAC, whose functions get documents and searches that have passed our schemas.
 * States that only a mistake of ours can cause (syntax, unknown names, a null in our own tables) are left out on purpose:
 * they are Internal.
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  23505: { kind: 'Conflict', message: 'Something with this id exists already.' },
  // pgSTAC raises it for items of a collection that does not exist.
  23503: { kind: 'NotFound', message: 'The collection does not exist.' },
  // INTO STRICT without a row, and delete_collection since 0.9.12.
  P0002: { kind: 'NotFound', message: 'There is nothing with this id.' },
  '02000': { kind: 'NotFound', message: 'There is nothing with this id.' },
  // Values that JSON can write and PostgreSQL cannot hold: no schema of ours can know them all.
  54000: { kind: 'InvalidInput', message: 'An id or another indexed text is longer than the database can index.' },
  22003: { kind: 'InvalidInput', message: 'A number is out of the range that the database can hold.' },
  22007: { kind: 'InvalidInput', message: 'A date or time is not one that the database can read.' },
  22008: { kind: 'InvalidInput', message: 'A date or time is out of the range that the database can hold.' },
  '22P05': { kind: 'InvalidInput', message: 'A text holds a character (U+0000) that the database cannot hold.' },
  22021: { kind: 'InvalidInput', message: 'A text holds bytes that are not UTF-8.' },
  '22P02': { kind: 'InvalidInput', message: 'A value cannot be read as the type of its property.' },
  '2201B': { kind: 'InvalidInput', message: 'A pattern is not a regular expression.' },
  22012: { kind: 'InvalidInput', message: 'The filter divides by zero.' },
  57014: { kind: 'Unavailable', message: 'The database took too long to answer: ask for less.', retryAfter: 30 },
  '40P01': BUSY,
  40001: BUSY,
  '55P03': BUSY,
  53300: { kind: 'Unavailable', message: 'The database has no connection free.', retryAfter: 5 },
  53200: { kind: 'Unavailable', message: 'The database is short of memory.', retryAfter: 30 },
  53100: { kind: 'Unavailable', message: 'The disk of the database is full.', retryAfter: 300 },
  25006: { kind: 'Unavailable', message: 'The database takes no writes at the moment.', retryAfter: 30 },
};

/**
 * The domain error that a failing query means; the cause stays attached for the log. A DomainError comes back as it is,
 * and what is in no table is Internal.
 */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const meaning = meaningOf(error) ?? { kind: 'Internal', message: 'The database refused what the server asked of it.' };
  return new DomainError(meaning.kind, meaning.message, {
    cause: error,
    ...(meaning.retryAfter === undefined ? {} : { retryAfter: meaning.retryAfter }),
  });
}

function meaningOf(error: unknown): Meaning | undefined {
  if (isAway(error)) return AWAY;
  const state = sqlState(error);
  if (state !== undefined) return MEANINGS[state];
  return isExhausted(error) ? { ...BUSY, retryAfter: 5 } : undefined;
}
