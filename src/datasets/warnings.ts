/** What a publisher should know about the tiles of a dataset that nevertheless was taken. */
import { isObject, type JsonObject } from '../json.js';
import type { PlacedTile } from './headers.js';

export interface Warning {
  readonly code: string;
  readonly message: string;
}

const bandsOf = (asset: JsonObject): JsonObject[] | undefined => (Array.isArray(asset['bands']) ? asset['bands'].filter(isObject) : undefined);

/** What tiles should agree on; undefined where a tile does not say. */
const TRAITS: readonly { code: string; what: string; of: (tile: PlacedTile) => string | undefined }[] = [
  { code: 'MixedCrs', what: 'coordinate reference systems', of: ({ properties }) => textOf(properties['proj:code']) },
  { code: 'MixedBandCount', what: 'numbers of bands', of: ({ asset }) => textOf(bandsOf(asset)?.length) },
  { code: 'MixedDataType', what: 'data types', of: ({ asset }) => textOf(bandsOf(asset)?.[0]?.['data_type'] ?? asset['data_type']) },
  { code: 'MixedNodata', what: 'nodata values', of: ({ asset }) => textOf(bandsOf(asset)?.[0]?.['nodata'] ?? asset['nodata']) },
];

const textOf = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : JSON.stringify(value));

/** Tiles that differ in CRS, band count, data type or nodata, or are no COG. */
export function warningsOf(tiles: readonly PlacedTile[]): Warning[] {
  const warnings: Warning[] = [];
  for (const { code, what, of } of TRAITS) {
    const values = [...new Set(tiles.map(of).filter((value) => value !== undefined))];
    if (values.length > 1) warnings.push({ code, message: `The tiles have ${values.length} different ${what}: ${values.slice(0, 5).join(', ')}.` });
  }
  const plain = tiles.filter((tile) => !tile.isCog);
  if (plain.length > 0) {
    warnings.push({ code: 'NotCloudOptimized', message: `${plain.length} tile(s) are no Cloud Optimized GeoTIFF: ${plain.slice(0, 5).map((t) => `/tiles/${t.place}`).join(', ')}.` });
  }
  return warnings;
}

/** The value that all tiles share, or undefined. */
export function shared<T>(tiles: readonly PlacedTile[], of: (tile: PlacedTile) => T | undefined): T | undefined {
  const [first] = tiles;
  if (first === undefined) return undefined;
  const value = of(first);
  const text = JSON.stringify(value);
  return tiles.every((tile) => JSON.stringify(of(tile)) === text) ? value : undefined;
}
