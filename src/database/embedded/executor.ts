/** Runs one client's job on the shared backend as if the backend were that client's own. */
import type { Backend } from './backend.js';
import type { Connection } from './connection.js';
import type { Job } from './jobs.js';
import { backend as answers, closeStatement, copyFail, frontend, query, readCString, readyForQuery, sync, type ProtocolError } from './protocol.js';
import type { Session } from './session.js';
import { disarmSql, milliseconds, NOBODY, readSnapshot, restoreSql, roleDefaultsSql, snapshotSql, stateKey, withoutTimeLimits } from './session-state.js';
import { quoteIdentifier, type StatementTraits } from './sql-text.js';
import type { RewrittenBatch } from './statements.js';

/** A job that goes to the backend. */
export type RunnableJob = Exclude<Job, { kind: 'terminate' }>;

export interface Neighbours {
  /** Hands a NotificationResponse to those who listen. */
  notify(sender: Connection, channel: string, notification: Buffer): void;
  /** Channels that anybody listens to. */
  channels(): ReadonlySet<string>;
}

/** What goes to the backend for a job, and what of the answer the client must not see. */
interface Plan {
  readonly messages: readonly Buffer[];
  readonly traits: readonly StatementTraits[];
  readonly batch?: RewrittenBatch;
  /** Answers that the client was given before its COPY data came. */
  readonly told?: ReadonlySet<number>;
}

/** ParseComplete, BindComplete, CloseComplete, NoData, ParameterDescription, CopyInResponse. */
const TOLD_BEFORE_COPY: ReadonlySet<number> = new Set([0x31, 0x32, 0x33, 0x6e, 0x74, answers.copyIn]);

export class Executor {
  private readonly customSettings = new Set<string>();

  constructor(
    private readonly backend: Backend,
    private readonly neighbours: Neighbours,
  ) {}

  async run(connection: Connection, job: RunnableJob): Promise<void> {
    const { session } = connection;
    if (!session.holdsBackend) {
      const refused = await this.switchTo(session);
      if (refused !== undefined) return connection.fatal(refused.sqlState, refused.message);
    }
    const flushes = job.kind === 'extended' && job.ends === 'flush';
    if (flushes && session.skipping) return;
    // A Flush keeps the backend for the portal that is open. One after Parse alone does not (asyncpg's prepare() ends so and
    // leaves the Sync to the execution, minutes later perhaps): statements outlive a Sync.
    const pins = flushes && (session.inPipeline || job.messages.some((m) => m[0] === frontend.bind));
    const plan = this.plan(session, job, pins);
    const { status, failed } = await this.backend.run(Buffer.concat(plan.messages), this.relay(connection, plan));
    session.status = status;
    session.inPipeline = pins;
    session.skipping = flushes && failed;
    this.note(session, plan.traits, failed);
    if (!flushes) {
      await this.settle(connection, plan.traits);
      connection.write(readyForQuery(session.status));
    }
    connection.flush();
  }

  /** Wipes what a client leaves in the backend: its transaction, statements and temporary tables. */
  async leave(connection: Connection, alone: boolean): Promise<void> {
    const { session } = connection;
    if (session.inPipeline) await this.backend.run(sync(), () => undefined);
    if (session.holdsBackend) await this.backend.ask('ROLLBACK');
    if (session.settingsTouched) this.backend.stateKey = undefined;
    session.status = 'I';
    session.inPipeline = false;
    const leftovers = [...session.statements.leftovers(this.backend)];
    if (leftovers.length > 0) {
      await this.backend.run(Buffer.concat([...leftovers.map(closeStatement), sync()]), () => undefined);
      for (const alias of leftovers) this.backend.statements.delete(alias);
    }
    if (this.backend.unnamedOf === session.id) this.backend.unnamedOf = undefined;
    // Temporary tables are the backend's: they can go only when no other client may have some.
    if (session.usedTemporary && alone) await this.backend.ask(`${restoreSql(NOBODY)}; DISCARD TEMP`).then(() => (this.backend.stateKey = undefined));
    if (session.channels.size > 0) {
      session.channels.clear();
      await this.listenAnew();
    }
  }

