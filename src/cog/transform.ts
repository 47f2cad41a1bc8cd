/** Where pixels lie: the affine transform of a GeoTIFF, read as GDAL reads it. */
import type { TiffImage } from '@cogeotiff/core';
import { TiffTag } from '@cogeotiff/core';
import { invalidInput } from '../errors.js';
import { numbersOf } from './tags.js';
import type { Bbox, Transform } from './types.js';

/**
 * The affine from pixel corners to the CRS (OGC GeoTIFF 1.1, section 7.1.1). With PixelIsPoint the tags speak of pixel
 * centres, so the origin moves by half a pixel, as in GDAL.
 * @throws DomainError InvalidInput without georeferencing, or with one that cannot be inverted
 */
export function readTransform(image: TiffImage, isPoint: boolean): Transform {
  const scale = numbersOf(image, TiffTag.ModelPixelScale);
  const tie = numbersOf(image, TiffTag.ModelTiePoint);
  const matrix = numbersOf(image, TiffTag.ModelTransformation);
  const read = fromScale(scale, tie) ?? fromMatrix(matrix);
  if (read === undefined) {
    throw invalidInput(tie.length > 6 ? 'it has ground control points instead of a transform' : 'it has no georeferencing');
  }
  const [a, b, c, d, e, f] = read;
  const transform: Transform = isPoint ? [a, b, c - (a + b) / 2, d, e, f - (d + e) / 2] : read;
  const determinant = a * e - b * d;
  if (!transform.every(Number.isFinite) || !Number.isFinite(determinant) || determinant === 0) {
    throw invalidInput('its georeferencing is not a usable transform');
  }
  return transform;
}

/** ModelPixelScale and the first tie point. A negative scale of y is taken as positive, as GDAL does. */
function fromScale(scale: readonly number[], tie: readonly number[]): Transform | undefined {
  const [sx = 0, sy = 0] = scale;
  const [column, row, , x, y] = tie;
  if (sx === 0 || sy === 0 || column === undefined || row === undefined || x === undefined || y === undefined) return undefined;
  const e = -Math.abs(sy);
  return [sx, 0, x - column * sx, 0, e, y - row * e];
}

/** ModelTransformation, 4 × 4 row-major; its third row and column are about heights. */
function fromMatrix(matrix: readonly number[]): Transform | undefined {
  if (matrix.length !== 16) return undefined;
  const [a = 0, b = 0, , c = 0, d = 0, e = 0, , f = 0] = matrix;
  return [a, b, c, d, e, f];
}

/** Pixel coordinates to the CRS. */
export const apply = (transform: Transform, column: number, row: number): [x: number, y: number] => [
  transform[0] * column + transform[1] * row + transform[2],
  transform[3] * column + transform[4] * row + transform[5],
];

/** The box around a raster in its CRS. */
export function projectedBbox(transform: Transform, width: number, height: number): Bbox {
  const [x0, y0] = apply(transform, 0, 0);
  const [x1, y1] = apply(transform, width, 0);
  const [x2, y2] = apply(transform, width, height);
  const [x3, y3] = apply(transform, 0, height);
  return [Math.min(x0, x1, x2, x3), Math.min(y0, y1, y2, y3), Math.max(x0, x1, x2, x3), Math.max(y0, y1, y2, y3)];
}
