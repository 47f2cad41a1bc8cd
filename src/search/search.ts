/** Item search: a page of whole items and the tokens of its neighbours. */
import type { Pool } from 'pg';
import { itemResolver, type PropertyResolver } from '../cql2/resolver.js';
import type { StoredItem } from '../pgstac/items-read.js';
import { itemResolverOf } from '../pgstac/queryables.js';
import { keyCount, readPage } from '../pgstac/search.js';
import { streamItems } from '../pgstac/stream-items.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Services } from '../services.js';
import { DEFAULT_SORT, type SearchQuery, type SortKey } from './query.js';
import { decodeToken, encodeToken, queryDigest } from './token.js';

export interface SearchPage {
  readonly items: StoredItem[];
  readonly next: string | undefined;
  readonly prev: string | undefined;
  /** Exact, or undefined where only another pass over the data could tell. */
  readonly matched: number | undefined;
}

export const orderOf = (sortby: readonly SortKey[] | undefined): readonly SortKey[] => (sortby === undefined || sortby.length === 0 ? DEFAULT_SORT : sortby);

/** Columns mean the same whatever queryables are registered. */
const COLUMNS = new Set(['id', 'collection', 'datetime', 'properties.datetime']);
const columnResolver = itemResolver();

/** Names as registered queryables type them, asked for only where the query names a property. */
export function resolverFor(pool: Pool, { filter, sortby = [], collections }: SearchQuery): Promise<PropertyResolver> | PropertyResolver {
  return filter === undefined && sortby.every(({ field }) => COLUMNS.has(field)) ? columnResolver : itemResolverOf(pool, collections);
}

/** @throws InvalidInput for an unknown property, or a token of another query */
export async function searchItems(
  { database }: Pick<Services, 'database'>,
  query: SearchQuery,
  visibility: Visibility,
  known?: PropertyResolver,
): Promise<SearchPage> {
  const { limit, token, sortby, fields: _fields, ...selection } = query;
  const { pool } = database;
  const order = orderOf(sortby);
  const resolver = known ?? (await resolverFor(pool, query));
  const digest = queryDigest({ ...selection, sortby: order });
  const after = token === undefined ? undefined : decodeToken(token, digest, keyCount(order, resolver));
  const page = await readPage(pool, { selection, sortby: order, limit, ...(after === undefined ? {} : { after }) }, visibility, resolver);
  return {
    items: page.items,
    next: page.next === undefined ? undefined : encodeToken({ direction: 'next', keys: page.next }, digest),
    prev: page.prev === undefined ? undefined : encodeToken({ direction: 'prev', keys: page.prev }, digest),
    matched: token === undefined && page.next === undefined ? page.items.length : undefined,
  };
}

/** Every item that the query selects, in batches; its limit, token and fields count for nothing. @throws InvalidInput as {@link searchItems} does */
export async function streamSearch(
  { database }: Pick<Services, 'database'>,
  query: SearchQuery,
  visibility: Visibility,
  signal: AbortSignal,
  known?: PropertyResolver,
): Promise<AsyncGenerator<StoredItem[], void, undefined>> {
  const { limit: _limit, token: _token, sortby, fields: _fields, ...selection } = query;
  const resolver = known ?? (await resolverFor(database.pool, query));
  const order = sortby === undefined || sortby.length === 0 ? undefined : sortby;
  return streamItems(database, { selection, sortby: order, visibility, resolver }, signal);
}
