/** One page of items in a total order, keyset-paged: no page repeats, loses or ends empty, whatever ties or nulls the sort key has. */
import type { Pool } from 'pg';
import type { PropertyResolver, PropertyType } from '../cql2/resolver.js';
import { SqlBuilder, type SqlType } from '../cql2/sql-builder.js';
import { invalidAt } from '../errors.js';
import type { ItemSelection, SortKey } from '../search/query.js';
import type { PageToken } from '../search/token.js';
import { ITEM_COLUMNS, type ItemRow, ROW_TYPES, type StoredItem, SYSTEM_COLUMNS, toItems } from './items-read.js';
import { prepared } from './prepared.js';
import { selectionSql, type Visibility } from './selection.js';

export interface PageRequest {
  readonly selection: ItemSelection;
  readonly sortby: readonly SortKey[];
  readonly limit: number;
  readonly after?: PageToken;
}

export interface Page<I> {
  readonly items: I[];
  /** The keys where the next page begins, and where the previous one ended; undefined where there is none. */
  readonly next: readonly (string | null)[] | undefined;
  readonly prev: readonly (string | null)[] | undefined;
}

export type ItemPage = Page<StoredItem>;

/** A sort key as SQL: its expression, the type its text is read back as, and its direction. */
export interface Key {
  readonly sql: string;
  readonly type: SqlType;
  readonly descending: boolean;
  readonly nullable: boolean;
}

const SQL_TYPE: Readonly<Partial<Record<PropertyType, SqlType>>> = {
  number: 'numeric',
  integer: 'numeric',
  datetime: 'timestamptz',
  date: 'timestamptz',
  boolean: 'boolean',
  array: 'jsonb',
  object: 'jsonb',
};

const ITEM_TIES: readonly string[] = ['i.collection', 'i.id'];

/** The sort keys with tie-breakers, for items collection and id: a total order. */
export function sortKeys(sortby: readonly SortKey[], resolver: PropertyResolver, ties = ITEM_TIES): Key[] {
  const keys = sortby.map(({ field, direction }): Key => {
    const property = resolver.resolve(field);
    if (property === undefined || property.type === 'geometry') throw invalidAt('sortby', `there is no property ${JSON.stringify(field)} to sort by`);
    const descending = direction === 'desc';
    // A property that nobody described may hold numbers here and texts there: jsonb orders each kind in its own way.
    if (property.type === 'json' && property.json !== undefined) return { sql: `NULLIF(${property.json}, 'null')`, type: 'jsonb', descending, nullable: true };
    return { sql: property.sql, type: SQL_TYPE[property.type] ?? 'text', descending, nullable: property.nullable };
  });
  const named = new Set(keys.map((key) => key.sql));
  for (const sql of ties) {
    if (!named.has(sql)) keys.push({ sql, type: 'text', descending: false, nullable: false });
  }
  return keys;
}

/** How many values a token of this order holds. */
export const keyCount = (sortby: readonly SortKey[], resolver: PropertyResolver): number => sortKeys(sortby, resolver).length;

/** ORDER BY for the keys; NULLs come last forwards, so first backwards. */
export function orderSql(keys: readonly Key[], backwards: boolean): string {
  return keys
    .map(({ sql, descending, nullable }) => {
      const direction = descending === backwards ? 'ASC' : 'DESC';
      return `${sql} ${direction}${nullable ? ` NULLS ${backwards ? 'FIRST' : 'LAST'}` : ''}`;
    })
    .join(', ');
}

