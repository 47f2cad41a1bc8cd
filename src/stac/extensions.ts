/** `stac_extensions` that list exactly what a document uses, in the versions that STAC 1.1 documents are written in. */
import { isObject, type Json, type JsonObject } from '../json.js';

const HOST = 'https://stac-extensions.github.io';

/** The schema of each extension by the prefix of its fields. */
const SCHEMA_BY_PREFIX: Readonly<Record<string, string>> = {
  eo: `${HOST}/eo/v2.0.0/schema.json`,
  file: `${HOST}/file/v2.1.0/schema.json`,
  grid: `${HOST}/grid/v1.1.0/schema.json`,
  mgrs: `${HOST}/mgrs/v1.0.0/schema.json`,
  processing: `${HOST}/processing/v1.2.0/schema.json`,
  proj: `${HOST}/projection/v2.0.0/schema.json`,
  raster: `${HOST}/raster/v2.0.0/schema.json`,
  sat: `${HOST}/sat/v1.1.0/schema.json`,
  view: `${HOST}/view/v1.0.0/schema.json`,
};

/** Fields with a prefix that are the ETL's own and that the extension's schema does not know. */
const NOT_DECLARED = new Set(['file:size', 'file:tile_count', 'file:format']);

/** The name of the extension in a schema's URI: `projection` of `…/projection/v1.1.0/schema.json`. */
const nameOf = (uri: string): string => /stac-extensions\.github\.io\/([^/]+)\//.exec(uri)?.[1] ?? uri;

const KNOWN_NAMES = new Set(Object.values(SCHEMA_BY_PREFIX).map(nameOf));

/**
 * The `stac_extensions` of an item: one for each known prefix in use, and those the caller declared that we do not know.
 * A known extension that nothing uses is dropped; another version of it is replaced by ours.
 */
export function extensionsOf(item: JsonObject, declared: readonly string[] = []): string[] {
  const prefixes = new Set<string>();
  const properties = isObject(item['properties']) ? item['properties'] : {};
  collect(properties, prefixes, NOT_DECLARED);
  collect(item['assets'] ?? {}, prefixes);
  collect(item['links'] ?? [], prefixes);
  const known = [...prefixes].flatMap((prefix) => SCHEMA_BY_PREFIX[prefix] ?? []);
  const others = declared.filter((uri) => !KNOWN_NAMES.has(nameOf(uri)));
  return [...new Set([...known, ...others])].toSorted();
}

/** @param except fields of the object itself that say nothing */
function collect(value: Json, prefixes: Set<string>, except?: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) for (const part of value) collect(part, prefixes);
  if (!isObject(value)) return;
  for (const [key, part] of Object.entries(value)) {
    if (except?.has(key) === true) continue;
    const colon = key.indexOf(':');
    if (colon > 0) prefixes.add(key.slice(0, colon));
    collect(part, prefixes);
  }
}
