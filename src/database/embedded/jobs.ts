/** Units of work for the backend: what a client has sent that can run in one go. */
import type { StatementTraits } from './sql-text.js';

export type Job =
  | { readonly kind: 'simple'; readonly message: Buffer; readonly sql: string; readonly traits: StatementTraits }
  /** Messages up to a Sync, or up to a Flush, after which more of the same pipeline will come. */
  | { readonly kind: 'extended'; readonly messages: readonly Buffer[]; readonly ends: 'sync' | 'flush' }
  /** COPY … FROM STDIN has been asked for: the client is to send its data. */
  | { readonly kind: 'copyStart'; readonly request: CopyRequest }
  /** All of the data is there; `refused` says why it will not be run. */
  | { readonly kind: 'copy'; readonly request: CopyRequest; readonly data: readonly Buffer[]; readonly refused: string | undefined }
  | { readonly kind: 'functionCall'; readonly message: Buffer }
  | { readonly kind: 'terminate' };

export interface CopyRequest {
  /** The simple query, or the batch of the extended protocol without its Sync. */
  readonly messages: readonly Buffer[];
  readonly protocol: 'simple' | 'extended';
  readonly traits: StatementTraits;
}
