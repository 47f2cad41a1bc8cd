/**
 * Many clients on one PostgreSQL session: each gets the backend for one batch at a time, or for as long as its
 * transaction or its pipeline is open.
 *
 * What stays shared, since there is one session underneath: temporary tables, session advisory locks (they never exclude
 * another client), cursors WITH HOLD, and statements of SQL's PREPARE. Nothing can be cancelled, and no time limit on
 * statements holds: the supervisor's watchdog ends the process instead.
 */
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Backend, type Engine } from './backend.js';
import { Connection, type ConnectionEvents } from './connection.js';
import { Executor } from './executor.js';
import { authenticationOk, backendKeyData, negotiateVersion, parameterStatus, readCString, readyForQuery } from './protocol.js';
import type { Startup } from './startup.js';

export interface MultiplexerOptions {
  /** A client that holds the backend and says nothing for this long is cut off with 25P03. */
  readonly idleInTransactionMs: number;
  /** The engine threw: what it holds in memory is not to be trusted any more. */
  readonly onBroken: (error: unknown) => void;
}

type SessionStartup = Extract<Startup, { kind: 'session' }>;

const DATABASE = 'postgres';
const GOODBYE_MS = 200;

export class Multiplexer implements ConnectionEvents {
  private readonly connections = new Set<Connection>();
  /** Clients with work, in the order in which they get a turn. */
  private readonly queue = new Set<Connection>();
  private readonly early: { connection: Connection; startup: SessionStartup }[] = [];
  private engine: { readonly executor: Executor; readonly parameters: readonly Buffer[] } | undefined;
  private owner: Connection | undefined;
  private nextId = 1;
  private scheduled = false;
  private turn: Promise<void> | undefined;
  private turnOf: Connection | undefined;
  private stopping = false;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(private readonly options: MultiplexerOptions) {}

  /** Takes a new client; it waits until the engine is there. */
  attach(socket: Socket): void {
    const connection = new Connection(this.nextId++, socket, this);
    this.connections.add(connection);
    if (this.stopping) connection.fatal('57P03', 'the database system is shutting down');
  }

  /** The engine is ready: clients that came early are answered. */
  async open(engine: Engine): Promise<void> {
    const backend = new Backend(engine);
    const parameters = await backend.start();
    const executor = new Executor(backend, {
      notify: (sender, channel, notification) => this.notify(sender, channel, notification),
      channels: () => new Set([...this.connections].flatMap(({ session }) => [...session.channels])),
    });
    this.engine = { executor, parameters };
    for (const { connection, startup } of this.early.splice(0)) this.started(connection, startup);
    this.schedule();
  }

  /** Says goodbye to all, and rolls back what is open. Afterwards the engine may be closed. */
  async stop(): Promise<void> {
    // pg's pool.end() does not wait for its goodbyes to be sent: those that are on their way are let through.
    for (let waited = 0; waited < GOODBYE_MS && this.connections.size > 0; waited += 10) await delay(10);
    this.stopping = true;
    clearTimeout(this.idleTimer);
    await this.turn;
    for (const connection of this.connections) connection.fatal('57P01', 'terminating connection due to administrator command');
    if (this.owner !== undefined) await this.engine?.executor.leave(this.owner, false);
    this.owner = undefined;
  }

  started(connection: Connection, startup: SessionStartup): void {
    if (this.engine === undefined) {
      this.early.push({ connection, startup });
      return;
    }
    if (startup.database !== DATABASE) return connection.fatal('3D000', `database "${startup.database}" does not exist`);
    const { session } = connection;
    const settings = new Map(startup.settings);
    // The one encoding that PGlite is built for, spelt UTF8, utf-8 or 'utf-8'; another one is refused by the backend.
    if (settings.get('client_encoding')?.replaceAll(/[^a-z0-9]/gi, '').toLowerCase() === 'utf8') settings.delete('client_encoding');
    session.startup = settings;
    session.loginUser = startup.user;
    if (startup.laterMinor || startup.unknown.length > 0) connection.write(negotiateVersion(startup.unknown));
    connection.write(authenticationOk());
    for (const parameter of this.engine.parameters) connection.write(withSetting(parameter, settings));
    connection.write(backendKeyData(connection.id));
    connection.write(readyForQuery('I'));
    connection.flush();
  }

  ready(connection: Connection): void {
    this.enqueue(connection);
  }

