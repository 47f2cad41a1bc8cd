/** What can be drawn: a tile of a matrix set, or any rectangle, of assets in stacking order. */
import type { CogHeader } from '../cog/types.js';
import { DomainError, invalidInput } from '../errors.js';
import { fitted, type Fit, nativeGrid } from './grid.js';
import { locateTile, type TileMatrixSetId } from './matrices.js';
import type { Outline } from './outline.js';
import type { Dimensions } from './overviews.js';
import { type Extent, lonLatBox } from './projections.js';
import type { WantedFormat } from './encode.js';
import type { Style } from './style.js';
import type { Area } from './warp.js';

/** What is read: the assets of items in stacking order, the first on top; later ones fill what it leaves empty. */
export interface Stack {
  /** One of each item; where the style names several assets, as many of each item, in the order of their names. */
  readonly hrefs: readonly string[];
  readonly style?: Style;
}

interface Drawing extends Stack {
  readonly format: WantedFormat;
}

export interface TileRequest extends Drawing {
  readonly tms: TileMatrixSetId;
  readonly z: number;
  readonly x: number;
  readonly y: number;
  readonly tileSize: 256 | 512;
}

/** A rectangle in so many pixels; what is not said follows from the pixels of the first asset, as in rio-tiler. */
export interface Place {
  readonly epsg: Area['epsg'];
  /** In the units of the CRS; its east lies beyond its west. */
  readonly extent: Extent;
  readonly size: Fit;
  /** Pixels that these polygons do not touch are empty. In the units of the CRS. */
  readonly cut?: Outline;
}

export interface AreaRequest extends Drawing, Place {}

export type RenderRequest = TileRequest | AreaRequest;

/** A picture's longest side. */
export const MAX_SIDE = 4096;
/** Values of all bands of a picture: 2048 x 2048 pixels of RGB are 113 MB while they are drawn. */
const MAX_VALUES = 2048 * 2048 * 3;

export interface Frame {
  readonly area: Area;
  readonly size: Dimensions;
}

/**
 * Where a request lies, and in how many pixels.
 * @param header of the first asset; without it a size that is not said is small
 * @throws DomainError NotFound for a tile outside its matrix set, InvalidInput for a rectangle without extent or of too many pixels
 */
export function frameOf(request: RenderRequest | Place, header?: CogHeader): Frame {
  if ('tms' in request) {
    const { tms, z, x, y, tileSize } = request;
    const place = locateTile(tms, z, x, y);
    if (!place.inRange) throw new DomainError('NotFound', place.reason);
    return { area: { epsg: place.epsg, extent: place.extent, bbox: place.bbox }, size: { width: tileSize, height: tileSize } };
  }
  const { epsg, extent } = request;
  const [west, south, east, north] = extent;
  if (!(east > west && north > south)) throw invalidInput('A picture needs an extent: west below east, south below north.');
  const size = fitted(extent, request.size, header === undefined ? undefined : nativeGrid(epsg, header));
  if (![size.width, size.height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE)) {
    throw invalidInput(`A picture has 1 to ${MAX_SIDE} pixels a side, not ${size.width} x ${size.height}; give max_size, or width and height.`);
  }
  return { area: areaOf(epsg, extent), size };
}

export const areaOf = (epsg: Area['epsg'], extent: Extent): Area => ({ epsg, extent, bbox: lonLatBox(epsg, extent) });

/** @throws DomainError InvalidInput for more than one answer may take in memory */
export function checkValues({ width, height }: Dimensions, bands: number): void {
  if (width * height * bands > MAX_VALUES) {
    throw invalidInput(`${width} x ${height} pixels of ${bands} bands are more than the ${MAX_VALUES} values that one answer may hold; give a smaller max_size, or width and height, or fewer bands.`);
  }
}
