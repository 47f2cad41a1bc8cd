/** Item search: a page of whole items and the tokens of its neighbours. */
import type { PropertyResolver } from '../cql2/resolver.js';
import type { JsonObject } from '../json.js';
import { loadItemResolver } from '../pgstac/queryables.js';
import { keyCount, readPage } from '../pgstac/search.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Services } from '../services.js';
import { DEFAULT_SORT, type SearchQuery } from './query.js';
import { decodeToken, encodeToken, queryDigest } from './token.js';

export interface SearchPage {
  readonly items: JsonObject[];
  readonly next: string | undefined;
  readonly prev: string | undefined;
  /** Exact, or undefined where only another pass over the data could tell. */
  readonly matched: number | undefined;
}

/** @throws InvalidInput for an unknown property, or a token of another query */
export async function searchItems(
  { database }: Pick<Services, 'database'>,
  query: SearchQuery,
  visibility: Visibility,
  known?: PropertyResolver,
): Promise<SearchPage> {
  const { limit, token, sortby, ...selection } = query;
  const { pool } = database;
  const resolver = known ?? (await loadItemResolver(pool, selection.collections));
  const order = sortby === undefined || sortby.length === 0 ? DEFAULT_SORT : sortby;
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
