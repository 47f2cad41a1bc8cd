/** The href of an item's data asset where it is not under the usual key. */
import { isObject, type JsonObject } from '../json.js';
import { dataAssetKey } from '../stac/assets.js';

export interface OtherAssets {
  /** As they are stored, so perhaps without what the collection says of them. */
  readonly assets?: JsonObject | null;
  readonly item_assets?: JsonObject | null;
}

/** Roles and types of assets may stand in the collection's `item_assets` only (dehydrated content). */
export function hrefOfOther({ assets, item_assets: base }: OtherAssets): string | undefined {
  if (!isObject(assets)) return undefined;
  const merged = Object.fromEntries(
    Object.entries(assets).map(([key, asset]) => [key, isObject(asset) && isObject(base?.[key]) ? { ...base[key], ...asset } : asset]),
  );
  const found = assets[dataAssetKey(merged) ?? ''];
  return isObject(found) && typeof found['href'] === 'string' ? found['href'] : undefined;
}
