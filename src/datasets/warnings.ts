/** What a publisher should know about the tiles of a dataset that nevertheless was taken; added up tile by tile. */
import { isObject, type Json, type JsonObject } from '../json.js';
import type { PlacedTile } from './headers.js';

export interface Warning {
  readonly code: string;
  readonly message: string;
}

const bandsOf = (asset: JsonObject): JsonObject[] | undefined => (Array.isArray(asset['bands']) ? asset['bands'].filter(isObject) : undefined);

/** What tiles should agree on; undefined where a tile does not say. */
const TRAITS: readonly { code: string; what: string; of: (tile: PlacedTile) => unknown }[] = [
  { code: 'MixedCrs', what: 'coordinate reference systems', of: ({ properties }) => properties['proj:code'] },
  { code: 'MixedBandCount', what: 'numbers of bands', of: ({ asset }) => bandsOf(asset)?.length },
  { code: 'MixedDataType', what: 'data types', of: ({ asset }) => bandsOf(asset)?.[0]?.['data_type'] ?? asset['data_type'] },
  { code: 'MixedNodata', what: 'nodata values', of: ({ asset }) => bandsOf(asset)?.[0]?.['nodata'] ?? asset['nodata'] },
];

/** Beyond so many different values of a trait their number is not counted on. */
const MOST_VALUES = 1000;
const MOST_PLACES = 1000;

export class TileWarnings {
  private readonly values = TRAITS.map(() => new Set<unknown>());
  private readonly plain: number[] = [];
  private plainCount = 0;

  add(tile: PlacedTile): void {
    for (const [i, { of }] of TRAITS.entries()) {
      const value = of(tile);
      const values = this.values[i];
      if (value === undefined || value === null || values === undefined || values.size > MOST_VALUES) continue;
      // Texts of JSON: equal objects are one value, the number 1 and the text "1" are two.
      values.add(JSON.stringify(value));
    }
    if (tile.isCog) return;
    this.plainCount += 1;
    if (this.plain.length < MOST_PLACES) this.plain.push(tile.place);
  }

  /** Tiles that differ in CRS, band count, data type or nodata, or are no COG. */
  result(): Warning[] {
    const warnings: Warning[] = [];
    for (const [i, { code, what }] of TRAITS.entries()) {
      const values = [...(this.values[i] ?? [])];
      if (values.length <= 1) continue;
      const number = values.length > MOST_VALUES ? `over ${MOST_VALUES}` : values.length;
      warnings.push({ code, message: `The tiles have ${number} different ${what}: ${values.slice(0, 5).join(', ')}.` });
    }
    if (this.plainCount > 0) {
      const places = this.plain.toSorted((a, b) => a - b).slice(0, 5).map((place) => `/tiles/${place}`);
      warnings.push({ code: 'NotCloudOptimized', message: `${this.plainCount} tile(s) are no Cloud Optimized GeoTIFF: ${places.join(', ')}.` });
    }
    return warnings;
  }
}

/** The value that all tiles share, or undefined. */
export class Shared {
  private text: string | undefined;
  private value: Json | undefined;
  private agreed: boolean | undefined;

  add(value: Json | undefined): void {
    if (this.agreed === false) return;
    const text = typeof value === 'string' ? `"${value}` : JSON.stringify(value);
    if (this.agreed === undefined) [this.agreed, this.text, this.value] = [true, text, value];
    else if (text !== this.text) this.agreed = false;
  }

  get result(): Json | undefined {
    return this.agreed === true ? this.value : undefined;
  }
}
