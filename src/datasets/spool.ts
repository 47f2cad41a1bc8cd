/** Rows of tiles on their way to the database: in memory while they are few, then in a file that no crash can leave behind. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainError, messageOf } from '../errors.js';
import { codeOf } from '../storage/source.js';

/** Rows are written to the file in pieces of about so many bytes, from two buffers in turn: a new one each time would be 64 MB of garbage before V8 minds. */
const PIECE = 512 * 1024;
/** Room for the rows of a small dataset; doubled as more come. */
const LEAST_ROOM = 16 * 1024;
/** Bytes read back at once. */
const READ_BYTES = 128 * 1024;

export const spoolFolder = (dataDir: string): string => join(dataDir, 'spool');

export class RowSpool {
  /** What has gathered: bytes at once, for a thousand texts that wait live long enough to be moved to V8's old generation (100 MB in a million). */
  private gathered: Buffer = Buffer.alloc(0);
  private length = 0;
  /** The buffer that the next piece gathers in, while this one is written. */
  private spare: Buffer | undefined;
  private file: FileHandle | undefined;
  private bytes = 0;
  private isEnded = false;
  private news = Promise.withResolvers<void>();

  /** @param folder where the file is made, when there has to be one */
  constructor(private readonly folder: string) {}

  add(row: string): void {
    // UTF-8 takes at most 3 bytes for a UTF-16 unit.
    const most = this.length + row.length * 3;
    if (most > this.gathered.length) this.widen(most);
    this.length += this.gathered.write(row, this.length);
  }

  /** Writes what has gathered, once that is a piece; an upload that waits for this is no faster than the disk. */
  async drain(): Promise<void> {
    if (this.length < PIECE) return;
    const [buffer, piece] = this.take();
    try {
      this.file ??= await openUnnamed(this.folder);
      for (let written = 0; written < piece.length; ) written += (await this.file.write(piece, written, piece.length - written, this.bytes + written)).bytesWritten;
    } catch (cause) {
      throw new DomainError('Unavailable', `The server could not keep the upload on its disk (${codeOf(cause) || messageOf(cause)}).`, { cause, retryAfter: 60 });
    }
    this.bytes += piece.length;
    this.spare = buffer;
    this.tell();
  }

  /** All rows are there. */
  end(): void {
    this.isEnded = true;
    this.tell();
  }

  /**
   * All rows in the order they came, those to come too, until {@link end}. As often as asked: a transaction that is tried
   * again reads them again.
   */
  async *pieces(): AsyncGenerator<Buffer, void, undefined> {
    for (let from = 0; from < this.bytes || !this.isEnded; ) {
      if (from === this.bytes) {
        await this.news.promise;
        continue;
      }
      const piece = Buffer.allocUnsafe(Math.min(READ_BYTES, this.bytes - from));
      for (let read = 0; read < piece.length; ) read += await this.read(piece, read, from + read);
      from += piece.length;
      yield piece;
    }
    if (this.length > 0) yield this.gathered.subarray(0, this.length);
  }

  async close(): Promise<void> {
    this.length = 0;
    this.end();
    this.gathered = Buffer.alloc(0);
    this.spare = undefined;
    await this.file?.close();
    this.file = undefined;
  }

  private async read(piece: Buffer, offset: number, from: number): Promise<number> {
    const { bytesRead } = (await this.file?.read(piece, offset, piece.length - offset, from)) ?? { bytesRead: 0 };
    if (bytesRead === 0) throw new Error('The file of the spooled rows is shorter than it was written.');
    return bytesRead;
  }

  private tell(): void {
    this.news.resolve();
    this.news = Promise.withResolvers<void>();
  }

  /** The buffer and what has gathered in it; the next rows gather in the other one. */
  private take(): [Buffer, Buffer] {
    const { gathered, length } = this;
    this.gathered = this.spare ?? Buffer.alloc(0);
    this.length = 0;
    return [gathered, gathered.subarray(0, length)];
  }

  private widen(most: number): void {
    const wider = Buffer.allocUnsafeSlow(Math.max(LEAST_ROOM, most, this.gathered.length * 2));
    this.gathered.copy(wider, 0, 0, this.length);
    this.gathered = wider;
  }
}

/** A file without a name: the system frees it with the process, however that ends. */
async function openUnnamed(folder: string): Promise<FileHandle> {
  const file = await openIn(folder).catch((error: unknown) => {
    // A data folder that cannot be written is no reason to refuse an upload; a full one is.
    if (codeOf(error) === 'ENOSPC') throw error;
    return openIn(join(tmpdir(), 'stac-mosaic-spool'));
  });
  return file;
}

async function openIn(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${randomUUID()}.rows`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path, { force: true });
  return file;
}

/** Removes what a process left that was killed between making a file and taking its name away. */
export async function clearSpool(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) if (name.endsWith('.rows')) await rm(join(folder, name), { force: true }).catch(() => undefined);
}
