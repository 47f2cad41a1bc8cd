/** Reads the headers of many files, some at a time, into the store; what cannot be read is told at the end, all of it. */
import { stat } from 'node:fs/promises';
import { tileFacts } from '../../cog/facts.js';
import { readCogHeader } from '../../cog/open.js';
import { DomainError, messageOf } from '../../errors.js';
import { type Sources, codeOf } from '../../storage/source.js';
import { hrefOf, isUrl } from '../local-sources.js';
import type { Progress } from '../output.js';
import type { FoundFile } from './find.js';
import type { HeaderStore, StoredHeader } from './header-store.js';

export interface FileError {
  readonly file: string;
  readonly error: string;
}

export interface HeaderResult {
  /** Places of the files whose headers are known, ascending. */
  readonly good: readonly number[];
  /** By the order of the files. */
  readonly errors: readonly FileError[];
  /** What makes files less than COGs. */
  readonly warnings: readonly string[];
  /** Files that were opened; the others were known. */
  readonly read: number;
}

export interface HeaderOptions {
  readonly sources: Sources;
  readonly store: HeaderStore;
  readonly bar: Progress;
  readonly atOnce: number;
  readonly signal: AbortSignal;
}

/** URLs that nobody listed have no version: what was read of one holds for a day, so that a run which broke can go on. */
const URL_VERSION = (): string => `url-${Math.floor(Date.now() / 86_400_000)}`;

/** @throws the signal's reason when it is aborted; what was read until then stays in the store */
export async function readHeaders(files: readonly FoundFile[], options: HeaderOptions): Promise<HeaderResult> {
  const { store, bar, signal } = options;
  const errors: (FileError | undefined)[] = [];
  const warnings: (readonly string[])[] = [];
  let [next, done, read] = [0, 0, 0];

  async function one(at: number, file: FoundFile): Promise<void> {
    try {
      const version = file.version ?? (await versionOf(file.path));
      let header = store.known(at, version);
      if (header === undefined) {
        header = await headerOf(file.path, options.sources);
        store.add(at, version, header);
        read += 1;
      }
      if (header.warnings.length > 0) warnings[at] = header.warnings;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      errors[at] = { file: file.path, error: messageOf(error) };
    }
  }

  async function worker(): Promise<void> {
    for (let file = files[next]; file !== undefined; file = files[next]) {
      signal.throwIfAborted();
      next += 1;
      await one(next - 1, file);
      done += 1;
      bar.update(done);
    }
  }

  await Promise.all(Array.from({ length: Math.min(options.atOnce, files.length) }, worker));
  return { good: [...files.keys()].filter((at) => errors[at] === undefined), errors: errors.filter((error) => error !== undefined), warnings: warnings.flat(), read };
}

async function versionOf(path: string): Promise<string> {
  if (isUrl(path)) return URL_VERSION();
  const facts = await stat(path).catch((error: unknown) => {
    throw new DomainError('Upstream', `${path}: ${codeOf(error) === 'ENOENT' ? 'there is no such file' : 'the file cannot be read'}.`);
  });
  return `${facts.size}-${facts.mtimeMs}`;
}

/** The members of a tile of `POST /api/datasets` that the server itself would take from the header. */
async function headerOf(path: string, sources: Sources): Promise<StoredHeader> {
  const href = hrefOf(path);
  const { warnings, minzoom: _min, maxzoom: _max, ...tile } = tileFacts(await readCogHeader(await sources.open(href)), path);
  return { tile: JSON.stringify(tile), warnings };
}
