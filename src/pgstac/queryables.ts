/** What pgSTAC knows of properties: their types and indexes, for filters and sorting. */
import { LRUCache } from 'lru-cache';
import type { ClientBase, Pool } from 'pg';
import { itemResolver, type IndexWrapper, type PropertyDefinition, type PropertyResolver, type PropertyType } from '../cql2/resolver.js';
import { ofEach } from '../database/of-each.js';
import { isObject, type JsonObject } from '../json.js';
import type { Visibility } from './selection.js';

interface Row {
  readonly name: string;
  readonly collection_ids: string[] | null;
  readonly definition: JsonObject | null;
  /** Keys below `content` on 0.10; a dotted path, which is the name's own, before. */
  readonly property_path: string[] | string | null;
  readonly property_wrapper: string | null;
  readonly property_index_type: string | null;
  /** Whether this pgSTAC infers a wrapper from the definition where none is named (0.10 on). */
  readonly infers: boolean;
}

const WRAPPERS: readonly IndexWrapper[] = ['to_text', 'to_int', 'to_float', 'to_tstz', 'to_text_array'];

/** A type, or several of which one is usually `null`. */
const typesOf = ({ type }: JsonObject): readonly unknown[] => (Array.isArray(type) ? type : [type]);

function typeOf(definition: JsonObject | null): PropertyType {
  const { format } = definition ?? {};
  const [type, ...others] = typesOf(definition ?? {}).filter((name) => name !== 'null');
  if (others.length > 0) return 'json';
  if (type === 'string' && format === 'date-time') return 'datetime';
  if (type === 'string' && format === 'date') return 'date';
  if (type === 'string' || type === 'number' || type === 'integer' || type === 'boolean' || type === 'array') return type;
  return 'json';
}

/**
 * The function on whose result pgSTAC makes the index of a queryable: `queryable_wrapper()` of 0.10, `indexdef()` of 0.9, which
 * looks at the wrapper alone (0.9 reads such a number through to_float and so never finds its own index).
 */
function wrapperOf({ property_wrapper, definition, infers }: Row): IndexWrapper | undefined {
  if (property_wrapper !== null) return WRAPPERS.find((known) => known === property_wrapper);
  if (!infers) return 'to_text';
  const types = typesOf(definition ?? {});
  if (types.includes('integer')) return 'to_int';
  if (types.includes('number')) return 'to_float';
  if (types.includes('array')) return 'to_text_array';
  const format = definition?.['format'];
  return format === 'date-time' || format === 'date' ? 'to_tstz' : 'to_text';
}

function toDefinition(row: Row, collections: readonly string[] | undefined): PropertyDefinition {
  const wrapper = wrapperOf(row);
  const inEvery = row.collection_ids === null || (collections ?? []).every((id) => row.collection_ids?.includes(id) === true);
  const indexed = row.property_index_type !== null && inEvery && (row.collection_ids === null || (collections ?? []).length > 0);
  return {
    name: row.name,
    type: typeOf(row.definition),
    ...(Array.isArray(row.property_path) ? { path: row.property_path } : {}),
    ...(indexed && wrapper !== undefined ? { indexedAs: wrapper } : {}),
  };
}

/** One definition a name. A row for all collections wins; of rows for some that disagree only what they share is known. */
function distinct(rows: readonly Row[], collections: readonly string[] | undefined): PropertyDefinition[] {
  const found = new Map<string, PropertyDefinition>();
  for (const row of rows) {
    const [known, own] = [found.get(row.name), toDefinition(row, collections)];
    if (known === undefined || row.collection_ids === null) found.set(row.name, own);
    else if (known.type !== own.type || known.path?.join('\0') !== own.path?.join('\0')) found.set(row.name, { name: row.name, type: 'json' });
  }
  return [...found.values()];
}

/** Names on items for a search of these collections (all, where undefined), as far as they say nothing of hidden ones alone. */
export async function loadItemResolver(db: Pool | ClientBase, collections: readonly string[] | undefined, { hidden }: Visibility): Promise<PropertyResolver> {
  const { rows } = await db.query<Row>(
    `SELECT name, collection_ids, definition, property_path, property_wrapper, property_index_type,
            to_regprocedure('pgstac.queryable_wrapper(text, jsonb)') IS NOT NULL AS infers
       FROM pgstac.queryables
      WHERE collection_ids IS NULL OR (($1::text[] IS NULL OR collection_ids && $1) AND NOT collection_ids <@ $2::text[]) ORDER BY collection_ids IS NULL, id`,
    [collections ?? null, hidden],
  );
  return itemResolver({ properties: distinct(rows.filter((row) => isObject(row.definition)), collections) });
}

/** How long registered queryables may be taken as they were: a search costs about as much as asking for them. */
const FRESH_MS = 2000;
const resolversOf = ofEach<LRUCache<string, Promise<PropertyResolver>>>(() => new LRUCache({ max: 500, ttl: FRESH_MS }));

/** {@link loadItemResolver}, asked at most once in two seconds for the same collections. */
export function itemResolverOf(pool: Pool, collections: readonly string[] | undefined, visibility: Visibility): Promise<PropertyResolver> {
  const known = resolversOf(pool);
  const key = JSON.stringify([collections ?? null, visibility.hidden]);
  const found = known.get(key);
  if (found !== undefined) return found;
  const asked = loadItemResolver(pool, collections, visibility);
  known.set(key, asked);
  asked.catch(() => known.delete(key));
  return asked;
}
