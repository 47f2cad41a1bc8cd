/** cogeo-mosaic as a peer: what it makes of footprints, compared with what we make of them. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { Feature, Polygon } from 'geojson';

export const python = process.env['STAC_MOSAIC_TEST_PYTHON'];

export type Located = Feature<Polygon, { path: string }>;
export interface Mosaic {
  readonly tiles: Record<string, string[]>;
  readonly bounds: number[];
  readonly center: number[];
}

/** A quadkey is only touched where the footprint has less than this of its core (see the script: the tile without a rim of 1e-4). */
const TOUCHED = 1e-12;

export interface Answer {
  readonly mosaic: Mosaic;
  readonly features: Located[];
  readonly overlaps: number[];
}

/** Runs a script of test/peers/python; a question goes in as JSON, the answer comes out as JSON. */
export function runPython(script: string, question: unknown, args: readonly string[] = []): Promise<unknown> {
  return new Promise((fulfil, reject) => {
    const child = execFile(python ?? '', [resolve('test/peers/python', script), ...args], { maxBuffer: 1 << 30 }, (error, stdout, stderr) => {
      if (error === null) fulfil(JSON.parse(stdout));
      else reject(new Error(`${script}: ${stderr.slice(-4000)}`, { cause: error }));
    });
    child.stdin?.end(JSON.stringify(question));
  });
}

export const ask = async (question: unknown): Promise<Answer> => (await runPython('mosaic_from_features.py', question)) as Answer;

/** Every entry that one of the two has and the other lacks, as [quadkey, index of the feature]. */
function difference(features: readonly Located[], one: Mosaic, other: Mosaic): [string, number][] {
  const indices = new Map(features.map((feature, index) => [feature.properties.path, index]));
  const pairs: [string, number][] = [];
  for (const key of new Set([...Object.keys(one.tiles), ...Object.keys(other.tiles)])) {
    const left = new Set(one.tiles[key] ?? []);
    const right = new Set(other.tiles[key] ?? []);
    for (const path of left) if (!right.has(path)) pairs.push([key, indices.get(path) ?? -1]);
    for (const path of right) if (!left.has(path)) pairs.push([key, indices.get(path) ?? -1]);
  }
  return pairs;
}

/** What both have, in the order of the first: lists without the entries of `pairs`, and no empty lists. */
function without(features: readonly Located[], mosaic: Mosaic, pairs: readonly [string, number][]): [string, string[]][] {
  const dropped = new Set(pairs.map(([key, index]) => `${key} ${features[index]?.properties.path ?? ''}`));
  return Object.entries(mosaic.tiles)
    .map(([key, list]): [string, string[]] => [key, list.filter((path) => !dropped.has(`${key} ${path}`))])
    .filter(([, list]) => list.length > 0);
}

/** Expects equal keys, lists and order, but for quadkeys that an asset only touches; answers how many those are. */
export async function expectSameMosaic(features: readonly Located[], mine: Mosaic, theirs: Mosaic): Promise<number> {
  const pairs = difference(features, mine, theirs);
  const { overlaps } = pairs.length === 0 ? { overlaps: [] } : await ask({ features, pairs });
  const real = pairs.map((pair, at) => ({ pair, overlap: overlaps[at] ?? 1 })).filter(({ overlap }) => overlap > TOUCHED);
  expect(real).toEqual([]);
  expect(without(features, mine, pairs)).toEqual(without(features, theirs, pairs));
  mine.bounds.forEach((bound, at) => {
    expect(bound).toBeCloseTo(theirs.bounds[at] ?? NaN, 9);
  });
  mine.center.forEach((value, at) => {
    expect(value).toBeCloseTo(theirs.center[at] ?? NaN, 9);
  });
  return pairs.length;
}
