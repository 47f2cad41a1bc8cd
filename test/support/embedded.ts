/** Copies of an embedded database that was built once, in the cache, for all test files and runs. */
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { copyDataDir } from '../../src/database/embedded/index.js';

/** Templates of earlier migrations go when nobody has used them for this long. */
const STALE_MS = 7 * 24 * 3_600_000;

/** Copies the template's data folder to `target`; `build` makes it the first time, and other workers wait meanwhile. */
export async function copyTemplate(template: string, target: string, build: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(template), { recursive: true });
  const unlock = await lock(`${template}.lock`);
  try {
    if (!(await exists(template))) {
      const draft = `${template}.draft`;
      await rm(draft, { recursive: true, force: true });
      await build(draft);
      await rename(draft, template);
      await removeStale(template);
    }
  } finally {
    await unlock();
  }
  await utimes(template, new Date(), new Date());
  await mkdir(target, { recursive: true });
  await copyDataDir(join(template, 'database'), join(target, 'database'));
}

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

/** A file with the owner's process id; one whose owner is gone is taken over. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch {
      const owner = Number(await readFile(path, 'utf8').catch(() => ''));
      if (owner > 0 && !alive(owner)) await rm(path, { force: true });
      await delay(200);
    }
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function removeStale(template: string): Promise<void> {
  const parent = dirname(template);
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const age = await stat(path).then((found) => Date.now() - found.mtimeMs, () => 0);
    if (name !== basename(template) && age > STALE_MS) await rm(path, { recursive: true, force: true });
  }
}
