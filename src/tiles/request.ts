/** What can be drawn: a tile of a matrix set, or any rectangle, of assets in stacking order. */
import { DomainError } from '../errors.js';
import type { WantedFormat } from './encode.js';
import type { Extent, TileMatrixSetId } from './matrices.js';
import { locateTile, mercatorToLonLat } from './matrices.js';
import type { Dimensions } from './overviews.js';
import type { Style } from './style.js';
import type { Area } from './warp.js';

interface Drawing {
  /** In stacking order: the first is on top, later ones fill what it leaves empty. */
  readonly hrefs: readonly string[];
  readonly format: WantedFormat;
  readonly style?: Style;
}

export interface TileRequest extends Drawing {
  readonly tms: TileMatrixSetId;
  readonly z: number;
  readonly x: number;
  readonly y: number;
  readonly tileSize: 256 | 512;
}

export interface AreaRequest extends Drawing {
  readonly epsg: Area['epsg'];
  /** In the units of the CRS; its east lies beyond its west. */
  readonly extent: Extent;
  readonly size: Dimensions;
}

export type RenderRequest = TileRequest | AreaRequest;

/** A picture's longest side. */
export const MAX_SIDE = 4096;

/** @throws DomainError NotFound for a tile outside its matrix set, InvalidInput for a rectangle without extent or of too many pixels */
export function areaOf(request: RenderRequest): { readonly area: Area; readonly size: Dimensions } {
  if ('tms' in request) {
    const { tms, z, x, y, tileSize } = request;
    const place = locateTile(tms, z, x, y);
    if (!place.inRange) throw new DomainError('NotFound', place.reason);
    return { area: { epsg: place.tms.epsg, extent: place.extent, bbox: place.bbox }, size: { width: tileSize, height: tileSize } };
  }
  const { epsg, extent, size } = request;
  const [west, south, east, north] = extent;
  if (!(east > west && north > south)) throw new DomainError('InvalidInput', 'A picture needs an extent: west below east, south below north.');
  if (![size.width, size.height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE)) {
    throw new DomainError('InvalidInput', `A picture has 1 to ${MAX_SIDE} pixels a side, not ${size.width} x ${size.height}.`);
  }
  return { area: { epsg, extent, bbox: epsg === 4326 ? extent : mercatorToLonLat(extent) }, size };
}