/** Rows strictly after the keys in the given direction: k1 beyond v1, or k1 = v1 and k2 beyond v2, and so on. */
export function afterSql(keys: readonly Key[], values: readonly (string | null)[], backwards: boolean, builder: SqlBuilder): string {
  const beyond = (key: Key, value: string | null): string => {
    if (value === null) return backwards ? `${key.sql} IS NOT NULL` : 'FALSE';
    const operator = key.descending === backwards ? '>' : '<';
    const compared = `${key.sql} ${operator} ${builder.param(value, key.type)}`;
    return key.nullable && !backwards ? `(${compared} OR ${key.sql} IS NULL)` : compared;
  };
  const same = (key: Key, value: string | null): string =>
    value === null ? `${key.sql} IS NULL` : `${key.sql} = ${builder.param(value, key.type)}`;
  const alternatives = keys.map((key, i) => [...keys.slice(0, i).map((k, j) => same(k, values[j] ?? null)), beyond(key, values[i] ?? null)].join(' AND '));
  const [first] = keys;
  // Says the leading bound by itself as well, so that an index on the first key can start at it.
  const bound = first !== undefined && !first.nullable ? `${first.sql} ${first.descending === backwards ? '>=' : '<='} ${builder.param(values[0], first.type)} AND ` : '';
  return `${bound}(${alternatives.map((alternative) => `(${alternative})`).join(' OR ')})`;
}

/** Reads one page and one row more, which tells whether there is another. */
export async function readPage(pool: Pool, request: PageRequest, visibility: Visibility, resolver: PropertyResolver): Promise<ItemPage> {
  const rows = await readRows<ItemRow & KeyRow>(pool, pageSql(request, visibility, resolver, ITEM_COLUMNS));
  return cutPage(request, rows, (page) => toItems(pool, page));
}

/** The values of the sort keys of a row, k0, k1 and so on, as text. */
export type KeyRow = Record<string, string | null>;

export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** The rows of a page and one more. @param columns of alias `i`, which has what {@link ITEM_COLUMNS} and {@link ROW_VERSION} name */
export function pageSql(request: PageRequest, visibility: Visibility, resolver: PropertyResolver, columns: string): Statement {
  const builder = new SqlBuilder();
  const keys = sortKeys(request.sortby, resolver);
  const backwards = isBackwards(request);
  const where = [selectionSql(request.selection, visibility, builder, resolver)];
  if (request.after !== undefined) where.push(afterSql(keys, request.after.keys, backwards, builder));
  const inner = keys.map(({ sql }, i) => `${sql} AS k${i}`).join(', ');
  const outer = keys.map((_, i) => `i.k${i}::text AS k${i}`).join(', ');
  // What a row costs beyond its place in the order is paid below LIMIT, for the page alone and not for all that match.
  const text = `SELECT ${columns}, ${outer} FROM (
    SELECT i.id, i.collection, i.geometry, i.content, ${SYSTEM_COLUMNS}, ${inner} FROM pgstac.items i WHERE ${where.join(' AND ')}
     ORDER BY ${orderSql(keys, backwards)} LIMIT ${builder.param(request.limit + 1, 'int')}) AS i`;
  return { text, values: [...builder.values] };
}

export async function readRows<R extends object>(pool: Pool, { text, values }: Statement): Promise<R[]> {
  const { rows } = await pool.query<R>({ ...prepared(text), text, values, types: ROW_TYPES });
  return rows;
}

const isBackwards = ({ after }: PageRequest): boolean => after?.direction === 'prev';

/** The page without the row too many, forwards, and the keys of its neighbours. */
export async function cutPage<R extends KeyRow, I>(request: PageRequest, rows: readonly R[], itemsOf: (page: R[]) => Promise<I[]>): Promise<Page<I>> {
  const backwards = isBackwards(request);
  const more = rows.length > request.limit;
  const page = rows.slice(0, request.limit);
  if (backwards) page.reverse();
  const keysOf = (row: KeyRow | undefined): (string | null)[] | undefined => {
    if (row === undefined) return undefined;
    const keys: (string | null)[] = [];
    for (let i = 0, key = row['k0']; key !== undefined; i += 1, key = row[`k${i}`]) keys.push(key);
    return keys;
  };
  return {
    items: await itemsOf(page),
    next: more || backwards ? keysOf(page.at(-1)) : undefined,
    prev: (backwards && more) || (!backwards && request.after !== undefined) ? keysOf(page[0]) : undefined,
  };
}
