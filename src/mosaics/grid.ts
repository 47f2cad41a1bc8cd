/** The WebMercatorQuad grid in numbers: longitudes to columns, latitudes to rows, tiles to quadkeys. */

/** The latitude where WebMercatorQuad ends, in degrees. */
export const MERCATOR_LATITUDE = (Math.atan(Math.sinh(Math.PI)) * 180) / Math.PI;

/**
 * The tolerance, in tiles: what reaches less far into a tile only touches it. At zoom 12 it is a tenth of a millimetre
 * on the ground, a thousand times the rounding of a coordinate that was meant to lie on the edge.
 */
export const TOUCH = 1e-9;

/** The column of a longitude in degrees, as a fraction, on a grid `size` tiles wide. 180 lies on the far edge, at `size`. */
export const columnOf = (longitude: number, size: number): number => ((longitude + 180) / 360) * size;

/**
 * The row of a latitude in degrees, as a fraction: 0 at the north edge, `size` at the south edge, beyond them outside the
 * grid. Poles are taken as 89.99 degrees, far outside, so that the answer is finite.
 */
export function rowOf(latitude: number, size: number): number {
  const sine = Math.sin((Math.max(-89.99, Math.min(89.99, latitude)) * Math.PI) / 180);
  return (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * size;
}

/** The latitude in degrees of a row given as a fraction. */
export const latitudeOf = (row: number, size: number): number =>
  (Math.atan(Math.sinh(Math.PI * (1 - (2 * row) / size))) * 180) / Math.PI;

const halfRows = new Map<number, Float64Array>();

/** Latitudes of the edges and middles of all rows of a zoom: the entry `2 * y` is the north edge of row y, `2 * y + 1` its middle. */
export function latitudesOfRows(zoom: number): Float64Array {
  const known = halfRows.get(zoom);
  if (known !== undefined) return known;
  const size = 2 ** zoom;
  const made = Float64Array.from({ length: 2 * size + 1 }, (_, half) => latitudeOf(half / 2, size));
  halfRows.set(zoom, made);
  return made;
}

/** The quadkey of a tile: `zoom` digits, the first of them the coarsest quarter (0 north-west, 1 north-east, 2 south-west). */
export function quadkeyOf(x: number, y: number, zoom: number): string {
  let key = '';
  for (let bit = zoom - 1; bit >= 0; bit -= 1) key += ((x >> bit) & 1) + (((y >> bit) & 1) << 1);
  return key;
}
