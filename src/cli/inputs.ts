/** Files, folders, URLs and standard input as the user names them, opened as often as they have to be read. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../errors.js';
import { bytesOfFile, readDocuments, type ReadDocument, type Unreadable } from '../load/documents.js';
import { codeOf, shownHref } from '../storage/source.js';
import { CommandError } from './exit.js';

export interface Input {
  /** As the user named it. */
  readonly name: string;
  /** Found in a folder, so that it may be something else than STAC. */
  readonly found: boolean;
  /** Its documents, from the beginning. */
  documents(): AsyncIterable<ReadDocument | Unreadable>;
}

export interface Inputs {
  readonly list: readonly Input[];
  /** Removes what was kept of standard input and URLs. */
  close(): Promise<void>;
}

const IS_STAC_FILE = /\.(geo)?(json|ndjson|jsonl)l?(\.gz)?$/i;

/** @throws CommandError for what does not exist or does not answer */
export async function openInputs(names: readonly string[], signal: AbortSignal): Promise<Inputs> {
  const folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const list: Input[] = [];
  try {
    for (const [i, name] of names.entries()) {
      signal.throwIfAborted();
      list.push(...(await inputsOf(name, join(folder, String(i)), signal)));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { list, close };
}

async function inputsOf(name: string, copy: string, signal: AbortSignal): Promise<Input[]> {
  if (name === '-') return [await kept('standard input', process.stdin, copy, signal)];
  if (/^https?:\/\//i.test(name)) return [await download(name, copy, signal)];
  const facts = await stat(name).catch((error: unknown) => {
    throw new CommandError(`${name}: ${codeOf(error) === 'ENOENT' ? 'there is no such file or folder' : `cannot be read (${codeOf(error)})`}.`);
  });
  if (!facts.isDirectory()) return [ofFile(name, name, false)];
  const entries = await readdir(name, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && IS_STAC_FILE.test(entry.name)).map((entry) => join(entry.parentPath, entry.name)).toSorted();
  if (files.length === 0) throw new CommandError(`${name}: no .json, .geojson or .ndjson file was found.`);
  return files.map((path) => ofFile(path, path, true));
}

const ofFile = (name: string, path: string, found: boolean): Input => ({ name, found, documents: () => documentsOf(name, path) });

/** A file that cannot be read to its end is a fault of that file alone. */
async function* documentsOf(name: string, path: string): AsyncGenerator<ReadDocument | Unreadable> {
  try {
    yield* readDocuments(name, bytesOfFile(path));
  } catch (error) {
    yield { at: name, error: `cannot be read: ${messageOf(error)}` };
  }
}

async function kept(name: string, stream: Readable, copy: string, signal: AbortSignal): Promise<Input> {
  const path = name.endsWith('.gz') ? `${copy}.gz` : copy;
  await pipeline(stream, createWriteStream(path), { signal });
  return ofFile(name, path, false);
}

async function download(url: string, copy: string, signal: AbortSignal): Promise<Input> {
  const shown = shownHref(url);
  try {
    const response = await fetch(url, { signal, headers: { accept: 'application/geo+json, application/json, */*;q=0.1' } });
    if (!response.ok || response.body === null) throw new CommandError(`${shown}: its server answers ${response.status}.`);
    return await kept(shown, Readable.from(response.body), copy, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CommandError) throw error;
    // fetch says no more than "fetch failed"; what failed is the cause.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new CommandError(`${shown}: cannot be fetched (${codeOf(cause) || messageOf(cause)}).`);
  }
}
