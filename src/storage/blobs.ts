/** The store of what the server itself writes: MosaicJSON copies and thumbnails. One small interface, the file system behind it. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError, messageOf } from '../errors.js';
import { codeOf } from './source.js';

export interface Blob {
  readonly bytes: Buffer;
  readonly type: string;
}

export interface BlobStore {
  /** Writes a blob whole or not at all. @param name a relative path with `/` */
  put(name: string, bytes: Uint8Array | string): Promise<void>;
  /** Gives a blob another name, replacing what has it. */
  promote(from: string, to: string): Promise<void>;
  /** Undefined where there is none. */
  get(name: string): Promise<Blob | undefined>;
  /** Deletes a blob; none there is no error. */
  remove(name: string): Promise<void>;
  /** The blobs of a folder, and when each was last written, in milliseconds since 1970. */
  list(folder: string): Promise<{ readonly name: string; readonly modified: number }[]>;
}

const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
};

/** Blobs as files below a `file:` URL. Failures are Upstream: the store failed, not the caller. */
export function createFileBlobs(storageUrl: string): BlobStore {
  const root = fileURLToPath(storageUrl);
  const fileOf = (name: string): string => {
    const path = normalize(join(root, name));
    if (name.includes('\0') || !path.startsWith(root + sep)) throw new DomainError('NotFound', `There is no file ${JSON.stringify(name)}.`);
    return path;
  };
  return {
    async put(name, bytes) {
      const path = fileOf(name);
      const temporary = `${path}.${randomUUID()}.tmp`;
      await failing(`writing ${name}`, async () => {
        await mkdir(dirname(path), { recursive: true });
        try {
          await writeFile(temporary, bytes);
          await rename(temporary, path);
        } catch (error) {
          await rm(temporary, { force: true });
          throw error;
        }
      });
    },
    promote: (from, to) => failing(`renaming ${from}`, () => rename(fileOf(from), fileOf(to))),
    async get(name) {
      const path = fileOf(name);
      const found = await stat(path).catch(() => undefined);
      if (found?.isFile() !== true) return undefined;
      return { bytes: await failing(`reading ${name}`, () => readFile(path)), type: TYPES[/\.\w+$/.exec(name)?.[0] ?? ''] ?? 'application/octet-stream' };
    },
    remove: (name) => failing(`deleting ${name}`, () => rm(fileOf(name), { force: true })),
    async list(folder) {
      const names = await readdir(fileOf(folder)).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      });
      const stats = await Promise.all(names.map((name) => stat(fileOf(`${folder}/${name}`)).catch(() => undefined)));
      return names.flatMap((name, i) => (stats[i]?.isFile() === true ? [{ name: `${folder}/${name}`, modified: stats[i].mtimeMs }] : []));
    },
  };
}

async function failing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = codeOf(cause) || messageOf(cause);
    throw new DomainError('Upstream', `The blob store failed at ${what} (${code}).`, { cause });
  }
}
