/** Set-up: pgSTAC's SQL and the STAC JSON schemas, fetched once into the cache from pinned Python wheels. */
import { join } from 'node:path';
import { fetchWheel, type FetchOptions } from './download.js';
import { isUnpacked, unpack } from './unpack.js';
import { PYPGSTAC, PYSTAC, PYSTAC_CORE, type Wheel } from './wheels.js';

export { SetupError } from './download.js';

export interface SetupOptions extends FetchOptions {
  readonly cacheDir: string;
  /** Hears of each step that takes seconds; nothing is said when all is there. */
  readonly onProgress?: ((message: string) => void) | undefined;
}

/**
 * The folder of pgSTAC's SQL: `pgstac.<version>.sql` to install a release, `pgstac.<from>-<to>.sql` to upgrade.
 * Throws a SetupError when it is not in the cache and cannot be fetched.
 */
export const ensurePgstacSql = (options: SetupOptions): Promise<string> =>
  ensure(`pypgstac-${PYPGSTAC.version}`, [PYPGSTAC], options);

/**
 * The folder of the STAC 1.0.0, STAC 1.1.0 and GeoJSON schemas, laid out as `<host>/<path>`:
 * `schemas.stacspec.org/v1.1.0/item-spec/json-schema/item.json`, `geojson.org/schema/Feature.json`.
 */
export const ensureStacSchemas = (options: SetupOptions): Promise<string> =>
  ensure(`stac-schemas-${PYSTAC.version}-${PYSTAC_CORE.version}`, [PYSTAC, PYSTAC_CORE], options);

/** Where schemas of extensions are looked for, laid out as `<host>/<path>`; nothing is ever fetched for it. */
export const extensionSchemas = ({ cacheDir }: Pick<SetupOptions, 'cacheDir'>): string => join(cacheDir, 'schemas');

async function ensure(name: string, wheels: readonly Wheel[], options: SetupOptions): Promise<string> {
  const folder = join(options.cacheDir, name);
  if (await isUnpacked(folder)) return folder;
  const fetched = [];
  for (const wheel of wheels) {
    options.onProgress?.(`Fetching ${wheel.project} ${wheel.version} …`);
    fetched.push({ wheel, bytes: await fetchWheel(wheel, options) });
  }
  await unpack(folder, fetched);
  return folder;
}
