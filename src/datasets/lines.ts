/** `application/x-ndjson`: a head on the first line, then one tile a line, read as the bytes come (API.md section 2). */
import { isUtf8 } from 'node:buffer';
import { DomainError, invalidInput, messageOf } from '../errors.js';
import { isTooDeep } from '../json-text.js';
import type { Json } from '../json.js';
import { type ArrivedTile, type DatasetUpload, Malformed } from './upload.js';

/** API.md section 8, Bodies. */
export const MOST_LINE_BYTES = 1024 * 1024;

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
  return { head: parsed, tiles: tilesOf(rest, batches) };
}

async function* tilesOf(rest: readonly Buffer[], batches: AsyncIterator<readonly Buffer[]>): AsyncGenerator<readonly ArrivedTile[]> {
  if (rest.length > 0) yield rest.map(parseLine);
  for (let batch = await batches.next(); batch.done !== true; batch = await batches.next()) yield batch.value.map(parseLine);
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
