/** What the tiles of a dataset add up to: a few numbers and texts, however many tiles there are. */
import type { Bbox } from '../geojson.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { resolutionOf } from '../mosaics/tile-zooms.js';
import { type Zooms, ZoomsFromItems } from '../mosaics/zooms.js';
import { BboxUnion, TileInstants } from './extent.js';
import type { PlacedTile } from './headers.js';
import { Shared, TileWarnings, type Warning } from './warnings.js';

/** The members of the dataset item that come from its tiles. */
export interface TileFactsSum {
  readonly count: number;
  /** Undefined unless all tiles say theirs: a sum over some of them would be wrong, not approximate. */
  readonly size?: number;
  /** The finest of the tiles. */
  readonly gsd?: number;
  /** `proj:code` and `bands`, where all tiles have the same. */
  readonly code?: Json;
  readonly bands?: Json;
}

export class TileSummary {
  readonly instants = new TileInstants();
  private readonly union = new BboxUnion();
  private readonly zooms = new ZoomsFromItems();
  private readonly traits = new TileWarnings();
  private readonly code = new Shared();
  private readonly bands = new Shared();
  private count = 0;
  private sized = 0;
  private size = 0;
  private gsd = Infinity;

  add(tile: PlacedTile): void {
    const { properties, asset, footprint } = tile;
    this.count += 1;
    const { 'file:size': size, bands } = asset;
    const { gsd, 'proj:code': code } = properties;
    if (typeof size === 'number') [this.sized, this.size] = [this.sized + 1, this.size + size];
    if (typeof gsd === 'number') this.gsd = Math.min(this.gsd, gsd);
    this.code.add(code);
    this.bands.add(Array.isArray(bands) ? bands.map(withoutResolution) : undefined);
    this.instants.add(tile);
    this.union.add(footprint.bbox);
    this.zooms.add(resolutionOf(properties, footprint.bbox));
    this.traits.add(tile);
  }

  facts(): TileFactsSum {
    const { result: code } = this.code;
    const { result: bands } = this.bands;
    return {
      count: this.count,
      ...(this.sized === this.count ? { size: this.size } : {}),
      ...(this.gsd === Infinity ? {} : { gsd: this.gsd }),
      ...(code === undefined ? {} : { code }),
      ...(bands === undefined ? {} : { bands }),
    };
  }

  bbox(): Bbox {
    return this.union.result();
  }

  warnings(): Warning[] {
    return this.traits.result();
  }

  /** Zooms from the COGs' resolution where it is known. */
  zoomsWithin(bbox: Bbox): Zooms {
    return this.zooms.result([...bbox]) ?? { minzoom: 0, maxzoom: 24 };
  }
}

/** The ground resolution differs from tile to tile of a geographic raster; what the bands hold does not. */
function withoutResolution(band: Json): Json {
  if (!isObject(band) || band['raster:spatial_resolution'] === undefined) return band;
  const { 'raster:spatial_resolution': _resolution, ...rest } = band;
  return rest satisfies JsonObject;
}
