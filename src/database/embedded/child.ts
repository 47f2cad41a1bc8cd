/** The database's process: PGlite and the multiplexer behind one listening socket. Started by the supervisor only. */
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../errors.js';
import { clusterOf, hasCluster, markComplete } from './data-folder.js';
import { lockDataFolder } from './lock.js';
import type { ChildOptions, FromChild } from './messages.js';
import { Multiplexer } from './multiplexer.js';

/** Calls `then` when the message is on its way, or when nobody is there to hear it. */
function tell(message: FromChild, then: () => void = () => undefined): void {
  if (process.connected && process.send !== undefined) process.send(message, () => then());
  else then();
}

/** The supervisor says when to stop; Ctrl-C and a service manager's SIGTERM reach this process too, and too early. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('message', (message) => {
  if (message === 'ping') tell({ kind: 'pong' });
});

try {
  await run(readOptions(process.argv[2]));
} catch (error) {
  tell({ kind: 'failed', message: messageOf(error) }, () => process.exit(1));
}

async function run(options: ChildOptions): Promise<void> {
  const guard = new Worker(new URL('./orphan-guard.js', import.meta.url), { workerData: process.ppid });
  guard.unref();
  const unlock = await lockDataFolder(options.dataDir, { pid: process.ppid, databasePid: process.pid });
  const multiplexer = new Multiplexer({
    idleInTransactionMs: options.idleInTransactionMs,
    onBroken: (error) => {
      // Its memory may be anything: a new process reads the files, and replays the log.
      console.error(`the database engine failed: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`);
      process.exit(70);
    },
  });
  const server = createServer((socket) => multiplexer.attach(socket));
  const port = await listen(server, options.listen);
  const database = await open(options.dataDir);
  await multiplexer.open(database);
  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    server.close();
    await multiplexer.stop();
    await database.close();
    unlock();
    process.exit(0);
  };
  process.on('message', (message) => {
    if (message === 'stop') void stop();
  });
  process.on('disconnect', () => {
    if (!stopping && 'path' in options.listen) rmSync(dirname(options.listen.path), { recursive: true, force: true });
    void stop();
  });
  if (!process.connected) await stop();
  tell({ kind: 'ready', port });
}

/** Opens the folder's database, or makes one: an empty cluster, into which migrations put pgSTAC. */
async function open(dataDir: string) {
  // Loaded only now, since it takes a second: clients that come meanwhile wait at the socket.
  const { openEngine } = await import('./engine.js');
  const existing = await hasCluster(dataDir);
  tell({ kind: 'progress', message: existing ? 'Opening the embedded database …' : 'Creating the embedded database (about 10 s) …' });
  const database = await openEngine(clusterOf(dataDir));
  if (!existing) await markComplete(dataDir);
  return database;
}

async function listen(server: Server, where: ChildOptions['listen']): Promise<number | undefined> {
  // The socket file of a predecessor that was killed: the lock says that nobody else is behind it.
  if ('path' in where) rmSync(where.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('path' in where ? { path: where.path } : { port: where.port, host: '127.0.0.1' }, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : undefined;
}

function readOptions(argument: string | undefined): ChildOptions {
  if (argument === undefined || !process.connected) throw new Error('this program is started by stac-mosaic only');
  // Written by the supervisor of the same release.
  return JSON.parse(argument) as ChildOptions;
}
