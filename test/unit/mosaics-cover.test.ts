/** Which tiles a geometry covers: boxes by arithmetic, outlines row by row, and what only touches. */
import type { Geometry, Position } from 'geojson';
import { coverGeometry } from '../../src/mosaics/cover.js';
import { latitudeOf, MERCATOR_LATITUDE, quadkeyOf } from '../../src/mosaics/grid.js';
import type { BBox } from '../../src/mosaics/shapes.js';

function cover(geometry: Geometry | BBox, zoom: number): string[] {
  const tiles: string[] = [];
  coverGeometry(geometry, zoom, (x, y) => tiles.push(`${x}/${y}`));
  return tiles;
}

const polygon = (...rings: Position[][]): Geometry => ({ type: 'Polygon', coordinates: rings });

const ringOf = ([west, south, east, north]: BBox): Position[] => [[west, south], [east, south], [east, north], [west, north], [west, south]];

/** The box as an outline that the fast road for boxes does not recognise: one vertex more. */
function outlineOf(box: BBox): Geometry {
  const [west, south, , north] = box;
  return polygon([...ringOf(box).slice(0, 4), [west, (south + north) / 2], [west, south]]);
}

/** Numbers from 0 to 1 that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const inside = (ring: readonly Position[], x: number, y: number): boolean => {
  let odd = false;
  for (let at = 0; at + 1 < ring.length; at += 1) {
    const [ax = 0, ay = 0] = ring[at] ?? [];
    const [bx = 0, by = 0] = ring[at + 1] ?? [];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) odd = !odd;
  }
  return odd;
};

/** Both roads: the box by arithmetic and the same box as an outline. */
const roads: [string, (box: BBox) => Geometry | BBox][] = [['box', (box) => box], ['outline', outlineOf]];

describe.each(roads)('the tiles of a box, given as %s', (_, shape) => {
  it('are those it reaches into', () => {
    expect(cover(shape([-10, -10, 10, 10]), 1)).toEqual(['0/0', '1/0', '0/1', '1/1']);
    expect(cover(shape([1, 1, 2, 2]), 3)).toEqual(['4/3']);
  });

  it('do not include those whose edge it only touches', () => {
    expect(cover(shape([-180, 0, 0, MERCATOR_LATITUDE]), 1)).toEqual(['0/0']);
    expect(cover(shape([0, latitudeOf(4, 8), 45, latitudeOf(3, 8)]), 3)).toEqual(['4/3']);
    expect(cover(shape([-180, 0, -170, 10]), 4)).toEqual(['0/7']);
    expect(cover(shape([-180, -10, -168.75, 0]), 5)).toEqual(['0/16']);
    expect(cover(shape([168.75, 0, 180, 10]), 5)).toEqual(['31/15']);
  });

  it('do not change when an edge is off a tile edge by rounding only, at any zoom', () => {
    for (let zoom = 1; zoom <= 12; zoom += 1) {
      const size = 2 ** zoom;
      const x = Math.floor(size * 0.7);
      const y = Math.floor(size * 0.3);
      const west = (x / size) * 360 - 180;
      const east = ((x + 1) / size) * 360 - 180;
      const south = latitudeOf(y + 1, size);
      const north = latitudeOf(y, size);
      for (const off of [0, 1e-13, -1e-13, 5e-10 * (360 / size)]) {
        expect(cover(shape([west - off, south - off / 4, east + off, north + off / 4]), zoom)).toEqual([`${x}/${y}`]);
      }
      expect(cover(shape([west, south, east + 1e-8 * (360 / size), north]), zoom)).toHaveLength(2);
    }
  });

  it('end where the grid ends', () => {
    expect(cover(shape([-180, -90, 180, 90]), 1)).toHaveLength(4);
    expect(cover(shape([0, 86, 10, 89]), 3)).toEqual([]);
    expect(cover(shape([1, 80, 2, 90]), 2)).toEqual(['2/0']);
  });

  it('come round the world beyond 180 degrees', () => {
    expect(cover(shape([170, 1, 190, 2]), 3)).toEqual(['0/3', '7/3']);
    expect(cover(shape([-190, 1, -170, 2]), 3)).toEqual(['0/3', '7/3']);
    expect(cover(shape([-300, 1, 300, 2]), 2)).toHaveLength(4);
  });
});

describe('the tiles of a box', () => {
  it('are on both sides of the antimeridian where west is greater than east', () => {
    expect(cover([170, 1, -170, 2], 3)).toEqual(['0/3', '7/3']);
  });

  it('are one where the box has no extent', () => {
    expect(cover([1, 1, 1, 1], 3)).toEqual(['4/3']);
    expect(cover([0, 1, 0, 2], 3)).toEqual([]);
  });

  it('are the same as those of its outline, for random boxes', () => {
    const next = random(7);
    for (let count = 0; count < 500; count += 1) {
      const west = next() * 350 - 180;
      const south = next() * 160 - 80;
      const box: BBox = [west, south, west + next() ** 4 * (180 - west), south + next() ** 4 * (84 - south)];
      expect(cover(outlineOf(box), 7)).toEqual(cover(box, 7));
    }
  });
});

