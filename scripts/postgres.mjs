/**
 * A throw-away PostgreSQL with PostGIS for tests: `startPostgres()`, or `node scripts/postgres.mjs` to keep one until Ctrl-C.
 * The server listens on a unix socket and a free loopback port; fsync is off, and the folder goes away with it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '128MB',
  // pgSTAC locks every partition that it touches; the default of 64 is short when ten test files share a cluster.
  max_locks_per_transaction: '256',
};

/**
 * Starts a cluster; `{url, stop()}`, where url is a superuser's on the database `postgres`. `more`: settings beside ours;
 * `standbyOf`: the loopback port of a cluster of ours that the new one is to follow.
 */
export async function startPostgres(more = {}, standbyOf) {
  const bin = findBinaries();
  const folder = mkdtempSync(join(tmpdir(), 'stac-mosaic-postgres-'));
  const user = unprivileged();
  if (user) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, 'data');
  const port = await freePort();
  const make = standbyOf === undefined
    ? ['initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '-N']
    : ['pg_basebackup', '-D', data, '-h', '127.0.0.1', '-p', String(standbyOf), '-U', 'postgres', '-R', '-N', '-c', 'fast'];
  must(spawnSync(join(bin, make[0]), make.slice(1), { ...user, cwd: folder }));
  const args = ['-D', data, '-k', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'];
  for (const [name, value] of Object.entries({ ...SETTINGS, ...more })) args.push('-c', `${name}=${value}`);
  let server;
  let ended = Promise.resolve();
  let log = '';
  const launch = () => {
    server = spawn(join(bin, 'postgres'), args, { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    server.stderr.on('data', (chunk) => (log = (log + chunk).slice(-8000)));
    ended = new Promise((resolve) => server.on('exit', resolve));
  };
  // It has a process group of its own, out of reach of the terminal's Ctrl-C: an end without stop() must take it along.
  process.on('exit', () => server.kill('SIGQUIT'));
  const end = async (signal) => {
    server.kill(signal);
    const timer = setTimeout(() => server.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  };
  const stop = async () => {
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    await end('SIGINT');
    rmSync(folder, { recursive: true, force: true });
  };
  const untilReady = async () => {
    for (let tries = 0; ; tries += 1) {
      const answer = spawnSync(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres']);
      if (answer.status === 0) return;
      if (tries > 150 || server.exitCode !== null) {
        await stop();
        throw new Error(`PostgreSQL did not start:\n${log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  launch();
  await untilReady();
  /** With SIGQUIT it ends as in a crash, and recovers from its log. */
  const restart = async (signal = 'SIGINT') => {
    await end(signal);
    launch();
    await untilReady();
  };
  return { url: `postgresql://postgres@127.0.0.1:${port}/postgres`, socket: folder, port, pid: server.pid, stop, restart };
}

/** The newest PostgreSQL under Debian's folder that has PostGIS beside it, else the one of PATH. */
function findBinaries() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).filter((name) => /^\d+$/.test(name)) : [];
  const candidates = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .filter((version) => existsSync(join('/usr/share/postgresql', version, 'extension', 'postgis.control')))
    .map((version) => join(debian, version, 'bin'));
  candidates.push(...(process.env.PATH ?? '').split(delimiter));
  const found = candidates.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
  if (!found) {
    throw new Error('No PostgreSQL found: install postgresql-15 and postgresql-15-postgis-3, or set TEST_POSTGRES_URL.');
  }
  return found;
}

/** PostgreSQL refuses to run as root: then it runs as the system's postgres user. */
function unprivileged() {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag) => Number(must(spawnSync('id', [flag, 'postgres'])).trim());
  return { uid: id('-u'), gid: id('-g') };
}

function must(result) {
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${String(result.stderr)}${String(result.stdout)}`);
  return String(result.stdout);
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values: { control: isControlled, 'standby-of': standbyOf } } = parseArgs({ options: { control: { type: 'boolean' }, 'standby-of': { type: 'string' } } });
  // Asynchronous commits are lost in a crash, which is what a test restarts it for.
  const cluster = await startPostgres(isControlled ? { synchronous_commit: 'on' } : {}, standbyOf);
  process.stdout.write(`${cluster.url}\n`);
  const end = async () => {
    await cluster.stop();
    process.exit(0);
  };
  // `--control`: restarted by each line, with the signal that the line names; gone with whoever holds the other end.
  if (isControlled) {
    const lines = createInterface({ input: process.stdin });
    lines.on('line', (signal) => void cluster.restart(signal).then(() => process.stdout.write('restarted\n')));
    lines.on('close', () => void end());
  }
  process.on('SIGINT', () => void end());
  process.on('SIGTERM', () => void end());
}
