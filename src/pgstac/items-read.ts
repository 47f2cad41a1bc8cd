/** Items out of `pgstac.items`: rows hydrated here, since pgSTAC spends 10 times a page's query on doing it in PL/pgSQL. */
import { type CustomTypesConfig, types } from 'pg';
import { isObject, type Json, type JsonObject } from '../json.js';
import { BASE_VERSION, type BaseItems, baseItemsOf, type Queryable } from './base-items.js';
import { BASE_ITEM_TAG, DO_NOT_MERGE, hydrate } from './hydrate.js';
import { jsonMembers } from './json-members.js';

/** The columns of {@link ContentRow}, of alias `i`. */
export const CONTENT_COLUMNS = 'i.id, i.collection, ST_AsGeoJSON(i.geometry, 15) AS geometry, i.content';
/** The columns of {@link ItemRow}, of alias `i`. */
export const ITEM_COLUMNS = `${CONTENT_COLUMNS}, ${BASE_VERSION} AS base_version`;

/** What {@link ROW_VERSION} is made of, of the table itself. */
export const SYSTEM_COLUMNS = 'i.tableoid AS part, i.xmin AS born, i.ctid AS place';
/** Names one state of one row for ever: PostgreSQL writes a changed row elsewhere, and a place used again has another birth. */
export const ROW_VERSION = "i.part || ' ' || i.born || i.place AS version";

/** Read with {@link ROW_TYPES}: json comes as text. */
export interface ContentRow {
  readonly id: string;
  readonly collection: string;
  readonly geometry: string;
  readonly content: string;
}

export interface ItemRow extends ContentRow {
  readonly base_version: string | null;
}

const JSONB = 3802;
const asText = (text: string): string => text;

/** For queries of {@link ITEM_COLUMNS}: jsonb is left as the text it comes as, since most of it goes out as it came. */
export const ROW_TYPES: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === JSONB ? asText : format === 'binary' ? types.getTypeParser(oid, 'binary') : types.getTypeParser(oid, 'text')) as CustomTypesConfig['getTypeParser'],
};

/** An item as it is stored, with what was taken out of it. */
export interface StoredItem {
  readonly id: string;
  readonly collection: string;
  /** GeoJSON text. */
  readonly geometry: string;
  /** The text of pgSTAC's `content`. */
  readonly content: string;
  readonly bases: BaseItems;
}

/** The base item that the stored content was dehydrated against, by its tag's JSON text. */
function baseOf({ bases }: StoredItem, tag: string | undefined): JsonObject {
  if (bases.history.size === 0) return bases.current;
  if (tag === undefined) return bases.untagged;
  return bases.history.get(Number(tag)) ?? bases.current;
}

/** The base item that an item's stored content leaves out. */
export function baseItemOf(stored: StoredItem): JsonObject {
  const isTagged = stored.content.includes(BASE_ITEM_TAG);
  return baseOf(stored, isTagged ? jsonMembers(stored.content).get(BASE_ITEM_TAG) : undefined);
}

/** The whole item as an object of its own. */
export function readItem(stored: StoredItem): JsonObject {
  const { [BASE_ITEM_TAG]: tag, ...content } = JSON.parse(stored.content) as JsonObject;
  const base = baseOf(stored, tag === undefined ? undefined : JSON.stringify(tag));
  const item: JsonObject = { type: 'Feature', stac_version: '1.0.0', ...hydrate(content, base) };
  item['id'] = stored.id;
  item['collection'] = stored.collection;
  item['geometry'] = JSON.parse(stored.geometry) as Json;
  const { properties } = item;
  // STAC requires the member; pgSTAC's own writers strip nulls (strip_jsonb).
  if (isObject(properties) && properties['datetime'] === undefined) properties['datetime'] = null;
  if (item['links'] === undefined) item['links'] = [];
  if (item['assets'] === undefined) item['assets'] = {};
  return item;
}

/** The same as JSON texts of its members: only what differs between storage and answer is parsed. */
export function readMembers(stored: StoredItem): Map<string, string> {
  const content = jsonMembers(stored.content);
  const base = baseOf(stored, content.get(BASE_ITEM_TAG));
  content.delete(BASE_ITEM_TAG);
  hydrateMembers(content, base);
  const item = new Map([['type', '"Feature"'], ['stac_version', '"1.0.0"'], ['id', JSON.stringify(stored.id)], ['collection', JSON.stringify(stored.collection)], ['geometry', stored.geometry]]);
  for (const [key, text] of content) if (!COLUMNS.has(key)) item.set(key, text);
  const properties = item.get('properties');
  if (properties !== undefined && !hasDatetime(properties)) item.set('properties', properties === '{}' ? '{"datetime":null}' : `{"datetime":null,${properties.slice(1)}`);
  if (!item.has('links')) item.set('links', '[]');
  if (!item.has('assets')) item.set('assets', '{}');
  return item;
}

const COLUMNS = new Set(['id', 'collection', 'geometry']);

/** A datetime may be missing only where the item has an interval; then a nested member could be taken for it. */
const hasDatetime = (properties: string): boolean =>
  properties.includes('"datetime":') && (!properties.includes('"start_datetime":') || jsonMembers(properties).has('datetime'));

/** JSON texts of base items' members, which thousands of items share. */
const baseTexts = new WeakMap<JsonObject, Map<string, string>>();

function textsOf(base: JsonObject): Map<string, string> {
  const found = baseTexts.get(base);
  if (found !== undefined) return found;
  const made = new Map(Object.entries(base).map(([key, value]) => [key, JSON.stringify(value)]));
  baseTexts.set(base, made);
  return made;
}

const MARKER = JSON.stringify(DO_NOT_MERGE);

function hydrateMembers(content: Map<string, string>, base: JsonObject): void {
  for (const [key, baseText] of textsOf(base)) {
    const text = content.get(key);
    if (text === undefined) content.set(key, baseText);
    else if (text === MARKER) content.delete(key);
    else if (baseText.includes('{') && baseText !== '{}') {
      const value = base[key];
      const whole = hydrate({ [key]: JSON.parse(text) as Json }, value === undefined ? {} : { [key]: value });
      content.set(key, JSON.stringify(whole[key]));
    }
  }
}

/** Stored items for rows of {@link ITEM_COLUMNS}, in their order. */
export async function toItems(db: Queryable, rows: readonly ItemRow[]): Promise<StoredItem[]> {
  if (rows.length === 0) return [];
  return withBases(rows, await baseItemsOf(db, rows));
}

/** The same where the base items were read before. */
export function withBases(rows: readonly ContentRow[], bases: ReadonlyMap<string, BaseItems>): StoredItem[] {
  return rows.map(({ id, collection, geometry, content }) => {
    const base = bases.get(collection);
    if (base === undefined) throw new Error(`The base item of ${collection} was not read.`);
    return { id, collection, geometry, content, bases: base };
  });
}

/** One item as it is stored, or undefined. */
export async function findStoredItem(db: Queryable, collection: string, id: string): Promise<StoredItem | undefined> {
  const { rows } = await db.query<ItemRow>({
    name: 'find-item',
    text: `SELECT ${ITEM_COLUMNS} FROM pgstac.items i WHERE i.collection = $1 AND i.id = $2`,
    values: [collection, id],
    types: ROW_TYPES,
  });
  return (await toItems(db, rows))[0];
}

/** One item, or undefined. */
export async function findItem(db: Queryable, collection: string, id: string): Promise<JsonObject | undefined> {
  const stored = await findStoredItem(db, collection, id);
  return stored === undefined ? undefined : readItem(stored);
}
