/** Blobs as files: whole or not at all, in pieces of any number, and nothing outside the folder. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Blob, BlobStore } from '../../src/storage/blobs.js';
import { createFileBlobs } from '../../src/storage/file-blobs.js';

let folder = '';
let blobs: BlobStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-blobs-'));
  blobs = createFileBlobs(pathToFileURL(folder).href);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function text(blob: Blob | undefined): Promise<string | undefined> {
  if (blob === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of blob.content) parts.push(part);
  return Buffer.concat(parts).toString();
}

const files = async (): Promise<string[]> => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);

describe('a blob in a folder', () => {
  it('is read as it was written, as a text, as bytes and in pieces', async () => {
    async function* pieces(): AsyncGenerator<string | Uint8Array> {
      for (let i = 0; i < 1000; i++) yield i % 2 === 0 ? `${i}:${'ä'.repeat(500)}` : Buffer.from('x'.repeat(900));
    }
    let whole = '';
    for await (const piece of pieces()) whole += piece.toString();
    for (const [name, content] of [['a/text.json', whole], ['a/bytes.json', Buffer.from(whole)], ['a/pieces.json', pieces()], ['a/list.json', [whole.slice(0, 7), whole.slice(7)]], ['a/empty.json', []]] as const) {
      await blobs.put(name, content);
      expect(await text(await blobs.get(name))).toBe(name === 'a/empty.json' ? '' : whole);
    }
    expect(await blobs.get('a/text.json')).toMatchObject({ type: 'application/json', size: Buffer.byteLength(whole) });
    expect((await blobs.list('a')).map(({ name }) => name).toSorted()).toEqual(['a/bytes.json', 'a/empty.json', 'a/list.json', 'a/pieces.json', 'a/text.json']);
  });

  it('is not there at all when its content ends in an error, which is passed on; what had the name stays', async () => {
    await blobs.put('a/b.json', 'old');
    const broken = new Error('the tiles ended');
    async function* pieces(): AsyncGenerator<string> {
      yield 'x'.repeat(1_000_000);
      throw broken;
    }
    await expect(blobs.put('a/b.json', pieces())).rejects.toBe(broken);
    await expect(blobs.put('a/c.json', pieces())).rejects.toBe(broken);
    expect(await files()).toEqual(['b.json']);
    expect(await text(await blobs.get('a/b.json'))).toBe('old');
  });

  it('has another ETag when it was replaced, promoted or not, and the same when it was not', async () => {
    await blobs.put('a/b.json', 'one');
    const first = (await blobs.get('a/b.json'))?.etag;
    expect((await blobs.get('a/b.json'))?.etag).toBe(first);
    await blobs.put('a/b.json', 'two');
    const second = (await blobs.get('a/b.json'))?.etag;
    await blobs.put('a/attempt.json', 'two');
    await blobs.promote('a/attempt.json', 'a/b.json');
    const third = (await blobs.get('a/b.json'))?.etag;
    expect(new Set([first, second, third]).size).toBe(3);
    expect(await files()).toEqual(['b.json']);
  });

  it('that is large is not read as another than was looked up', async () => {
    await blobs.put('a/b.json', 'x'.repeat(3_000_000));
    const [before, again] = [await blobs.get('a/b.json'), await blobs.get('a/b.json')];
    expect((await text(again))?.length).toBe(3_000_000);
    await blobs.put('a/b.json', 'y'.repeat(3_000_000));
    await expect(text(before)).rejects.toMatchObject({ kind: 'Unavailable', retryAfter: 1 });
  });

  it('that is missing is undefined, removing it no error, promoting it one of the store', async () => {
    expect(await blobs.get('a/b.json')).toBeUndefined();
    expect(await blobs.list('a')).toEqual([]);
    await blobs.remove('a/b.json');
    await expect(blobs.promote('a/b.json', 'a/c.json')).rejects.toMatchObject({ kind: 'Upstream', message: 'The blob store failed at renaming a/b.json (ENOENT).' });
  });

  it('below a file, or where a folder is, is an error of the store', async () => {
    await writeFile(join(folder, 'a'), 'in the way');
    await expect(blobs.put('a/b.json', 'x')).rejects.toMatchObject({ kind: 'Upstream' });
    expect(await blobs.get('a/b.json')).toBeUndefined();
    expect(await files()).toEqual(['a']);
  });

  it.each(['../out.json', 'a/../../out.json', '/../out.json', 'a/\0.json', '..', ''])('%j leads nowhere', async (name) => {
    await expect(blobs.get(name)).rejects.toMatchObject({ kind: 'NotFound' });
    await expect(blobs.put(name, 'x')).rejects.toMatchObject({ kind: 'NotFound' });
    expect(await files()).toEqual([]);
  });
});
