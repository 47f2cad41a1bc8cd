/**
 * Older spellings taken as input and written as STAC 1.1 has them: `proj:epsg` as `proj:code` (projection 2.0),
 * `eo:bands` and `raster:bands` as `bands` (STAC 1.1 common metadata, Bands).
 */
import { isObject, type Json, type JsonObject, textOf } from '../json.js';

/** Members of a band object that are common metadata in STAC 1.1 and carry no prefix. */
const COMMON_BAND = new Set(['name', 'description', 'nodata', 'data_type', 'statistics', 'unit']);

const prefixed = (prefix: string, band: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(band).map(([key, value]) => [COMMON_BAND.has(key) || key.includes(':') ? key : `${prefix}:${key}`, value]));

const bandsOf = (value: Json | undefined, prefix: string): JsonObject[] | undefined =>
  Array.isArray(value) ? value.map((band) => (isObject(band) ? prefixed(prefix, band) : {})) : undefined;

/** The fields with the older spellings replaced; a newer spelling beside them wins. */
export function modernFields(fields: JsonObject): JsonObject {
  const { 'proj:epsg': epsg, 'eo:bands': eoBands, 'raster:bands': rasterBands, ...rest } = fields;
  if (epsg !== undefined && rest['proj:code'] === undefined) rest['proj:code'] = epsg === null ? null : `EPSG:${textOf(epsg)}`;
  const eo = bandsOf(eoBands, 'eo');
  const raster = bandsOf(rasterBands, 'raster');
  if (rest['bands'] === undefined && (eo ?? raster) !== undefined) {
    const count = Math.max(eo?.length ?? 0, raster?.length ?? 0);
    rest['bands'] = Array.from({ length: count }, (_, i) => ({ ...raster?.[i], ...eo?.[i] }));
  }
  return rest;
}
