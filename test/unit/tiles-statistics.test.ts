import { bandStatistics, type StatisticsOptions } from '../../src/tiles/statistics.js';

const options: StatisticsOptions = { categorical: false, categories: [], percentiles: [2, 98], bins: 2 };
const over = (values: number[], shares: number[] = values.map(() => 1), more: Partial<StatisticsOptions> = {}, valid = values.map(() => 1)): ReturnType<typeof bandStatistics> =>
  bandStatistics(Float64Array.from(values), Uint8Array.from(valid), Float64Array.from(shares), 'uint8', { ...options, ...more });

it('weighs by shares what is weighed, and counts pixels where pixels are counted', () => {
  expect(over([1, 2, 2, 9], [1, 0.5, 0.5, 1])).toEqual({
    min: 1, max: 9, mean: 4, count: 3, sum: 12, std: expect.closeTo(3.559_026), median: 2, majority: 2, minority: 1, unique: 3,
    percentile_2: 1, percentile_98: 9, histogram: [[3, 1], [1, 5, 9]], valid_pixels: 4, masked_pixels: 0, valid_percent: 100,
  });
});

it('leaves out what is empty or no number; a share of pixels inside is valid', () => {
  expect(over([1, Number.NaN, 3, 4], [1, 1, 1, 1], {}, [1, 1, 1, 0])).toMatchObject({ min: 1, max: 3, valid_pixels: 2, masked_pixels: 2, valid_percent: 50 });
});

it('of no pixel knows nothing but that', () => {
  expect(over([5, 6], [1, 1], {}, [0, 0])).toMatchObject({ min: Number.NaN, mean: Number.NaN, median: Number.NaN, majority: Number.NaN, count: 0, sum: 0, unique: 0, histogram: [[0, 0], [0, 0.5, 1]], valid_percent: 0 });
});

it("has numpy's histograms: one value, edges, a range, categories", () => {
  expect(over([7, 7]).histogram).toEqual([[0, 2], [6.5, 7, 7.5]]);
  expect(over([0, 4, 5, 10, 11], undefined, { bins: [0, 5, 10] }).histogram).toEqual([[2, 2], [0, 5, 10]]);
  expect(over([0, 4, 5, 10, 11], undefined, { range: [4, 10] }).histogram).toEqual([[2, 1], [4, 7, 10]]);
  expect(over([3, 3, 8], undefined, { categorical: true }).histogram).toEqual([[2, 1], [3, 8]]);
  expect(over([3, 3, 8], undefined, { categorical: true, categories: [8, 1] }).histogram).toEqual([[1, 0], [8, 1]]);
});
