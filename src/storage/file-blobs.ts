/** Blobs as files below a folder: written beside their place, flushed to the disk, then renamed. */
import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError, notFound } from '../errors.js';
import { type BlobStore, gathered, Pieces, replaced, SMALL_BLOB, storeFailure, typeOfBlob } from './blobs.js';
import { codeOf } from './source.js';

/** A name that is no file, or lies below one. */
const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']);

/** @param storageUrl a `file:` URL; the folder is made when something is written */
export function createFileBlobs(storageUrl: string): BlobStore {
  const root = normalize(fileURLToPath(storageUrl)).replace(/(?<=.)[/\\]+$/, '');
  const fileOf = (name: string): string => {
    const path = normalize(join(root, name));
    if (name.includes('\0') || path === root || !path.startsWith(root.endsWith(sep) ? root : root + sep)) throw notFound(`The file ${JSON.stringify(name)}`);
    return path;
  };
  return {
    async put(name, content) {
      const path = fileOf(name);
      const temporary = `${path}.${randomUUID()}.tmp`;
      const pieces = typeof content === 'string' || content instanceof Uint8Array ? undefined : new Pieces(content);
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(temporary, pieces ?? (content as string | Uint8Array), { flush: true });
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw pieces?.failure === undefined ? storeFailure(`writing ${name}`, error) : pieces.failure.error;
      }
    },
    promote: (from, to) => failing(`renaming ${from}`, () => rename(fileOf(from), fileOf(to))),
    get: (name) =>
      failing(`reading ${name}`, async () => {
        const path = fileOf(name);
        const handle = await open(path).catch((error: unknown) => {
          if (ABSENT.has(codeOf(error))) return undefined;
          throw error;
        });
        if (handle === undefined) return undefined;
        try {
          const facts = await handle.stat({ bigint: true });
          if (!facts.isFile()) return undefined;
          const size = Number(facts.size);
          const etag = etagOf(facts);
          const content = size <= SMALL_BLOB ? await gathered(handle.createReadStream({ autoClose: false })) : read(path, name, etag);
          return { type: typeOfBlob(name), size, etag, content };
        } finally {
          await handle.close();
        }
      }),
    remove: (name) => failing(`deleting ${name}`, () => rm(fileOf(name), { force: true })),
    list: (folder) =>
      failing(`listing ${folder}`, async () => {
        const names = await readdir(fileOf(folder)).catch((error: unknown) => {
          if (codeOf(error) === 'ENOENT') return [];
          throw error;
        });
        const stats = await Promise.all(names.map((name) => stat(fileOf(`${folder}/${name}`)).catch(() => undefined)));
        return names.flatMap((name, i) => (stats[i]?.isFile() === true ? [{ name: `${folder}/${name}`, modified: stats[i].mtimeMs }] : []));
      }),
    publicUrl: () => undefined,
  };
}

/** A file that takes the other's place has another number, however fast it came. */
const etagOf = ({ ino, mtimeNs, size }: BigIntStats): string => `W/"${[ino, mtimeNs, size].map((part) => part.toString(36)).join('-')}"`;

async function* read(path: string, name: string, etag: string): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(path).catch((error: unknown) => {
    throw storeFailure(`reading ${name}`, error);
  });
  try {
    if (etagOf(await handle.stat({ bigint: true })) !== etag) throw replaced(name);
    for await (const chunk of handle.createReadStream({ autoClose: false })) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw error instanceof DomainError ? error : storeFailure(`reading ${name}`, error);
  } finally {
    await handle.close();
  }
}

async function failing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof DomainError ? error : storeFailure(what, error);
  }
}
