/** Draws one tile: its assets in order, until no further one can change it. */
import { DomainError, messageOf } from '../errors.js';
import { shownHref } from '../storage/source.js';
import type { Asset, Assets } from './assets.js';
import { bandsOf, calculated, unscaled } from './bands.js';
import type { Canvas } from './canvas.js';
import { createCanvas } from './canvas.js';
import { encodeCanvas, type Encoded, encodePicture, typesOf } from './encode.js';
import { createLayer, isEmpty, type Layer } from './layer.js';
import { createMerger, type Merger } from './merge.js';
import { findSamples, paint } from './nearest.js';
import { chooseLevel, type Dimensions } from './overviews.js';
import { type Patience, PATIENCE, patiently, tooSlow } from './patience.js';
import { pictureOf } from './picture.js';
import type { Plain } from './raster.js';
import { areaOf, type RenderRequest } from './request.js';
import { loadBlocks, sampleAsset, withoutMasked } from './sampling.js';
import { isPlain, type Style } from './style.js';
import { type Area, decimationOf, mayTouch, warpOf } from './warp.js';

export interface FailedAsset {
  /** Without query and fragment, which may hold a signature. */
  readonly href: string;
  readonly message: string;
}

export interface DrawnTile extends Encoded {
  /** No asset had a pixel here; the bytes are a transparent picture. */
  readonly empty: boolean;
  /** Hrefs that gave pixels, in stacking order. */
  readonly used: readonly string[];
  readonly failed: readonly FailedAsset[];
}

/** Headers that are opened while earlier assets are drawn. */
const OPEN_AHEAD = 4;

/**
 * @throws DomainError NotFound outside the matrix set, InvalidInput for a style that does not fit the assets. Where no pixel
 *   was drawn and an asset failed, its error: Upstream, UpstreamTimeout, NotImplemented, or InvalidInput for a refused
 *   href. `signal` ends the work at the next wait.
 */
export async function drawTile(request: RenderRequest, assets: Assets, signal?: AbortSignal, patience: Patience = PATIENCE): Promise<DrawnTile> {
  const { hrefs, format, style = {} } = request;
  const { area, size } = areaOf(request);
  const easel = createEasel(area, size, style, assets);
  const used: string[] = [];
  const failures: { href: string; error: DomainError }[] = [];
  const end = performance.now() + patience.tile;
  for (const [i, href] of hrefs.entries()) {
    signal?.throwIfAborted();
    const left = end - performance.now();
    if (easel.isFull()) break;
    if (left <= 0) {
      failures.push({ href, error: tooSlow(href, patience.tile) });
      break;
    }
    for (const next of hrefs.slice(i + 1, i + OPEN_AHEAD)) void assets.open(next).catch(() => undefined); // its turn will tell
    try {
      if (await patiently(Math.min(patience.asset, left), href, signal, async (still) => easel.add(await assets.open(href), still))) used.push(href);
    } catch (error) {
      signal?.throwIfAborted();
      failures.push({ href, error: asDomainError(error, href) });
    }
  }
  const [first] = failures;
  if (used.length === 0 && first !== undefined) throw first.error;
  signal?.throwIfAborted();
  const { canvas, layer, palette } = easel.result();
  const encoding = { format, mask: style.returnMask ?? true, area };
  // Data formats keep the values that a file's own colour table explains.
  const picture = layer === undefined ? undefined : pictureOf(layer, style, format === 'tif' || format === 'npy' ? undefined : palette, typesOf(format));
  return {
    ...(picture === undefined ? await encodeCanvas(canvas ?? createCanvas(size), encoding) : await encodePicture(picture, encoding)),
    empty: used.length === 0,
    used,
    failed: failures.map(({ href, error }) => ({ href: shownHref(href), message: error.message })),
  };
}

interface Easel {
  /** Whether the asset gave a pixel. Nothing is painted any more once `still` is aborted. */
  add(asset: Asset, still: AbortSignal): Promise<boolean>;
  isFull(): boolean;
  result(): { readonly canvas: Canvas | undefined; readonly layer: Layer | undefined; readonly palette: Uint8Array | undefined };
}

/**
 * 8-bit grey and RGB are painted as they are, a sixth of the work; from the first asset on that needs more, layers of
 * numbers are put together.
 */
function createEasel(area: Area, size: Dimensions, style: Style, assets: Assets): Easel {
  let canvas = isPlain(style) ? createCanvas(size) : undefined;
  let merger: Merger | undefined;
  let palette: Uint8Array | undefined;
  const coloured = style.colormap === undefined && style.expressions === undefined && style.unscale !== true;

  async function addLayer(asset: Asset, still: AbortSignal): Promise<boolean> {
    const layer = await readLayer(asset, area, size, style, assets);
    still.throwIfAborted();
    if (merger === undefined) {
      merger = createMerger(style.selection ?? 'first');
      if (canvas !== undefined && canvas.left < canvas.opacity.length) merger.add(layerOf(canvas), '');
      canvas = undefined;
    }
    if (layer === undefined || isEmpty(layer)) return false;
    merger.add(layer, asset.name);
    if (coloured) palette ??= asset.raster.palette;
    return true;
  }

  return {
    add: (asset, still) => (canvas !== undefined && asset.raster.plain !== undefined ? paintAsset(canvas, area, asset, asset.raster.plain, assets, still) : addLayer(asset, still)),
    isFull: () => canvas?.left === 0 || merger?.isFull() === true,
    result: () => ({ canvas, layer: merger?.result(), palette }),
  };
}

async function paintAsset(canvas: Canvas, area: Area, { raster, name }: Asset, plain: Plain, assets: Assets, still: AbortSignal): Promise<boolean> {
  const { header, levels } = raster;
  if (!mayTouch(area, header)) return false;
  const level = levels[chooseLevel(levels, decimationOf(area, canvas, header))];
  if (level === undefined) return false;
  const samples = await withoutMasked(findSamples(canvas, canvas.opacity, warpOf(area, canvas, header, level), level), level, name, assets);
  if (samples.targets.length === 0) return false;
  const blocks = await loadBlocks(samples, level, 0, name, assets);
  still.throwIfAborted();
  return paint(canvas, samples, plain, level, blocks) > 0;
}

async function readLayer(asset: Asset, area: Area, size: Dimensions, style: Style, assets: Assets): Promise<Layer | undefined> {
  const { raster, name } = asset;
  const { indices, expressions } = bandsOf(raster, style, name);
  const nodata = style.nodata ?? raster.nodata;
  const { resampling = 'nearest', reproject = 'nearest' } = style;
  const layer = await sampleAsset(asset, area, size, { bands: indices, nodata, resampling, reproject }, assets);
  if (layer === undefined) return undefined;
  const real = style.unscale === true ? unscaled(layer, raster, indices) : layer;
  return expressions === undefined ? real : calculated(real, expressions);
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

/** Anything that is not ours to name is the asset's fault: a codec or a projection that choked on its data. */
const asDomainError = (error: unknown, href: string): DomainError =>
  error instanceof DomainError
    ? error
    : new DomainError('Upstream', `${shownHref(href)}: it cannot be drawn (${messageOf(error).slice(0, 120)}).`, { cause: error });
