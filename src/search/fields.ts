/** The fields extension 1.0.0: which members of items and collections an answer holds. */
import { invalidAt } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';

export interface FieldSet {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const MAX_FIELDS = 200;

const ROOT = new Set(['id', 'type', 'geometry', 'bbox', 'links', 'assets', 'collection', 'stac_version', 'stac_extensions', 'properties']);

/**
 * What an answer holds whatever is included (section Include/Exclude Semantics, 1): a valid item. The whole time of an item whose
 * datetime is null, and the projection on its own grid, by which odc-stac loads it, belong to that.
 */
const DEFAULTS: readonly string[] = [
  'id', 'type', 'stac_version', 'collection', 'geometry', 'bbox', 'links', 'assets',
  ...['datetime', 'start_datetime', 'end_datetime', 'proj:code', 'proj:epsg', 'proj:shape', 'proj:transform', 'proj:bbox'].map((name) => `properties.${name}`),
];

/** `fields` of GET: `a,+b,-c`; nothing at all asks for the default set. */
export function parseFieldsText(text: string): FieldSet {
  const parts = text.split(',').map((part) => part.trim()).filter((part) => part !== '');
  const name = (part: string): string => part.replace(/^[+-]\s*/, '');
  const isExcluded = (part: string): boolean => part.startsWith('-');
  return checked({ include: parts.filter((part) => !isExcluded(part)).map(name), exclude: parts.filter(isExcluded).map(name) }, 'fields');
}

/** `fields` of a body. @throws InvalidInput */
export function parseFields(value: unknown, at: string): FieldSet {
  if (!isObject(value)) throw invalidAt(at, 'must be {"include": […], "exclude": […]}');
  const strange = Object.keys(value).find((name) => name !== 'include' && name !== 'exclude');
  if (strange !== undefined) throw invalidAt(`${at}/${strange}`, 'is not a member of fields: include and exclude are');
  const names = (member: 'include' | 'exclude'): string[] => {
    const list = value[member] ?? [];
    if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) throw invalidAt(`${at}/${member}`, 'must be an array of strings');
    return list;
  };
  return checked({ include: names('include'), exclude: names('exclude') }, at);
}

function checked(fields: FieldSet, at: string): FieldSet {
  const { include, exclude } = fields;
  if (include.length + exclude.length > MAX_FIELDS) throw invalidAt(at, `names ${include.length + exclude.length} fields; ${MAX_FIELDS} are the most`);
  if ([...include, ...exclude].some((name) => name === '')) throw invalidAt(at, 'names an empty field');
  return fields;
}

/** How the fields of one kind of document are named, and which it always has. */
export interface FieldShape {
  readonly defaults: readonly string[];
  readonly pathOf: (name: string) => string;
  /** A member that stays as an empty object where nothing of it is asked for. */
  readonly kept?: string;
}

/** A name that is no member of items is a member of their properties, with or without the prefix. */
const ITEM_FIELDS: FieldShape = {
  defaults: DEFAULTS,
  pathOf: (name) => (ROOT.has(name.split('.')[0] ?? '') ? name : `properties.${name}`),
  // Without it a reader cannot tell "no properties asked for" from a broken feature (RFC 7946 section 3.2).
  kept: 'properties',
};

/** Collections have no `properties`; what makes them valid, and the title by which lists show them, is always there. */
export const COLLECTION_FIELDS: FieldShape = {
  defaults: ['type', 'stac_version', 'id', 'title', 'description', 'license', 'extent', 'links'],
  pathOf: (name) => name,
};

/** The document with what is included and not excluded; a field that it lacks is no error. */
export function selectFields(document: JsonObject, { include, exclude }: FieldSet, { defaults, pathOf, kept }: FieldShape = ITEM_FIELDS): JsonObject {
  const selected: JsonObject = {};
  for (const path of [...defaults, ...include.map(pathOf)]) copy(document, selected, path);
  for (const path of exclude.map(pathOf)) remove(selected, path);
  if (kept !== undefined && !exclude.includes(kept) && selected[kept] === undefined) selected[kept] = {};
  return selected;
}

/** The member that a path begins with, as long as possible: names of members may hold dots themselves. */
function step(from: JsonObject, path: string): { key: string; rest: string | undefined } | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('.', end - 1)) {
    const key = path.slice(0, end);
    if (Object.hasOwn(from, key)) return { key, rest: end === path.length ? undefined : path.slice(end + 1) };
  }
  return undefined;
}

function copy(from: JsonObject, to: JsonObject, path: string): void {
  const found = step(from, path);
  if (found === undefined) return;
  const { key, rest } = found;
  const value = from[key] ?? null;
  if (rest === undefined) {
    to[key] = isObject(value) ? clone(value) : value;
    return;
  }
  if (!isObject(value)) return;
  const known = to[key];
  const inner: JsonObject = isObject(known) ? known : {};
  copy(value, inner, rest);
  if (known === undefined && Object.keys(inner).length > 0) to[key] = inner;
}

/** Objects are copied, since excluding deletes from them; base items are shared between answers. */
const clone = (value: JsonObject): JsonObject => Object.fromEntries(Object.entries(value).map(([key, part]): [string, Json] => [key, isObject(part) ? clone(part) : part]));

function remove(from: JsonObject, path: string): void {
  const found = step(from, path);
  if (found === undefined) return;
  const value = from[found.key];
  if (found.rest === undefined) delete from[found.key];
  else if (isObject(value)) remove(value, found.rest);
}
