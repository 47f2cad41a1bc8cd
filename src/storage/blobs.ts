/** The store of what the server itself writes: MosaicJSON copies, originals' metadata and thumbnails. One small interface. */
import { DomainError, messageOf } from '../errors.js';
import { codeOf } from './source.js';

/** What a blob is made of; pieces that come are never gathered into one string. */
export type BlobContent = string | Uint8Array | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

export interface Blob {
  /** The media type, by the ending of the name. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  /** Changes with every writing; with its quotes (RFC 9110 section 8.8.3). */
  readonly etag: string;
  /** For one reader; begun when the first piece is asked for, Unavailable when the blob has been replaced by then. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface StoredName {
  readonly name: string;
  /** Last written, milliseconds since 1970. */
  readonly modified: number;
}

/** Names are relative paths with `/`. Whatever fails is Upstream, or UpstreamTimeout: the store failed, not the caller. */
export interface BlobStore {
  /** Writes a blob whole or not at all; replaces what has the name. An error thrown by the content is passed on as it is. */
  put(name: string, content: BlobContent): Promise<void>;
  /** Gives a blob another name, replacing what has it. */
  promote(from: string, to: string): Promise<void>;
  /** Undefined where there is none. */
  get(name: string): Promise<Blob | undefined>;
  /** Deletes a blob; none there is no error. */
  remove(name: string): Promise<void>;
  /** The blobs of a folder, not of those below it. */
  list(folder: string): Promise<StoredName[]>;
  /** Where everybody can read the blob; undefined where only the server can, which then serves it under `/files`. */
  publicUrl(name: string): string | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  '.json': 'application/json',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
};

/** The media type of a blob of this name. */
export const typeOfBlob = (name: string): string => TYPES[/\.\w+$/.exec(name)?.[0] ?? ''] ?? 'application/octet-stream';

/** A store that failed at something: `writing metadata/mosaics/a.json`. */
export const storeFailure = (what: string, cause: unknown): DomainError =>
  new DomainError('Upstream', `The blob store failed at ${what} (${codeOf(cause) || messageOf(cause)}).`, { cause });

/** A blob that changed between being looked up and being read: what was said of it no longer holds. */
export const replaced = (name: string): DomainError =>
  new DomainError('Unavailable', `The file ${name} was replaced while it was read; ask for it again.`, { retryAfter: 1 });

/** Bytes up to which a blob is read when it is looked up, so that its ETag and its content are surely of one writing. */
export const SMALL_BLOB = 1024 * 1024;

/** Pieces that are read now and handed on later. */
export async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const read: Uint8Array[] = [];
  for await (const piece of pieces) read.push(piece);
  return (async function* () {
    yield* read;
  })();
}

/** Content in pieces of at least `least` bytes, whatever it is cut into. Failures of the content itself are remembered in `failure`, to be told from the store's. */
export class Pieces implements AsyncIterable<Buffer> {
  failure: { readonly error: unknown } | undefined;

  constructor(
    private readonly content: Exclude<BlobContent, string | Uint8Array>,
    private readonly least = 256 * 1024,
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    let gathered: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of this.content) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
        gathered.push(bytes);
        size += bytes.length;
        if (size < this.least) continue;
        yield gathered.length === 1 ? bytes : Buffer.concat(gathered, size);
        [gathered, size] = [[], 0];
      }
    } catch (error) {
      this.failure = { error };
      throw error;
    }
    if (size > 0) yield Buffer.concat(gathered, size);
  }
}
