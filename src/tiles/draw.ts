/** Draws one tile: its assets in order, until no further one can change it. */
import type { Asset, Assets } from './assets.js';
import { type Canvas, createCanvas } from './canvas.js';
import { compose, type Composed, firstOf, type Taker } from './compose.js';
import { encodeCanvas, type Encoded, encodePicture, typesOf } from './encode.js';
import { createLayer, cutLayer, isEmpty, type Layer } from './layer.js';
import { createMerger, type Merger } from './merge.js';
import { findSamples, paint } from './nearest.js';
import { touched } from './outline.js';
import { forZoom } from './external.js';
import { chooseLevel } from './overviews.js';
import { type Patience, PATIENCE } from './patience.js';
import { pictureOf } from './picture.js';
import type { Plain } from './raster.js';
import { itemsOf, readItem } from './read-item.js';
import { checkValues, type Frame, frameOf, type RenderRequest } from './request.js';
import { loadBlocks, withoutMasked } from './sampling.js';
import { startWatch, type Timings } from './stopwatch.js';
import { blocksOfStraight, paintStraight, straightOf } from './straight.js';
import { isPlain, type Style } from './style.js';
import { type Area, decimationOf, mayTouch, warpOf } from './warp.js';
import { checkBlocks, MAX_BLOCKS } from './window.js';

export interface DrawnTile extends Encoded, Composed {
  /** No asset had a pixel here; the bytes are a transparent picture. */
  readonly empty: boolean;
  readonly timings: Timings;
}

/**
 * @throws DomainError NotFound outside the matrix set, InvalidInput for a style that does not fit the assets or too large a
 *   picture; else as {@link compose}
 */
export async function drawTile(request: RenderRequest, given: Assets, signal?: AbortSignal, patience: Patience = PATIENCE): Promise<DrawnTile> {
  const { hrefs, format, style = {} } = request;
  const watch = startWatch(given);
  const { assets } = watch;
  const items = itemsOf(hrefs, style);
  const frame = frameOf(request, isSized(request) ? undefined : (await firstOf(items, assets, signal, patience))?.raster.header);
  checkValues(frame.size, 1);
  const easel = createEasel(frame, style, assets);
  const composed = await compose(items, assets, easel, signal, patience);
  const { canvas, layer, palette } = easel.result();
  const inside = 'cut' in request && request.cut !== undefined ? touched(request.cut, frame.area.extent, frame.size) : undefined;
  const encoding = { format, mask: style.returnMask ?? true, area: frame.area };
  // Data formats keep the values that a file's own colour table explains.
  const picture = layer === undefined ? undefined : pictureOf(cutLayer(layer, inside), style, format === 'tif' || format === 'npy' ? undefined : palette, typesOf(format));
  watch.encoding();
  const encoded = picture === undefined ? await encodeCanvas(cutCanvas(canvas ?? createCanvas(frame.size), inside), encoding) : await encodePicture(picture, encoding);
  return { ...encoded, ...composed, empty: composed.used.length === 0, timings: watch.end() };
}

/** Whether the size of the picture does not depend on the assets. */
const isSized = (request: RenderRequest): boolean => 'tms' in request || (request.size.width !== undefined && request.size.height !== undefined);

/** What lies outside is empty. */
function cutCanvas(canvas: Canvas, inside: Uint8Array | undefined): Canvas {
  if (inside !== undefined) for (let i = 0; i < inside.length; i++) if (inside[i] === 0) canvas.opacity[i] = 0;
  return canvas;
}

interface Easel extends Taker {
  result(): { readonly canvas: Canvas | undefined; readonly layer: Layer | undefined; readonly palette: Uint8Array | undefined };
}

/**
 * 8-bit grey and RGB are painted as they are, a sixth of the work; from the first asset on that needs more, layers of
 * numbers are put together.
 */
function createEasel(frame: Frame, style: Style, assets: Assets): Easel {
  const { area, size } = frame;
  let canvas = isPlain(style) ? createCanvas(size) : undefined;
  let merger: Merger | undefined;
  let palette: Uint8Array | undefined;
  const coloured = style.colormap === undefined && style.expressions === undefined && style.unscale !== true;

  async function addLayer(opened: readonly Asset[], still: AbortSignal): Promise<boolean> {
    const [asset] = opened;
    if (asset === undefined) return false;
    const layer = await readItem(opened, frame, style, assets, still);
    still.throwIfAborted();
    if (merger === undefined) {
      merger = createMerger(style.selection ?? 'first');
      if (canvas !== undefined && canvas.left < canvas.opacity.length) merger.add(layerOf(canvas), '');
      canvas = undefined;
    }
    if (layer === undefined || isEmpty(layer)) return false;
    merger.add(layer, asset.name);
    if (coloured && opened.length === 1) palette ??= asset.raster.palette;
    return true;
  }

  return {
    async add(found, still) {
      const opened = await Promise.all(found.map((asset) => forZoom(asset, area, size)));
      still.throwIfAborted();
      const [asset] = opened;
      return canvas !== undefined && asset?.raster.plain !== undefined ? paintAsset(canvas, area, asset, asset.raster.plain, assets, still) : addLayer(opened, still);
    },
    isFull: () => canvas?.left === 0 || merger?.isFull() === true,
    result: () => ({ canvas, layer: merger?.result(), palette }),
  };
}

async function paintAsset(canvas: Canvas, area: Area, { raster, name }: Asset, plain: Plain, assets: Assets, still: AbortSignal): Promise<boolean> {
  const { header, levels } = raster;
  if (!mayTouch(area, header)) return false;
  const level = levels[chooseLevel(levels, decimationOf(area, canvas, header))];
  if (level === undefined) return false;
  const warp = warpOf(area, canvas, header, level);
  if (warp.axes !== undefined && level.mask === undefined) {
    const straight = straightOf(warp.axes, level);
    const indices = blocksOfStraight(straight, canvas, level, MAX_BLOCKS);
    checkBlocks(indices.length, level, name);
    if (indices.length === 0) return false;
    const blocks = await assets.blocks.read(level, indices, name);
    still.throwIfAborted();
    return paintStraight(canvas, straight, plain, level, blocks) > 0;
  }
  const samples = await withoutMasked(findSamples(canvas, canvas.opacity, warp, level), level, name, assets);
  if (samples.targets.length === 0) return false;
  const blocks = await loadBlocks(samples, level, 0, name, assets);
  still.throwIfAborted();
  return paint(canvas, samples, plain, level, blocks) > 0;
}

/** What has been painted, as numbers. */
function layerOf({ width, height, bands, pixels, opacity }: Canvas): Layer {
  const layer = createLayer(width, height, 'uint8', Array.from({ length: bands }, (_, b) => `b${b + 1}`), opacity.some((value) => value > 0 && value < 255));
  for (let i = 0; i < opacity.length; i++) {
    for (let b = 0; b < bands; b++) {
      const [values, valid] = [layer.values[b], layer.valid[b]];
      if (values !== undefined) values[i] = pixels[i * bands + b] ?? 0;
      if (valid !== undefined) valid[i] = opacity[i] === 0 ? 0 : 1;
    }
  }
  layer.alpha?.set(opacity);
  return layer;
}
