/** One client's socket: its bytes become jobs, its answers are written; no word about other clients. */
import type { Socket } from 'node:net';
import type { CopyRequest, Job } from './jobs.js';
import { checkFrontendHeader, copyInResponse, errorResponse, frontend, message, MessageReader, noTls, ProtocolError, readCString } from './protocol.js';
import { Session } from './session.js';
import { traitsOf } from './sql-text.js';
import { parseStartup, type Startup } from './startup.js';

/** Reading stops while a client has this many jobs waiting, or does not fetch its answers. */
const MAX_JOBS = 64;
const MAX_UNSENT_BYTES = 1024 ** 2;
/** The data of one COPY FROM STDIN is held in memory. */
const MAX_COPY_BYTES = 1024 ** 3;
/** Small answers are joined, so that a row does not cost a system call. */
const WRITE_BYTES = 64 * 1024;
/** How long a client that was told to go may take to close its side. */
const CLOSE_MS = 1000;

export interface ConnectionEvents {
  /** The startup packet is there. */
  started(connection: Connection, startup: Extract<Startup, { kind: 'session' }>): void;
  /** Work was added to `jobs`. */
  ready(connection: Connection): void;
  /** The client has sent something. */
  active(connection: Connection): void;
  /** The socket is closed. */
  gone(connection: Connection): void;
}

interface Copy {
  readonly request: CopyRequest;
  data: Buffer[];
  size: number;
  refused: string | undefined;
  /** CopyDone or CopyFail has come; the extended protocol ends with a Sync. */
  ended: boolean;
}

export class Connection {
  readonly jobs: Job[] = [];
  readonly session: Session;
  closed = false;
  /** `leaving`: the client has said goodbye, what it sent before still runs. `refused`: nothing of it runs any more. */
  state: 'open' | 'leaving' | 'refused' = 'open';
  /** Its traces in the backend are wiped. */
  wiped = false;
  private readonly reader = new MessageReader(checkFrontendHeader);
  private started = false;
  private batch: Buffer[] = [];
  private copy: Copy | undefined;
  private unsent: Buffer[] = [];
  private unsentBytes = 0;

