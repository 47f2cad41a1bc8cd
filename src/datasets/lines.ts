/** `application/x-ndjson`: a head on the first line, then one tile a line, read as the bytes come (API.md section 2). */
import { isUtf8 } from 'node:buffer';
import { DomainError, invalidInput, messageOf } from '../errors.js';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { isTooDeep } from '../json-text.js';
import type { Json } from '../json.js';
import { type ArrivedTile, type DatasetUpload, Malformed } from './upload.js';

/** API.md section 8, Bodies. */
export const MOST_LINE_BYTES = 1024 * 1024;

/** Read before the first tile is parsed, so that most uploads are in memory as a whole then: 10,000 tiles are 2 MB, or 20 as Items. */
const MOST_AHEAD = 24 * 1024 * 1024;
/** A client that takes longer than this is not waited for. */
const AHEAD_MS = 100;

const NEWLINE = 10;
/** Pieces of a line that comes in bits, each an object of some 200 bytes: a line sent byte by byte would take 200 MB. */
const MOST_PIECES = 256;
/** Tiles parsed at once: what they need dies young that way. */
const LINES_AT_ONCE = 50;

/** Reads as far as the head. Empty lines do not count; a last line needs no newline. @throws InvalidInput for a head that is no JSON, TooLarge for a line over 1 MB, and whatever the bytes throw */
export async function uploadOfLines(bytes: AsyncIterable<Buffer>): Promise<DatasetUpload> {
  const blocks = blocksOf(bytes)[Symbol.asyncIterator]();
  let first = await blocks.next();
  while (first.done !== true && first.value.count === 0) first = await blocks.next();
  if (first.done === true) throw invalidInput('The body is empty: its first line must hold the dataset.', [{ path: '', message: 'must not be empty' }]);
  const lines = linesOf(first.value);
  const head = lines.next();
  const parsed = parseLine(head.value ?? Buffer.alloc(0));
  if (parsed instanceof Malformed) throw invalidInput(`The first line ${parsed.message}`, [{ path: '', message: parsed.message }]);
  const tiles = new TileLines({ lines, count: first.value.count - 1 }, blocks);
  return { head: parsed, tiles, ahead: () => tiles.ahead() };
}

/**
 * The lines that a piece of the stream completes, still joined: a million lines that wait would be as many objects, which a
 * server does not give back (80 MB of 24).
 */
interface Block {
  /** Each line ends in a newline, but for the very last. */
  readonly bytes: Buffer;
  /** Lines that are not empty. */
  readonly count: number;
}

type Lines = Iterator<Buffer, undefined>;
type Asked = IteratorResult<Block>;

/** The lines after the first. */
class TileLines {
  private readonly waiting: Block[] = [];
  /** Asked for already, and not yet there when reading ahead took too long. */
  private asked: Promise<Asked> | undefined;

  constructor(
    private readonly rest: { readonly lines: Lines; readonly count: number },
    private readonly blocks: AsyncIterator<Block>,
  ) {}

  async ahead(): Promise<number | undefined> {
    const patience = new AbortController();
    const late = delay(AHEAD_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    try {
      for (let bytes = 0; bytes < MOST_AHEAD; ) {
        const asked = this.next();
        const block = await Promise.race([asked, late]);
        if (block === undefined) {
          this.asked = asked;
          // Whoever reads on hears of it.
          asked.catch(() => undefined);
          return undefined;
        }
        if (block.done === true) return this.waiting.reduce((sum, { count }) => sum + count, this.rest.count);
        this.waiting.push(block.value);
        bytes += block.value.bytes.length;
      }
      return undefined;
    } finally {
      patience.abort();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly ArrivedTile[], void, undefined> {
    yield* tilesOf(this.rest.lines);
    for (let block = this.waiting.shift(); block !== undefined; block = this.waiting.shift()) {
      // Nothing is waited for here: others get their turn all the same.
      await nextTurn();
      yield* tilesOf(linesOf(block));
    }
    for (let block = await this.next(); block.done !== true; block = await this.next()) yield* tilesOf(linesOf(block.value));
  }

  private next(): Promise<Asked> {
    const { asked } = this;
    this.asked = undefined;
    return asked ?? this.blocks.next();
  }
}

function* tilesOf(lines: Lines): Generator<readonly ArrivedTile[], void, undefined> {
  let tiles: ArrivedTile[] = [];
  for (let line = lines.next(); line.done !== true; line = lines.next()) {
    tiles.push(parseLine(line.value));
    if (tiles.length < LINES_AT_ONCE) continue;
    yield tiles;
    tiles = [];
  }
  if (tiles.length > 0) yield tiles;
}

function parseLine(line: Buffer): ArrivedTile {
  if (!isUtf8(line)) return new Malformed('is not UTF-8');
  try {
    const value = JSON.parse(line.toString('utf8')) as Json;
    return isTooDeep(value) ? new Malformed('is nested deeper than 100 levels') : value;
  } catch (error) {
    return new Malformed(`is not JSON: ${messageOf(error)}`);
  }
}

function isBlank(bytes: Buffer, from: number, to: number): boolean {
  return from === to || ((bytes[from] ?? 0) <= 32 && bytes.toString('latin1', from, to).trim() === '');
}

/** Lines that are not empty, without their newlines. */
function* linesOf({ bytes }: Block): Generator<Buffer, undefined, undefined> {
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, from);
    const to = newline < 0 ? bytes.length : newline;
    if (!isBlank(bytes, from, to)) yield bytes.subarray(from, to);
    from = to + 1;
  }
}

/** Whole lines as the pieces of the stream complete them. @throws TooLarge for a line over 1 MB */
async function* blocksOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<Block> {
  let begun: Buffer[] = [];
  let length = 0;
  let lines = 0;
  const complete = (last: Buffer): Block => {
    const block = begun.length === 0 ? last : Buffer.concat([...begun, last]);
    begun = [];
    length = 0;
    let count = 0;
    for (let from = 0; from < block.length; ) {
      const newline = block.indexOf(NEWLINE, from);
      const to = newline < 0 ? block.length : newline;
      lines += 1;
      if (to - from > MOST_LINE_BYTES) throw tooLong(lines);
      if (!isBlank(block, from, to)) count += 1;
      from = to + 1;
    }
    return { bytes: block, count };
  };
  for await (const piece of bytes) {
    const end = piece.lastIndexOf(NEWLINE) + 1;
    const block = end === 0 ? undefined : complete(piece.subarray(0, end));
    if (end < piece.length) {
      begun.push(piece.subarray(end));
      length += piece.length - end;
      if (begun.length >= MOST_PIECES) begun = [Buffer.concat(begun)];
      if (length > MOST_LINE_BYTES) throw tooLong(lines + 1);
    }
    if (block !== undefined) yield block;
  }
  if (length > 0) yield complete(Buffer.alloc(0));
}

const tooLong = (line: number): DomainError => new DomainError('TooLarge', `Line ${line} of the body is longer than 1 MB.`);
