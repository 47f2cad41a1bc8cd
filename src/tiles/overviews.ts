/** Which overview a tile is drawn from: GDAL's rule, as rio-tiler gets it, so that both read the same pixels. Pure. */

/** rio-tiler crops EPSG:4326 rasters to this latitude before it asks for their resolution in EPSG:3857. */
export const MERCATOR_MAX_LAT = 85.06;

/** GDAL takes an overview up to 1.2 times coarser than asked for nearest neighbour, else none that is coarser (GDALBandGetBestOverviewLevel2). */
const OVERSAMPLING = { nearest: 1.2, other: 1 } as const;
const EPSILON = 0.1;

export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/**
 * The index of the level to read: the coarsest that is not more than 1.2 times (kernels: 1.0 times) coarser than asked, 0
 * the full image.
 * @param factor pixels of the full image that one pixel of the tile stands for, along the axis with fewer
 */
export function chooseLevel(levels: readonly Dimensions[], factor: number, resampling: keyof typeof OVERSAMPLING = 'nearest'): number {
  const [full] = levels;
  let best = 0;
  let bestDownsampling = 1;
  levels.forEach((level, index) => {
    if (full === undefined || index === 0) return;
    const downsampling = Math.min(full.width / level.width, full.height / level.height);
    if (downsampling >= factor * OVERSAMPLING[resampling] + EPSILON || downsampling <= bestDownsampling) return;
    best = index;
    bestDownsampling = downsampling;
  });
  return best;
}

export type Point = readonly [x: number, y: number];

/**
 * The size of a pixel that a raster has once it is warped to another CRS: the distance of two opposite corners over the
 * diagonal of its pixels (GDALSuggestedWarpOutput), after rio-tiler's crop of the poles.
 * @param corners upper left and lower right, in the raster's CRS
 * @param forward from the raster's CRS (`from`) to the tile's (`to`), both EPSG codes
 */
export function warpedResolution(
  { width, height }: Dimensions,
  corners: readonly [Point, Point],
  { from, to, forward }: { readonly from: number; readonly to: number; readonly forward: (x: number, y: number) => Point },
): number {
  const [[left], [right]] = corners;
  let [[, top], [, bottom]] = corners;
  let rows = height;
  if (from === 4326 && to === 3857) {
    const pixelHeight = (bottom - top) / height;
    top = Math.max(-MERCATOR_MAX_LAT, Math.min(MERCATOR_MAX_LAT, top));
    bottom = Math.max(-MERCATOR_MAX_LAT, Math.min(MERCATOR_MAX_LAT, bottom));
    rows = Math.round((bottom - top) / pixelHeight);
  }
  const [x1, y1] = forward(left, top);
  const [x2, y2] = forward(right, bottom);
  return Math.hypot(x2 - x1, y2 - y1) / Math.hypot(width, rows);
}
