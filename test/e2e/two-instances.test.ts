/** The README's commands that deploy two instances on one PostgreSQL, as they stand but for the database, the ports and the folder. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheDir, testsOnPostgres } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { createEmptyDatabase } from '../support/postgres.js';
import { root } from '../support/process.js';

(testsOnPostgres() ? it : it.skip)('the README deploys two instances: what one is told the other knows, with the key and not without', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-two-'));
  const database = await createEmptyDatabase();
  const [one, two] = [String(await freePort()), String(await freePort())];
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const block = [...readme.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text).find((text) => text.includes('PORT=8082')) ?? '';
  const script = block.replaceAll('8081', one).replaceAll('8082', two).replace(/DATABASE_URL=\S+/, `DATABASE_URL='${database.url}'`).replace(/STORAGE_URL=\S+/, `STORAGE_URL=${pathToFileURL(folder).href}`);
  // A group of its own, so that the two servers in the background can be ended.
  const shell = spawn('sh', ['-ec', `${script}\nwait`], { cwd: root, env: { ...process.env, NODE_OPTIONS: '', DATA_DIR: folder, CACHE_DIR: cacheDir }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise((resolve) => shell.on('close', resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      // The last command prints the collection that the other instance was given.
      shell.stdout.on('data', () => (said.split('"id":"scenes"').length > 2 ? resolve() : undefined));
      shell.on('exit', (code) => reject(new Error(`The README's commands ended with ${code}:\n${said}`)));
    });
    const curl = await promisify(execFile)('curl', ['-s', '-o', join(folder, 'answer'), '-w', '%{http_code}', '-X', 'DELETE', `http://127.0.0.1:${two}/collections/scenes`]);
    expect(curl.stdout).toBe('401');
  } finally {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGTERM');
    await ended;
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}, 90_000);
