/** JSON Patch (RFC 6902), checked before it is applied: every operation that cannot be is named by its place. */
import { applyPatch, type Operation } from 'rfc6902';
import { conflict, type Fault, invalidAt, invalidInput } from '../errors.js';
import { checkDepth } from '../json-text.js';
import { isObject, type Json, sameJson } from '../json.js';

const OPERATIONS: ReadonlySet<unknown> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);
const WITH_VALUE: ReadonlySet<unknown> = new Set(['add', 'replace', 'test']);
const WITH_FROM: ReadonlySet<unknown> = new Set(['move', 'copy']);

/** Names through which JavaScript would reach what all objects share. No document of STAC has members of these names. */
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Copies of copies double with each operation: a patch may not make more values than these. */
const MOST_COPIED = 100_000;
const MOST_OPERATIONS = 10_000;

/** RFC 6901 section 3: begins with a slash, and a tilde is followed by 0 or 1. */
const POINTER = /^(\/([^~/]|~[01])*)*$/;

const tokensOf = (pointer: string): string[] => pointer.split('/').slice(1).map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

function pointerFault(value: unknown): string | undefined {
  if (value === undefined) return 'is required';
  if (typeof value !== 'string' || !POINTER.test(value)) return 'must be a JSON pointer (RFC 6901)';
  return tokensOf(value).some((token) => RESERVED.has(token)) ? 'names what no document may have' : undefined;
}

/** The faults of one operation, whatever the document (RFC 6902 section 4). */
function faultsOf(operation: unknown, at: string): Fault[] {
  if (!isObject(operation)) return [{ path: at, message: 'must be an object' }];
  const { op } = operation;
  if (!OPERATIONS.has(op)) return [{ path: `${at}/op`, message: `must be one of ${[...OPERATIONS].join(', ')}` }];
  const faults: Fault[] = [];
  for (const name of WITH_FROM.has(op) ? ['path', 'from'] : ['path']) {
    const message = pointerFault(operation[name]);
    if (message !== undefined) faults.push({ path: `${at}/${name}`, message });
  }
  if (WITH_VALUE.has(op) && !Object.hasOwn(operation, 'value')) faults.push({ path: `${at}/value`, message: 'is required' });
  return faults;
}

/** @throws InvalidInput that names every malformed operation */
function parsePatch(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) throw invalidInput('A JSON patch must be an array of operations (RFC 6902).', [{ path: '', message: 'must be an array' }]);
  if (patch.length > MOST_OPERATIONS) throw invalidInput(`A JSON patch of more than ${MOST_OPERATIONS} operations is refused.`, [{ path: '', message: 'has too many operations' }]);
  const faults = patch.flatMap((operation, i) => faultsOf(operation, `/${i}`));
  if (faults.length > 0) throw invalidInput(`The JSON patch has a malformed operation: ${faults[0]?.path} ${faults[0]?.message}`, faults);
  return patch as Operation[];
}

const INDEX = /^(0|[1-9]\d*)$/;

/** What a pointer names, own members only; undefined where there is nothing. */
function valueAt(document: Json, tokens: readonly string[]): Json | undefined {
  let value: Json | undefined = document;
  for (const token of tokens) {
    if (Array.isArray(value)) value = INDEX.test(token) ? value[Number(token)] : undefined;
    else if (isObject(value)) value = Object.hasOwn(value, token) ? value[token] : undefined;
    else return undefined;
  }
  return value;
}

/** Whether a value can be added there (RFC 6902 section 4.1). */
function isPlace(document: Json, tokens: readonly string[]): boolean {
  const last = tokens.at(-1);
  if (last === undefined) return true;
  const parent = valueAt(document, tokens.slice(0, -1));
  if (Array.isArray(parent)) return last === '-' || (INDEX.test(last) && Number(last) <= parent.length);
  return isObject(parent);
}

const sizeOf = (value: unknown): number =>
  typeof value === 'object' && value !== null ? Object.values(value).reduce((sum: number, part) => sum + sizeOf(part), 1) : 1;

/** Fails for what the operation needs and the document has not. */
function checkAgainst(document: Json, operation: Operation, at: string): void {
  const tokens = tokensOf(operation.path);
  const { op } = operation;
  if (op === 'test') {
    const value = valueAt(document, tokens);
    if (value === undefined || !sameJson(value, operation.value)) throw conflict(`The test of operation ${at.slice(1)} fails: ${operation.path} holds something else.`, [{ path: at, message: 'is a test that fails' }]);
  } else if (op === 'remove' || op === 'replace') {
    if (valueAt(document, tokens) === undefined) throw invalidAt(`${at}/path`, 'names nothing in the document');
  } else {
    if ((op === 'move' || op === 'copy') && valueAt(document, tokensOf(operation.from)) === undefined) throw invalidAt(`${at}/from`, 'names nothing in the document');
    if (op === 'move' && operation.path.startsWith(`${operation.from}/`)) throw invalidAt(`${at}/path`, 'lies in what is moved');
    if (!isPlace(document, tokens)) throw invalidAt(`${at}/path`, 'names no place in the document');
  }
}

/**
 * The document with the patch applied, all of it or nothing; the one given is not changed.
 * @throws InvalidInput for a malformed operation, and for one whose path is not there; Conflict where a `test` fails (API.md section 8)
 */
export function applyJsonPatch(document: Json, patch: unknown): Json {
  const operations = parsePatch(patch);
  // The root is a member like any other, so that operations on the whole document need no case of their own.
  const holder: { root: Json } = { root: structuredClone(document) };
  let copied = 0;
  operations.forEach((operation, i) => {
    const at = `/${i}`;
    checkAgainst(holder.root, operation, at);
    if (operation.op === 'test') return;
    if (operation.op === 'copy') {
      copied += sizeOf(valueAt(holder.root, tokensOf(operation.from)));
      if (copied > MOST_COPIED) throw invalidAt(at, `copies more than ${MOST_COPIED} values`);
    }
    const moved = 'from' in operation ? { from: `/root${operation.from}` } : {};
    const [error] = applyPatch(holder, [{ ...operation, path: `/root${operation.path}`, ...moved }]);
    if (error != null) throw invalidAt(at, 'cannot be applied to the document');
    if (operation.op === 'copy' || operation.op === 'move') checkDepth(holder.root);
  });
  return holder.root ?? null;
}
