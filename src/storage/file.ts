/** Byte ranges of local files, only below the allowed roots, symbolic links resolved. */
import { constants, realpathSync } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DomainError, invalidInput } from '../errors.js';
import type { Source } from './source.js';
import { codeOf, shownHref } from './source.js';

/** No link in the last step (the path is already resolved), no waiting for the writer of a named pipe. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const refused = (href: string): DomainError =>
  invalidInput(`${shownHref(href)}: the file is not below a folder in ALLOWED_FILE_ROOTS.`);

const unreadable = (href: string, cause: unknown): DomainError => {
  const code = codeOf(cause);
  const why = code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such file' : 'the file cannot be read';
  return new DomainError('Upstream', `${shownHref(href)}: ${why}.`, { cause });
};

const isBelow = (path: string, root: string): boolean => path.startsWith(root.endsWith(sep) ? root : root + sep);

/** Refuses a path outside the roots as it is spelled; says nothing about files that it may not know of. */
export function checkFile(url: URL, href: string, roots: readonly string[]): void {
  const path = pathOf(url, href);
  const spellings = roots.flatMap((root) => [resolve(root), realRoot(root) ?? []].flat());
  if (!spellings.some((root) => isBelow(path, root))) throw refused(href);
}

/**
 * A source that opens, reads and closes at each fetch (0.1 ms), so that no handle can leak and a file replaced by
 * rename is seen at the next fetch.
 * @throws DomainError InvalidInput when the resolved path leaves the roots, Upstream when there is no such file
 */
export async function openFile(url: URL, href: string, roots: readonly string[]): Promise<Source> {
  const path = await realpath(pathOf(url, href)).catch((error: unknown) => {
    throw unreadable(href, error);
  });
  if (!roots.some((root) => isBelow(path, realRoot(root) ?? resolve(root)))) throw refused(href);
  const facts = await stat(path).catch((error: unknown) => {
    throw unreadable(href, error);
  });
  if (!facts.isFile()) throw new DomainError('Upstream', `${shownHref(href)}: it is not a regular file.`);
  return {
    url,
    metadata: { size: facts.size },
    fetch: (offset, length) => readRange(path, href, offset, length ?? facts.size - offset),
  };
}

async function readRange(path: string, href: string, offset: number, length: number): Promise<ArrayBuffer> {
  const handle = await open(path, READ_FLAGS).catch((error: unknown) => {
    throw unreadable(href, error);
  });
  try {
    const { size } = await handle.stat();
    const wanted = Math.max(0, Math.min(length, size - offset));
    const bytes = new Uint8Array(wanted);
    let done = 0;
    while (done < wanted) {
      const { bytesRead } = await handle.read(bytes, done, wanted - done, offset + done);
      if (bytesRead === 0) return bytes.buffer.slice(0, done);
      done += bytesRead;
    }
    return bytes.buffer;
  } catch (error) {
    throw unreadable(href, error);
  } finally {
    await handle.close();
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

function realRoot(root: string): string | undefined {
  try {
    return realpathSync(root);
  } catch {
    return undefined; // a root that does not exist (yet) holds no files
  }
}
