/** The hook: a collection's search is registered with it, and its id and links are written into it (API.md section 4). */
import type { PoolClient } from 'pg';
import { DATASETS, SYSTEM_TILES } from '../datasets/collections.js';
import { isRetryable } from '../database/transaction.js';
import { messageOf } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { hookLinks, isHookLink, type Link, paths } from '../links.js';
import type { StacCollection } from '../pgstac/collections.js';
import { assetOfItems, commonAsset } from '../pgstac/other-href.js';
import { holdSearch, registerSearch, releaseSearches } from '../pgstac/searches.js';
import type { Services } from '../services.js';
import { dataAssetKey } from '../stac/assets.js';

export const SEARCH_ID = 'mosaic:search_id';

/** The search of a collection; that of `datasets` runs over its datasets' tiles (API.md section 3). */
export const collectionSearch = (id: string): JsonObject => ({
  collections: [id === DATASETS ? SYSTEM_TILES : id],
  'filter-lang': 'cql2-json',
});

export const collectionSearchMetadata = (id: string): JsonObject => ({ type: 'mosaic', name: `${id} mosaic` });

/** The asset that a collection says holds the COGs of its items, by `item_assets`; those of datasets are their tiles', and none of their own. */
const toldAsset = ({ id, item_assets: told }: JsonObject): string | undefined => (id === DATASETS || id === SYSTEM_TILES ? 'data' : dataAssetKey(told));

/** The asset that is drawn where the caller names none; with `data` an item without it has its own way out (API.md section 3). */
export const drawnAsset = (collection: JsonObject): string => toldAsset(collection) ?? 'data';

/** The asset that links name, for readers who have to name one: as `item_assets` tell, else as the stored links do, which follow the items. */
export const collectionAsset = (collection: JsonObject): string => toldAsset(collection) ?? linkedAsset(collection['links']) ?? 'data';

function linkedAsset(links: unknown): string | undefined {
  const linked = Array.isArray(links) ? (links as Link[]).find((link) => isHookLink(link) && link.rel === 'tilejson') : undefined;
  const [, query = ''] = linked?.href.split('?') ?? [];
  return new URLSearchParams(query).get('assets') ?? undefined;
}

/**
 * The links of a collection whose items come one after another, mostly after it: they name the items' asset while all have
 * the same one, else `data`. Nothing where they are right already.
 * @param isFirst whether the collection had no items before these
 */
export function linksToAssetOf(collection: StacCollection, items: readonly JsonObject[], isFirst: boolean): { readonly links?: Json } {
  const { links } = collection;
  const linked = collectionAsset(collection);
  if (!Array.isArray(links) || toldAsset(collection) !== undefined || (linked === 'data' && !isFirst)) return {};
  const asset = commonAsset([...(isFirst ? [] : [linked]), ...items.map((item) => dataAssetKey(item['assets']))]) ?? 'data';
  if (asset === linked) return {};
  const led = (links as unknown as Link[]).map((link) => (isHookLink(link) ? { ...link, href: link.href.replace(/(?<=[?&]assets=)[^&]*/, () => encodeURIComponent(asset)) } : link));
  return { links: led as unknown as Json };
}

export interface Hooked {
  readonly collection: StacCollection;
  /** Null where the registration failed: the collection is kept all the same. */
  readonly searchId: string | null;
}

/**
 * Registers the search inside the caller's transaction, under a savepoint, and answers the collection with its id and
 * links, each exactly once. A failed registration leaves the collection without them, says so in the log, and is noted to
 * be tried again (hooks/heal-collections.ts); a deadlock is for the whole transaction to try again.
 */
export async function registerCollectionSearch(
  client: PoolClient,
  collection: StacCollection,
  { storedBase, logger }: Pick<Services, 'storedBase' | 'logger'>,
): Promise<Hooked> {
  const { id } = collection;
  await client.query('SAVEPOINT register_search');
  try {
    const search = await registerSearch(client, collectionSearch(id), collectionSearchMetadata(id));
    await holdSearch(client, search.id, 'collection', id);
    await releaseSearches(client, 'collection', id, [search.id]);
    await client.query('DELETE FROM stac_mosaic.unregistered_collections WHERE collection_id = $1', [id]);
    const asset = toldAsset(collection) ?? (await assetOfItems(client, id)) ?? 'data';
    await client.query('RELEASE SAVEPOINT register_search');
    return { collection: withSearch(collection, search.id, asset, storedBase), searchId: search.id };
  } catch (error) {
    if (isRetryable(error)) throw error;
    await client.query('ROLLBACK TO SAVEPOINT register_search');
    await client.query(
      `INSERT INTO stac_mosaic.unregistered_collections (collection_id, reason) VALUES ($1, $2)
       ON CONFLICT (collection_id) DO UPDATE SET reason = EXCLUDED.reason, failed_at = now()`,
      [id, messageOf(error)],
    );
    logger.error({ err: error, collection: id }, `the search of a collection could not be registered: ${messageOf(error)}`);
    return { collection: withoutSearch(collection), searchId: null };
  }
}

function withoutSearch(collection: StacCollection): StacCollection {
  const { summaries, ...rest } = collection;
  const { [SEARCH_ID]: _id, ...others } = isObject(summaries) ? summaries : {};
  const links = Array.isArray(rest['links']) ? rest['links'] : [];
  return {
    ...rest,
    ...(Object.keys(others).length === 0 ? {} : { summaries: others }),
    links: links.filter((link) => !isHookLink(link as unknown as Link)),
  };
}

function withSearch(collection: StacCollection, searchId: string, asset: string, base: string): StacCollection {
  const clean = withoutSearch(collection);
  const summaries = isObject(clean['summaries']) ? clean['summaries'] : {};
  const links = hookLinks(base, searchId, asset, `${paths.collection(collection.id)}/mosaic.json`);
  return {
    ...clean,
    summaries: { ...summaries, [SEARCH_ID]: [searchId] },
    links: [...(clean['links'] as Json[]), ...(links as unknown as Json[])],
  };
}

/** The search id that a collection carries, or undefined. */
export function searchIdOf(collection: JsonObject): string | undefined {
  const { summaries } = collection;
  const ids = isObject(summaries) ? summaries[SEARCH_ID] : undefined;
  return Array.isArray(ids) && typeof ids[0] === 'string' ? ids[0] : undefined;
}
