/** Zooms of a mosaic from what its items say of their COGs' pixels. */
import type { Bbox } from '../geojson.js';
import type { JsonObject } from '../json.js';
import { type ItemResolution, type Zooms, ZoomsFromItems } from './zooms.js';

const numbers = (value: unknown): number[] | undefined =>
  Array.isArray(value) && value.every((n): n is number => typeof n === 'number') ? value : undefined;

/** What an item's properties (or an asset's fields) say of resolution. */
export function resolutionOf(fields: JsonObject, bbox: readonly number[] | undefined): ItemResolution {
  const { gsd, 'proj:code': code } = fields;
  return {
    bbox,
    gsd: typeof gsd === 'number' ? gsd : undefined,
    'proj:shape': numbers(fields['proj:shape']),
    'proj:transform': numbers(fields['proj:transform']),
    'proj:bbox': numbers(fields['proj:bbox']),
    'proj:code': typeof code === 'string' ? code : undefined,
  };
}

/** Of items whose properties are in hand. */
export function zoomsOfTiles(items: Iterable<{ properties: JsonObject; bbox: readonly number[] }>, bounds: Bbox): Zooms {
  const zooms = new ZoomsFromItems();
  for (const { properties, bbox } of items) zooms.add(resolutionOf(properties, bbox));
  return zooms.result([...bounds]) ?? { minzoom: 0, maxzoom: 24 };
}
