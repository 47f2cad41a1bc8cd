/** Whether an error says that the database is not there, as against one that it has answered. */
import { DomainError } from '../errors.js';
import { sqlState } from './transaction.js';

/** What Node's sockets say when a server is not there; pg passes it on. */
const SOCKET_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
/** A session that was ended, and a server that starts, stops or recovers. */
const STATES = new Set(['25P03', '57P01', '57P02', '57P03', '57P05']);
/** pg and pg-pool have no codes for these. */
const LOST = /^(Connection terminated|Client has encountered a connection error|The server does not support SSL)/;
const EXHAUSTED = /^(timeout exceeded when trying to connect|timeout expired)/;

/** The connection was refused, lost or ended; class 08 is connection_exception. */
export function isAway(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) return STATES.has(state) || state.startsWith('08');
  const [code, message] = [textMember(error, 'code'), textMember(error, 'message')];
  return (code !== undefined && SOCKET_CODES.has(code)) || (message !== undefined && LOST.test(message));
}

/** Nobody gave a connection in time: all are out, or nobody listens and nobody says so. */
export function isExhausted(error: unknown): boolean {
  const message = textMember(error, 'message');
  return message !== undefined && EXHAUSTED.test(message);
}

function textMember(error: unknown, name: 'code' | 'message'): string | undefined {
  if (typeof error !== 'object' || error === null || !(name in error)) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}

/**
 * What a standby alone fails at: it is away, a write, a statement that replay has cancelled (40001 and 40P01 with recovery
 * conflicts). The host of a raster or a store that is away speaks of sockets too, and says nothing of the standby.
 */
export function isStandbyFailure(error: unknown): boolean {
  if (error instanceof DomainError && (error.kind === 'Upstream' || error.kind === 'UpstreamTimeout')) return false;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return isAway(cause) || ['25006', '40001', '40P01'].includes(sqlState(cause) ?? '');
}
