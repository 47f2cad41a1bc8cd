/** Which asset of an item is its COG, and the forms an href is written in. */
import { isObject, type JsonObject } from '../json.js';

export const COG_TYPE = 'image/tiff; application=geotiff; profile=cloud-optimized';

/** A GeoTIFF that is no COG. */
export const GEOTIFF_TYPE = 'image/tiff; application=geotiff';

/** Whether a media type says that the file is a TIFF, but not a Cloud Optimized one. */
export const saysNoCog = (type: unknown): boolean => typeof type === 'string' && /^image\/tiff\b/i.test(type) && !/cloud-optimized/i.test(type);

/** `image/vnd.stac.geotiff` is how STAC 0.9 wrote it. */
const isGeoTiff = (asset: JsonObject): boolean => typeof asset['type'] === 'string' && /^image\/(tiff\b.*application=geotiff|vnd\.stac\.geotiff\b)/i.test(asset['type']);

const hasRole = (asset: JsonObject, role: string): boolean => Array.isArray(asset['roles']) && asset['roles'].includes(role);

/** The key of the asset that holds the data: `data`, else the only one with role `data` that is no other type than GeoTIFF, else the only GeoTIFF (API.md section 3). */
export function dataAssetKey(assets: unknown): string | undefined {
  if (!isObject(assets)) return undefined;
  const entries = Object.entries(assets).filter((entry): entry is [string, JsonObject] => isObject(entry[1]));
  if (entries.some(([key]) => key === 'data')) return 'data';
  const withRole = entries.filter(([, asset]) => hasRole(asset, 'data') && (asset['type'] === undefined || isGeoTiff(asset)));
  const candidates = withRole.length === 1 ? withRole : entries.filter(([, asset]) => isGeoTiff(asset));
  return candidates.length === 1 ? candidates[0]?.[0] : undefined;
}