describe('the tiles of an outline', () => {
  it('leave out the corners that a diamond does not reach', () => {
    const diamond = polygon([[0, 60], [-80, 0], [0, -60], [80, 0], [0, 60]]);
    expect(cover(diamond, 3)).not.toContain('2/2');
    expect(cover(diamond, 3)).toContain('4/3');
  });

  it('do not include the tile that a corner or a slanted edge only touches', () => {
    expect(cover(polygon([[0, 0], [-10, 10], [-10, 20], [0, 0]]), 1)).toEqual(['0/0']);
    // its edge runs through the corner shared by four tiles
    expect(cover(polygon([[-10, 10], [10, -10], [10, 10], [-10, 10]]), 1)).toEqual(['0/0', '1/0', '1/1']);
  });

  it('are those in which a dense grid of points finds the outline, for random turned polygons', () => {
    const next = random(11);
    const zoom = 5;
    const size = 2 ** zoom;
    for (let count = 0; count < 60; count += 1) {
      const [x, y, r, turn] = [next() * 280 - 140, next() * 120 - 60, 2 + next() * 20, next() * 3];
      const corners = 3 + Math.floor(next() * 5);
      const ring = Array.from({ length: corners + 1 }, (_, at) => {
        const angle = turn + ((at % corners) / corners) * 2 * Math.PI;
        return [x + r * Math.cos(angle), y + r * Math.sin(angle)];
      });
      const found = new Set(cover(polygon(ring), zoom));
      for (let row = 0; row < size; row += 1) {
        for (let column = 0; column < size; column += 1) {
          const [north, south] = [latitudeOf(row, size), latitudeOf(row + 1, size)];
          const west = (column / size) * 360 - 180;
          let hits = 0;
          for (let i = 1; i < 16; i += 1) for (let j = 1; j < 16; j += 1) if (inside(ring, west + (i / 16) * (360 / size), south + (j / 16) * (north - south))) hits += 1;
          if (hits > 0) expect(found).toContain(`${column}/${row}`);
        }
      }
      // nothing beyond the box either
      for (const tile of found) expect(cover([x - r, y - r, x + r, y + r], zoom)).toContain(tile);
    }
  });

  it('leave out a tile that lies wholly in a hole', () => {
    const size = 8;
    const hole: BBox = [-46, latitudeOf(4, size) - 1, 1, latitudeOf(3, size) + 1];
    const shape = polygon(ringOf([-100, -60, 100, 60]), ringOf(hole).toReversed());
    expect(cover(shape, 3)).not.toContain('3/3');
    expect(cover(shape, 3)).toContain('2/3');
    expect(cover(shape, 3)).toContain('4/3');
  });

  it('do not depend on the direction of the ring', () => {
    const ring: Position[] = [[3, 3], [30, 8], [22, 40], [3, 3]];
    expect(cover(polygon(ring.toReversed()), 6)).toEqual(cover(polygon(ring), 6));
  });

  it('are the union over the parts of a MultiPolygon, each tile once', () => {
    const shape: Geometry = { type: 'MultiPolygon', coordinates: [[ringOf([1, 1, 2, 2])], [ringOf([3, 3, 4, 4])], [ringOf([100, 1, 101, 2])]] };
    expect(cover(shape, 3)).toEqual(['4/3', '6/3']);
  });

  it('are on both sides for a MultiPolygon that is split at the antimeridian', () => {
    const shape: Geometry = { type: 'MultiPolygon', coordinates: [[ringOf([170, 1, 180, 2])], [ringOf([-180, 1, -170, 2])]] };
    expect(cover(shape, 3)).toEqual(['0/3', '7/3']);
    expect(cover(shape, 6)).toEqual(['0/31', '1/31', '62/31', '63/31']);
  });

  it('are those that lines and points run through', () => {
    expect(cover({ type: 'Point', coordinates: [1, 1] }, 3)).toEqual(['4/3']);
    expect(cover({ type: 'LineString', coordinates: [[1, 1], [100, 1]] }, 3)).toEqual(['4/3', '5/3', '6/3']);
    expect(cover({ type: 'MultiPoint', coordinates: [[1, 1], [2, 2], [-1, 1]] }, 3)).toEqual(['3/3', '4/3']);
  });
});

describe('a quadkey', () => {
  it('has one digit a zoom', () => {
    expect(quadkeyOf(3, 5, 3)).toBe('213');
    expect(quadkeyOf(0, 0, 1)).toBe('0');
    expect(quadkeyOf(1, 1, 1)).toBe('3');
    expect(quadkeyOf(4095, 4095, 12)).toBe('333333333333');
  });
});
