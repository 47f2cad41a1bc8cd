/**
 * What was read of files' headers, kept below the user's cache folder: a second run reads only what has changed, and the
 * tiles of a run lie on disk, not in memory. A file of lines: what is known of a file as JSON, a tab, its tile as JSON.
 *
 * A run reads what earlier ones left and writes a file of its own, so that two at once cannot disturb each other; on
 * `close` both become one. The file of a run that was killed is taken up by the next, that of one still running is left to it.
 */
import { closeSync, createReadStream, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, textOf } from '../../json.js';
import { codeOf } from '../../storage/source.js';

/** Another layout of the lines, or other facts in the tiles, is another version. */
const LAYOUT = 1;

export interface StoredHeader {
  /** The tile that is posted, without its href, as JSON. */
  readonly tile: string;
  /** What makes it less than a COG. */
  readonly warnings: readonly string[];
}

interface Place {
  readonly file: number;
  readonly offset: number;
  readonly length: number;
}

const TAB = 9;
const NEWLINE = 10;

export class HeaderStore {
  readonly #files: number[] = [];
  readonly #places: (Place | undefined)[];
  /** The files that this run will replace by one. */
  readonly #old: string[] = [];
  readonly #part: string;
  #end = 0;
  #own: number | undefined;

  private constructor(private readonly path: string, private readonly paths: readonly string[]) {
    this.#places = Array.from({ length: paths.length });
    this.#part = `${path}.${process.pid}.part`;
  }

  /** @param key names the set of files: a run over the same set finds what the one before it read */
  static async open(cacheDir: string, key: string, paths: readonly string[]): Promise<HeaderStore> {
    const folder = join(cacheDir, 'ingest');
    mkdirSync(folder, { recursive: true });
    const store = new HeaderStore(join(folder, `${key}-${LAYOUT}`), paths);
    const places = new Map(paths.map((path, i) => [path, i]));
    for (const name of readdirSync(folder).filter((name) => isLeft(name, `${key}-${LAYOUT}`)).toSorted()) await store.#load(join(folder, name), places);
    return store;
  }

  async #load(path: string, places: ReadonlyMap<string, number>): Promise<void> {
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch {
      return; // another run has just made one file of it and its own
    }
    const file = this.#files.push(descriptor) - 1;
    this.#old.push(path);
    let offset = 0;
    for await (const line of lines(path)) {
      const head = headOf(line);
      const at = head === undefined ? undefined : places.get(head.path);
      if (at !== undefined) this.#places[at] = { file, offset, length: line.length };
      offset += line.length + 1;
    }
  }

  /** What is known of the file at this place, if it is of this version still. */
  known(at: number, version: string): StoredHeader | undefined {
    const line = this.#line(at);
    const head = line === undefined ? undefined : headOf(line);
    if (line === undefined || head === undefined || head.version !== version) return undefined;
    return { tile: line.subarray(line.indexOf(TAB) + 1).toString('utf8'), warnings: head.warnings };
  }

  add(at: number, version: string, { tile, warnings }: StoredHeader): void {
    const line = Buffer.from(`${JSON.stringify({ path: this.paths[at], version, warnings })}\t${tile}\n`);
    if (this.#own === undefined) this.#own = this.#files.push(openSync(this.#part, 'w+')) - 1;
    const descriptor = this.#files[this.#own] ?? -1;
    writeSync(descriptor, line, 0, line.length, this.#end);
    this.#places[at] = { file: this.#own, offset: this.#end, length: line.length - 1 };
    this.#end += line.length;
  }

  /** The tile of a file that is known. */
  tile(at: number): string {
    const line = this.#line(at);
    return line === undefined ? '' : line.subarray(line.indexOf(TAB) + 1).toString('utf8');
  }

  #line(at: number): Buffer | undefined {
    const place = this.#places[at];
    if (place === undefined) return undefined;
    const line = Buffer.allocUnsafe(place.length);
    const read = readSync(this.#files[place.file] ?? -1, line, 0, place.length, place.offset);
    return read === place.length ? line : undefined;
  }

  /** Makes one file of what was known and what was read. */
  close(): void {
    if (this.#own !== undefined || this.#old.length > 1) this.#merge();
    for (const descriptor of this.#files) closeSync(descriptor);
  }

  #merge(): void {
    if (this.#old.length === 0) return renameSync(this.#part, this.path);
    const merged = `${this.path}.${process.pid}.new`;
    const descriptor = openSync(merged, 'w');
    for (const at of this.#places.keys()) {
      const line = this.#line(at);
      if (line !== undefined) writeSync(descriptor, Buffer.concat([line, Buffer.of(NEWLINE)]));
    }
    closeSync(descriptor);
    renameSync(merged, this.path);
    for (const path of [...this.#old, this.#part]) if (path !== this.path) rmSync(path, { force: true });
  }
}

/** The file of finished runs, or that of a process that is no more. */
function isLeft(name: string, own: string): boolean {
  if (name === own) return true;
  const pid = name.startsWith(`${own}.`) ? /\.(\d+)\.part$/.exec(name)?.[1] : undefined;
  if (pid === undefined || Number(pid) === process.pid) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

interface Head {
  readonly path: string;
  readonly version: string;
  readonly warnings: readonly string[];
}

/** Undefined for a line that a killed run left half written. */
function headOf(line: Buffer): Head | undefined {
  const tab = line.indexOf(TAB);
  if (tab < 0 || line.at(-1) !== 0x7d) return undefined;
  try {
    const head: unknown = JSON.parse(line.toString('utf8', 0, tab));
    if (!isObject(head)) return undefined;
    const { path, version, warnings } = head;
    return { path: textOf(path), version: textOf(version), warnings: Array.isArray(warnings) ? warnings.map(textOf) : [] };
  } catch {
    return undefined;
  }
}

async function* lines(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    let from = 0;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      yield bytes.subarray(from, at);
      from = at + 1;
    }
    rest = bytes.subarray(from);
  }
}
