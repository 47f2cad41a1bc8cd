/** stac-fastapi-pgstac in a virtual environment of its own, on the same database. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const PACKAGES = ['stac-fastapi-pgstac==7.2.0', 'uvicorn[standard]==0.54.0', 'orjson==3.13.0'];
export const PEER = 'stac-fastapi-pgstac 7.2.0';

/** A process that listens, and how to end it. */
export interface Listening {
  readonly url: string;
  stop(): Promise<void>;
}

/** Makes the environment below `folder` unless it is there. */
export function installPeer(folder: string): string {
  const venv = join(folder, 'stac-fastapi-pgstac-7.2.0');
  const uvicorn = join(venv, 'bin', 'uvicorn');
  if (existsSync(uvicorn)) return uvicorn;
  process.stderr.write(`Installing ${PEER} into ${venv}\n`);
  for (const [command, ...args] of [['python3', '-m', 'venv', venv], [join(venv, 'bin', 'pip'), 'install', '-q', ...PACKAGES]]) {
    const { status } = spawnSync(command ?? '', args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}.`);
  }
  return uvicorn;
}

/** Hydration in Python is its quicker way; its answers are then what pgSTAC stores, filled in by itself. */
export function startPeer(uvicorn: string, database: URL, port: number, workers: number): Promise<Listening> {
  const env = {
    ...process.env,
    PGHOST: database.hostname,
    PGPORT: database.port,
    PGUSER: decodeURIComponent(database.username),
    PGPASSWORD: database.password === '' ? 'none' : decodeURIComponent(database.password),
    PGDATABASE: database.pathname.slice(1),
    USE_API_HYDRATE: 'TRUE',
  };
  const args = ['--factory', 'stac_fastapi.pgstac.app:create_app', '--port', String(port), '--workers', String(workers), '--no-access-log', '--log-level', 'warning'];
  return started(spawn(uvicorn, args, { env, stdio: 'ignore' }), `http://127.0.0.1:${port}`, '/_mgmt/ping');
}

/** The built server itself. */
export function startOurs(main: string, database: URL, port: number, dataDir: string): Promise<Listening> {
  const env = { ...process.env, DATABASE_URL: database.href, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'error' };
  return started(spawn(process.execPath, [main, 'serve'], { env, stdio: 'ignore' }), `http://127.0.0.1:${port}`, '/health/ready');
}

async function started(child: ChildProcess, url: string, path: string): Promise<Listening> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  for (let tries = 0; tries < 150; tries += 1) {
    if (child.exitCode !== null) throw new Error(`What was to answer ${url} ended with ${child.exitCode}.`);
    const answer = await fetch(url + path).catch(() => undefined);
    if (answer?.ok === true) return { url, stop };
    await delay(200);
  }
  await stop();
  throw new Error(`${url} does not answer.`);
}
