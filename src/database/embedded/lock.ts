/**
 * One process for each data folder: PGlite itself lets two open the same files, and both would write over each other.
 *
 * The lock is SQLite's on a file of its own, which is the kernel's (fcntl, LockFileEx): it ends with the process, however
 * that ends, so that there are no stale locks, no process ids that were given out again, and it holds between containers
 * that share a volume. A text file names the holder for people. (proper-lockfile renews a file's time by a timer: the
 * database's process is blocked for seconds at a time and would lose its lock.)
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { holderOf, isAlive, lockOf, readHolder, type Holder } from './data-folder.js';

export class DataFolderInUse extends Error {
  constructor(dataDir: string, holder: Holder | undefined) {
    super(
      `The data folder ${dataDir} is in use by ${holder === undefined ? 'another process' : `process ${holder.pid}`}` +
        `${holder === undefined ? '' : ` (its database is process ${holder.databasePid})`}. Stop it, or set DATA_DIR to another folder.`,
    );
    this.name = 'DataFolderInUse';
  }
}

const POLL_MS = 100;
const SQLITE_BUSY = 5;

/**
 * Takes the folder for this process. While the program that held it is gone but its database has not ended yet, waits up
 * to `patienceMs`. Throws DataFolderInUse. The result gives the folder back.
 */
export async function lockDataFolder(dataDir: string, holder: Holder, patienceMs = 15_000): Promise<() => void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  for (const started = performance.now(); ; await delay(POLL_MS)) {
    const lock = tryLock(lockOf(dataDir));
    if (lock !== undefined) {
      writeFileSync(holderOf(dataDir), `${JSON.stringify(holder)}\n`);
      return () => {
        rmSync(holderOf(dataDir), { force: true });
        lock.close();
      };
    }
    const other = await readHolder(dataDir);
    const orphaned = other === undefined || !isAlive(other.pid);
    if (!orphaned || performance.now() - started > patienceMs) throw new DataFolderInUse(dataDir, other);
  }
}

function tryLock(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    // No instanceof: a test runner's Error is not the one of Node's own modules.
    if (typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}