  active(connection: Connection): void {
    if (connection === this.owner) this.watchOwner();
  }

  gone(connection: Connection): void {
    this.connections.delete(connection);
    // Without a goodbye nobody waits for what is still queued, and in an overload it is best not run.
    if (connection.state === 'open') connection.state = 'refused';
    if (connection.state === 'refused') this.drop(connection);
  }

  private drop(connection: Connection): void {
    connection.jobs.length = 0;
    if (connection.wiped || this.stopping) return;
    this.queue.add(connection);
    this.schedule();
  }

  /** COPY data is gathered without the backend; everything else waits for a turn. */
  private enqueue(connection: Connection): void {
    if (this.turnOf === connection) return; // looked at again when its turn is over
    for (let job = connection.jobs[0]; job !== undefined; job = connection.jobs[0]) {
      const request = connection.session.status === 'E' || connection.session.inPipeline ? undefined : copyRequest(connection);
      if (request === undefined) break;
      connection.take();
      connection.gather(request);
    }
    if (connection.jobs.length === 0) return;
    this.queue.add(connection);
    this.schedule();
  }

  /** One turn for each round of the event loop, so that sockets and the watchdog's pings are served in between. */
  private schedule(): void {
    if (this.scheduled || this.turn !== undefined || this.stopping || this.engine === undefined) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (this.stopping) return;
      const connection = this.pick();
      if (connection === undefined) return;
      this.turnOf = connection;
      this.turn = this.take(connection).then(
        () => this.endTurn(connection),
        (error: unknown) => this.options.onBroken(error),
      );
    });
  }

  private pick(): Connection | undefined {
    const next = this.owner ?? this.queue.values().next().value;
    if (next === undefined || !this.queue.has(next)) return undefined;
    this.queue.delete(next);
    return next;
  }

  private async take(connection: Connection): Promise<void> {
    const { executor } = this.engine ?? {};
    if (executor === undefined) return;
    const job = connection.state === 'refused' ? undefined : connection.take();
    if (job !== undefined && job.kind !== 'terminate') {
      await executor.run(connection, job);
    } else if (!connection.wiped && (job !== undefined || connection.state === 'refused')) {
      connection.wiped = true;
      const alone = ![...this.connections].some((other) => other !== connection && other.session.usedTemporary);
      await executor.leave(connection, alone);
      connection.end();
    }
  }

  private endTurn(connection: Connection): void {
    this.turn = undefined;
    this.turnOf = undefined;
    this.owner = connection.session.holdsBackend ? connection : undefined;
    this.watchOwner();
    if (connection.state === 'refused') this.drop(connection);
    else this.enqueue(connection);
    if (this.queue.size > 0) this.schedule();
  }

  private watchOwner(): void {
    clearTimeout(this.idleTimer);
    const { owner } = this;
    if (owner === undefined) return;
    const wanted = owner.session.idleInTransactionMs ?? 0;
    const limit = wanted > 0 ? Math.min(wanted, this.options.idleInTransactionMs) : this.options.idleInTransactionMs;
    this.idleTimer = setTimeout(() => {
      if (this.owner !== owner || this.turn !== undefined || owner.jobs.length > 0) return;
      owner.fatal('25P03', 'terminating connection due to idle-in-transaction timeout');
      this.drop(owner);
    }, limit);
    this.idleTimer.unref();
  }

  private notify(sender: Connection, channel: string, notification: Buffer): void {
    const own = Buffer.from(notification);
    own.writeInt32BE(sender.id, 5); // the process id that BackendKeyData gave to the sender
    for (const connection of this.connections) {
      if (!connection.session.channels.has(channel)) continue;
      connection.write(own);
      if (connection !== sender) connection.flush();
    }
  }
}

function copyRequest({ jobs: [job], session }: Connection) {
  if (job?.kind === 'copyStart') return job.request;
  if (job?.kind !== 'extended' || job.ends !== 'sync') return undefined;
  const traits = session.statements.copyIn(job.messages);
  return traits === undefined ? undefined : { messages: job.messages.slice(0, -1), protocol: 'extended' as const, traits };
}

/** A ParameterStatus as it will be once the client's own startup settings are in force. */
function withSetting(status: Buffer, settings: ReadonlyMap<string, string>): Buffer {
  const { text: name } = readCString(status, 5);
  const value = settings.get(name.toLowerCase());
  return value === undefined ? status : parameterStatus(name, value);
}
