/** Set-up: what comes out of the wheels, how often they are fetched, and what is said when they cannot be. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync, strToU8 } from 'fflate';
import { createHash } from 'node:crypto';
import { ensurePgstacSql, ensureStacSchemas, SetupError } from '../../src/setup/index.js';
import { fetchWheel } from '../../src/setup/download.js';
import { isUnpacked, unpack } from '../../src/setup/unpack.js';
import type { Wheel } from '../../src/setup/wheels.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-setup-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const content = zipSync({ 'small/a.txt': strToU8('A'), 'small/b.txt': strToU8('B'), 'small/code.py': strToU8('pass') });
const small: Wheel = {
  project: 'small',
  version: '1',
  file: 'small-1-py3-none-any.whl',
  sha256: createHash('sha256').update(content).digest('hex'),
  place: (member) => /^small\/(\w+\.txt)$/.exec(member)?.[1],
};

/** A stand-in for `python3` that logs its calls and does what the script says. */
async function fakePython(script: string): Promise<string> {
  const path = join(folder, 'python');
  await writeFile(path, `#!/bin/sh\necho "$@" >> ${join(folder, 'calls')}\n${script}\n`, { mode: 0o755 });
  return path;
}

describe('fetching a wheel', () => {
  it('passes the pinned hash on to pip and takes the file that pip leaves', async () => {
    await writeFile(join(folder, 'published.whl'), content);
    const python = await fakePython(
      `while [ "$1" != "-d" ]; do shift; done; cp ${join(folder, 'published.whl')} "$2/${small.file}"; cp "$4" ${join(folder, 'requirements')}`,
    );
    expect(await fetchWheel(small, { pythons: [python] })).toEqual(Buffer.from(content));
    expect(await readFile(join(folder, 'calls'), 'utf8')).toContain('--no-deps --only-binary=:all:');
    expect(await readFile(join(folder, 'requirements'), 'utf8')).toBe(`small==1 --hash=sha256:${small.sha256}\n`);
  });

  it('tries the next Python when one has no pip', async () => {
    await writeFile(join(folder, 'published.whl'), content);
    const python = await fakePython(`while [ "$1" != "-d" ]; do shift; done; cp ${join(folder, 'published.whl')} "$2/${small.file}"`);
    await expect(fetchWheel(small, { pythons: [join(folder, 'absent'), python] })).resolves.toHaveLength(content.length);
  });

  it('without pip names the wheel and the ways out', async () => {
    const failure = fetchWheel(small, { pythons: [join(folder, 'absent')] });
    await expect(failure).rejects.toThrow(SetupError);
    await expect(failure).rejects.toThrow(/small-1-py3-none-any\.whl[\s\S]*not installed[\s\S]*WHEEL_DIR[\s\S]*DATABASE_URL/);
  });

  it("without a network repeats pip's own reason", async () => {
    const python = await fakePython("echo 'ERROR: Could not find a version that satisfies small (from versions: none)' >&2; exit 1");
    await expect(fetchWheel(small, { pythons: [python] })).rejects.toThrow(/from versions: none/);
  });

  it('refuses a wheel whose bytes are not the published ones', async () => {
    await writeFile(join(folder, small.file), 'something else');
    await expect(fetchWheel(small, { wheelDir: folder })).rejects.toThrow(/sha256 is [0-9a-f]{64}, the pinned one is/);
  });

  it('says which file WHEEL_DIR lacks', async () => {
    await expect(fetchWheel(small, { wheelDir: folder })).rejects.toThrow(/WHEEL_DIR does not hold it[\s\S]*small-1/);
  });
});

describe('unpacking', () => {
  it('writes only the members that have a place, and leaves nothing beside the folder', async () => {
    const target = join(folder, 'small-1');
    await unpack(target, [{ wheel: small, bytes: Buffer.from(content) }]);
    expect(await readdir(target)).toEqual(['a.txt', 'b.txt']);
    expect(await readdir(folder)).toEqual(['small-1']);
  });

  it('keeps what the first of several processes wrote', async () => {
    const target = join(folder, 'small-1');
    const wheels = [{ wheel: small, bytes: Buffer.from(content) }];
    await Promise.all(Array.from({ length: 8 }, () => unpack(target, wheels)));
    expect(await readdir(folder)).toEqual(['small-1']);
  });

  it('leaves nothing when a wheel is broken', async () => {
    const target = join(folder, 'small-1');
    await expect(unpack(target, [{ wheel: small, bytes: Buffer.from('no zip') }])).rejects.toThrow('invalid zip data');
    expect(await isUnpacked(target)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('the cache', () => {
  it('fetches pgSTAC and the schemas once, and asks nobody the second time', async () => {
    const messages: string[] = [];
    const cacheDir = join(folder, 'cache');
    const first = { cacheDir, onProgress: (message: string) => messages.push(message) };
    const [sql, schemas] = [await ensurePgstacSql(first), await ensureStacSchemas(first)];
    expect(messages).toHaveLength(3);

    const again = { ...first, pythons: [join(folder, 'absent')] };
    // There is no pip to ask any more: whatever is answered comes from the cache.
    expect(await ensurePgstacSql(again)).toBe(sql);
    expect(await ensureStacSchemas(again)).toBe(schemas);
    expect(messages).toHaveLength(3);

    const files = await readdir(sql);
    expect(files).toEqual(expect.arrayContaining(['pgstac.0.10.0.sql', 'pgstac.0.9.12.sql', 'pgstac.0.9.12-0.10.0.sql']));
    for (const path of [
      'schemas.stacspec.org/v1.0.0/item-spec/json-schema/item.json',
      'schemas.stacspec.org/v1.0.0/collection-spec/json-schema/collection.json',
      'schemas.stacspec.org/v1.1.0/item-spec/json-schema/common.json',
      'schemas.stacspec.org/v1.1.0/catalog-spec/json-schema/catalog.json',
      'geojson.org/schema/Feature.json',
    ]) {
      expect((await stat(join(schemas, path))).isFile()).toBe(true);
    }
  }, 120_000);

  it('takes the wheels of WHEEL_DIR without asking pip', async () => {
    const wheelDir = join(folder, 'wheels');
    await mkdir(wheelDir);
    await writeFile(join(folder, small.file), content);
    await copyFile(join(folder, small.file), join(wheelDir, small.file));
    await expect(fetchWheel(small, { wheelDir, pythons: [] })).resolves.toHaveLength(content.length);
  });
});
