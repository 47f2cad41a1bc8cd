/** Tile geometry of the tile matrix sets that the server draws (OGC 17-083r4). Pure. */
import { type Definition, DEFINITIONS, extentOfMatrix, type Matrix, type TileMatrixSetId } from './matrix-definitions.js';
import { type Extent, lonLatBox, MERCATOR_EDGE, type TileEpsg } from './projections.js';

export type { TileMatrixSetId } from './matrix-definitions.js';
export { type Extent, latToMercator, lonToMercator, MERCATOR_EDGE, mercatorToLat, mercatorToLon, mercatorToLonLat } from './projections.js';

export interface TileMatrixSet extends Definition {
  readonly id: TileMatrixSetId;
  /** The last zoom, as morecantile (and so titiler) defines the set. */
  readonly maxZoom: number;
}

/** Metres of a pixel of WebMercatorQuad at zoom 0 (OGC 17-083r4, table D.1, in full). */
const CELL_SIZE = (2 * MERCATOR_EDGE) / 256;

export const isTileMatrixSetId = (text: string): text is TileMatrixSetId => Object.hasOwn(DEFINITIONS, text);

/** The two that the whole world is drawn in come first. */
export const TILE_MATRIX_SET_IDS: readonly TileMatrixSetId[] = Object.keys(DEFINITIONS).filter(isTileMatrixSetId);

export function tileMatrixSet(id: TileMatrixSetId): TileMatrixSet {
  const definition: Definition = DEFINITIONS[id];
  return { ...definition, id, maxZoom: definition.minZoom + definition.matrices.length - 1 };
}

export const matrixAt = ({ matrices, minZoom }: TileMatrixSet, z: number): Matrix | undefined => (z < minZoom ? undefined : matrices[z - minZoom]);

/** Units of the set's CRS (metres or degrees) that a pixel measures at zoom `z` in tiles of `tileSize` pixels; NaN where it has no such zoom. */
export const resolutionAt = (tms: TileMatrixSet, z: number, tileSize = 256): number => ((matrixAt(tms, z)?.cellSize ?? Number.NaN) * 256) / tileSize;

export type TilePlace =
  | {
      readonly inRange: true;
      readonly epsg: TileEpsg;
      /** In the units of the set's CRS. */
      readonly extent: Extent;
      /** In EPSG:4326, longitude first; its west is above its east where the tile crosses the antimeridian. */
      readonly bbox: Extent;
    }
  | { readonly inRange: false; /** Which limit is passed, as a sentence. */ readonly reason: string };

/** Where a tile lies, or which limit of its matrix it passes: OGC API Tiles answers such a tile with 404 (requirement 7). */
export function locateTile(id: TileMatrixSetId, z: number, x: number, y: number): TilePlace {
  const tms = tileMatrixSet(id);
  const matrix = Number.isInteger(z) ? matrixAt(tms, z) : undefined;
  if (matrix === undefined) return outside(`${id} has the zooms ${tms.minZoom} to ${tms.maxZoom}, not ${z}.`);
  const { columns, rows } = matrix;
  if (!Number.isInteger(x) || x < 0 || x >= columns) return outside(`${id} has the columns 0 to ${columns - 1} at zoom ${z}, not ${x}.`);
  if (!Number.isInteger(y) || y < 0 || y >= rows) return outside(`${id} has the rows 0 to ${rows - 1} at zoom ${z}, not ${y}.`);
  const extent = tileExtent(extentOfMatrix(tms, matrix), matrix, x, y);
  return { inRange: true, epsg: tms.epsg, extent, bbox: lonLatBox(tms.epsg, extent) };
}

const outside = (reason: string): TilePlace => ({ inRange: false, reason });

/** Each edge is computed from its index alone, so that neighbours share it to the last bit. */
function tileExtent([west, south, east, north]: Extent, { columns, rows }: Matrix, x: number, y: number): Extent {
  const edgeX = (column: number): number => west + ((east - west) * column) / columns;
  const edgeY = (row: number): number => north - ((north - south) * row) / rows;
  return [edgeX(x), edgeY(y + 1), edgeX(x + 1), edgeY(y)];
}

/** Degrees in a radian, as PROJ has them. */
const DEGREES = 57.29577951308232;

/**
 * The tile in degrees as morecantile and PROJ round it: where footprints end at a tile's edge, the last bit decides whether
 * they count as touching, and titiler-pgstac's lists are of these edges.
 */
export function roundedBbox(id: TileMatrixSetId, z: number, x: number, y: number): Extent {
  const { epsg } = tileMatrixSet(id);
  if (epsg !== 4326 && epsg !== 3857) {
    const place = locateTile(id, z, x, y);
    return place.inRange ? place.bbox : [-180, -90, 180, 90];
  }
  const side = epsg === 4326 ? 180 / 2 ** z : (CELL_SIZE / 2 ** z) * 256;
  const [left, top] = epsg === 4326 ? [-180, 90] : [-MERCATOR_EDGE, MERCATOR_EDGE];
  const lon = (column: number): number => (epsg === 4326 ? left + column * side : (left + column * side) * (1 / 6_378_137) * DEGREES);
  const lat = (row: number): number => (epsg === 4326 ? top - row * side : Math.atan(Math.sinh((top - row * side) * (1 / 6_378_137))) * DEGREES);
  return [lon(x), lat(y + 1), lon(x + 1), lat(y)];
}
