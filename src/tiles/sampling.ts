/** Reads one asset into a tile's grid: nearest pixels through their blocks, kernels over a window of the level. */
import type { Asset, Assets } from './assets.js';
import type { Block } from './blocks.js';
import { filtered } from './filtering.js';
import type { Resampling } from './kernels.js';
import { createLayer, type Layer } from './layer.js';
import { blockAt, blocksOf, findSamples, inMask, offsetIn, type Samples, unmasked } from './nearest.js';
import type { Dimensions } from './overviews.js';
import { chooseLevel } from './overviews.js';
import type { Level, Plane } from './raster.js';
import { type Area, decimationOf, isSameCrs, mayTouch, warpOf } from './warp.js';
import { opacity } from './weigh.js';
import { checkBlocks, MAX_BLOCKS } from './window.js';

export interface Reading {
  /** Bands, counted from 0; none but alpha's kind is left out by the caller. */
  readonly bands: readonly number[];
  /** What counts as empty in the place of the file's nodata. */
  readonly nodata: number | undefined;
  /** How a raster of the tile's CRS is read: titiler's `resampling`. Of one that is warped it only tells which level is taken. */
  readonly resampling: Resampling;
  /** How a raster of another CRS is warped: titiler's `reproject`. */
  readonly reproject: Resampling;
}

/** The blocks of a band that hold the samples; `band` matters only where planes are separate. */
export async function loadBlocks(samples: Samples, plane: Plane, band: number, name: string, { blocks }: Assets): Promise<Map<number, Block>> {
  const indices = blocksOf(samples, plane, MAX_BLOCKS);
  checkBlocks(indices.length, plane, name);
  if (!plane.separate || band === 0) return blocks.read(plane, indices, name);
  const base = band * plane.blocksAcross * plane.blocksDown;
  const read = await blocks.read(plane, indices.map((index) => base + index), name);
  return new Map([...read].map(([index, block]) => [index - base, block]));
}

/** Drops what the level's mask hides. */
export async function withoutMasked(samples: Samples, level: Level, name: string, assets: Assets): Promise<Samples> {
  if (level.mask === undefined || samples.targets.length === 0) return samples;
  const places = inMask(samples, level, level.mask);
  return unmasked(samples, places, level.mask, await loadBlocks(places, level.mask, 0, name, assets));
}

/**
 * The pixels of an asset, or undefined where it has none in the area.
 * @throws DomainError Upstream, UpstreamTimeout, NotImplemented
 */
export async function sampleAsset({ raster, name }: Pick<Asset, 'raster' | 'name'>, area: Area, size: Dimensions, reading: Reading, assets: Assets, still: AbortSignal): Promise<Layer | undefined> {
  const { header, levels } = raster;
  if (!mayTouch(area, header)) return undefined;
  const decimation = decimationOf(area, size, header);
  const level = levels[chooseLevel(levels, decimation, reading.resampling === 'nearest' ? 'nearest' : 'other')];
  if (level === undefined) return undefined;
  const names = reading.bands.map((band) => `b${band + 1}`);
  const layer = createLayer(size.width, size.height, raster.type, names, raster.alpha !== undefined && reading.nodata === undefined);
  const warped = !isSameCrs(area, header);
  // A warped dataset that is read as a whole is warped anew at the size of the picture (VRTWarpedDataset::IRasterIO).
  const kernel = warped ? reading.reproject : reading.resampling;
  if (kernel === 'nearest') return nearest(layer, { raster, name }, area, level, reading, assets);
  return filtered(layer, { raster, name }, area, level, { ...reading, kernel, warped }, assets, still);
}

async function nearest(layer: Layer, { raster, name }: Pick<Asset, 'raster' | 'name'>, area: Area, level: Level, { bands, nodata }: Reading, assets: Assets): Promise<Layer | undefined> {
  const samples = await withoutMasked(findSamples(layer, undefined, warpOf(area, layer, raster.header, level), level), level, name, assets);
  if (samples.targets.length === 0) return undefined;
  const { targets, columns, rows } = samples;
  const { separate } = level;
  let chunky: Map<number, Block> | undefined;
  const blocksOfBand = async (band: number): Promise<Map<number, Block>> => (separate ? loadBlocks(samples, level, band, name, assets) : (chunky ??= await loadBlocks(samples, level, 0, name, assets)));
  const nan = nodata !== undefined && Number.isNaN(nodata);

  const each = async (band: number, put: (target: number, value: number) => void): Promise<void> => {
    const blocks = await blocksOfBand(band);
    const inBlock = separate ? 0 : band;
    let lastBlock = -1;
    let block: Block;
    for (let i = 0; i < targets.length; i++) {
      const column = columns[i] ?? 0;
      const row = rows[i] ?? 0;
      const index = blockAt(level, column, row);
      if (index !== lastBlock) block = blocks.get((lastBlock = index));
      put(targets[i] ?? 0, block === undefined ? (nodata ?? 0) : (block[offsetIn(level, column, row) + inBlock] ?? 0));
    }
  };
  const { alpha } = layer;
  if (alpha !== undefined && raster.alpha !== undefined) await each(raster.alpha, (target, value) => (alpha[target] = opacity(value, raster.type)));
  for (const [i, band] of bands.entries()) {
    const [values, valid] = [layer.values[i], layer.valid[i]];
    if (values === undefined || valid === undefined) continue;
    await each(band, (target, value) => {
      values[target] = value;
      valid[target] = (nan ? Number.isNaN(value) : value === nodata) || alpha?.[target] === 0 ? 0 : 1;
    });
  }
  return layer;
}
