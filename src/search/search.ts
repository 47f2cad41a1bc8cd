/** Item search: a page of whole items and the tokens of its neighbours. */
import type { Pool } from 'pg';
import { itemResolver, type PropertyResolver } from '../cql2/resolver.js';
import { pageKey } from '../database/page-key.js';
import type { StoredItem } from '../pgstac/items-read.js';
import { countSoon } from '../pgstac/count.js';
import { itemResolverOf } from '../pgstac/queryables.js';
import { type KnownItem, type KnownItems, readKnownPage } from '../pgstac/known-page.js';
import { keyCount, type Page, type PageRequest, readPage } from '../pgstac/search.js';
import { streamItems } from '../pgstac/stream-items.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Services } from '../services.js';
import { DEFAULT_SORT, type SearchQuery, type SortKey } from './query.js';
import { tokensOf } from './token.js';

export interface SearchPage<I = StoredItem> {
  readonly items: I[];
  readonly next: string | undefined;
  readonly prev: string | undefined;
  /** Exact, or undefined where only another pass over the data could tell, and nobody asked for the number. */
  readonly matched: number | undefined;
}

export const orderOf = (sortby: readonly SortKey[] | undefined): readonly SortKey[] => (sortby === undefined || sortby.length === 0 ? DEFAULT_SORT : sortby);

/** Columns mean the same whatever queryables are registered. */
const COLUMNS = new Set(['id', 'collection', 'datetime', 'properties.datetime']);
const columnResolver = itemResolver();

/** Names as registered queryables type them, asked for only where the query names a property. */
export function resolverFor(pool: Pool, { filter, sortby = [], collections }: SearchQuery, visibility: Visibility): Promise<PropertyResolver> | PropertyResolver {
  return filter === undefined && sortby.every(({ field }) => COLUMNS.has(field)) ? columnResolver : itemResolverOf(pool, collections, visibility);
}

/** @throws InvalidInput for an unknown property, or a token of another query */
export async function searchItems(services: Pick<Services, 'database'>, query: SearchQuery, visibility: Visibility, resolver?: PropertyResolver): Promise<SearchPage> {
  const { pool } = services.database;
  return pageOf({ pool, visibility, resolver: resolver ?? (await resolverFor(pool, query, visibility)) }, query, (request, names) => readPage(pool, request, visibility, names));
}

/** The same, with what `known` keeps of items in place of their content. @throws InvalidInput as {@link searchItems} does */
export async function searchKnownItems<T>(services: Pick<Services, 'database'>, query: SearchQuery, visibility: Visibility, known: KnownItems<T>): Promise<SearchPage<KnownItem<T>>> {
  const { pool } = services.database;
  return pageOf({ pool, visibility, resolver: await resolverFor(pool, query, visibility) }, query, (request, names) => readKnownPage(pool, request, visibility, names, known));
}

interface Seen {
  readonly pool: Pool;
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
}

async function pageOf<I>(seen: Seen, query: SearchQuery, read: (request: PageRequest, resolver: PropertyResolver) => Promise<Page<I>>): Promise<SearchPage<I>> {
  const { pool, resolver, visibility } = seen;
  const { limit, token, sortby, fields: _fields, ...selection } = query;
  const order = orderOf(sortby);
  const tokens = tokensOf(await pageKey(pool), { ...selection, sortby: order }, visibility);
  const after = token === undefined ? undefined : tokens.decode(token, keyCount(order, resolver));
  const page = await read({ selection, sortby: order, limit, ...(after === undefined ? {} : { after }) }, resolver);
  return {
    items: page.items,
    ...tokens.neighbours(page),
    matched: token === undefined ? await matchedOf(seen, query, page) : undefined,
  };
}

/** Whoever asks for one item asks for the number (so does `matched()` of pystac-client); of a longer page it would double the cost. */
function matchedOf({ pool, visibility, resolver }: Seen, { limit, token: _token, sortby: _sortby, fields: _fields, ...selection }: SearchQuery, page: Page<unknown>): Promise<number | undefined> | number | undefined {
  if (page.next === undefined) return page.items.length;
  return limit === 1 ? countSoon(pool, selection, visibility, resolver) : undefined;
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
  const resolver = known ?? (await resolverFor(database.pool, query, visibility));
  const order = sortby === undefined || sortby.length === 0 ? undefined : sortby;
  return streamItems(database, { selection, sortby: order, visibility, resolver }, signal);
}
