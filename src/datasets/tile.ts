/** One tile of a dataset as it was posted: a plain description, only an href, or a whole STAC Item. */
import type { Geometry } from 'geojson';
import { isDatetime } from '../datetime.js';
import { type Fault, invalidInput } from '../errors.js';
import type { Bbox } from '../geojson.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { dataAssetKey } from '../stac/assets.js';
import { modernFields } from '../stac/spellings.js';
import { Parts } from './parts.js';

export interface Tile {
  /** Its place in the list, from 0: what a fault's path names. */
  readonly place: number;
  readonly index: number;
  readonly row?: number;
  readonly col?: number;
  readonly href: string;
  /** Undefined for a tile that is only an href: its header is read. */
  readonly footprint?: { readonly bbox: Bbox; readonly geometry: Geometry };
  /** Properties of the tile item, in today's spellings. */
  readonly properties: JsonObject;
  /** The fields of asset `data` beside its href. */
  readonly asset: JsonObject;
  /** The other assets, links and extensions of a whole Item. */
  readonly rest: { readonly assets: JsonObject; readonly links: readonly JsonObject[]; readonly extensions: readonly string[] };
}

/** Fields that describe the file and so belong to the asset; the others are the item's properties. */
const ASSET_FIELDS = new Set(['bands', 'type', 'title', 'description', 'roles', 'nodata', 'data_type', 'unit', 'statistics']);
const isAssetField = (name: string): boolean => ASSET_FIELDS.has(name) || name.startsWith('file:') || name.startsWith('raster:');

/** @param place the tile's place in the list, from 0 @throws InvalidInput with every fault of the tile */
export function parseTile(value: Json, place: number): Tile {
  const path = `/tiles/${place}`;
  if (!isObject(value)) throw invalidInput(`${path} must be an object`, [{ path, message: 'must be an object' }]);
  return value['type'] === 'Feature' ? fromItem(value, place, path) : fromDescription(value, place, path);
}

function fromDescription(value: JsonObject, place: number, path: string): Tile {
  const { href, bbox, geometry, index, row, col, ...fields } = value;
  const parts = new Parts(path);
  const numbers = parts.place({ index, row, col });
  const footprint = bbox === undefined && geometry === undefined ? undefined : parts.footprint(bbox, geometry);
  const modern = modernFields(fields);
  const entries = Object.entries(modern);
  checkFields(modern, path, parts);
  const tile = {
    place,
    index: numbers.index ?? place + 1,
    ...(numbers.row === undefined ? {} : { row: numbers.row }),
    ...(numbers.col === undefined ? {} : { col: numbers.col }),
    href: parts.href(href, 'href'),
    ...(footprint === undefined ? {} : { footprint }),
    properties: Object.fromEntries(entries.filter(([name]) => !isAssetField(name))),
    asset: Object.fromEntries(entries.filter(([name]) => isAssetField(name))),
    rest: { assets: {}, links: [], extensions: [] },
  };
  parts.throwAny();
  return tile;
}

function fromItem(item: JsonObject, place: number, path: string): Tile {
  const parts = new Parts(path);
  const properties = isObject(item['properties']) ? modernFields(item['properties']) : {};
  if (!isObject(item['properties'])) parts.add('properties', 'must be an object');
  const given = (name: string): Json | undefined => item[name] ?? properties[`tile_${name}`];
  const numbers = parts.place({ index: given('index'), row: given('row'), col: given('col') });
  const key = dataAssetKey(item['assets']);
  const { [key ?? '']: data, ...assets } = isObject(item['assets']) ? item['assets'] : {};
  if (!isObject(data)) parts.add('assets', 'must have an asset "data", or one with the role data, or one GeoTIFF');
  const { href, ...fields } = isObject(data) ? data : {};
  const footprint = parts.footprint(item['bbox'], item['geometry']);
  checkFields(properties, `${path}/properties`, parts);
  const { tile_index: _i, tile_row: _r, tile_col: _c, parent_dataset: _p, ...kept } = properties;
  const tile = {
    place,
    index: numbers.index ?? place + 1,
    ...(numbers.row === undefined ? {} : { row: numbers.row }),
    ...(numbers.col === undefined ? {} : { col: numbers.col }),
    href: isObject(data) ? parts.href(href, `assets/${key ?? ''}/href`) : '',
    ...(footprint === undefined ? {} : { footprint }),
    properties: kept,
    asset: modernFields(fields),
    rest: {
      assets: assetsIn1_1(assets),
      links: Array.isArray(item['links']) ? item['links'].filter(isObject) : [],
      extensions: Array.isArray(item['stac_extensions']) ? item['stac_extensions'].filter((uri) => typeof uri === 'string') : [],
    },
  };
  parts.throwAny();
  return tile;
}

const assetsIn1_1 = (assets: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(assets).map(([key, asset]) => [key, isObject(asset) ? modernFields(asset) : asset]));

/** The types of the fields that we compute with; whatever else is wrong the STAC schemas find on the finished item. */
function checkFields(fields: JsonObject, path: string, parts: Parts): void {
  const faults: Fault[] = [];
  for (const name of ['datetime', 'start_datetime', 'end_datetime']) {
    const value = fields[name];
    if (value !== undefined && value !== null && !(typeof value === 'string' && isDatetime(value))) {
      faults.push({ path: `${path}/${name}`, message: `${JSON.stringify(value)} is not an RFC 3339 date-time` });
    }
  }
  const { gsd, 'file:size': size, 'proj:code': code, bands } = fields;
  if (gsd !== undefined && !(typeof gsd === 'number' && Number.isFinite(gsd) && gsd > 0)) faults.push({ path: `${path}/gsd`, message: 'must be a number of metres above 0' });
  if (size !== undefined && !(typeof size === 'number' && Number.isSafeInteger(size) && size >= 0)) faults.push({ path: `${path}/file:size`, message: 'must be a whole number of bytes' });
  if (code !== undefined && code !== null && !(typeof code === 'string' && /^[A-Za-z0-9_]+:[A-Za-z0-9_.]+$/.test(code))) faults.push({ path: `${path}/proj:code`, message: 'must look like EPSG:4326' });
  if (bands !== undefined && !(Array.isArray(bands) && bands.every(isObject))) faults.push({ path: `${path}/bands`, message: 'must be an array of band objects' });
  parts.addAll(faults);
}
