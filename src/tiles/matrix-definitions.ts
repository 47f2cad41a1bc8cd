/** The tile matrix sets of OGC's registry whose rows all have as many tiles (17-083r4, annexes D.1 to D.8, and LINZ's). */
import { type Extent, MERCATOR_EDGE, type TileEpsg } from './projections.js';

export interface Matrix {
  /** Units of the CRS that one of 256 pixels of a tile's side measures. */
  readonly cellSize: number;
  readonly columns: number;
  readonly rows: number;
  readonly scaleDenominator: number;
}

export interface Definition {
  readonly title: string;
  readonly epsg: TileEpsg;
  /** As the CRS orders them. */
  readonly axes: readonly [string, string];
  /** The upper left corner, x (or longitude) first. */
  readonly left: number;
  readonly top: number;
  readonly minZoom: number;
  /** From `minZoom` on. */
  readonly matrices: readonly Matrix[];
  /** Name of its well-known scale set. */
  readonly scales?: string;
}

/** Metres of a pixel of the standardized rendering (section 6.1.1.1). */
const PIXEL = 0.000_28;
const METRES_PER_DEGREE = MERCATOR_EDGE / 180;

type Side = readonly [columns: number, rows: number];

/** Cells are halved from matrix to matrix. */
function halved(count: number, cellSize: number, sideAt: (step: number) => Side, metresPerUnit = 1): Matrix[] {
  return Array.from({ length: count }, (_, step) => {
    const cell = cellSize / 2 ** step;
    const [columns, rows] = sideAt(step);
    return { cellSize: cell, columns, rows, scaleDenominator: (cell * metresPerUnit) / PIXEL };
  });
}

/** And each matrix covers the same ground. */
const quad = (count: number, cellSize: number, [columns, rows]: Side = [1, 1], metresPerUnit = 1): Matrix[] =>
  halved(count, cellSize, (step) => [columns * 2 ** step, rows * 2 ** step], metresPerUnit);

/** Antarctic tiles per side that are not a power of two: as many as the ground needs. */
const LINZ_SIDES = [1, 1, 2, 4, 7, 13, 26, 52, 104, 207, 413, 826, 1652, 3303];

/** Scale denominator, columns, rows. */
const CANADIAN: readonly (readonly [number, number, number])[] = [
  [145_000_000, 5, 5], [85_000_000, 8, 8], [50_000_000, 13, 14], [30_000_000, 21, 22], [17_500_000, 36, 38], [10_000_000, 62, 66],
  [6_000_000, 103, 110], [3_500_000, 177, 188], [2_000_000, 309, 329], [1_200_000, 515, 548], [700_000, 882, 938], [420_000, 1470, 1563],
  [250_000, 2469, 2626], [145_000, 4257, 4528], [85_000, 7262, 7723], [50_000, 12_344, 13_130], [30_000, 20_574, 21_882], [17_500, 35_269, 37_512],
  [10_000, 61_720, 65_646], [6000, 102_866, 109_409], [3500, 176_341, 187_558], [2000, 308_596, 328_227], [1200, 514_327, 547_044],
  [700, 881_703, 937_790], [420, 1_469_505, 1_562_983], [250, 2_468_768, 2_625_811],
];
/** This set counts a pixel as 1/96 of an inch of the US survey foot. */
const CANADIAN_PIXEL = 1200 / 3937 / 12 / 96;

export const DEFINITIONS = {
  WebMercatorQuad: {
    title: 'Google Maps Compatible for the World', epsg: 3857, axes: ['X', 'Y'], left: -MERCATOR_EDGE, top: MERCATOR_EDGE, minZoom: 0,
    matrices: quad(25, (2 * MERCATOR_EDGE) / 256), scales: 'GoogleMapsCompatible',
  },
  WorldCRS84Quad: {
    title: 'CRS84 for the World', epsg: 4326, axes: ['Lon', 'Lat'], left: -180, top: 90, minZoom: 0,
    matrices: quad(24, 180 / 256, [2, 1], METRES_PER_DEGREE), scales: 'GoogleCRS84Quad',
  },
  WGS1984Quad: {
    title: 'EPSG:4326 for the World', epsg: 4326, axes: ['Lat', 'Lon'], left: -180, top: 90, minZoom: 0,
    matrices: quad(24, 180 / 256, [2, 1], METRES_PER_DEGREE), scales: 'GoogleCRS84Quad',
  },
  WorldMercatorWGS84Quad: {
    title: 'World Mercator WGS84 (ellipsoid)', epsg: 3395, axes: ['E', 'N'], left: -MERCATOR_EDGE, top: MERCATOR_EDGE, minZoom: 0,
    matrices: quad(25, (2 * MERCATOR_EDGE) / 256), scales: 'WorldMercatorWGS84',
  },
  CanadianNAD83_LCC: {
    title: 'Lambert conformal conic NAD83 for Canada', epsg: 3978, axes: ['E', 'N'], left: -34_655_800, top: 39_310_000, minZoom: 0,
    matrices: CANADIAN.map(([scaleDenominator, columns, rows]) => ({ cellSize: scaleDenominator * CANADIAN_PIXEL, columns, rows, scaleDenominator })),
  },
  EuropeanETRS89_LAEAQuad: {
    title: 'Lambert Azimuthal Equal Area ETRS89 for Europe', epsg: 3035, axes: ['Y', 'X'], left: 2_000_000, top: 5_500_000, minZoom: 0,
    matrices: quad(16, 17_578.125),
  },
  LINZAntarticaMapTilegrid: {
    title: 'LINZ Antarctic Map Tile Grid (Ross Sea Region)', epsg: 5482, axes: ['Y', 'X'], left: -918_457.73, top: 6_918_457.73, minZoom: 0,
    matrices: halved(LINZ_SIDES.length, 114_688, (step) => [LINZ_SIDES[step] ?? 0, LINZ_SIDES[step] ?? 0]),
  },
  NZTM2000Quad: {
    title: 'LINZ NZTM2000Quad Map Tile Grid', epsg: 2193, axes: ['Y', 'X'], left: -3_260_586.7284, top: 10_438_190.1652, minZoom: 0,
    matrices: quad(22, 39_135.758_482_010_11),
  },
  UPSAntarcticWGS84Quad: {
    title: 'Universal Polar Stereographic WGS 84 Quad for Antarctic', epsg: 5042, axes: ['E', 'N'], left: -14_440_759.350_252, top: 18_440_759.350_252, minZoom: 0,
    matrices: quad(25, 128_443.4324),
  },
  UPSArcticWGS84Quad: {
    title: 'Universal Polar Stereographic WGS 84 Quad for Arctic', epsg: 5041, axes: ['E', 'N'], left: -14_440_759.350_252, top: 18_440_759.350_252, minZoom: 0,
    matrices: quad(25, 128_443.4324),
  },
  UTM31WGS84Quad: {
    title: 'Universal Transverse Mercator Zone 31 WGS84 Quad', epsg: 32_631, axes: ['E', 'N'], left: -9_501_965.729_312_76, top: 20_003_931.458_625_5, minZoom: 1,
    matrices: quad(24, 78_140.357_260_255_9, [1, 2]),
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type TileMatrixSetId = keyof typeof DEFINITIONS;

/** The ground of a matrix, in the units of its CRS. */
export const extentOfMatrix = ({ left, top }: Definition, { cellSize, columns, rows }: Matrix): Extent => [left, top - cellSize * 256 * rows, left + cellSize * 256 * columns, top];
