/** The one PostgreSQL session inside PGlite: runs batches of messages and remembers what it holds for whom. */
import { backend, MessageReader, query, readDataRow, readError, startupMessage, type TransactionStatus } from './protocol.js';
import { SUPERUSER } from './session-state.js';

/** What the multiplexer needs of PGlite. */
export interface Engine {
  execProtocolRawStream(message: Uint8Array, options: { syncToFs?: boolean; onRawData: (data: Uint8Array) => void }): Promise<void>;
}

export interface BatchResult {
  readonly status: TransactionStatus;
  /** An ErrorResponse was among the answers. */
  readonly failed: boolean;
}

export interface Answer {
  readonly rows: readonly (readonly (string | null)[])[];
  /** Messages such as ParameterStatus that a client may want to see. */
  readonly parameterStatuses: readonly Buffer[];
  readonly error: { readonly sqlState: string; readonly message: string } | undefined;
}

export class Backend {
  /** {@link stateKey} of the settings it has now; undefined when they are not known. */
  stateKey: string | undefined;
  /** The session whose unnamed statement it holds. */
  unnamedOf: number | undefined;
  /** Prepared statements that it holds, by alias. */
  readonly statements = new Set<string>();
  private status: TransactionStatus = 'I';

  constructor(private readonly engine: Engine) {}

  /** Opens the session; the ParameterStatus messages of a new connection. */
  async start(): Promise<readonly Buffer[]> {
    const statuses: Buffer[] = [];
    await this.exec(startupMessage(SUPERUSER, 'postgres'), (type, message) => {
      if (type === backend.parameterStatus) statuses.push(message);
    });
    return statuses;
  }

  /**
   * Runs messages in one go. ReadyForQuery is never handed on: PGlite sends one too many after an error in the extended
   * protocol, so that the multiplexer says its own.
   */
  async run(bytes: Buffer, onMessage: (type: number, message: Buffer) => void): Promise<BatchResult> {
    let failed = false;
    await this.exec(bytes, (type, message) => {
      if (type === backend.readyForQuery) this.status = statusOf(message[5]);
      else {
        failed ||= type === backend.error;
        onMessage(type, message);
      }
    });
    return { status: this.status, failed };
  }

  /** Runs our own SQL; errors are answered, not thrown. */
  async ask(sql: string): Promise<Answer> {
    const rows: (string | null)[][] = [];
    const parameterStatuses: Buffer[] = [];
    let error: Answer['error'];
    this.unnamedOf = undefined; // a simple query drops the unnamed statement
    await this.run(query(sql), (type, message) => {
      if (type === backend.dataRow) rows.push(readDataRow(message));
      else if (type === backend.parameterStatus) parameterStatuses.push(message);
      else if (type === backend.error) {
        const fields = readError(message);
        error = { sqlState: fields.get('C') ?? 'XX000', message: fields.get('M') ?? '' };
      }
    });
    return { rows, parameterStatuses, error };
  }

  private async exec(bytes: Buffer, onMessage: (type: number, message: Buffer) => void): Promise<void> {
    const reader = new MessageReader();
    await this.engine.execProtocolRawStream(bytes, {
      // NODEFS writes through to files, there is nothing to sync.
      syncToFs: false,
      onRawData: (data) => {
        reader.push(Buffer.from(data)); // copied: the view is on wasm memory that will be written over
        for (let message = reader.next(); message !== undefined; message = reader.next()) onMessage(message[0] ?? 0, message);
      },
    });
  }
}

const statusOf = (byte: number | undefined): TransactionStatus => (byte === 0x54 ? 'T' : byte === 0x45 ? 'E' : 'I');
