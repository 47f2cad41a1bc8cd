/** Errors about a place inside a filter: a JSON pointer for JSON, line and column for text. */
import { DomainError, invalidInput } from '../errors.js';
import type { Place } from './ast.js';

/** A place as a person reads it. */
export const describePlace = (at: Place): string =>
  'pointer' in at ? (at.pointer === '' ? 'filter' : `filter${at.pointer}`) : `line ${at.line}, column ${at.column}`;

/**
 * InvalidInput about one node. The fault's path is the JSON pointer below the filter (callers prefix
 * theirs), or empty for text, where the message carries line and column.
 */
export const invalidNode = (at: Place, message: string): DomainError =>
  invalidInput(`${describePlace(at)}: ${message}`, [
    'pointer' in at
      ? { path: at.pointer, message }
      : { path: '', message: `${describePlace(at)}: ${message}` },
  ]);
