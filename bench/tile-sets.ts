/** The sets of COGs that tiles are measured on, and random tiles of them, the same in every run. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Bbox } from '../src/geojson.js';
import { lonToMercator, latToMercator, MERCATOR_EDGE } from '../src/tiles/matrices.js';

/** Beside the repository; nothing of it is committed. */
const WORLD = fileURLToPath(new URL('../../../shared/data/world/', import.meta.url));
export const hasWorld = (): boolean => existsSync(WORLD);

export interface TileSet {
  readonly name: string;
  readonly bounds: Bbox;
  /** The zoom of the COGs' own resolution. */
  readonly maxzoom: number;
  /** titiler-pgstac's wall time over ours, at least. */
  readonly goal: number;
}

const WORLD_BOUNDS: Bbox = [-179, -84, 179, 84];
/** Zones 29 to 36. */
const UTM_BOUNDS: Bbox = [-12, 0, 36, 48];

export const SETS: readonly TileSet[] = [
  { name: 'deflate', bounds: WORLD_BOUNDS, maxzoom: 7, goal: 3 },
  { name: 'zstd', bounds: WORLD_BOUNDS, maxzoom: 7, goal: 3 },
  { name: 'jpeg', bounds: WORLD_BOUNDS, maxzoom: 7, goal: 2 },
  { name: 'webp', bounds: WORLD_BOUNDS, maxzoom: 7, goal: 2 },
  { name: 'utm-deflate', bounds: UTM_BOUNDS, maxzoom: 8, goal: 3 },
  { name: 'utm-zstd', bounds: UTM_BOUNDS, maxzoom: 8, goal: 3 },
];

export type Transport = 'file' | 'http';

/** Writes the COGs below `folder` unless they are there. @param python with rasterio */
export function makeSets(python: string, folder: string): void {
  const { status } = spawnSync(python, [fileURLToPath(new URL('../../bench/python/tile_sets.py', import.meta.url)), WORLD, folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`tile_sets.py ended with ${status}.`);
}

/** Paths of a set, sorted. */
export const filesOf = (folder: string, { name }: TileSet): string[] => readdirSync(join(folder, name)).filter((file) => file.endsWith('.tif')).toSorted().map((file) => join(folder, name, file));

export function hrefsOf(folder: string, set: TileSet, transport: Transport, rangeServer: string): string[] {
  return filesOf(folder, set).map((path) => (transport === 'file' ? pathToFileURL(path).href : `${rangeServer}${path.slice(folder.length)}`));
}

export type TilePlace = readonly [z: number, x: number, y: number];

/** `count` tiles, as many of each zoom from 1 on; other ones for each `seed`. */
export function randomTiles({ bounds: [west, south, east, north], maxzoom }: TileSet, count: number, seed: number): TilePlace[] {
  let state = (seed * 7919 + 12_345) >>> 0;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  return Array.from({ length: count }, (_, i): TilePlace => {
    const z = 1 + (i % maxzoom);
    const x = lonToMercator(west + (east - west) * next());
    const y = latToMercator(south + (north - south) * next());
    const at = (along: number): number => Math.min(2 ** z - 1, Math.floor((along / (2 * MERCATOR_EDGE)) * 2 ** z));
    return [z, at(x + MERCATOR_EDGE), at(MERCATOR_EDGE - y)];
  });
}
