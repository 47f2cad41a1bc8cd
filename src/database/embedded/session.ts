/** What a client believes its session to be; the multiplexer makes it true whenever the client's turn comes. */
import type { TransactionStatus } from './protocol.js';
import { NOBODY, SUPERUSER, type SessionState } from './session-state.js';
import { Statements } from './statements.js';

export class Session {
  readonly statements: Statements;
  /** Channels that it LISTENs to. */
  readonly channels = new Set<string>();
  status: TransactionStatus = 'I';
  /** A Flush was answered: the pipeline, and with it the backend, is its until a Sync. */
  inPipeline = false;
  /** An error in a pipeline: everything up to the Sync is skipped. */
  skipping = false;
  /** Settings may have changed in the transaction that is open. */
  settingsTouched = false;
  usedTemporary = false;
  /** Defaults of role and database, and what startup asked for; read from the backend at the first turn. */
  base: ReadonlyMap<string, string> | undefined;
  /** Startup's own settings, as sent. */
  startup: ReadonlyMap<string, string> = new Map();
  idleInTransactionMs: number | undefined;
  state: SessionState = NOBODY;
  /** Whom startup named. */
  loginUser = SUPERUSER;
  /** RESET SESSION AUTHORIZATION was asked for, which the backend itself does not do. */
  userReset = false;

  constructor(readonly id: number) {
    this.statements = new Statements(id);
  }

  /** The backend is its alone. */
  get holdsBackend(): boolean {
    return this.status !== 'I' || this.inPipeline;
  }
}
