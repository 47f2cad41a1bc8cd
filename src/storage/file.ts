/** Byte ranges of local files, only below the allowed roots, symbolic links resolved. */
import { closeSync, constants, fstatSync, open, read, realpathSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import { DomainError, invalidInput } from '../errors.js';
import { BLOCK_SIZE } from './blocks.js';
import type { VersionedSource } from './source.js';
import { codeOf, shownHref } from './source.js';

/** No link in the last step, no waiting for the writer of a named pipe. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A folder of a thousand COGs is resolved once: looking up each of its parents costs as much as reading a header. */
const RESOLVED_MS = 1000;
const realFolders = new LRUCache<string, Promise<string>>({ max: 1000, ttl: RESOLVED_MS });
const realRoots = new LRUCache<string, string>({ max: 1000, ttl: RESOLVED_MS });

/** How `O_NOFOLLOW` says that the last step is a link: Linux and macOS, FreeBSD. */
const IS_LINK = new Set(['ELOOP', 'EMLINK']);

const openFd = promisify(open);
const readFd = promisify(read);

const refused = (href: string): DomainError =>
  invalidInput(`${shownHref(href)}: the file is not below a folder in ALLOWED_FILE_ROOTS.`);

const unreadable = (href: string, cause: unknown): DomainError => {
  const code = codeOf(cause);
  const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file' : 'the file cannot be read';
  return new DomainError('Upstream', `${shownHref(href)}: ${why}.`, { cause });
};

const isBelow = (path: string, root: string): boolean => path.startsWith(root.endsWith(sep) ? root : root + sep);

/** Refuses a path outside the roots as it is spelled, and so tells nothing of files that it may not know of. */
export function checkFile(url: URL, href: string, roots: readonly string[]): string {
  const path = pathOf(url, href);
  if (!roots.some((root) => isBelow(path, resolve(root)) || isBelow(path, realRoot(root)))) throw refused(href);
  return path;
}

/**
 * A source that opens, reads and closes at each fetch (0.1 ms), so that no handle can leak and a file replaced by
 * rename is seen at the next fetch. Its first block is read with the look-up: whoever opens a file reads its header.
 * @throws DomainError InvalidInput when the resolved path leaves the roots, Upstream when there is no such file
 */
export async function openFile(url: URL, href: string, roots: readonly string[]): Promise<VersionedSource> {
  try {
    const allowed = (path: string): string => {
      if (!roots.some((root) => isBelow(path, realRoot(root)))) throw refused(href);
      return path;
    };
    const spelled = checkFile(url, href, roots);
    const knowsLinks = constants.O_NOFOLLOW !== undefined; // Windows does not
    let path = allowed(knowsLinks ? join(await realFolder(dirname(spelled)), basename(spelled)) : await realpath(spelled));
    const first = await readRange(path, 0, BLOCK_SIZE).catch(async (error: unknown) => {
      if (!IS_LINK.has(codeOf(error))) throw error; // but a link may lead to another file below the roots
      path = allowed(await realpath(spelled));
      return readRange(path, 0, BLOCK_SIZE);
    });
    if (first === undefined) throw new DomainError('Upstream', `${shownHref(href)}: it is not a regular file.`);
    let head: ArrayBuffer | undefined = first.bytes;
    return {
      url,
      metadata: { size: first.size },
      async fetch(offset, length = first.size - offset) {
        const bytes = offset === 0 && length === BLOCK_SIZE ? head : undefined;
        head = undefined; // kept by whoever asked for it; from then on the file is asked
        return bytes ?? fetchRange(path, href, offset, length);
      },
    };
  } catch (error) {
    throw error instanceof DomainError ? error : unreadable(href, error);
  }
}

async function fetchRange(path: string, href: string, offset: number, length: number): Promise<ArrayBuffer> {
  try {
    return (await readRange(path, offset, length))?.bytes ?? new ArrayBuffer(0);
  } catch (error) {
    throw unreadable(href, error);
  }
}

/** The bytes of a range, fewer at the file's end, and the file's size; undefined for what is no regular file. */
async function readRange(path: string, offset: number, length: number): Promise<{ bytes: ArrayBuffer; size: number } | undefined> {
  const fd = await openFd(path, READ_FLAGS);
  try {
    const facts = fstatSync(fd); // known since it was opened: no other thread needs to wait for it
    if (!facts.isFile()) return undefined;
    const wanted = Math.max(0, Math.min(length, facts.size - offset));
    const bytes = new Uint8Array(wanted);
    let done = 0;
    while (done < wanted) {
      const { bytesRead } = await readFd(fd, bytes, done, wanted - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return { bytes: done === wanted ? bytes.buffer : bytes.buffer.slice(0, done), size: facts.size };
  } finally {
    closeSync(fd);
  }
}

function pathOf(url: URL, href: string): string {
  try {
    const path = fileURLToPath(url);
    if (!path.includes('\0')) return path;
  } catch {
    // an encoded slash, or the name of another machine: refused below
  }
  throw invalidInput(`${shownHref(href)}: not the URL of a local file; write file:///folder/name.tif.`);
}

function realFolder(folder: string): Promise<string> {
  const known = realFolders.get(folder);
  if (known !== undefined) return known;
  const resolving = realpath(folder);
  realFolders.set(folder, resolving);
  resolving.catch(() => realFolders.delete(folder));
  return resolving;
}

/** A root that does not exist (yet) holds no files. */
function realRoot(root: string): string {
  const known = realRoots.get(root);
  if (known !== undefined) return known;
  let real = resolve(root);
  try {
    real = realpathSync(real);
  } catch {
    return real;
  }
  realRoots.set(root, real);
  return real;
}
