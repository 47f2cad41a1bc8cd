/** Tile geometry of the two tile matrix sets that the server draws (OGC 17-083r4, annexes D.1 and D.2). Pure. */

export type TileMatrixSetId = 'WebMercatorQuad' | 'WorldCRS84Quad';

/** West, south, east, north. */
export type Extent = readonly [number, number, number, number];

export interface TileMatrixSet {
  readonly id: TileMatrixSetId;
  /** The CRS of its coordinates, x (or longitude) first. */
  readonly epsg: 3857 | 4326;
  /** The whole set, in the units of its CRS. */
  readonly extent: Extent;
  /** Tiles at zoom 0. */
  readonly columns: number;
  readonly rows: number;
  /** The last zoom, as morecantile (and so titiler) defines the set. */
  readonly maxZoom: number;
}

/** Half the circumference of the sphere of EPSG:3857, metres. */
export const MERCATOR_EDGE = 6_378_137 * Math.PI;

/** Metres of a pixel of WebMercatorQuad at zoom 0 (OGC 17-083r4, table D.1, in full). */
const CELL_SIZE = (2 * MERCATOR_EDGE) / 256;

const SETS: Readonly<Record<TileMatrixSetId, TileMatrixSet>> = {
  WebMercatorQuad: {
    id: 'WebMercatorQuad',
    epsg: 3857,
    extent: [-MERCATOR_EDGE, -MERCATOR_EDGE, MERCATOR_EDGE, MERCATOR_EDGE],
    columns: 1,
    rows: 1,
    maxZoom: 24,
  },
  WorldCRS84Quad: { id: 'WorldCRS84Quad', epsg: 4326, extent: [-180, -90, 180, 90], columns: 2, rows: 1, maxZoom: 23 },
};

export const TILE_MATRIX_SET_IDS: readonly TileMatrixSetId[] = ['WebMercatorQuad', 'WorldCRS84Quad'];

export const isTileMatrixSetId = (text: string): text is TileMatrixSetId => Object.hasOwn(SETS, text);

export const tileMatrixSet = (id: TileMatrixSetId): TileMatrixSet => SETS[id];

/** Units of the set's CRS (metres or degrees) that a pixel measures at zoom `z` in tiles of `tileSize` pixels. */
export const resolutionAt = ({ extent: [west, , east], columns }: TileMatrixSet, z: number, tileSize = 256): number =>
  (east - west) / (columns * 2 ** z * tileSize);

export type TilePlace =
  | {
      readonly inRange: true;
      readonly tms: TileMatrixSet;
      /** In the units of the set's CRS. */
      readonly extent: Extent;
      /** In EPSG:4326, longitude first. */
      readonly bbox: Extent;
    }
  | { readonly inRange: false; /** Which limit is passed, as a sentence. */ readonly reason: string };

/** Where a tile lies, or which limit of its matrix it passes: OGC API Tiles answers such a tile with 404 (requirement 7). */
export function locateTile(id: TileMatrixSetId, z: number, x: number, y: number): TilePlace {
  const tms = SETS[id];
  if (!Number.isInteger(z) || z < 0 || z > tms.maxZoom) return outside(`${id} has the zooms 0 to ${tms.maxZoom}, not ${z}.`);
  const columns = tms.columns * 2 ** z;
  const rows = tms.rows * 2 ** z;
  if (!Number.isInteger(x) || x < 0 || x >= columns) return outside(`${id} has the columns 0 to ${columns - 1} at zoom ${z}, not ${x}.`);
  if (!Number.isInteger(y) || y < 0 || y >= rows) return outside(`${id} has the rows 0 to ${rows - 1} at zoom ${z}, not ${y}.`);
  const extent = tileExtent(tms, columns, rows, x, y);
  return { inRange: true, tms, extent, bbox: tms.epsg === 4326 ? extent : mercatorToLonLat(extent) };
}

const outside = (reason: string): TilePlace => ({ inRange: false, reason });

/** Each edge is computed from its index alone, so that neighbours share it to the last bit. */
function tileExtent({ extent: [west, south, east, north] }: TileMatrixSet, columns: number, rows: number, x: number, y: number): Extent {
  const edgeX = (column: number): number => west + ((east - west) * column) / columns;
  const edgeY = (row: number): number => north - ((north - south) * row) / rows;
  return [edgeX(x), edgeY(y + 1), edgeX(x + 1), edgeY(y)];
}

export const lonToMercator = (lon: number): number => (lon * MERCATOR_EDGE) / 180;

/** Infinite at the poles. */
export const latToMercator = (lat: number): number => 6_378_137 * Math.atanh(Math.sin((lat * Math.PI) / 180));

export const mercatorToLon = (x: number): number => (x * 180) / MERCATOR_EDGE;

export const mercatorToLat = (y: number): number => (Math.atan(Math.sinh(y / 6_378_137)) * 180) / Math.PI;

export const mercatorToLonLat = ([west, south, east, north]: Extent): Extent => [
  mercatorToLon(west),
  mercatorToLat(south),
  mercatorToLon(east),
  mercatorToLat(north),
];

/** Degrees in a radian, as PROJ has them. */
const DEGREES = 57.29577951308232;

/**
 * The tile in degrees as morecantile and PROJ round it: where footprints end at a tile's edge, the last bit decides whether
 * they count as touching, and titiler-pgstac's lists are of these edges.
 */
export function roundedBbox(tms: TileMatrixSetId, z: number, x: number, y: number): Extent {
  const side = tms === 'WorldCRS84Quad' ? 180 / 2 ** z : (CELL_SIZE / 2 ** z) * 256;
  const [left, top] = tms === 'WorldCRS84Quad' ? [-180, 90] : [-MERCATOR_EDGE, MERCATOR_EDGE];
  const lon = (column: number): number => (tms === 'WorldCRS84Quad' ? left + column * side : (left + column * side) * (1 / 6_378_137) * DEGREES);
  const lat = (row: number): number => (tms === 'WorldCRS84Quad' ? top - row * side : Math.atan(Math.sinh((top - row * side) * (1 / 6_378_137))) * DEGREES);
  return [lon(x), lat(y + 1), lon(x + 1), lat(y)];
}
