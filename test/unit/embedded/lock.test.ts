/** The lock on a data folder. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holderOf, readHolder } from '../../../src/database/embedded/data-folder.js';
import { DataFolderInUse, lockDataFolder } from '../../../src/database/embedded/lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const me = { pid: process.pid, databasePid: process.pid };

describe('lockDataFolder', () => {
  it('lets one in, names it to the next, and lets the next in afterwards', async () => {
    const unlock = await lockDataFolder(folder, me);
    await expect(lockDataFolder(folder, me)).rejects.toThrow(DataFolderInUse);
    await expect(lockDataFolder(folder, me)).rejects.toThrow(`${folder} is in use by process ${process.pid}`);
    unlock();
    expect(await readdir(folder)).not.toContain('holder.json');
    (await lockDataFolder(folder, me))();
  });

  it('does not mind what a dead holder has left', async () => {
    await writeFile(holderOf(folder), JSON.stringify({ pid: process.pid, databasePid: 1 }));
    const unlock = await lockDataFolder(folder, me);
    expect(await readHolder(folder)).toEqual(me);
    unlock();
  });

  it('waits for a database whose program is gone', async () => {
    const unlock = await lockDataFolder(folder, { pid: 2 ** 22 + 1, databasePid: process.pid });
    const next = lockDataFolder(folder, me);
    setTimeout(unlock, 200);
    (await next)();
  });

  it('makes the folder when there is none, and reads no nonsense as a holder', async () => {
    const deeper = join(folder, 'a', 'b');
    (await lockDataFolder(deeper, me))();
    await writeFile(holderOf(deeper), '{"pid": "x"}');
    expect(await readHolder(deeper)).toBeUndefined();
  });
});
