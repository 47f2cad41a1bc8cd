/** Reads what a style takes of one item: one asset's bands, or those of several one after another. */
import { invalidAt, invalidInput } from '../errors.js';
import type { Asset, Assets } from './assets.js';
import { type Bands, bandsOf, calculated, unscaled } from './bands.js';
import { parseExpressions } from './expression.js';
import { createLayer, type Layer } from './layer.js';
import { checkValues, type Frame } from './request.js';
import { sampleAsset } from './sampling.js';
import { commonType } from './samples.js';
import type { AssetWish, Style } from './style.js';

/** An asset and which of its bands are read. */
interface Part {
  readonly asset: Asset;
  readonly wish: AssetWish | undefined;
  readonly bands: Bands;
}

/** @param opened the assets of one item, as many as the style names, or one */
function partsOf(opened: readonly Asset[], style: Style): Part[] {
  return opened.map((asset, i) => {
    const wish = style.assets?.[i];
    const bands = bandsOf(asset.raster, wish ?? style, asset.name);
    const count = countOf(bands);
    if (style.assetAsBand === true && count > 1) throw invalidAt('asset_as_band', `takes assets of one band; ${wish?.name ?? asset.name} gives ${count}`);
    return { asset, wish, bands };
  });
}

const countOf = ({ indices, expressions }: Bands): number => expressions?.length ?? indices.length;

/**
 * The pixels of an item, or undefined where none of its assets reaches into the area.
 * @throws DomainError InvalidInput for a style that does not fit the assets or needs too much memory; Upstream, UpstreamTimeout, NotImplemented
 */
export async function readItem(opened: readonly Asset[], frame: Frame, style: Style, assets: Assets, still: AbortSignal): Promise<Layer | undefined> {
  const parts = partsOf(opened, style);
  checkValues(frame.size, parts.reduce((sum, { bands }) => sum + Math.max(countOf(bands), bands.indices.length), 0));
  const layers: (Layer | undefined)[] = [];
  for (const part of parts) layers.push(await readPart(part, frame, style, assets, still));
  const [only] = layers;
  if (style.assets === undefined || layers.every((layer) => layer === undefined)) return only;
  const whole = concatenated(parts, layers, frame);
  if (style.expressions === undefined) return whole;
  const names = bandNames(parts, style);
  const expressions = parseExpressions(style.expressions.join(';'), style.assets.map(({ name }) => name));
  for (const band of expressions.flatMap(({ bands }) => bands)) if (!names.has(band)) throw invalidAt('expression', `there is no band ${band}; there are ${[...names.keys()].join(', ')}`);
  return calculated(whole, expressions, (band) => names.get(band) ?? -1);
}

async function readPart({ asset, bands: { indices, expressions } }: Part, { area, size }: Frame, style: Style, assets: Assets, still: AbortSignal): Promise<Layer | undefined> {
  const { resampling = 'nearest', reproject = 'nearest' } = style;
  const layer = await sampleAsset(asset, area, size, { bands: indices, nodata: style.nodata ?? asset.raster.nodata, resampling, reproject }, assets, still);
  if (layer === undefined) return undefined;
  const real = style.unscale === true ? unscaled(layer, asset.raster, indices) : layer;
  return expressions === undefined ? real : calculated(real, expressions);
}

/** Bands of all assets as one, of the type that numpy finds for all of them; each keeps its own empty pixels. */
function concatenated(parts: readonly Part[], layers: readonly (Layer | undefined)[], { size: { width, height } }: Frame): Layer {
  const whole = parts.map(({ asset, bands }, i) => layers[i] ?? createLayer(width, height, asset.raster.type, Array.from({ length: countOf(bands) }, () => '')));
  const values = whole.flatMap((layer) => layer.values);
  const valid = whole.flatMap((layer) => layer.valid);
  return { width, height, type: commonType(whole.map(({ type }) => type)), names: values.map((_, i) => `b${i + 1}`), values, valid, alpha: whole.length === 1 ? whole[0]?.alpha : undefined };
}

/** Where each band is that an outer expression may name: by its place, by its asset, by both. */
function bandNames(parts: readonly Part[], { assetAsBand }: Style): Map<string, number> {
  const names = new Map<string, number>();
  let at = 0;
  for (const { wish, bands } of parts) {
    const name = wish?.name.toLowerCase() ?? '';
    for (let i = 0; i < countOf(bands); i++, at++) {
      names.set(`b${at + 1}`, at);
      names.set(`${name}_b${bands.expressions === undefined ? (bands.indices[i] ?? 0) + 1 : i + 1}`, at);
      if (assetAsBand === true) names.set(name, at);
    }
  }
  return names;
}

/** What each band of an item is, as rio-tiler describes it: the file's words or `b1`, behind the asset's name where one is told. */
export function describeItem(opened: readonly Asset[], style: Style): string[] {
  const parts = partsOf(opened, style);
  const described = parts.flatMap(({ asset, wish, bands }) => {
    const own = (i: number): string => asset.raster.header.bands[i]?.description ?? `b${i + 1}`;
    const texts = bands.expressions?.map(({ text }) => text.replace(/\bb([1-9]\d*)\b/g, (_, band: string) => own(Number(band) - 1))) ?? bands.indices.map(own);
    if (wish === undefined) return texts;
    return style.assetAsBand === true ? [wish.name] : texts.map((text) => `${wish.name}_${text}`);
  });
  if (style.assets === undefined || style.expressions === undefined) return described;
  const names = bandNames(parts, style);
  return style.expressions.map((text) => text.replace(/\b[a-z_]\w*\b/g, (word) => described[names.get(word) ?? -1] ?? word));
}

/** The hrefs of a stack, item by item. */
export function itemsOf(hrefs: readonly string[], style: Style): string[][] {
  const count = style.assets?.length ?? 1;
  if (hrefs.length % count !== 0) throw invalidInput('Each item needs as many assets as are asked for.');
  return Array.from({ length: hrefs.length / count }, (_, i) => hrefs.slice(i * count, (i + 1) * count));
}
