/** TiTilers as peers: titiler-pgstac on our database, or another application of theirs, each a server of its own beside ours. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { python } from './cogeo-mosaic.js';
import { testsOnPostgres } from './database.js';
import { freePort } from './free-port.js';

export interface Titiler {
  readonly url: string;
  readonly process: ChildProcess;
}

/** Why it cannot be started; undefined where it can. @param more Python modules that are needed beside its own */
export function whyNoTitiler(more: readonly string[] = []): string | undefined {
  if (python === undefined) return 'STAC_MOSAIC_TEST_PYTHON names no Python';
  if (!testsOnPostgres()) return 'it needs a PostgreSQL server, not the embedded database';
  const modules = ['titiler.pgstac', ...more];
  try {
    execFileSync(python, ['-c', `import ${[...modules, 'uvicorn'].join(', ')}`], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${modules.join(' or ')} is not installed there`;
  }
}

/** Any application that answers `/healthz`. @param app what uvicorn is to load, and where from */
export async function startTitilerApp(app: readonly string[], env: Readonly<Record<string, string>>): Promise<Titiler> {
  const port = await freePort();
  const child = spawn(python ?? '', ['-m', 'uvicorn', ...app, '--host', '127.0.0.1', '--port', String(port), '--log-level', 'error'], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 240; i += 1) {
    if (await fetch(`${url}/healthz`).then(({ ok }) => ok, () => false)) return { url, process: child };
    await delay(250);
  }
  child.kill();
  throw new Error(`${app.join(' ')} did not start within a minute.`);
}

export const startTitiler = (databaseUrl: string): Promise<Titiler> => startTitilerApp(['titiler.pgstac.main:app'], { DATABASE_URL: databaseUrl, TITILER_PGSTAC_CACHE_DISABLE: 'true' });

export async function stopTitiler(titiler: Titiler | undefined): Promise<void> {
  if (titiler === undefined || titiler.process.exitCode !== null) return;
  titiler.process.kill();
  await once(titiler.process, 'exit');
}
