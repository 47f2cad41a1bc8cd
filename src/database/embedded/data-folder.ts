/** What lies in the data folder of an embedded database, and how it is copied. */
import { constants } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** PostgreSQL's own data directory. */
export const clusterOf = (dataDir: string): string => join(dataDir, 'cluster');
/** Written when the cluster is complete: one without it was cut off while it was made, and is made anew. */
const completeOf = (dataDir: string): string => join(dataDir, 'complete.json');
export const lockOf = (dataDir: string): string => join(dataDir, 'lock.sqlite');
export const holderOf = (dataDir: string): string => join(dataDir, 'holder.json');

/** The major version of PostgreSQL inside PGlite 0.5. */
const POSTGRES_MAJOR = '18';

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/** Whether there is a database to open; what is left of one that was never finished is removed. */
export async function hasCluster(dataDir: string): Promise<boolean> {
  if (!(await exists(completeOf(dataDir)))) {
    await rm(clusterOf(dataDir), { recursive: true, force: true });
    return false;
  }
  const found = (await readFile(join(clusterOf(dataDir), 'PG_VERSION'), 'utf8').catch(() => 'none')).trim();
  if (found !== POSTGRES_MAJOR) {
    throw new Error(`The data folder ${dataDir} holds a database of PostgreSQL ${found}; this release opens those of ${POSTGRES_MAJOR}.`);
  }
  return true;
}

export async function markComplete(dataDir: string): Promise<void> {
  await writeFile(completeOf(dataDir), `${JSON.stringify({ postgres: POSTGRES_MAJOR, created: new Date().toISOString() })}\n`);
}

/** The processes that hold a data folder. */
export interface Holder {
  /** The program that has started the database. */
  readonly pid: number;
  /** The database's own process. */
  readonly databasePid: number;
}

export async function readHolder(dataDir: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(holderOf(dataDir), 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('databasePid' in value)) return undefined;
    const { pid, databasePid } = value;
    return typeof pid === 'number' && typeof databasePid === 'number' ? { pid, databasePid } : undefined;
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM'; // somebody else's
  }
}

/**
 * Copies a stopped database's folder: a template for tests and first starts. `to` must not hold a database yet; it gets
 * one as a whole or not at all. Throws when `from` holds none, or is open.
 */
export async function copyDataDir(from: string, to: string): Promise<void> {
  if (!(await exists(completeOf(from)))) throw new Error(`The folder ${from} holds no embedded database to copy.`);
  const holder = await readHolder(from);
  if (holder !== undefined && isAlive(holder.databasePid)) {
    throw new Error(`The embedded database in ${from} is in use by process ${holder.pid}: stop it before it is copied.`);
  }
  if (await exists(completeOf(to))) throw new Error(`The folder ${to} holds an embedded database already.`);
  await mkdir(to, { recursive: true, mode: 0o700 });
  const draft = `${clusterOf(to)}.draft`;
  await rm(draft, { recursive: true, force: true });
  await rm(clusterOf(to), { recursive: true, force: true });
  // Copy-on-write where the file system knows it.
  await cp(clusterOf(from), draft, { recursive: true, mode: constants.COPYFILE_FICLONE });
  await rename(draft, clusterOf(to));
  await cp(completeOf(from), completeOf(to));
}

/** {@link copyDataDir} for a first start: a folder that holds a database is left as it is. */
export async function beginAsCopy(template: string, dataDir: string, onProgress?: (message: string) => void): Promise<void> {
  if (await exists(completeOf(dataDir))) return;
  onProgress?.('Copying the database of the image …');
  await copyDataDir(template, dataDir);
}
