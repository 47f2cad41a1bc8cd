/** What JSON can write and neither PostgreSQL nor our own walks through a document can hold: found once, before anything reads a body. */
import { type Fault, invalidAt } from './errors.js';

/** Documents of STAC are some ten deep; each level costs stack in whatever walks them, here and in PostgreSQL. */
const MOST_DEEP = 100;
const MOST_FAULTS = 100;

/** A member's name as a step of a JSON pointer (RFC 6901 section 3). */
const step = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

const textFault = (text: string): string | undefined => {
  if (text.includes('\0')) return 'holds U+0000, which the database cannot hold';
  return text.isWellFormed() ? undefined : 'holds half a surrogate pair: it is no well-formed Unicode';
};

/** @throws InvalidInput where a document is nested deeper than anything may walk */
export function checkDepth(value: unknown, path = '', depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MOST_DEEP) throw invalidAt(path.slice(0, 200), `is nested deeper than ${MOST_DEEP} levels`);
  for (const [name, part] of Object.entries(value)) checkDepth(part, `${path}/${step(name)}`, depth + 1);
}

/** Whether a document is nested deeper than {@link checkDepth} lets through. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth >= MOST_DEEP) return true;
  if (Array.isArray(value)) return value.some((part) => isTooDeep(part, depth + 1));
  for (const name in value) if (isTooDeep((value as Record<string, unknown>)[name], depth + 1)) return true;
  return false;
}

/** Each text, name and number that cannot be stored, at most 100. The document is one that {@link checkDepth} let through. */
export function unstorable(value: unknown, path = ''): Fault[] {
  if (isStorable(value)) return [];
  const faults: Fault[] = [];
  visit(value, path, faults);
  return faults;
}

/** The same question without the places, which cost more than the looking. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return textFault(value) === undefined;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isStorable);
  if (typeof value !== 'object' || value === null) return true;
  for (const [name, part] of Object.entries(value)) if (textFault(name) !== undefined || !isStorable(part)) return false;
  return true;
}

function visit(value: unknown, path: string, faults: Fault[]): void {
  if (faults.length >= MOST_FAULTS) return;
  if (typeof value === 'string') {
    const message = textFault(value);
    if (message !== undefined) faults.push({ path, message });
  } else if (typeof value === 'number') {
    // JSON.stringify would write it as null.
    if (!Number.isFinite(value)) faults.push({ path, message: 'is a number beyond 1.8e308' });
  } else if (Array.isArray(value)) {
    value.forEach((part, i) => visit(part, `${path}/${i}`, faults));
  } else if (typeof value === 'object' && value !== null) {
    visitMembers(value, path, faults);
  }
}

function visitMembers(value: object, path: string, faults: Fault[]): void {
  for (const [name, part] of Object.entries(value)) {
    const message = textFault(name);
    if (message === undefined) visit(part, `${path}/${step(name)}`, faults);
    else faults.push({ path, message: `has a member whose name ${message}` });
  }
}
