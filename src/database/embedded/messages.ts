/** What the supervisor and the database's process say to each other. */

/** How the database's process is to run; one JSON argument on its command line. */
export interface ChildOptions {
  readonly dataDir: string;
  readonly idleInTransactionMs: number;
  /** A unix socket's path, or a TCP port on 127.0.0.1 (0: any). */
  readonly listen: { readonly path: string } | { readonly port: number };
}

export type FromChild =
  | { readonly kind: 'progress'; readonly message: string }
  | { readonly kind: 'ready'; readonly port: number | undefined }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'pong' };

export type ToChild = 'ping' | 'stop';
