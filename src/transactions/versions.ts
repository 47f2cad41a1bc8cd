/** What names one stored state of an item or a collection, in any process and on any instance: a digest of what is stored. */
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '../json.js';
import { baseItemOf, type StoredItem } from '../pgstac/items-read.js';

/** 128 bits are enough to tell the states of one document apart. */
const digest = (...parts: readonly string[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('base64url').slice(0, 22);
};

/** Digests of base items, which all items of a collection share. */
const bases = new WeakMap<JsonObject, string>();

function baseDigest(base: JsonObject): string {
  const known = bases.get(base);
  if (known !== undefined) return known;
  const made = digest(canonicalJson(base));
  bases.set(base, made);
  return made;
}

/** The base item counts as well: what it says is part of the item as users see it. Some 10 µs. */
export const itemVersion = (stored: StoredItem): string => digest(stored.geometry, stored.content, baseDigest(baseItemOf(stored)));

export const collectionVersion = (collection: JsonObject): string => digest(canonicalJson(collection));
