/** What pgSTAC knows of properties: their types and indexes, for filters and sorting. */
import { LRUCache } from 'lru-cache';
import type { ClientBase, Pool } from 'pg';
import { itemResolver, type IndexWrapper, type PropertyDefinition, type PropertyResolver, type PropertyType } from '../cql2/resolver.js';
import { isObject, type JsonObject } from '../json.js';

interface Row {
  readonly name: string;
  readonly collection_ids: string[] | null;
  readonly definition: JsonObject | null;
  /** Keys below `content` on 0.10; a dotted path, which is the name's own, before. */
  readonly property_path: string[] | string | null;
  readonly property_wrapper: string | null;
  readonly property_index_type: string | null;
}

const WRAPPERS: readonly IndexWrapper[] = ['to_text', 'to_int', 'to_float', 'to_tstz', 'to_text_array'];

function typeOf(definition: JsonObject | null): PropertyType {
  const { type, format } = definition ?? {};
  if (type === 'string' && format === 'date-time') return 'datetime';
  if (type === 'string' && format === 'date') return 'date';
  if (type === 'string' || type === 'number' || type === 'integer' || type === 'boolean' || type === 'array') return type;
  return 'json';
}

function toDefinition(row: Row, collections: readonly string[] | undefined): PropertyDefinition {
  const wrapper = WRAPPERS.find((known) => known === row.property_wrapper);
  const inEvery = row.collection_ids === null || (collections ?? []).every((id) => row.collection_ids?.includes(id) === true);
  const indexed = row.property_index_type !== null && inEvery && (row.collection_ids === null || (collections ?? []).length > 0);
  return {
    name: row.name,
    type: typeOf(row.definition),
    ...(Array.isArray(row.property_path) ? { path: row.property_path } : {}),
    ...(indexed && wrapper !== undefined ? { indexedAs: wrapper } : {}),
  };
}

/** Names on items for a search of these collections (all, where undefined). A row for some collections yields to one for all. */
export async function loadItemResolver(db: Pool | ClientBase, collections: readonly string[] | undefined): Promise<PropertyResolver> {
  const { rows } = await db.query<Row>(
    `SELECT name, collection_ids, definition, property_path, property_wrapper, property_index_type FROM pgstac.queryables
      WHERE collection_ids IS NULL OR $1::text[] IS NULL OR collection_ids && $1 ORDER BY collection_ids IS NULL, id`,
    [collections ?? null],
  );
  const known = rows.filter((row) => isObject(row.definition));
  return itemResolver({ properties: known.map((row) => toDefinition(row, collections)) });
}

/** How long registered queryables may be taken as they were: a search costs about as much as asking for them. */
const FRESH_MS = 2000;
const resolvers = new WeakMap<Pool, LRUCache<string, Promise<PropertyResolver>>>();

/** {@link loadItemResolver}, asked at most once in two seconds for the same collections. */
export function itemResolverOf(pool: Pool, collections: readonly string[] | undefined): Promise<PropertyResolver> {
  const known = resolvers.get(pool) ?? new LRUCache<string, Promise<PropertyResolver>>({ max: 500, ttl: FRESH_MS });
  resolvers.set(pool, known);
  const key = JSON.stringify(collections ?? null);
  const found = known.get(key);
  if (found !== undefined) return found;
  const asked = loadItemResolver(pool, collections);
  known.set(key, asked);
  asked.catch(() => known.delete(key));
  return asked;
}
