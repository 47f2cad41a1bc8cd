/** The Python wheels that carry what this repository must not: pinned by version and sha256, as PyPI publishes them. */

export interface Wheel {
  /** The project's name for pip. */
  readonly project: string;
  readonly version: string;
  /** The wheel's file name, as pip and a folder of wheels spell it. */
  readonly file: string;
  readonly sha256: string;
  /** Where a member of the wheel goes below the unpacked folder; undefined leaves it out. */
  readonly place: (member: string) => string | undefined;
}

/**
 * pgSTAC's SQL. The wheel of one release holds every base and incremental file before it (the 0.9.12 file of this one is
 * byte for byte that of pypgstac 0.9.12), so that one download serves every release we install or upgrade from.
 */
export const PYPGSTAC: Wheel = {
  project: 'pypgstac',
  version: '0.10.0',
  file: 'pypgstac-0.10.0-py3-none-any.whl',
  sha256: 'b4040194b5e181031d82a2eadba092e910f31648971dc482a9d70dbabec34966',
  place: (member) => /^pypgstac\/migrations\/(pgstac\.[\w.-]+\.sql)$/.exec(member)?.[1],
};

/** STAC 1.0.0 and the GeoJSON schemas. */
export const PYSTAC: Wheel = {
  project: 'pystac',
  version: '1.11.0',
  file: 'pystac-1.11.0-py3-none-any.whl',
  sha256: '10ac7c7b4ea6c5ec8333829a09ec1a33b596f02d1a97ffbbd72cd1b6c10598c1',
  place: schemaPlace,
};

/** STAC 1.1.0 (pystac's own later wheels are shells around this one). */
export const PYSTAC_CORE: Wheel = {
  project: 'pystac-core',
  version: '1.15.2',
  file: 'pystac_core-1.15.2-py3-none-any.whl',
  sha256: '96e4acf5eb08ba8be543729b59c3072103bffa7b90283c7497cb25fbff70e6cf',
  place: schemaPlace,
};

/**
 * A schema's `<host>/<path>` as its `$id` and the `$ref`s to it spell it. The file's place decides, not the `$id`:
 * common.json of 1.1.0 has a broken one ("…/json-schema/commonjson").
 */
function schemaPlace(member: string): string | undefined {
  const match = /^pystac\/validation\/jsonschemas\/(geojson|stac-spec\/v1\.[01]\.0)\/(\w[\w-]*)\.json$/.exec(member);
  if (match === null) return undefined;
  const [, folder = '', name = ''] = match;
  if (folder === 'geojson') return `geojson.org/schema/${name}.json`;
  const part = name === 'catalog' || name === 'collection' ? name : 'item';
  return `schemas.stacspec.org/${folder.slice('stac-spec/'.length)}/${part}-spec/json-schema/${name}.json`;
}
