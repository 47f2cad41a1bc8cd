/** An embedded PostgreSQL with PostGIS, in a process of its own, for any client that speaks PostgreSQL's protocol. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type pg from 'pg';
import type { Logger } from '../../log.js';
import type { ChildOptions } from './messages.js';
import { Supervisor } from './supervisor.js';

export { beginAsCopy, copyDataDir } from './data-folder.js';

export interface EmbeddedOptions {
  /** The database's folder; an empty one, or none yet, gets an empty database with the extensions pgSTAC needs at hand. */
  readonly dataDir: string;
  readonly logger: Logger;
  readonly onProgress?: (message: string) => void;
  /** How long a client may hold a transaction open in silence, while all others wait; 30,000 unless told. */
  readonly idleInTransactionMs?: number;
  /** How long a single query may take before the database is taken for hung and started again; 120,000 unless told. */
  readonly hangTimeoutMs?: number;
  /** Listen on this TCP port of 127.0.0.1 (0: any) instead of a unix socket that only this user can open. Nobody is asked
   * for a password there: every user of the machine can connect. Always so on Windows. */
  readonly port?: number;
}

export interface EmbeddedDatabase {
  readonly connection: pg.PoolConfig;
  /** The database's process; another one after a restart. */
  readonly pid: number;
  /** Rolls back what is open, closes the database and ends its process. */
  stop(): Promise<void>;
}

/** The port in the name of a unix socket, `.s.PGSQL.<port>`. */
const SOCKET_PORT = 5432;
/** sockaddr_un holds 107 bytes on Linux and 103 on macOS. */
const MAX_SOCKET_PATH = 103;

/**
 * Opens or creates the database of a folder. Rejects with a message for people when the folder is in use by another
 * process (which it names), holds something else, or the database cannot start.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedDatabase> {
  const folder = options.port === undefined && process.platform !== 'win32' ? await socketFolder() : undefined;
  const listen: ChildOptions['listen'] =
    folder === undefined ? { port: options.port ?? 0 } : { path: join(folder, `.s.PGSQL.${SOCKET_PORT}`) };
  const supervisor = new Supervisor({
    child: { dataDir: resolve(options.dataDir), idleInTransactionMs: options.idleInTransactionMs ?? 30_000, listen },
    logger: options.logger,
    onProgress: options.onProgress ?? (() => undefined),
    hangTimeoutMs: options.hangTimeoutMs ?? 120_000,
  });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    await supervisor.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    connection: { host: folder ?? '127.0.0.1', port: supervisor.port ?? SOCKET_PORT, user: 'postgres', database: 'postgres', ssl: false },
    get pid() {
      return supervisor.pid;
    },
    stop,
  };
}

/** mkdtemp makes it for this user only. */
async function socketFolder(): Promise<string> {
  const name = 'stac-mosaic-';
  const wished = join(tmpdir(), name);
  const tooLong = wished.length + 6 + `/.s.PGSQL.${SOCKET_PORT}`.length > MAX_SOCKET_PATH;
  return mkdtemp(tooLong ? join('/tmp', name) : wished);
}
