/** The peers, each in a virtual environment of its own, on the same database. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PACKAGES = ['stac-fastapi-pgstac==7.2.0', 'uvicorn[standard]==0.54.0', 'orjson==3.13.0'];
export const PEER = 'stac-fastapi-pgstac 7.2.0';

export const LOADER = 'pypgstac 0.10.0';

/** A process that listens, and how to end it. */
export interface Listening {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Makes the environment below `folder` unless it is there; answers its command. */
function install(folder: string, name: string, packages: readonly string[], command: string): string {
  const venv = join(folder, name);
  const made = join(venv, 'bin', command);
  if (existsSync(made)) return made;
  process.stderr.write(`Installing ${packages.join(' ')} into ${venv}\n`);
  for (const [program, ...args] of [['python3', '-m', 'venv', venv], [join(venv, 'bin', 'pip'), 'install', '-q', ...packages]]) {
    const { status } = spawnSync(program ?? '', args, { stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}.`);
  }
  return made;
}

export const installPeer = (folder: string): string => install(folder, 'stac-fastapi-pgstac-7.2.0', PACKAGES, 'uvicorn');

export const TILER = 'titiler-pgstac 3.2.0';
export const installTiler = (folder: string): string => install(folder, 'titiler-pgstac-3.2.0', ['titiler-pgstac[psycopg-binary]==3.2.0', 'uvicorn==0.54.0'], 'uvicorn');

/** The same with MosaicJSON's backends and uvicorn's compiled parts; rasterio writes the COGs that are measured on. */
export const installTilers = (folder: string): string => install(folder, 'titilers-3.2.0', ['titiler-pgstac[psycopg-binary]==3.2.0', 'cogeo-mosaic==9.2.0', 'uvicorn[standard]==0.54.0'], 'python');

export const MOSAICS = 'cogeo-mosaic 9.2.0';
export const installMosaics = (folder: string): string => install(folder, 'cogeo-mosaic-9.2.0', ['cogeo-mosaic==9.2.0'], 'python');

export const RIO_STAC = 'rio-stac 0.12.0';
export const installRioStac = (folder: string): string => install(folder, 'rio-stac-0.12.0', ['rio-stac==0.12.0'], 'python');

export const installLoader = (folder: string): string => install(folder, 'pypgstac-0.10.0', ['pypgstac[psycopg]==0.10.0'], 'pypgstac');

/** Hydration in Python is its quicker way; its answers are then what pgSTAC stores, filled in by itself. */
export function startPeer(uvicorn: string, database: URL, port: number, workers: number, more: Readonly<Record<string, string>> = {}): Promise<Listening> {
  const env = {
    ...process.env,
    PGHOST: database.hostname,
    PGPORT: database.port,
    PGUSER: decodeURIComponent(database.username),
    PGPASSWORD: database.password === '' ? 'none' : decodeURIComponent(database.password),
    PGDATABASE: database.pathname.slice(1),
    USE_API_HYDRATE: 'TRUE',
    ...more,
  };
  const args = ['--factory', 'stac_fastapi.pgstac.app:create_app', '--port', String(port), '--workers', String(workers), '--no-access-log', '--log-level', 'warning'];
  return started(spawn(uvicorn, args, { env, stdio: 'ignore' }), `http://127.0.0.1:${port}`, '/_mgmt/ping');
}

/** Without its cache of searches, which hides what the database does. */
export function startTiler(uvicorn: string, database: URL, port: number): Promise<Listening> {
  const env = { ...process.env, DATABASE_URL: database.href, TITILER_PGSTAC_CACHE_DISABLE: 'true' };
  return started(spawn(uvicorn, ['titiler.pgstac.main:app', '--port', String(port), '--no-access-log', '--log-level', 'warning'], { env, stdio: 'ignore' }), `http://127.0.0.1:${port}`, '/healthz');
}

/** What titiler's documentation advises for GDAL (performance tuning), so that it reads no more than it must. */
const GDAL = {
  CPL_VSIL_CURL_ALLOWED_EXTENSIONS: '.tif,.TIF,.tiff',
  CPL_VSIL_CURL_CACHE_SIZE: '200000000',
  GDAL_BAND_BLOCK_CACHE: 'HASHSET',
  GDAL_CACHEMAX: '200',
  GDAL_DISABLE_READDIR_ON_OPEN: 'EMPTY_DIR',
  GDAL_HTTP_MERGE_CONSECUTIVE_RANGES: 'YES',
  GDAL_HTTP_MULTIPLEX: 'YES',
  GDAL_HTTP_VERSION: '2',
  GDAL_INGESTED_BYTES_AT_OPEN: '32768',
  PROJ_NETWORK: 'OFF',
  PYTHONWARNINGS: 'ignore',
  VSI_CACHE: 'TRUE',
  VSI_CACHE_SIZE: '5000000',
};

/** TiTiler to draw tiles with so many processes. @param app of titiler-pgstac, or the MosaicJSON routes alone */
export function startTilers(python: string, app: 'pgstac' | 'mosaicjson', database: URL, port: number, workers: number): Promise<Listening> {
  const env = { ...process.env, ...GDAL, DATABASE_URL: database.href };
  const where = app === 'pgstac' ? ['titiler.pgstac.main:app'] : ['--app-dir', fileURLToPath(new URL('../../test/peers/python', import.meta.url)), 'titiler_mosaic_app:app'];
  return started(spawn(python, ['-m', 'uvicorn', ...where, '--port', String(port), '--workers', String(workers), '--no-access-log', '--log-level', 'warning'], { env, stdio: 'ignore' }), `http://127.0.0.1:${port}`, '/healthz');
}

/** The built server itself. */
export function startOurs(main: string, database: URL, port: number, dataDir: string, more: Readonly<Record<string, string>> = {}): Promise<Listening> {
  const env = { ...process.env, ...more, DATABASE_URL: database.href, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'error' };
  return started(spawn(process.execPath, [main, 'serve'], { env, stdio: 'ignore' }), `http://127.0.0.1:${port}`, '/health/ready');
}

async function started(child: ChildProcess, url: string, path: string): Promise<Listening> {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  // The child needs longer than this to listen: whoever answers now is somebody else, and would be measured in its place.
  if ((await fetch(url + path).catch(() => undefined)) !== undefined) {
    await stop();
    throw new Error(`Another program answers ${url} already.`);
  }
  for (let tries = 0; tries < 150; tries += 1) {
    if (child.exitCode !== null) throw new Error(`What was to answer ${url} ended with ${child.exitCode}.`);
    const answer = await fetch(url + path).catch(() => undefined);
    if (answer?.ok === true) return { url, pid: child.pid ?? 0, stop };
    await delay(200);
  }
  await stop();
  throw new Error(`${url} does not answer.`);
}
