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

/** Reads as far as the head. Empty lines do not count; a last line needs no newline. @throws InvalidInput for a head that is no JSON, TooLarge for a line over 1 MB, and whatever the bytes throw */
export async function uploadOfLines(bytes: AsyncIterable<Buffer>): Promise<DatasetUpload> {
  const batches = linesOf(bytes)[Symbol.asyncIterator]();
  let first = await batches.next();
  while (first.done !== true && first.value.length === 0) first = await batches.next();
  const [head, ...rest] = first.done === true ? [] : first.value;
  if (head === undefined) throw invalidInput('The body is empty: its first line must hold the dataset.', [{ path: '', message: 'must not be empty' }]);
  const parsed = parseLine(head);
  if (parsed instanceof Malformed) throw invalidInput(`The first line ${parsed.message}`, [{ path: '', message: parsed.message }]);
  const tiles = new TileLines(rest, batches);
  return { head: parsed, tiles, ahead: () => tiles.ahead() };
}

type Batch = IteratorResult<readonly Buffer[]>;

/** The lines after the first. */
class TileLines {
  private readonly waiting: (readonly Buffer[])[];
  /** Asked for already, and not yet there when reading ahead took too long. */
  private asked: Promise<Batch> | undefined;

  constructor(
    rest: readonly Buffer[],
    private readonly batches: AsyncIterator<readonly Buffer[]>,
  ) {
    this.waiting = [rest];
  }

  async ahead(): Promise<number | undefined> {
    const patience = new AbortController();
    const late = delay(AHEAD_MS, undefined, { signal: patience.signal }).catch(() => undefined);
    try {
      for (let bytes = 0; bytes < MOST_AHEAD; ) {
        const asked = this.next();
        const batch = await Promise.race([asked, late]);
        if (batch === undefined) {
          this.asked = asked;
          // Whoever reads on hears of it.
          asked.catch(() => undefined);
          return undefined;
        }
        if (batch.done === true) return this.waiting.reduce((sum, lines) => sum + lines.length, 0);
        this.waiting.push(batch.value);
        bytes += batch.value.reduce((sum, line) => sum + line.length, 0);
      }
      return undefined;
    } finally {
      patience.abort();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly ArrivedTile[], void, undefined> {
    for (let lines = this.waiting.shift(); lines !== undefined; lines = this.waiting.shift()) {
      yield lines.map(parseLine);
      // Nothing is waited for here: others get their turn all the same.
      await nextTurn();
    }
    for (let batch = await this.next(); batch.done !== true; batch = await this.next()) yield batch.value.map(parseLine);
  }

  private next(): Promise<Batch> {
    const { asked } = this;
    this.asked = undefined;
    return asked ?? this.batches.next();
  }
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

const isBlank = (line: Buffer): boolean => (line[0] ?? 0) <= 32 && line.toString('latin1').trim() === '';

/** The lines that each piece of the stream completes. */
async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  let begun: Buffer[] = [];
  let length = 0;
  let count = 0;
  const finish = (last: Buffer, lines: Buffer[]): void => {
    if (length + last.length > MOST_LINE_BYTES) throw tooLong(count + 1);
    const line = begun.length === 0 ? last : Buffer.concat([...begun, last]);
    begun = [];
    length = 0;
    count += 1;
    if (!isBlank(line)) lines.push(line);
  };
  for await (const piece of bytes) {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, from)) {
      finish(piece.subarray(from, at), lines);
      from = at + 1;
    }
    if (from < piece.length) {
      begun.push(piece.subarray(from));
      length += piece.length - from;
      if (length > MOST_LINE_BYTES) throw tooLong(count + 1);
    }
    if (lines.length > 0) yield lines;
  }
  const lines: Buffer[] = [];
  finish(Buffer.alloc(0), lines);
  if (lines.length > 0) yield lines;
}

const tooLong = (line: number): DomainError => new DomainError('TooLarge', `Line ${line} of the body is longer than 1 MB.`);
