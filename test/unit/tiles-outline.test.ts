import { coverage, touched } from '../../src/tiles/outline.js';

const size = { width: 4, height: 4 };
const extent = [0, 0, 4, 4] as const;
const rows = (values: ArrayLike<number>): string[] => [0, 4, 8, 12].map((from) => Array.from(values).slice(from, from + 4).join(' '));
const ring = (...positions: [number, number][]): [number, number][] => [...positions, positions[0] ?? [0, 0]];

it('an edge on the border between two pixels touches the inner one only', () => {
  expect(rows(touched([[ring([1, 1], [3, 1], [3, 3], [1, 3])]], extent, size))).toEqual(['0 0 0 0', '0 1 1 0', '0 1 1 0', '0 0 0 0']);
});

it('a pixel that is touched at all is inside, also by an area without any centre', () => {
  expect(rows(touched([[ring([0.9, 0.9], [3.1, 0.9], [3.1, 3.1], [0.9, 3.1])]], extent, size))).toEqual(['1 1 1 1', '1 1 1 1', '1 1 1 1', '1 1 1 1']);
  expect(rows(touched([[ring([0.1, 3.8], [3.9, 3.8], [3.9, 3.9])]], extent, size))).toEqual(['1 1 1 1', '0 0 0 0', '0 0 0 0', '0 0 0 0']);
});

it('a hole is outside, and so is what lies beyond the picture', () => {
  const far = ring([-10, -10], [14, -10], [14, 14], [-10, 14]);
  const hole = ring([1, 1], [3, 1], [3, 3], [1, 3]);
  expect(rows(touched([[far, hole]], extent, size))).toEqual(['1 1 1 1', '1 0 0 1', '1 0 0 1', '1 1 1 1']);
  expect(rows(touched([[ring([10, 10], [12, 10], [12, 12])]], extent, size))).toEqual(['0 0 0 0', '0 0 0 0', '0 0 0 0', '0 0 0 0']);
});

it('shares are counted in parts of pixels; polygons that overlap count once', () => {
  const half = ring([0, 0], [2.5, 0], [2.5, 4], [0, 4]);
  expect(rows(coverage([[half], [half]], extent, size, 10))).toEqual(Array.from({ length: 4 }, () => '1 1 0.5 0'));
});

it('polygons that would take minutes are refused', () => {
  const comb = Array.from({ length: 4000 }, (_, i): [number, number] => [i / 1000, i % 2 === 0 ? 0 : 4]);
  expect(() => coverage([[ring(...comb)]], extent, { width: 1000, height: 1000 }, 10)).toThrow('too intricate');
});
