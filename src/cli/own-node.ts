/**
 * Runs the program on the Node that npm brought along, where the one that started it is too old: imported before all else.
 * A newcomer's machine may have Node 20, and `node dist/src/main.js serve` should do there what `npm start` does.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** package.json, engines: zstd in zlib came with 22.15. */
const LEAST = [22, 15] as const;
/** The name that the newer process is started under, so that it knows its parent. */
const CHILD = 'stac-mosaic';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) {
  const own = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(own)) {
    process.stderr.write(`stac-mosaic needs Node ${LEAST.join('.')} or later; this is ${process.versions.node}.\n`);
    process.exit(1);
  }
  const child = spawn(own, process.argv.slice(1), { argv0: CHILD, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const code = await new Promise<number>((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (status) => resolve(status ?? 1));
  });
  process.exit(code);
}

if (process.argv0 === CHILD && process.channel !== undefined) {
  // Whoever kills the process that was started means this one: it must not live on without it.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}
