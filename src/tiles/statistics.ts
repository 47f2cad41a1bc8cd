/** Statistics of one band over an area, weighted by how much of each pixel lies in it: rio-tiler's `get_array_statistics`. Pure. */
import { rounder } from './layer.js';
import { isFloat, type SampleType } from './samples.js';

/** Titiler's `categorical`, `c`, `p`, `histogram_bins` and `histogram_range`. */
export interface StatisticsOptions {
  /** The histogram counts each value instead of ranges of values. */
  readonly categorical: boolean;
  /** The values to count; all that there are, where it is empty. */
  readonly categories: readonly number[];
  readonly percentiles: readonly number[];
  /** So many ranges of one width, or their edges. */
  readonly bins: number | readonly number[];
  readonly range?: readonly [number, number];
}

/** What cannot be told of no pixel is NaN, which JSON writes as null. */
export interface BandStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Pixels, each by its share inside. */
  readonly count: number;
  readonly sum: number;
  readonly std: number;
  readonly median: number;
  readonly majority: number;
  readonly minority: number;
  /** Different values. */
  readonly unique: number;
  readonly histogram: readonly [counts: readonly number[], edges: readonly number[]];
  readonly valid_percent: number;
  readonly masked_pixels: number;
  readonly valid_pixels: number;
  readonly [percentile: `percentile_${number}`]: number;
}

/** Each value once, in ascending order, with how many pixels have it and the sum of their shares. */
interface Tally {
  readonly keys: Float64Array;
  readonly counts: Uint32Array;
  readonly weights: Float64Array;
}

/**
 * @param valid not 0 where there is a value; NaN and infinities are none
 * @param shares of each pixel, 0 to 1: how much of it lies inside
 */
export function bandStatistics(values: Float64Array, valid: Uint8Array, shares: Float64Array, type: SampleType, options: StatisticsOptions): BandStatistics {
  const seen = indicesOf(values, valid);
  const { keys, counts, weights } = isFloat(type) ? tallyOf(values, shares, seen) : (tableOf(values, shares, seen) ?? tallyOf(values, shares, seen));
  const inside = shares.reduce((count, share) => count + (share === 0 ? 0 : 1), 0);
  let [count, sum] = [0, 0];
  keys.forEach((key, k) => {
    count += weights[k] ?? 0;
    sum += key * (weights[k] ?? 0);
  });
  const mean = sum / count;
  const variance = keys.reduce((total, key, k) => total + (weights[k] ?? 0) * (key - mean) ** 2, 0) / count;
  const quantile = (share: number): number => {
    let below = 0;
    const at = weights.findIndex((weight) => (below += weight) >= share * count);
    return keys[at === -1 ? keys.length - 1 : at] ?? Number.NaN;
  };
  const extreme = (better: (a: number, b: number) => boolean): number => keys[counts.reduce((best, n, k) => (better(n, counts[best] ?? 0) ? k : best), 0)] ?? Number.NaN;
  return {
    min: keys[0] ?? Number.NaN,
    max: keys.at(-1) ?? Number.NaN,
    mean, count, sum,
    std: Math.sqrt(variance),
    median: quantile(0.5),
    majority: extreme((a, b) => a > b),
    minority: extreme((a, b) => a < b),
    unique: keys.length,
    ...Object.fromEntries(options.percentiles.map((p) => [`percentile_${p}`, quantile(p / 100)])),
    histogram: options.categorical ? categories({ keys, counts }, options.categories) : histogram({ keys, counts }, type, options),
    valid_pixels: seen.length,
    masked_pixels: values.length - seen.length,
    valid_percent: inside === 0 ? 0 : Number((Math.min(seen.length / inside, 1) * 100).toFixed(2)),
  };
}

function indicesOf(values: Float64Array, valid: Uint8Array): Int32Array {
  const seen = new Int32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (valid[i] !== 0 && Number.isFinite(values[i])) seen[count++] = i;
  return seen.subarray(0, count);
}

/** Values between the least and the greatest that have a place each. */
const MAX_TABLE = 2 ** 20;

/** The tally of whole numbers that lie near each other, without sorting; undefined for others. */
function tableOf(values: Float64Array, shares: Float64Array, seen: Int32Array): Tally | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const i of seen) {
    const value = values[i] ?? 0;
    if (!Number.isInteger(value)) return undefined;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (seen.length === 0 || !(high - low < MAX_TABLE)) return undefined;
  const counts = new Uint32Array(high - low + 1);
  const weights = new Float64Array(high - low + 1);
  for (const i of seen) {
    const k = (values[i] ?? 0) - low;
    counts[k] = (counts[k] ?? 0) + 1;
    weights[k] = (weights[k] ?? 0) + (shares[i] ?? 0);
  }
  const used = Float64Array.from(counts.keys()).filter((k) => counts[k] !== 0);
  return { keys: used.map((k) => k + low), counts: Uint32Array.from(used, (k) => counts[k] ?? 0), weights: used.map((k) => weights[k] ?? 0) };
}

function tallyOf(values: Float64Array, shares: Float64Array, seen: Int32Array): Tally {
  const sorted = Float64Array.from(seen, (i) => values[i] ?? 0).toSorted();
  const keys = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const counts = new Uint32Array(keys.length);
  const weights = new Float64Array(keys.length);
  for (const i of seen) {
    const k = placeIn(keys, values[i] ?? 0);
    counts[k] = (counts[k] ?? 0) + 1;
    weights[k] = (weights[k] ?? 0) + (shares[i] ?? 0);
  }
  return { keys, counts, weights };
}

/** The place of the last entry that is not above a value; -1 where all are. */
function placeIn(ascending: ArrayLike<number>, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

type Counted = Pick<Tally, 'keys' | 'counts'>;

function categories({ keys, counts }: Counted, wanted: readonly number[]): [number[], number[]] {
  if (wanted.length === 0) return [[...counts], [...keys]];
  const known = new Map([...keys].map((key, k) => [key, counts[k] ?? 0]));
  return [wanted.map((value) => known.get(value) ?? 0), [...wanted]];
}

/** `numpy.histogram`: ranges hold their lower edge, the last one both. */
function histogram({ keys, counts }: Counted, type: SampleType, { bins, range }: StatisticsOptions): [number[], number[]] {
  const edges = typeof bins === 'number' ? edgesOf(keys, bins, range, type) : [...bins];
  const last = edges.length - 2;
  const found = Array.from({ length: edges.length - 1 }, () => 0);
  keys.forEach((key, k) => {
    if (key < (edges[0] ?? 0) || key > (edges.at(-1) ?? 0)) return;
    const bin = Math.min(last, placeIn(edges, key));
    found[bin] = (found[bin] ?? 0) + (counts[k] ?? 0);
  });
  return [found, edges];
}

function edgesOf(keys: Float64Array, bins: number, range: StatisticsOptions['range'], type: SampleType): number[] {
  let [low, high] = range ?? (keys.length === 0 ? [0, 1] : [keys[0] ?? 0, keys.at(-1) ?? 0]);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const round = isFloat(type) && range === undefined ? rounder(type) : (value: number): number => value;
  return Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : round(low + i * ((high - low) / bins))));
}
