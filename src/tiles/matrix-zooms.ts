/** Which zoom of a tile matrix set shows as much as one of WebMercatorQuad. Pure. */
import { resolutionAt, type TileMatrixSetId, tileMatrixSet } from './matrices.js';

const MERCATOR = tileMatrixSet('WebMercatorQuad');

/**
 * A tile of the sets in degrees has the pixels of one of WebMercatorQuad a zoom deeper, at the equator; World Mercator
 * stretches as Web Mercator does; the others measure the ground, as Web Mercator does times the cosine of the latitude,
 * and the zoom whose pixels are nearest to that, as a ratio, is taken.
 */
export function zoomIn(id: TileMatrixSetId, zoom: number, latitude: number): number {
  const tms = tileMatrixSet(id);
  const within = (z: number): number => Math.max(tms.minZoom, Math.min(tms.maxZoom, z));
  if (tms.epsg === 3857 || tms.epsg === 3395) return within(zoom);
  if (tms.epsg === 4326) return within(zoom - 1);
  const ground = resolutionAt(MERCATOR, Math.min(zoom, MERCATOR.maxZoom)) * Math.max(0.01, Math.cos((latitude * Math.PI) / 180));
  const distances = tms.matrices.map(({ cellSize }) => Math.abs(Math.log(cellSize / ground)));
  return within(tms.minZoom + distances.indexOf(Math.min(...distances)));
}
