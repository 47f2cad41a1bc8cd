/** The database's process: starting, hanging, dying, and who may open a folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { copyDataDir, startEmbedded } from '../../../src/database/embedded/index.js';
import { clusterOf, isAlive } from '../../../src/database/embedded/data-folder.js';
import { silentLogger } from '../../../src/log.js';
import { TestServer } from './server.js';

let folder: string;
let template: string;
let copies = 0;
const servers: TestServer[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'embedded-life-'));
  template = join(folder, 'template');
  const messages: string[] = [];
  const server = await TestServer.start({ dataDir: template, onProgress: (message) => messages.push(message) });
  expect(messages).toEqual([expect.stringContaining('Creating the embedded database')]);
  await (await server.client()).query('CREATE TABLE notes (id int PRIMARY KEY, text text)');
  await server.stop();
}, 60_000);
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const copy = async (): Promise<string> => {
  const dataDir = join(folder, `copy-${(copies += 1)}`);
  await copyDataDir(template, dataDir);
  return dataDir;
};
const start = async (options: Parameters<typeof TestServer.start>[0] & { dataDir: string }): Promise<TestServer> => {
  const server = await TestServer.start(options);
  servers.push(server);
  return server;
};
/** Until the database answers again after its process was killed. */
const whenBack = async (server: TestServer): Promise<Client> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await server.client();
    } catch (error) {
      if (tries > 200) throw error;
      await delay(50);
    }
  }
};
const programOf = (dataDir: string, ...more: string[]) =>
  spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./holder.js', import.meta.url)), dataDir, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
const gone = async (pid: number, patience: number): Promise<boolean> => {
  for (const started = Date.now(); Date.now() - started < patience; await delay(50)) if (!isAlive(pid)) return true;
  return false;
};

describe('a query that does not end', () => {
  it.each([
    ['a loop', 'DO $$ BEGIN LOOP NULL; END LOOP; END $$'],
    ['a sleep', 'SELECT pg_sleep(60)'],
  ])('has the database started again on the same socket: %s', async (_name, sql) => {
    const server = await start({ dataDir: await copy(), hangTimeoutMs: 1000 });
    const { pid } = server.database;
    const [hanging, waiting] = [await server.client(), await server.client()];
    await waiting.query("INSERT INTO notes VALUES (1, 'before')");
    const hangs = hanging.query(sql);
    const outcomes = await Promise.allSettled([hangs, delay(100).then(() => waiting.query('SELECT 1'))]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(/terminated unexpectedly|ECONNRESET/) } });
    }
    const later = await whenBack(server);
    expect((await later.query('SELECT text FROM notes')).rows).toEqual([{ text: 'before' }]);
    expect(server.database.pid).not.toBe(pid);
  });
});

