/** Tile matrix sets as documents: OGC Two Dimensional Tile Matrix Set 2.0 (17-083r4), made of the rules by which tiles are located. */
import { MERCATOR_EDGE, resolutionAt, type TileMatrixSetId, tileMatrixSet } from './matrices.js';

export interface TileMatrix {
  readonly id: string;
  readonly scaleDenominator: number;
  readonly cellSize: number;
  readonly cornerOfOrigin: 'topLeft';
  readonly pointOfOrigin: readonly [number, number];
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly matrixWidth: number;
  readonly matrixHeight: number;
}

export interface TileMatrixSetDocument {
  readonly id: TileMatrixSetId;
  readonly title: string;
  readonly uri: string;
  readonly crs: string;
  readonly orderedAxes: readonly [string, string];
  readonly wellKnownScaleSet: string;
  readonly boundingBox: { readonly lowerLeft: readonly number[]; readonly upperRight: readonly number[]; readonly crs: string; readonly orderedAxes: readonly [string, string] };
  readonly tileMatrices: readonly TileMatrix[];
}

export const CRS84_URI = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';

/** Metres of a pixel of the standardized rendering (section 6.1.1.1). */
const PIXEL = 0.000_28;
/** Metres of a degree on the sphere of EPSG:3857. */
const METRES_PER_DEGREE = MERCATOR_EDGE / 180;

const WELL_KNOWN = {
  WebMercatorQuad: {
    title: 'Google Maps Compatible for the World',
    crs: 'http://www.opengis.net/def/crs/EPSG/0/3857',
    urn: 'urn:ogc:def:crs:EPSG::3857',
    short: 'EPSG:3857',
    axes: ['X', 'Y'],
    scales: 'GoogleMapsCompatible',
    metresPerUnit: 1,
  },
  WorldCRS84Quad: { title: 'CRS84 for the World', crs: CRS84_URI, urn: 'urn:ogc:def:crs:OGC:1.3:CRS84', short: 'OGC:CRS84', axes: ['Lon', 'Lat'], scales: 'GoogleCRS84Quad', metresPerUnit: METRES_PER_DEGREE },
} as const;

export const titleOf = (id: TileMatrixSetId): string => WELL_KNOWN[id].title;
export const crsOf = (id: TileMatrixSetId): string => WELL_KNOWN[id].crs;
export const crsUrn = (id: TileMatrixSetId): string => WELL_KNOWN[id].urn;
/** `EPSG:3857`, as old readers want it. */
export const crsName = (id: TileMatrixSetId): string => WELL_KNOWN[id].short;
export const tmsUri = (id: TileMatrixSetId): string => `http://www.opengis.net/def/tilematrixset/OGC/1.0/${id}`;
export const scaleSetOf = (id: TileMatrixSetId): string => `http://www.opengis.net/def/wkss/OGC/1.0/${WELL_KNOWN[id].scales}`;

export function tileMatrixSetDocument(id: TileMatrixSetId): TileMatrixSetDocument {
  const tms = tileMatrixSet(id);
  const { title, crs, axes, metresPerUnit } = WELL_KNOWN[id];
  const [west, south, east, north] = tms.extent;
  const matrices = Array.from({ length: tms.maxZoom + 1 }, (_, zoom): TileMatrix => {
    const cellSize = resolutionAt(tms, zoom);
    return {
      id: String(zoom),
      scaleDenominator: (cellSize * metresPerUnit) / PIXEL,
      cellSize,
      cornerOfOrigin: 'topLeft',
      pointOfOrigin: [west, north],
      tileWidth: 256,
      tileHeight: 256,
      matrixWidth: tms.columns * 2 ** zoom,
      matrixHeight: tms.rows * 2 ** zoom,
    };
  });
  return {
    id,
    title,
    uri: tmsUri(id),
    crs,
    orderedAxes: axes,
    wellKnownScaleSet: scaleSetOf(id),
    boundingBox: { lowerLeft: [west, south], upperRight: [east, north], crs, orderedAxes: axes },
    tileMatrices: matrices,
  };
}