  private plan(session: Session, job: RunnableJob, pins: boolean): Plan {
    switch (job.kind) {
      case 'simple': {
        session.statements.forgetUnnamed();
        this.backend.unnamedOf = undefined;
        const text = session.statements.translate(job.sql, job.traits);
        // A COPY inside a script would wait for data for ever: it fails instead. Elsewhere CopyFail means nothing.
        const end = job.traits.mentionsStdin ? [copyFail('the embedded database takes COPY FROM STDIN only as a statement of its own')] : [];
        return { messages: [text === job.sql ? job.message : query(text), ...end], traits: [job.traits] };
      }
      case 'functionCall':
        return { messages: [job.message], traits: [] };
      case 'extended':
        if (session.skipping) return { messages: [sync()], traits: [] };
        return this.planBatch(session, pins || job.ends === 'sync' ? job.messages : [...job.messages.slice(0, -1), sync()]);
      case 'copyStart': // only in a failed transaction, where it is an error
        return { messages: [...job.request.messages, copyFail('')], traits: [] };
      default:
        return this.planCopy(session, job);
    }
  }

  private planCopy(session: Session, job: Extract<RunnableJob, { kind: 'copy' }>): Plan {
    const { protocol, messages, traits } = job.request;
    const data = job.refused === undefined ? job.data : [copyFail(job.refused)];
    if (protocol === 'simple') {
      session.statements.forgetUnnamed();
      this.backend.unnamedOf = undefined;
      return { messages: [...messages, ...data], traits: [traits], told: TOLD_BEFORE_COPY };
    }
    const batch = session.statements.rewrite(messages, this.backend);
    return { messages: [...batch.messages, ...data, sync()], traits: batch.traits, batch, told: TOLD_BEFORE_COPY };
  }

  private planBatch(session: Session, messages: readonly Buffer[]): Plan {
    const batch = session.statements.rewrite(messages, this.backend);
    const stdin = batch.traits.some((traits) => traits.mentionsStdin);
    const safe = stdin
      ? batch.messages.flatMap((m) => (m[0] === frontend.execute ? [m, copyFail('COPY FROM STDIN cannot be part of a pipeline here')] : [m]))
      : batch.messages;
    return { messages: safe, traits: batch.traits, batch };
  }

  /** Hands answers on, without those to our own messages. */
  private relay(connection: Connection, { batch, told }: Plan): (type: number, message: Buffer) => void {
    let parsed = 0;
    let closed = 0;
    return (type, message) => {
      if (type === answers.notification) {
        this.neighbours.notify(connection, readCString(message, 9).text, message);
        return;
      }
      if (type === answers.parseComplete) {
        const parse = batch?.parses[parsed++];
        parse?.done();
        if (parse?.ours === true) return;
      }
      if (type === 0x33 /* CloseComplete */ && batch?.closes[closed++] === true) return;
      if (told?.has(type) !== true) connection.write(message);
    };
  }

  /** Remembers what the statements mean for later turns. */
  private note(session: Session, traits: readonly StatementTraits[], failed: boolean): void {
    for (const trait of traits) {
      session.settingsTouched ||= trait.settings;
      session.userReset ||= trait.resetsUser && !failed;
      session.usedTemporary ||= trait.temporary;
      for (const name of trait.customSettings) this.customSettings.add(name);
      if (trait.deallocatesAll) {
        this.backend.statements.clear();
        this.backend.unnamedOf = undefined;
        if (!failed) session.statements.clear();
      }
      if (failed) continue;
      for (const { listen, channel } of trait.listens) {
        if (channel === undefined) session.channels.clear();
        else if (listen) session.channels.add(channel);
        else session.channels.delete(channel);
      }
    }
  }

