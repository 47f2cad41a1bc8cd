/** Collection search (STAC collection-search 1.0.0-rc.1): a page of collections and the tokens of its neighbours. */
import { pageKey } from '../database/page-key.js';
import { COLLECTION_TIES, type CollectionSelection, readCollectionPage } from '../pgstac/collection-search.js';
import type { StacCollection } from '../pgstac/collections.js';
import { sortKeys } from '../pgstac/search.js';
import type { Visibility } from '../pgstac/selection.js';
import type { SearchQuery, SortKey } from '../search/query.js';
import { tokensOf } from '../search/token.js';
import type { Services } from '../services.js';
import { collectionProperties } from './properties.js';

/** A page holds whole lists where it can: STAC Browser and the children class suffer from small ones. */
export const DEFAULT_COLLECTIONS = 1000;

export type CollectionQuery = CollectionSelection & Pick<SearchQuery, 'sortby' | 'limit' | 'token' | 'fields'>;

export interface CollectionPage {
  readonly collections: StacCollection[];
  readonly next: string | undefined;
  readonly prev: string | undefined;
  /** Exact. */
  readonly matched: number;
}

const DEFAULT_SORT: readonly SortKey[] = [{ field: 'id', direction: 'asc' }];

/** @throws InvalidInput for a property that cannot be, or a token of another query */
export async function searchCollections({ database }: Pick<Services, 'database'>, query: CollectionQuery, visibility: Visibility): Promise<CollectionPage> {
  const { sortby, limit, token, fields: _fields, ...selection } = query;
  const resolver = collectionProperties();
  const order = sortby === undefined || sortby.length === 0 ? DEFAULT_SORT : sortby;
  const tokens = tokensOf(await pageKey(database.pool), { of: 'collections', ...selection, sortby: order }, visibility);
  const after = token === undefined ? undefined : tokens.decode(token, sortKeys(order, resolver, COLLECTION_TIES).length);
  const page = await readCollectionPage(database.pool, { selection, sortby: order, limit, ...(after === undefined ? {} : { after }) }, visibility, resolver);
  return {
    collections: page.items,
    ...tokens.neighbours(page),
    matched: page.matched,
  };
}
