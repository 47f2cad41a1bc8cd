/** The fields extension 1.0.0: which members of items and collections an answer holds. */
import { invalidAt } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';

export interface FieldSet {
  /** Undefined: nothing was said of it, which is not the same as nothing to include. */
  readonly include?: readonly string[];
  readonly exclude: readonly string[];
}

const MAX_FIELDS = 200;

const ROOT = new Set(['id', 'type', 'geometry', 'bbox', 'links', 'assets', 'collection', 'stac_version', 'stac_extensions', 'properties']);

/** What tells one item from another, however little of it is asked for. */
const IDENTITY: readonly string[] = ['id', 'type', 'stac_version', 'collection'];

/**
 * The default set (section Include/Exclude Semantics, 1): a valid item. The whole time of an item whose datetime is null, and the
 * projection on its own grid, by which odc-stac loads it, belong to that.
 */
const DEFAULTS: readonly string[] = [
  ...IDENTITY, 'geometry', 'bbox', 'links', 'assets',
  ...['datetime', 'start_datetime', 'end_datetime', 'proj:code', 'proj:epsg', 'proj:shape', 'proj:transform', 'proj:bbox'].map((name) => `properties.${name}`),
];

/** `fields` of GET: `a,+b,-c`; without a field to include it is about the default set (rules 1 and 4). */
export function parseFieldsText(text: string): FieldSet {
  const parts = text.split(',').map((part) => part.trim()).filter((part) => part !== '');
  const name = (part: string): string => part.replace(/^[+-]\s*/, '');
  const isExcluded = (part: string): boolean => part.startsWith('-');
  return checked({ include: parts.filter((part) => !isExcluded(part)).map(name), exclude: parts.filter(isExcluded).map(name) }, 'fields');
}

/** `fields` of a body. `include` that is null or empty asks for the default set, none at all for every field (rules 3 and 4). @throws InvalidInput */
export function parseFields(value: unknown, at: string): FieldSet {
  if (!isObject(value)) throw invalidAt(at, 'must be {"include": […], "exclude": […]}');
  const strange = Object.keys(value).find((name) => name !== 'include' && name !== 'exclude');
  if (strange !== undefined) throw invalidAt(`${at}/${strange}`, 'is not a member of fields: include and exclude are');
  const names = (member: 'include' | 'exclude'): string[] => {
    const list = value[member] ?? [];
    if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) throw invalidAt(`${at}/${member}`, 'must be an array of strings');
    return list;
  };
  const exclude = names('exclude');
  const isAll = value['include'] === undefined && exclude.length > 0;
  return checked(isAll ? { exclude } : { include: names('include'), exclude }, at);
}

function checked(fields: FieldSet, at: string): FieldSet {
  const { include = [], exclude } = fields;
  if (include.length + exclude.length > MAX_FIELDS) throw invalidAt(at, `names ${include.length + exclude.length} fields; ${MAX_FIELDS} are the most`);
  if ([...include, ...exclude].some((name) => name === '')) throw invalidAt(at, 'names an empty field');
  return fields;
}

/** How the fields of one kind of document are named, and which it has unless they are excluded. */
export interface FieldShape {
  /** What it holds where nothing is included. */
  readonly defaults: readonly string[];
  /** What it holds beside members that are included by their names alone. */
  readonly always: readonly string[];
  readonly pathOf: (name: string) => string;
}

/** A name that is no member of items is a member of their properties, with or without the prefix. */
const ITEM_FIELDS: FieldShape = {
  defaults: DEFAULTS,
  always: IDENTITY,
  pathOf: (name) => (ROOT.has(name.split('.')[0] ?? '') ? name : `properties.${name}`),
};

const COLLECTION_DEFAULTS = ['type', 'stac_version', 'id', 'title', 'description', 'license', 'extent', 'links'];

/** Collections have no `properties`; what makes them valid, and the title by which lists show them, is small and always there. */
export const COLLECTION_FIELDS: FieldShape = { defaults: COLLECTION_DEFAULTS, always: COLLECTION_DEFAULTS, pathOf: (name) => name };

/**
 * The document with what is included and without what is excluded (fields 1.0.0, section Include/Exclude Semantics). The longer of
 * two paths has its way; of the same path twice, the one to include. A field that the document lacks is no error.
 */
export function selectFields(document: JsonObject, { include, exclude }: FieldSet, { defaults, always, pathOf }: FieldShape = ITEM_FIELDS): JsonObject {
  const asked = (include ?? []).map(pathOf);
  const selected: JsonObject = include === undefined ? clone(document) : {};
  // Who asks for a property wants items that have it, whole enough to be read; who names members, or no property but some, has said which.
  const isWhole = asked.length === 0 || (!exclude.includes('properties') && asked.some((path) => path === 'properties' || path.startsWith('properties.')));
  if (include !== undefined) for (const path of isWhole ? defaults : always) copy(document, selected, path);
  const steps = [...exclude.map((name) => ({ path: pathOf(name), isIncluded: false })), ...asked.map((path) => ({ path, isIncluded: true }))];
  for (const { path, isIncluded } of steps.toSorted((one, other) => one.path.length - other.path.length)) {
    if (isIncluded) copy(document, selected, path);
    else remove(selected, path);
  }
  // A reader of the property that it asked for shall not stumble over an item without any (RFC 7946 section 3.2).
  if (asked.some((path) => path.startsWith('properties'))) selected['properties'] ??= {};
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
