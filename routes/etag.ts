/** ETags of single resources, and the preconditions of writes to them (RFC 9110 sections 8.8.3 and 13.1). */
import { etagOf, type Preconditions } from '../src/transactions/preconditions.js';
import type { Call } from './http.js';

/** The header of an answer that shows this version. */
export const etag = ({ base }: Pick<Call, 'base'>, version: string): { ETag: string } => ({ ETag: etagOf(version, base) });

export const preconditionsOf = ({ headers }: Pick<Call, 'headers'>): Preconditions => ({
  ifMatch: headers['if-match'],
  ifNoneMatch: headers['if-none-match'],
});
