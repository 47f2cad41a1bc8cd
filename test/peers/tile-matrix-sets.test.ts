/** Our tile matrix sets against morecantile's, which titiler draws in: matrices, tiles in the CRS, boxes in degrees. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { tileMatrixSetDocument } from '../../src/tiles/matrix-documents.js';
import { locateTile, matrixAt, resolutionAt, TILE_MATRIX_SET_IDS, tileMatrixSet, type TileMatrixSetId } from '../../src/tiles/matrices.js';
import { python } from '../support/cogeo-mosaic.js';

type Numbers = readonly number[];
interface Theirs {
  readonly document: { readonly orderedAxes: readonly string[]; readonly tileMatrices: readonly { readonly id: string; readonly scaleDenominator: number; readonly cellSize: number; readonly pointOfOrigin: Numbers; readonly matrixWidth: number; readonly matrixHeight: number }[] };
  readonly crs: string;
  readonly tiles: readonly { readonly xy: Numbers; readonly lonlat: Numbers }[];
}

/** The corners and the middle of the first matrices, and one in the middle of a deep one. */
function tilesOf(id: TileMatrixSetId): [number, number, number][] {
  const tms = tileMatrixSet(id);
  return [0, 1, 2, 3, 9].flatMap((step): [number, number, number][] => {
    const z = tms.minZoom + step;
    const { columns, rows } = matrixAt(tms, z) ?? { columns: 1, rows: 1 };
    const [x, y] = [Math.floor(columns * 0.45), Math.floor(rows * 0.55)];
    return step === 9 ? [[z, x, y]] : [[z, 0, 0], [z, columns - 1, 0], [z, 0, rows - 1], [z, columns - 1, rows - 1], [z, x, y]];
  });
}

const near = (a: number, b: number, tolerance: number): boolean => Math.abs(a - b) <= tolerance;

/** A box in degrees holds the other one, to a tenth of a per cent of its sides; a box around the world holds all. */
function holds([w = 0, s = 0, e = 0, n = 0]: Numbers, [w2 = 0, s2 = 0, e2 = 0, n2 = 0]: Numbers): boolean {
  const [slackX, slackY] = [1e-6 + 0.001 * ((w2 > e2 ? e2 + 360 : e2) - w2), 1e-6 + 0.001 * (n2 - s2)];
  const turn = (lon: number): number => (lon < w - slackX ? lon + 360 : lon);
  const east = w > e ? e + 360 : e;
  return s <= s2 + slackY && n >= n2 - slackY && ((w <= -180 && e >= 180) || (turn(w2) >= w - slackX && turn(e2) <= east + slackX));
}

(python === undefined ? it.skip : it)('are those of morecantile, all but the two of rows of different widths', () => {
  const asked = Object.fromEntries(TILE_MATRIX_SET_IDS.map((id) => [id, tilesOf(id)]));
  const { known, sets } = JSON.parse(execFileSync(python ?? '', ['-W', 'ignore', resolve('test/peers/python/tile_matrix_sets.py')], { input: JSON.stringify(asked), maxBuffer: 2 ** 26 }).toString()) as { known: string[]; sets: Record<string, Theirs> };
  expect(known.filter((id) => !TILE_MATRIX_SET_IDS.some((own) => own === id)).toSorted()).toEqual(['CDB1GlobalGrid', 'GNOSISGlobalGrid']);
  for (const id of TILE_MATRIX_SET_IDS) {
    const theirs = sets[id];
    if (theirs === undefined) throw new Error(`No answer for ${id}.`);
    const { document } = theirs;
    const ours = tileMatrixSetDocument(id);
    expect([id, ours.crs.replace(/^.*[/:]/, ''), ours.orderedAxes]).toEqual([id, theirs.crs.replace(/^.*[/:]/, ''), document.orderedAxes]);
    const whole = ({ id: matrix, matrixWidth, matrixHeight }: { id: string; matrixWidth: number; matrixHeight: number }): unknown => [matrix, matrixWidth, matrixHeight];
    expect(ours.tileMatrices.map(whole)).toEqual(document.tileMatrices.map(whole));
    ours.tileMatrices.forEach((matrix, i) => {
      const other = document.tileMatrices[i];
      // The registry rounds cells in the seventh digit here and there.
      for (const member of ['cellSize', 'scaleDenominator'] as const) expect({ id, member, is: near(matrix[member] / (other?.[member] ?? 0), 1, 1e-6) }).toEqual({ id, member, is: true });
      expect(matrix.pointOfOrigin.map((n) => n.toFixed(6))).toEqual(other?.pointOfOrigin.map((n) => n.toFixed(6)));
    });
    for (const [i, [z, x, y]] of tilesOf(id).entries()) {
      const place = locateTile(id, z, x, y);
      if (!place.inRange) throw new Error(`${id} ${z}/${x}/${y} is not in range.`);
      const tolerance = resolutionAt(tileMatrixSet(id), z) / 100;
      const { xy = [], lonlat = [] } = theirs.tiles[i] ?? {};
      const tile = `${id} ${z}/${x}/${y}`;
      expect({ tile, xy, is: place.extent.every((edge, side) => near(edge, xy[side] ?? Number.NaN, tolerance)) }).toEqual({ tile, xy, is: true });
      // Of a tile with a pole in its corner morecantile answers a line.
      if ((lonlat[3] ?? 0) - (lonlat[1] ?? 0) > 1e-3) expect({ tile, lonlat, ours: place.bbox, is: holds(place.bbox, lonlat) }).toMatchObject({ tile, is: true });
    }
  }
});
