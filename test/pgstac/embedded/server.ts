/** An embedded database of a test file's own, and clients for it that are closed afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Pool, type ClientConfig, type PoolConfig } from 'pg';
import { startEmbedded, type EmbeddedDatabase, type EmbeddedOptions } from '../../../src/database/embedded/index.js';
import { cstring, int32, message, MessageReader, query, readDataRow, readError, startupMessage } from '../../../src/database/embedded/protocol.js';
import { silentLogger } from '../../../src/log.js';

export class TestServer {
  private readonly clients: Client[] = [];
  private readonly wires: Wire[] = [];

  private constructor(
    readonly folder: string,
    readonly database: EmbeddedDatabase,
  ) {}

  /** A new database in a folder of its own, or the one in `dataDir`. */
  static async start(options: Partial<EmbeddedOptions> = {}): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'embedded-test-'));
    return new TestServer(folder, await startEmbedded({ dataDir: join(folder, 'database'), logger: silentLogger(), ...options }));
  }

  async client(options: ClientConfig = {}): Promise<Client> {
    const client = new Client({ ...this.database.connection, ...options });
    client.on('error', () => undefined);
    await client.connect();
    this.clients.push(client);
    return client;
  }

  pool(max: number, options: PoolConfig = {}): Pool {
    const pool = new Pool({ ...this.database.connection, ...options, max });
    pool.on('error', () => undefined);
    return pool;
  }

  async wire(): Promise<Wire> {
    const { host, port } = this.database.connection;
    const wire = await Wire.open(`${host}/.s.PGSQL.${port}`);
    this.wires.push(wire);
    return wire;
  }

  async closeClients(): Promise<void> {
    for (const wire of this.wires.splice(0)) wire.close();
    await Promise.all(this.clients.splice(0).map((client) => client.end().catch(() => undefined)));
  }

  async stop(): Promise<void> {
    await this.closeClients();
    await this.database.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Messages in the order in which a driver would send them, and what comes back as letters: `1 2 D C Z`. */
export class Wire {
  private readonly reader = new MessageReader();
  private readonly received: Buffer[] = [];
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => {
      this.reader.push(Buffer.from(chunk));
      for (let next = this.reader.next(); next !== undefined; next = this.reader.next()) this.received.push(next);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  static async open(path: string): Promise<Wire> {
    const socket = connect(path);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Wire(socket);
  }

  async login(): Promise<this> {
    this.socket.write(startupMessage('postgres', 'postgres'));
    await this.until('Z');
    return this;
  }

  send(...messages: Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** Everything up to the first message of that type, which has to come within `patience` milliseconds. */
  async until(type: string, patience = 5000): Promise<Buffer[]> {
    for (const started = Date.now(); Date.now() - started < patience; await delay(2)) {
      const end = this.received.findIndex((m) => m[0] === type.charCodeAt(0));
      if (end >= 0) return this.received.splice(0, end + 1);
    }
    throw new Error(`no ${type} within ${patience} ms, only "${letters(this.received)}"`);
  }

  async ask(sql: string): Promise<Buffer[]> {
    this.send(query(sql));
    return this.until('Z');
  }

  /** What has come without being waited for. */
  get pending(): string {
    return letters(this.received);
  }

  close(): void {
    this.socket.destroy();
  }
}

export const letters = (messages: readonly Buffer[]): string => messages.map((m) => String.fromCharCode(m[0] ?? 0)).join(' ');
export const rowsOf = (messages: readonly Buffer[]): (string | null)[][] => messages.filter((m) => m[0] === 0x44).map(readDataRow);
export const codesOf = (messages: readonly Buffer[]): (string | undefined)[] =>
  messages.filter((m) => m[0] === 0x45).map((m) => readError(m).get('C'));

const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
export const parse = (name: string, sql: string): Buffer => message(0x50, cstring(name), cstring(sql), int16(0));
/** Text parameters, text results, the unnamed portal. */
export const bind = (name: string, ...values: string[]): Buffer =>
  message(0x42, cstring(''), cstring(name), int16(0), int16(values.length), ...values.flatMap((v) => [int32(Buffer.byteLength(v)), Buffer.from(v)]), int16(0));
export const execute = (rows = 0): Buffer => message(0x45, cstring(''), int32(rows));
export const describePortal = (): Buffer => message(0x44, Buffer.from('P'), cstring(''));
export const flush = (): Buffer => message(0x48);
export const copyData = (text: string): Buffer => message(0x64, Buffer.from(text));
export const copyDone = (): Buffer => message(0x63);
