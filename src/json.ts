/** JSON as the domain handles it: its types, guards, and a canonical text for hashing. */
import { createHash } from 'node:crypto';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A string as it is, anything else as JSON text. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** Equality as jsonb sees it: the order of members does not matter. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((part, i) => sameJson(part, b[i]));
  if (isObject(a) && isObject(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
  }
  return false;
}

/** Names in their order, of the document before: those of a raster's tiles have the same names in the same order. */
let lastNames: { readonly given: readonly string[]; readonly sorted: readonly string[] } = { given: [], sorted: [] };

function sortedNames(given: readonly string[]): readonly string[] {
  const last = lastNames;
  if (given.length === last.given.length && given.every((name, i) => name === last.given[i])) return last.sorted;
  const sorted = given.toSorted();
  // Those of the documents within would only push it out.
  if (given.length > 3) lastNames = { given, sorted };
  return sorted;
}

/** JSON text with sorted members and without undefined ones: equal documents give equal text. Written for speed: a million tiles are hashed by it. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return value.every((part) => typeof part === 'number') ? JSON.stringify(value) : `[${value.map(canonicalJson).join(',')}]`;
  const members = value as JsonObject;
  let text = '';
  for (const key of sortedNames(Object.keys(members))) {
    const member: unknown = members[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

/** SHA-256 of the canonical text, base64url. */
export const jsonDigest = (value: unknown): string => createHash('sha256').update(canonicalJson(value)).digest('base64url');