  /** Reads back what changed, once the session is between transactions. */
  private async settle(connection: Connection, traits: readonly StatementTraits[]): Promise<void> {
    const { session } = connection;
    if (session.status === 'I') {
      if (session.settingsTouched) for (const changed of await this.capture(session)) connection.write(changed);
      if (traits.some((trait) => trait.listens.some(({ listen }) => !listen))) await this.listenAnew();
    } else if (session.status === 'T' && traits.some((trait) => trait.settings)) await this.disarm(session);
  }

  private async switchTo(session: Session): Promise<Pick<ProtocolError, 'sqlState' | 'message'> | undefined> {
    const first = session.base === undefined;
    if (first) {
      const refused = await this.prepare(session);
      if (refused !== undefined) return refused;
    }
    const key = stateKey(session.state);
    if (this.backend.stateKey === key) return undefined;
    const { error } = await this.backend.ask(restoreSql(session.state));
    if (error !== undefined) return error;
    this.backend.stateKey = key;
    // Values as PostgreSQL spells them, so that equal sessions are seen to be equal.
    if (first) await this.capture(session);
    return undefined;
  }

  /** The role's and the database's own settings, then those of startup. */
  private async prepare(session: Session): Promise<Pick<ProtocolError, 'sqlState' | 'message'> | undefined> {
    const user = session.loginUser;
    const { rows, error } = await this.backend.ask(roleDefaultsSql(user));
    if (error !== undefined) return error;
    const [first] = rows;
    if (first === undefined) return { sqlState: '28000', message: `role "${user}" does not exist` };
    if (first[0] !== 't') return { sqlState: '28000', message: `role "${user}" is not permitted to log in` };
    const base = new Map<string, string>();
    for (const [, setting] of rows) {
      const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(setting ?? '') ?? [];
      if (name !== undefined && value !== undefined) base.set(name.toLowerCase(), value);
    }
    for (const [name, value] of session.startup) base.set(name, value);
    const role = base.get('role');
    base.delete('role');
    for (const name of base.keys()) if (name.includes('.')) this.customSettings.add(name);
    const { settings, idleInTransactionMs } = withoutTimeLimits(base);
    session.base = settings;
    session.idleInTransactionMs = idleInTransactionMs;
    session.state = { user, role: role === 'none' ? undefined : role, settings };
    return undefined;
  }

  /** Reads the settings as they are now; ParameterStatus messages of what had to be put back. */
  private async capture(session: Session): Promise<readonly Buffer[]> {
    session.settingsTouched = false;
    const { rows } = await this.backend.ask(snapshotSql(this.customSettings));
    const { idleInTransactionMs, ...found } = readSnapshot(rows, session.base ?? new Map());
    const state = session.userReset ? { ...found, user: session.loginUser } : found;
    session.userReset = false;
    if (idleInTransactionMs !== undefined) session.idleInTransactionMs = idleInTransactionMs;
    session.state = state;
    const key = stateKey(state);
    if (key === stateKey(readSnapshot(rows, new Map())) && idleInTransactionMs === undefined) {
      this.backend.stateKey = key;
      return [];
    }
    this.backend.stateKey = undefined;
    const { parameterStatuses, error } = await this.backend.ask(restoreSql(state));
    if (error === undefined) this.backend.stateKey = key;
    return parameterStatuses;
  }

  private async disarm(session: Session): Promise<void> {
    const { rows } = await this.backend.ask(`SELECT pg_catalog.current_setting('idle_in_transaction_session_timeout')`);
    const wanted = milliseconds(rows[0]?.[0] ?? '');
    if (wanted !== undefined && wanted > 0) session.idleInTransactionMs = wanted;
    await this.backend.ask(disarmSql());
  }

  /** One client's UNLISTEN took the channel from all. */
  private async listenAnew(): Promise<void> {
    const channels = [...this.neighbours.channels()].map((name) => `LISTEN ${quoteIdentifier(name)}`);
    await this.backend.ask(['UNLISTEN *', ...channels].join(';'));
  }
}
