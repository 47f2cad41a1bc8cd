/** The `mosaic` member of a dataset: how its tiles stack and at which zooms they are drawn. */
import { type Fault, invalidInput } from '../errors.js';
import { isObject } from '../json.js';

export type Overlap = 'last' | 'first';

export interface MosaicOptions {
  readonly quadkey_zoom?: number;
  readonly minzoom?: number;
  readonly maxzoom?: number;
  /** Which of two tiles lies on top: the later (the default) or the earlier by tile_index. */
  readonly overlap?: Overlap;
}

const ZOOMS = { quadkey_zoom: [1, 12], minzoom: [0, 30], maxzoom: [0, 30] } as const;

/** @throws InvalidInput that names each bad option */
export function parseMosaicOptions(value: unknown, path: string): MosaicOptions {
  if (value === undefined) return {};
  if (!isObject(value)) throw invalidInput(`${path} must be an object`, [{ path, message: 'must be an object' }]);
  const faults: Fault[] = [];
  for (const key of Object.keys(value)) {
    if (!(key in ZOOMS) && key !== 'overlap') faults.push({ path: `${path}/${key}`, message: 'is not an option; known are quadkey_zoom, minzoom, maxzoom, overlap' });
  }
  for (const [key, [min, max]] of Object.entries(ZOOMS)) {
    const zoom = value[key];
    if (zoom !== undefined && !(typeof zoom === 'number' && Number.isInteger(zoom) && zoom >= min && zoom <= max)) {
      faults.push({ path: `${path}/${key}`, message: `must be a whole number from ${min} to ${max}` });
    }
  }
  const { overlap, minzoom, maxzoom, quadkey_zoom: quadkeyZoom } = value;
  if (overlap !== undefined && overlap !== 'last' && overlap !== 'first') faults.push({ path: `${path}/overlap`, message: 'must be "last" or "first" for a dataset' });
  if (typeof minzoom === 'number' && typeof maxzoom === 'number' && minzoom > maxzoom) faults.push({ path: `${path}/minzoom`, message: 'must not be above maxzoom' });
  if (typeof quadkeyZoom === 'number' && typeof maxzoom === 'number' && quadkeyZoom > maxzoom) faults.push({ path: `${path}/quadkey_zoom`, message: 'must not be above maxzoom' });
  if (faults.length > 0) throw invalidInput('The mosaic options are not valid.', faults);
  return value;
}
