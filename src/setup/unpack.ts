/** Unpacks wheels into a folder that appears whole or not at all. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import type { Wheel } from './wheels.js';

const ABANDONED_MS = 3_600_000;

/** True when the folder is there; since it came by one rename, it is complete then. */
export const isUnpacked = async (folder: string): Promise<boolean> =>
  stat(folder).then((found) => found.isDirectory(), () => false);

/**
 * Writes the members that each wheel places into `folder`, by way of a sibling folder and one rename: a crash leaves no
 * half folder, and of two processes at once the second keeps what the first wrote.
 */
export async function unpack(folder: string, wheels: readonly { wheel: Wheel; bytes: Buffer }[]): Promise<void> {
  const partial = `${folder}.partial-${randomUUID()}`;
  await mkdir(partial, { recursive: true });
  await removeAbandoned(folder);
  try {
    for (const { wheel, bytes } of wheels) await writeMembers(partial, wheel, bytes);
    await rename(partial, folder);
  } catch (error) {
    if (!(await isUnpacked(folder))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function writeMembers(folder: string, wheel: Wheel, bytes: Buffer): Promise<void> {
  const members = unzipSync(bytes, { filter: (file) => wheel.place(file.name) !== undefined });
  for (const [member, content] of Object.entries(members)) {
    const path = join(folder, wheel.place(member) ?? '');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}

/** What a killed process left beside the folder; an hour is longer than any unpacking takes. */
async function removeAbandoned(folder: string): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(folder)}.partial-`)) continue;
    const path = join(parent, name);
    const age = await stat(path).then((found) => Date.now() - found.mtimeMs, () => 0);
    if (age > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}
