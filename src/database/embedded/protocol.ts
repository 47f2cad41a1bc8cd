/** PostgreSQL's wire protocol 3.0 as bytes: cutting a stream into messages, and building the few that we say ourselves. */

/** The type bytes that the multiplexer looks at; letters mean different things in the two directions. */
export const frontend = {
  bind: 0x42, // B
  close: 0x43, // C
  describe: 0x44, // D
  execute: 0x45, // E
  functionCall: 0x46, // F
  flush: 0x48, // H
  parse: 0x50, // P
  query: 0x51, // Q
  sync: 0x53, // S
  terminate: 0x58, // X
  copyDone: 0x63, // c
  copyData: 0x64, // d
  copyFail: 0x66, // f
  password: 0x70, // p
} as const;

export const backend = {
  parseComplete: 0x31, // 1
  bindComplete: 0x32, // 2
  notification: 0x41, // A
  dataRow: 0x44, // D
  error: 0x45, // E
  copyIn: 0x47, // G
  parameterStatus: 0x53, // S
  rowDescription: 0x54, // T
  readyForQuery: 0x5a, // Z
  noData: 0x6e, // n
} as const;

/** ReadyForQuery's transaction status: idle, in a transaction, in a failed transaction. */
export type TransactionStatus = 'I' | 'T' | 'E';

/** A peer that does not speak the protocol: its connection is closed with this SQLSTATE. */
export class ProtocolError extends Error {
  constructor(
    message: string,
    readonly sqlState = '08P01',
  ) {
    super(message);
    this.name = 'ProtocolError';
  }
}

/** What a 32 bit length may say: PostgreSQL's own limit for a value is 1 GiB. */
export const MAX_MESSAGE_BYTES = 1024 ** 3;
/** PostgreSQL's PQ_SMALL_MESSAGE_LIMIT: for messages that carry no data of the user's. */
const MAX_SMALL_MESSAGE_BYTES = 10_000;
const MAX_STARTUP_BYTES = 10_000;

const LARGE: ReadonlySet<number> = new Set([
  frontend.query, frontend.parse, frontend.bind, frontend.functionCall, frontend.copyData,
]);
const KNOWN: ReadonlySet<number> = new Set(Object.values(frontend));

/** Throws a ProtocolError for a type or a length that no client sends. */
export function checkFrontendHeader(type: number, length: number): void {
  if (!KNOWN.has(type)) throw new ProtocolError(`invalid frontend message type ${type}`);
  const limit = LARGE.has(type) ? MAX_MESSAGE_BYTES : MAX_SMALL_MESSAGE_BYTES;
  if (length < 4 || length > limit) throw new ProtocolError(`invalid message length ${length} of type ${type}`);
}

/** Throws a ProtocolError for a startup packet that is too short or too long, as for HTTP sent to the port. */
export function checkStartupLength(length: number): void {
  if (length < 8 || length > MAX_STARTUP_BYTES) throw new ProtocolError(`invalid length of startup packet ${length}`);
}

/** Cuts a stream of bytes into messages. A message that spans many chunks is joined once, when its last byte is there. */
export class MessageReader {
  private chunks: Buffer[] = [];
  private size = 0;
  /** Bytes to wait for before looking again. */
  private wanted = 0;

  constructor(private readonly check: (type: number, length: number) => void = () => undefined) {}

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  /** The next untyped startup packet, length first, or undefined while it is not complete. */
  startup(): Buffer | undefined {
    const head = this.peek(4);
    if (head === undefined) return undefined;
    const length = head.readInt32BE(0);
    checkStartupLength(length);
    return this.take(length);
  }

  /** The next message with its five bytes of header, or undefined while it is not complete. */
  next(): Buffer | undefined {
    const head = this.peek(5);
    if (head === undefined) return undefined;
    const length = head.readInt32BE(1);
    this.check(head[0] ?? 0, length);
    return this.take(length + 1);
  }

