/** The data asset of items where it is not under the usual key. */
import type { ClientBase } from 'pg';
import { isObject, type JsonObject } from '../json.js';
import { dataAssetKey } from '../stac/assets.js';

export interface OtherAssets {
  /** As they are stored, so perhaps without what the collection says of them. */
  readonly assets?: JsonObject | null;
  readonly item_assets?: JsonObject | null;
}

/** Roles and types of assets may stand in the collection's `item_assets` only (dehydrated content). */
function keyOfOther({ assets, item_assets: base }: OtherAssets): string | undefined {
  if (!isObject(assets)) return undefined;
  return dataAssetKey(Object.fromEntries(
    Object.entries(assets).map(([key, asset]) => [key, isObject(asset) && isObject(base?.[key]) ? { ...base[key], ...asset } : asset]),
  ));
}

export function hrefOfOther(other: OtherAssets): string | undefined {
  const found = other.assets?.[keyOfOther(other) ?? ''];
  return isObject(found) && typeof found['href'] === 'string' ? found['href'] : undefined;
}

/** The key of the data asset of any item of a collection; undefined where there is none. */
export async function assetOfItems(client: ClientBase, collection: string): Promise<string | undefined> {
  const { rows } = await client.query<OtherAssets>(
    "SELECT i.content->'assets' AS assets, (SELECT c.content->'item_assets' FROM pgstac.collections c WHERE c.id = $1) AS item_assets FROM pgstac.items i WHERE i.collection = $1 LIMIT 1",
    [collection],
  );
  return rows[0] === undefined ? undefined : keyOfOther(rows[0]);
}
