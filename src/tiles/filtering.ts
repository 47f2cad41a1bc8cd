/** Reads one asset into a picture through a kernel: weighted means over windows of a level. */
import type { Asset, Assets } from './assets.js';
import { createRoom, fillTaps, type KernelName, reachOf, type Room } from './kernels.js';
import type { Layer } from './layer.js';
import type { Level } from './raster.js';
import { type Area, type Part, type Warp, warpOf } from './warp.js';
import { BYTES } from './samples.js';
import { isSeen, weigher } from './weigh.js';
import { common, regionsOf, type Widths } from './widths.js';
import { checkPixels, readWindow } from './window.js';

interface Filter {
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
export async function filtered(layer: Layer, asset: Pick<Asset, 'raster' | 'name'>, area: Area, level: Level, filter: Filter, assets: Assets, still: AbortSignal): Promise<Layer | undefined> {
  const { header, alpha } = asset.raster;
  const { kernel, warped, nodata } = filter;
  const warp = warpOf(area, layer, header, level);
  let pixels = 0;
  for (const { widths, ...region } of regionsOf(area, layer, header, level, warp.part, { kernel, warped, atOnce: nodata !== undefined || alpha !== undefined })) {
    const part = common(region, warp.part);
    // Whoever asked may have gone, or lost patience, since the last part.
    still.throwIfAborted();
    if (part !== undefined) pixels += await fill(layer, asset, level, { ...filter, warp, part, widths, pixels }, assets);
  }
  return pixels > 0 ? layer : undefined;
}

interface Filling extends Filter {
  readonly warp: Warp;
  readonly part: Part;
  readonly widths: Widths;
  /** Read for other parts already. */
  readonly pixels: number;
}

/** Fills in a part of the picture; answers the pixels of the level that it lies on, none where it has no place there. */
async function fill(layer: Layer, { raster, name }: Pick<Asset, 'raster' | 'name'>, level: Level, { bands, nodata, kernel, warped, warp, part, widths, pixels }: Filling, assets: Assets): Promise<number> {
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
  if (box.left > box.right) return 0;
  const met = { left: Math.floor(box.left), top: Math.floor(box.top), right: Math.ceil(box.right) + 1, bottom: Math.ceil(box.bottom) + 1 };
  // Parts are read one by one, but what one picture may cost is for all of them.
  checkPixels(met, (bands.length + 2) * BYTES[raster.type], name, pixels);
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
  const ofColumns = warp.axes === undefined ? undefined : Array.from(warp.axes.columns.subarray(part.left, part.right), (at) => roomFor(at, widths.x, level.width));
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
      weigh(y * width + x, ofColumns?.[x - part.left] ?? roomFor(column, widths.x, level.width, across), down);
    }
  }
  return (met.right - met.left) * (met.bottom - met.top);
}