  private peek(count: number): Buffer | undefined {
    if (this.size < Math.max(count, this.wanted)) return undefined;
    const first = this.chunks[0];
    return first !== undefined && first.length >= count ? first : this.join();
  }

  private take(count: number): Buffer | undefined {
    if (this.size < count) {
      this.wanted = count;
      return undefined;
    }
    this.wanted = 0;
    const first = this.chunks[0];
    const source = first !== undefined && first.length >= count ? first : this.join();
    const message = source.subarray(0, count);
    if (source.length === count) this.chunks.shift();
    else this.chunks[0] = source.subarray(count);
    this.size -= count;
    return message;
  }

  private join(): Buffer {
    const all = Buffer.concat(this.chunks, this.size);
    this.chunks = [all];
    return all;
  }
}

export const cstring = (text: string): Buffer => Buffer.from(`${text}\0`, 'utf8');

/** The zero-terminated text at `offset`, and the offset behind it. Throws a ProtocolError when it has no end. */
export function readCString(bytes: Buffer, offset: number): { text: string; next: number } {
  const end = bytes.indexOf(0, offset);
  if (end < 0) throw new ProtocolError('invalid string in message');
  return { text: bytes.toString('utf8', offset, end), next: end + 1 };
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

export function message(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeInt32BE(parts.reduce((sum, part) => sum + part.length, 4), 1);
  return Buffer.concat([header, ...parts]);
}

export const query = (sql: string): Buffer => message(frontend.query, cstring(sql));
export const sync = (): Buffer => message(frontend.sync);
export const closeStatement = (name: string): Buffer => message(frontend.close, Buffer.from('S'), cstring(name));
export const copyFail = (reason: string): Buffer => message(frontend.copyFail, cstring(reason));

export const startupMessage = (user: string, database: string): Buffer => {
  const body = Buffer.concat([int32(196_608), ...['user', user, 'database', database, ''].map(cstring)]);
  return Buffer.concat([int32(body.length + 4), body]);
};

export const readyForQuery = (status: TransactionStatus): Buffer => message(backend.readyForQuery, Buffer.from(status));
export const parameterStatus = (name: string, value: string): Buffer =>
  message(backend.parameterStatus, cstring(name), cstring(value));
export const authenticationOk = (): Buffer => message(0x52, int32(0));
/** The key of a connection; nothing can be cancelled with it, since the only backend does not listen while it works. */
export const backendKeyData = (id: number): Buffer => message(0x4b, int32(id), int32(0));
export const noTls = (): Buffer => Buffer.from('N');
/** Tells a client that asked for a later minor version or for `_pq_.` options that we speak plain 3.0. */
export const negotiateVersion = (unknown: readonly string[]): Buffer =>
  message(0x76, int32(196_608), int32(unknown.length), ...unknown.map(cstring));

/** CopyInResponse without columns: clients read only the overall format from it. */
export const copyInResponse = (binary: boolean): Buffer => message(backend.copyIn, Buffer.from([binary ? 1 : 0]), int16(0));

export const errorResponse = (severity: 'ERROR' | 'FATAL', sqlState: string, text: string): Buffer =>
  message(backend.error, ...[`S${severity}`, `V${severity}`, `C${sqlState}`, `M${text}`].map(cstring), Buffer.from([0]));

/** The columns of a DataRow as text; null for SQL's null. */
export function readDataRow(row: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let offset = 7;
  for (let left = row.readInt16BE(5); left > 0; left -= 1) {
    const length = row.readInt32BE(offset);
    offset += 4;
    values.push(length < 0 ? null : row.toString('utf8', offset, offset + length));
    offset += Math.max(length, 0);
  }
  return values;
}

/** The fields of an ErrorResponse by their letter: C the SQLSTATE, M the message. */
export function readError(bytes: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  for (let offset = 5; offset < bytes.length && bytes[offset] !== 0; ) {
    const { text, next } = readCString(bytes, offset);
    fields.set(text.slice(0, 1), text.slice(1));
    offset = next;
  }
  return fields;
}