describe('a database whose process is killed', () => {
  it('has every row that it acknowledged', async () => {
    const server = await start({ dataDir: await copy() });
    const acknowledged: number[] = [];
    const pool = server.pool(4);
    for (let kill = 0; kill < 2; kill += 1) {
      const writers = [0, 1, 2, 3].map(async (writer) => {
        for (let i = 0; ; i += 1) {
          const id = kill * 1_000_000 + writer * 100_000 + i;
          const written = await pool.query('INSERT INTO notes VALUES ($1, repeat($2, 500))', [id, 'x']).then(() => true, () => false);
          if (!written) return;
          acknowledged.push(id);
        }
      });
      // The kill comes amid the writes, however long a busy machine takes for the first hundred.
      while (acknowledged.length < (kill + 1) * 100) await delay(5);
      process.kill(server.database.pid, 'SIGKILL');
      await Promise.all(writers);
      const client = await whenBack(server);
      const { rows } = await client.query<{ id: number }>('SELECT id FROM notes');
      const found = new Set(rows.map(({ id }) => id));
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    await pool.end();
  });

  it('again and again is given up after five times', async () => {
    const server = await start({ dataDir: await copy() });
    let pid = 0;
    for (let kill = 0; kill < 6; kill += 1) {
      while (server.database.pid === pid) await delay(20);
      ({ pid } = server.database);
      process.kill(pid, 'SIGKILL');
    }
    await delay(500);
    expect(isAlive(server.database.pid)).toBe(false);
    await expect(server.client()).rejects.toMatchObject({ code: expect.stringMatching(/ECONNREFUSED|ENOENT/) });
  });
});

describe('a data folder', () => {
  it('that is open is refused to a second process, which is told whose it is', async () => {
    const dataDir = await copy();
    await start({ dataDir });
    await expect(startEmbedded({ dataDir, logger: silentLogger() })).rejects.toThrow(
      new RegExp(`${dataDir} is in use by process ${process.pid}`),
    );
    await expect(copyDataDir(dataDir, join(folder, 'never'))).rejects.toThrow(`in use by process ${process.pid}`);
  });

  it.each([['idle', 'idle'], ['in a query without end', 'hang']])('whose program was killed opens again: %s', async (_name, mode) => {
    const dataDir = await copy();
    const program = programOf(dataDir, mode);
    const [line] = await once(program.stdout, 'data');
    const pid = Number(String(line));
    expect(isAlive(pid)).toBe(true);
    program.kill('SIGKILL');
    await once(program, 'exit');
    const server = await start({ dataDir });
    expect(await gone(pid, 1000)).toBe(true);
    expect((await (await server.client()).query('SELECT id FROM notes')).rows).toEqual([{ id: 1000 }]);
  });

  it('in which the database was never finished gets it made anew', async () => {
    const dataDir = join(folder, 'half');
    await mkdir(clusterOf(dataDir), { recursive: true });
    await writeFile(join(clusterOf(dataDir), 'PG_VERSION'), '18\n');
    const server = await start({ dataDir });
    expect((await (await server.client()).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  it('of another PostgreSQL is left as it is', async () => {
    const dataDir = await copy();
    await writeFile(join(clusterOf(dataDir), 'PG_VERSION'), '17\n');
    await expect(startEmbedded({ dataDir, logger: silentLogger() })).rejects.toThrow(/PostgreSQL 17/);
    expect(await readFile(join(clusterOf(dataDir), 'PG_VERSION'), 'utf8')).toBe('17\n');
  });

  it('is copied only from a database and only to where there is none', async () => {
    await expect(copyDataDir(join(folder, 'nothing'), join(folder, 'target'))).rejects.toThrow(/holds no embedded database/);
    await expect(copyDataDir(template, await copy())).rejects.toThrow(/holds an embedded database already/);
  });
});

describe('the database’s socket', () => {
  it('is in a folder that only this user can enter, and goes with stop()', async () => {
    const server = await TestServer.start({ dataDir: await copy() });
    const host = String(server.database.connection.host);
    expect((await stat(host)).mode & 0o777).toBe(0o700);
    expect(await readdir(host)).toEqual(['.s.PGSQL.5432']);
    const { pid } = server.database;
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    await expect(stat(host)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is a TCP port of 127.0.0.1 where asked, the same one after a restart', async () => {
    const server = await start({ dataDir: await copy(), port: 0 });
    const { port, host } = server.database.connection;
    expect(host).toBe('127.0.0.1');
    process.kill(server.database.pid, 'SIGKILL');
    await delay(100);
    const client = await whenBack(server);
    expect(server.database.connection.port).toBe(port);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('stop()', () => {
  it('ends connections in order and rolls back what is open', async () => {
    const dataDir = await copy();
    const server = await TestServer.start({ dataDir });
    const client = await server.client();
    const failed = once(client, 'error');
    await client.query('BEGIN');
    await client.query("INSERT INTO notes VALUES (1, 'lost')");
    await server.database.stop();
    await expect(failed).resolves.toMatchObject([{ code: '57P01' }]);
    const again = await start({ dataDir });
    expect((await (await again.client()).query('SELECT * FROM notes')).rowCount).toBe(0);
  });

  it('is not hurried by the SIGTERM or SIGINT that a terminal sends to all processes', async () => {
    const server = await start({ dataDir: await copy() });
    process.kill(server.database.pid, 'SIGINT');
    process.kill(server.database.pid, 'SIGTERM');
    await delay(100);
    expect((await (await server.client()).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

