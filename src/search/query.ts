/** What a search asks for, typed: the one shape that GET and POST, items, datasets, mosaics and registered searches share. */
import type { Geometry } from 'geojson';
import type { Cql2Expression } from '../cql2/ast.js';
import type { Interval } from '../datetime.js';
import type { Bbox } from '../geojson.js';
import type { FieldSet } from './fields.js';
import type { FreeText } from './free-text.js';

export interface SortKey {
  /** A property as CQL2 names it: `datetime`, `properties.eo:cloud_cover`, `eo:cloud_cover`. */
  readonly field: string;
  readonly direction: 'asc' | 'desc';
}

/** Which items; every member narrows. */
export interface ItemSelection {
  readonly collections?: readonly string[];
  readonly ids?: readonly string[];
  readonly bbox?: Bbox;
  readonly intersects?: Geometry;
  readonly datetime?: Interval;
  readonly filter?: Cql2Expression;
  readonly q?: FreeText;
}

export interface SearchQuery extends ItemSelection {
  readonly sortby?: readonly SortKey[];
  readonly limit: number;
  readonly token?: string;
  /** Undefined: whole items. */
  readonly fields?: FieldSet;
}

/** Newest first, as the STAC API leaves it to us and as pgSTAC does it. */
export const DEFAULT_SORT: readonly SortKey[] = [{ field: 'datetime', direction: 'desc' }];
