/** titiler-pgstac as a peer: a server of its own beside ours, on the same database. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { isObject } from '../../src/json.js';
import { python } from './cogeo-mosaic.js';
import { testsOnPostgres } from './database.js';

export interface Titiler {
  readonly url: string;
  readonly process: ChildProcess;
}

/** Why it cannot be started; undefined where it can. */
export function whyNoTitiler(): string | undefined {
  if (python === undefined) return 'STAC_MOSAIC_TEST_PYTHON names no Python';
  if (!testsOnPostgres()) return 'it needs a PostgreSQL server, not the embedded database';
  try {
    execFileSync(python, ['-c', 'import titiler.pgstac, uvicorn'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'titiler.pgstac is not installed there';
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return isObject(address) ? Number(address['port']) : 0;
}

export async function startTitiler(databaseUrl: string): Promise<Titiler> {
  const port = await freePort();
  const child = spawn(python ?? '', ['-m', 'uvicorn', 'titiler.pgstac.main:app', '--host', '127.0.0.1', '--port', String(port), '--log-level', 'error'], {
    env: { ...process.env, DATABASE_URL: databaseUrl, TITILER_PGSTAC_CACHE_DISABLE: 'true' },
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 240; i += 1) {
    if (await fetch(`${url}/healthz`).then(({ ok }) => ok, () => false)) return { url, process: child };
    await delay(250);
  }
  child.kill();
  throw new Error('titiler-pgstac did not start within a minute.');
}

export async function stopTitiler(titiler: Titiler | undefined): Promise<void> {
  if (titiler === undefined || titiler.process.exitCode !== null) return;
  titiler.process.kill();
  await once(titiler.process, 'exit');
}
