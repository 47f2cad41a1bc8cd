/** Reads one asset into a picture through a kernel: weighted means over windows of a level. */
import type { Asset, Assets } from './assets.js';
import { createRoom, fillTaps, type KernelName, reachOf, type Room } from './kernels.js';
import type { Layer } from './layer.js';
import type { Level } from './raster.js';
import { type Area, type Part, type Warp, warpOf } from './warp.js';
import { isSeen, weigher } from './weigh.js';
import { common, regionsOf, type Widths } from './widths.js';
import { readWindow } from './window.js';

export interface Filter {
  /** Counted from 0. */
  readonly bands: readonly number[];
  readonly nodata: number | undefined;
  readonly kernel: KernelName;
  /** The raster is of another CRS than the picture. */
  readonly warped: boolean;
}

/**
 * Fills in the pixels of the layer that the level covers; undefined where there are none.
 * @throws DomainError Upstream, UpstreamTimeout, NotImplemented
 */
export async function filtered(layer: Layer, asset: Pick<Asset, 'raster' | 'name'>, area: Area, level: Level, filter: Filter, assets: Assets): Promise<Layer | undefined> {
  const { header, alpha } = asset.raster;
  const { kernel, warped, nodata } = filter;
  const warp = warpOf(area, layer, header, level);
  let any = false;
  for (const { widths, ...region } of regionsOf(area, layer, header, level, warp.part, { kernel, warped, atOnce: nodata !== undefined || alpha !== undefined })) {
    const part = common(region, warp.part);
    if (part !== undefined && (await fill(layer, asset, level, { ...filter, warp, part, widths }, assets))) any = true;
  }
  return any ? layer : undefined;
}

interface Filling extends Filter {
  readonly warp: Warp;
  readonly part: Part;
  readonly widths: Widths;
}

/** Whether a part of the picture has any place on the level; it is then filled in. */
async function fill(layer: Layer, { raster, name }: Pick<Asset, 'raster' | 'name'>, level: Level, { bands, nodata, kernel, warped, warp, part, widths }: Filling, assets: Assets): Promise<boolean> {
  const { width } = layer;
  const columns = new Float64Array(width);
  const rows = new Float64Array(width);
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  const inside = (column: number, row: number): boolean => column >= 0 && column <= level.width && row >= 0 && row <= level.height;
  for (let y = part.top; y < part.bottom; y++) {
    warp.row(y, columns, rows);
    for (let x = part.left; x < part.right; x++) {
      const column = columns[x] ?? Number.NaN;
      const row = rows[x] ?? Number.NaN;
      if (!inside(column, row)) continue;
      if (column < box.left) box.left = column;
      if (column > box.right) box.right = column;
      if (row < box.top) box.top = row;
      if (row > box.bottom) box.bottom = row;
    }
  }
  if (box.left > box.right) return false;
  const [reachX, reachY] = [reachOf(kernel, widths.x), reachOf(kernel, widths.y)];
  const rectangle = {
    left: Math.max(0, Math.floor(box.left) - reachX), top: Math.max(0, Math.floor(box.top) - reachY),
    right: Math.min(level.width, Math.ceil(box.right) + reachX), bottom: Math.min(level.height, Math.ceil(box.bottom) + reachY),
  };
  const window = await readWindow(raster, level, rectangle, bands, nodata, name, assets.blocks);
  const weigh = weigher(layer, window, raster.type);
  const roomFor = (at: number, scale: number, length: number, room = createRoom()): Room => {
    fillTaps(room, kernel, at, scale, length);
    return room;
  };
  // Along straight axes the weights of a column are those of every row.
  const ofColumns = warp.axes === undefined ? undefined : Array.from(warp.axes.columns, (at) => roomFor(at, widths.x, level.width));
  const across = createRoom();
  const down = createRoom();
  let downAt = Number.NaN;
  for (let y = part.top; y < part.bottom; y++) {
    warp.row(y, columns, rows);
    for (let x = part.left; x < part.right; x++) {
      const column = columns[x] ?? Number.NaN;
      const row = rows[x] ?? Number.NaN;
      if (!inside(column, row) || (warped && !isSeen(window, column, row))) continue;
      if (row !== downAt) roomFor((downAt = row), widths.y, level.height, down);
      weigh(y * width + x, ofColumns?.[x] ?? roomFor(column, widths.x, level.width, across), down);
    }
  }
  return true;
}