  constructor(
    readonly id: number,
    private readonly socket: Socket,
    private readonly events: ConnectionEvents,
  ) {
    this.session = new Session(id);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
    socket.on('drain', () => this.regulate());
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      this.closed = true;
      events.gone(this);
    });
  }

  write(bytes: Buffer): void {
    this.unsent.push(bytes);
    this.unsentBytes += bytes.length;
    if (this.unsentBytes >= WRITE_BYTES) this.flush();
  }

  flush(): void {
    if (this.unsent.length === 0) return;
    const [first] = this.unsent;
    const bytes = this.unsent.length === 1 && first !== undefined ? first : Buffer.concat(this.unsent, this.unsentBytes);
    this.unsent = [];
    this.unsentBytes = 0;
    if (!this.closed && this.socket.writable) this.socket.write(bytes);
  }

  /** Says why, and closes. */
  fatal(sqlState: string, text: string): void {
    this.write(errorResponse('FATAL', sqlState, text));
    this.end();
  }

  /** Closes for good; what is still queued is not run. */
  end(): void {
    this.state = 'refused';
    this.flush();
    this.jobs.length = 0;
    // Half closed first: closing over unread bytes of the client's resets the connection, and takes the reason with it.
    this.socket.end();
    this.socket.resume();
    setTimeout(() => this.socket.destroy(), CLOSE_MS).unref();
  }

  /** Takes the next job; reading goes on when there is room again. */
  take(): Job | undefined {
    const job = this.jobs.shift();
    this.regulate();
    return job;
  }

  /** The client may send its COPY data now. */
  gather(request: CopyRequest): void {
    this.copy = { request, data: [], size: 0, refused: undefined, ended: false };
    if (request.protocol === 'simple') this.write(copyInResponse(request.traits.copyBinary));
    else for (const bytes of request.messages) this.write(promise(bytes, request.traits.copyBinary));
    this.flush();
  }

  private receive(chunk: Buffer): void {
    if (this.state !== 'open') return;
    this.events.active(this);
    try {
      this.reader.push(chunk);
      while (!this.closed && this.state === 'open') {
        const bytes = this.started ? this.reader.next() : this.reader.startup();
        if (bytes === undefined) break;
        if (this.started) this.accept(bytes);
        else this.start(bytes);
      }
    } catch (error) {
      const known = error instanceof ProtocolError || error instanceof RangeError; // RangeError: fields that end too early
      if (!known) throw error;
      this.fatal(error instanceof ProtocolError ? error.sqlState : '08P01', error.message);
      this.events.gone(this);
    }
    this.regulate();
  }

  private start(packet: Buffer): void {
    const startup = parseStartup(packet);
    if (startup.kind === 'tls') this.socket.write(noTls());
    else if (startup.kind === 'cancel') {
      // Nothing can be cancelled: a working backend does not listen. PostgreSQL too answers a cancel request by closing.
      this.end();
    } else {
      this.started = true;
      this.events.started(this, startup);
    }
  }

  private accept(bytes: Buffer): void {
    if (bytes[0] === frontend.terminate) {
      this.state = 'leaving';
      this.push({ kind: 'terminate' });
    } else if (this.copy !== undefined) this.acceptCopy(this.copy, bytes);
    else if (bytes[0] === frontend.query) {
      const sql = readCString(bytes, 5).text;
      const traits = traitsOf(sql);
      if (traits.copyIn) this.push({ kind: 'copyStart', request: { messages: [bytes], protocol: 'simple', traits } });
      else this.push({ kind: 'simple', message: bytes, sql, traits });
    } else if (bytes[0] === frontend.functionCall) this.push({ kind: 'functionCall', message: bytes });
    else if (bytes[0] === frontend.sync || bytes[0] === frontend.flush) this.endBatch(bytes);
    else if (isExtended(bytes[0])) this.batch.push(bytes);
    // What is left is COPY data that nobody waits for: ignored, as PostgreSQL does.
  }

  private endBatch(last: Buffer): void {
    // psycopg sends a Flush behind its Sync: nothing is left to flush, and no pipeline begins.
    if (last[0] === frontend.flush && this.batch.length === 0) return;
    const messages = [...this.batch, last];
    this.batch = [];
    this.push({ kind: 'extended', messages, ends: last[0] === frontend.sync ? 'sync' : 'flush' });
  }

  private acceptCopy(copy: Copy, bytes: Buffer): void {
    switch (bytes[0]) {
      case frontend.copyData:
        if (copy.ended) return;
        copy.size += bytes.length;
        if (copy.size > MAX_COPY_BYTES) {
          copy.refused = `the embedded database takes at most ${MAX_COPY_BYTES} bytes in one COPY`;
          copy.data = [];
        } else copy.data.push(bytes);
        return;
      case frontend.copyDone:
      case frontend.copyFail:
        copy.data.push(bytes);
        copy.ended = true;
        if (copy.request.protocol === 'simple') this.finishCopy(copy);
        return;
      case frontend.sync:
        // Before the end it is the one of the COPY's own batch, which a server in COPY mode ignores.
        if (copy.ended) this.finishCopy(copy);
        return;
      case frontend.flush:
        return;
      default:
        throw new ProtocolError('unexpected message type during COPY from stdin');
    }
  }

  private finishCopy({ request, data, refused }: Copy): void {
    this.copy = undefined;
    this.push({ kind: 'copy', request, data, refused });
  }

  private push(job: Job): void {
    this.jobs.push(job);
    this.events.ready(this);
  }

  private regulate(): void {
    if (this.closed || this.state === 'refused') return;
    const full = this.jobs.length >= MAX_JOBS || this.socket.writableLength > MAX_UNSENT_BYTES;
    if (full && !this.socket.isPaused()) this.socket.pause();
    else if (!full && this.socket.isPaused()) this.socket.resume();
  }
}

const isExtended = (type: number | undefined): boolean =>
  type === frontend.parse || type === frontend.bind || type === frontend.describe || type === frontend.execute || type === frontend.close;

/** What the backend will answer to a message of a COPY's batch, said before it has seen it. */
function promise(bytes: Buffer, binary: boolean): Buffer {
  switch (bytes[0]) {
    case frontend.parse:
      return message(0x31);
    case frontend.bind:
      return message(0x32);
    case frontend.close:
      return message(0x33);
    case frontend.describe: {
      const noData = message(0x6e);
      // A statement's description begins with its parameters: none.
      return bytes[5] === 0x53 ? Buffer.concat([message(0x74, Buffer.alloc(2)), noData]) : noData;
    }
    case frontend.execute:
      return copyInResponse(binary);
    default:
      return Buffer.alloc(0);
  }
}
