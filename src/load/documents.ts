/** STAC documents in files as tools write them: one document, NDJSON, text sequences, JSON arrays and item collections, packed or not. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf } from '../errors.js';
import { isObject } from '../json.js';

export interface ReadDocument {
  /** Where it stands: `items.ndjson:12`, `items.json#/features/3`, or the file alone. */
  readonly at: string;
  readonly document: unknown;
}

/** A part of a file that is no JSON. */
export interface Unreadable {
  readonly at: string;
  readonly error: string;
}

/** The longest text that is parsed in one piece: V8 has no longer strings. NDJSON may be of any size. */
const MOST_CHARACTERS = 2 ** 29 - 24;

/** The bytes of a file, unpacked where its name ends in .gz. */
export function bytesOfFile(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path, { highWaterMark: 1024 * 1024 });
  if (!path.endsWith('.gz')) return file;
  const unpacked = createGunzip();
  file.on('error', (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
}

/**
 * Every document of a file, one after another, so that memory does not grow with NDJSON.
 * @param name how the file is called in places
 * @throws what reading the bytes throws
 */
export async function* readDocuments(name: string, bytes: AsyncIterable<Buffer>): AsyncGenerator<ReadDocument | Unreadable> {
  const lines = linesOf(bytes);
  let number = 0;
  let first = '';
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    number += 1;
    if (line.value.trim() === '') continue;
    first = line.value;
    break;
  }
  if (first === '') return;
  const parsed = parse(first);
  // A line that begins and ends as an object does is one document of many, damaged or not; all else goes over several lines.
  const second = parsed === undefined && !/^\s*\{.+\}\s*$/s.test(first) ? undefined : await nextFilled(lines);
  if (second === undefined) {
    if (parsed === undefined) yield* oneText(name, first, lines);
    else yield* expanded(name, '', parsed.value);
    return;
  }
  yield* ofLine(`${name}:${number}`, first);
  number += second.skipped + 1;
  yield* ofLine(`${name}:${number}`, second.line);
  for await (const line of lines) {
    number += 1;
    if (line.trim() !== '') yield* ofLine(`${name}:${number}`, line);
  }
}

async function nextFilled(lines: AsyncGenerator<string>): Promise<{ line: string; skipped: number } | undefined> {
  for (let skipped = 0; ; skipped += 1) {
    const next = await lines.next();
    if (next.done === true) return undefined;
    if (next.value.trim() !== '') return { line: next.value, skipped };
  }
}

function* ofLine(at: string, line: string): Generator<ReadDocument | Unreadable> {
  try {
    yield* expanded(at, '', JSON.parse(line));
  } catch (error) {
    yield { at, error: `is not JSON: ${messageOf(error)}` };
  }
}

async function* oneText(name: string, begun: string, lines: AsyncGenerator<string>): AsyncGenerator<ReadDocument | Unreadable> {
  const parts = [begun];
  let length = begun.length;
  for await (const line of lines) {
    parts.push(line);
    length += line.length + 1;
    if (length > MOST_CHARACTERS) {
      yield { at: name, error: 'is one JSON text of more than 512 MB: write NDJSON, one document a line' };
      return;
    }
  }
  try {
    yield* expanded(name, '', JSON.parse(parts.join('\n')));
  } catch (error) {
    yield { at: name, error: `is not JSON: ${messageOf(error)}` };
  }
}

/** The documents that arrays, item collections and lists of collections hold. */
function* expanded(at: string, pointer: string, value: unknown): Generator<ReadDocument> {
  const [list, step] = Array.isArray(value) ? [value as unknown[], ''] : membersOf(value);
  if (list === undefined) yield { at: pointer === '' ? at : `${at}#${pointer}`, document: value };
  else for (const [i, part] of list.entries()) yield* expanded(at, `${pointer}${step}/${i}`, part);
}

function membersOf(value: unknown): [unknown[] | undefined, string] {
  if (!isObject(value)) return [undefined, ''];
  const { type, features, collections } = value;
  if (type === 'FeatureCollection' && Array.isArray(features)) return [features, '/features'];
  return type === undefined && Array.isArray(collections) ? [collections, '/collections'] : [undefined, ''];
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const piece of bytes) {
    let from = 0;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
      const end = piece.subarray(from, at);
      yield textOf(begun.length === 0 ? end : Buffer.concat([...begun, end]));
      begun = [];
      from = at + 1;
    }
    if (from < piece.length) begun.push(piece.subarray(from));
  }
  if (begun.length > 0) yield textOf(Buffer.concat(begun));
}

/** The byte order mark that Windows editors put first, and the record separator of GeoJSON text sequences (RFC 8142). */
const MARKS = ['\uFEFF', '\u001E'];

/**
 * Without the mark that it may begin with.
 * @throws Error for other bytes than UTF-8 (RFC 8259 section 8.1)
 */
function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error('it is not UTF-8 text');
  const text = bytes.toString('utf8');
  return MARKS.includes(text.charAt(0)) ? text.slice(1) : text;
}
