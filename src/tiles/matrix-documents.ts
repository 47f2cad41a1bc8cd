/** Tile matrix sets as documents: OGC Two Dimensional Tile Matrix Set 2.0 (17-083r4), made of the rules by which tiles are located. */
import { type TileMatrixSetId, tileMatrixSet } from './matrices.js';
import { extentOfMatrix } from './matrix-definitions.js';

export interface TileMatrix {
  readonly id: string;
  readonly scaleDenominator: number;
  readonly cellSize: number;
  readonly cornerOfOrigin: 'topLeft';
  /** As the CRS orders its axes. */
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
  readonly wellKnownScaleSet?: string;
  readonly boundingBox: { readonly lowerLeft: readonly number[]; readonly upperRight: readonly number[]; readonly crs: string; readonly orderedAxes: readonly [string, string] };
  readonly tileMatrices: readonly TileMatrix[];
}

export const CRS84_URI = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';

export const titleOf = (id: TileMatrixSetId): string => tileMatrixSet(id).title;
/** Longitude is first in CRS84 and second in EPSG:4326. */
export const crsOf = (id: TileMatrixSetId): string => (id === 'WorldCRS84Quad' ? CRS84_URI : `http://www.opengis.net/def/crs/EPSG/0/${tileMatrixSet(id).epsg}`);
export const crsUrn = (id: TileMatrixSetId): string => (id === 'WorldCRS84Quad' ? 'urn:ogc:def:crs:OGC:1.3:CRS84' : `urn:ogc:def:crs:EPSG::${tileMatrixSet(id).epsg}`);
/** `EPSG:3857`, as old readers want it. */
export const crsName = (id: TileMatrixSetId): string => (id === 'WorldCRS84Quad' ? 'OGC:CRS84' : `EPSG:${tileMatrixSet(id).epsg}`);
export const tmsUri = (id: TileMatrixSetId): string => `http://www.opengis.net/def/tilematrixset/OGC/1.0/${id}`;

export function scaleSetOf(id: TileMatrixSetId): string | undefined {
  const { scales } = tileMatrixSet(id);
  return scales === undefined ? undefined : `http://www.opengis.net/def/wkss/OGC/1.0/${scales}`;
}

export function tileMatrixSetDocument(id: TileMatrixSetId): TileMatrixSetDocument {
  const tms = tileMatrixSet(id);
  const { title, axes, left, top, minZoom } = tms;
  const crs = crsOf(id);
  const scales = scaleSetOf(id);
  const ordered = (x: number, y: number): readonly [number, number] => (/^(Y|Lat)$/.test(axes[0]) ? [y, x] : [x, y]);
  const grounds = tms.matrices.map((matrix) => extentOfMatrix(tms, matrix));
  return {
    id,
    title,
    uri: tmsUri(id),
    crs,
    orderedAxes: axes,
    ...(scales === undefined ? {} : { wellKnownScaleSet: scales }),
    boundingBox: {
      lowerLeft: ordered(left, Math.min(...grounds.map(([, south]) => south))),
      upperRight: ordered(Math.max(...grounds.map(([, , east]) => east)), top),
      crs,
      orderedAxes: axes,
    },
    tileMatrices: tms.matrices.map(({ cellSize, columns, rows, scaleDenominator }, step): TileMatrix => ({
      id: String(minZoom + step),
      scaleDenominator,
      cellSize,
      cornerOfOrigin: 'topLeft',
      pointOfOrigin: ordered(left, top),
      tileWidth: 256,
      tileHeight: 256,
      matrixWidth: columns,
      matrixHeight: rows,
    })),
  };
}
