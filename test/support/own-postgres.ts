/** A PostgreSQL of a test's own, which it may restart; the programs are this machine's, whichever server the other tests use. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './process.js';

export interface OwnPostgres {
  /** A superuser's, on the database `postgres`, which is empty. */
  readonly url: string;
  /** SIGINT ends the sessions and shuts down; SIGQUIT ends it as a crash would. Resolves when it takes connections again. */
  restart(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>;
  close(): Promise<void>;
}

/**
 * Undefined where this machine has no PostgreSQL with PostGIS.
 * @param primary one that the new one follows as its streaming standby
 */
export async function startOwnPostgres(primary?: OwnPostgres): Promise<OwnPostgres | undefined> {
  const follows = primary === undefined ? [] : ['--standby-of', new URL(primary.url).port];
  const child = spawn(process.execPath, [join(root, 'scripts/postgres.mjs'), '--control', ...follows], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (piece: Buffer) => (said += piece.toString()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit');
  const next = async (): Promise<string | undefined> => {
    const line = await lines.next();
    return line.done === true ? undefined : line.value;
  };
  const url = await next();
  if (url === undefined) {
    if (said.includes('No PostgreSQL found')) return undefined;
    throw new Error(`scripts/postgres.mjs ended: ${said}`);
  }
  return {
    url,
    async restart(signal) {
      child.stdin.write(`${signal}\n`);
      if ((await next()) !== 'restarted') throw new Error(`PostgreSQL did not come back: ${said}`);
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
