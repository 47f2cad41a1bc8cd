/** Statistics of a stack of assets inside polygons, as titiler reckons them: over the pixels of the first asset's grid. */
import { invalidAt } from '../errors.js';
import type { Asset, Assets } from './assets.js';
import { compose, type Composed, firstOf } from './compose.js';
import { aligned, nativeGrid } from './grid.js';
import { cutLayer, isEmpty } from './layer.js';
import { createMerger } from './merge.js';
import { coverage, type Outline, touched } from './outline.js';
import { describeItem, itemsOf, readItem } from './read-item.js';
import { checkValues, frameOf, type Place, type Stack } from './request.js';
import { type BandStatistics, bandStatistics, type StatisticsOptions } from './statistics.js';

export interface StatisticsRequest extends Stack, Place {
  readonly cut: Outline;
  /** A pixel's share inside is counted in so many parts, squared. */
  readonly coverScale: number;
  readonly options: StatisticsOptions;
}

export interface Measured extends Composed {
  /** By `b1`, `b2`, …; undefined where no asset has a pixel. */
  readonly bands: Readonly<Record<string, BandStatistics & { readonly description: string }>> | undefined;
}

/** Parts of pixels that are looked at for their shares: two seconds. */
const MAX_PARTS = 2_000_000_000;

/** @throws DomainError InvalidInput for an area of too many pixels or a style that does not fit; else as {@link compose} */
export async function measure(request: StatisticsRequest, assets: Assets, signal?: AbortSignal): Promise<Measured> {
  const { hrefs, style = {}, cut, coverScale, options } = request;
  const items = itemsOf(hrefs, style);
  const header = (await firstOf(items, assets, signal))?.raster.header;
  const extent = header === undefined ? request.extent : aligned(request.extent, nativeGrid(request.epsg, header));
  const frame = frameOf({ ...request, extent }, header);
  checkValues(frame.size, 1);
  if (frame.size.width * frame.size.height * coverScale ** 2 > MAX_PARTS) throw invalidAt('cover_scale', `is too fine for ${frame.size.width} x ${frame.size.height} pixels`);
  const merger = createMerger(style.selection ?? 'first');
  let descriptions: readonly string[] | undefined;

  async function add(opened: readonly Asset[], still: AbortSignal): Promise<boolean> {
    const layer = await readItem(opened, frame, style, assets, still);
    still.throwIfAborted();
    if (layer === undefined || isEmpty(layer)) return false;
    descriptions ??= describeItem(opened, style);
    merger.add(layer, opened[0]?.name ?? '');
    return true;
  }

  const composed = await compose(items, assets, { add, isFull: () => merger.isFull() }, signal);
  const merged = merger.result();
  if (merged === undefined) return { ...composed, bands: undefined };
  const { values, valid, type } = cutLayer(merged, touched(cut, extent, frame.size));
  const shares = coverage(cut, extent, frame.size, coverScale);
  const bands = values.map((band, b) => [`b${b + 1}`, { ...bandStatistics(band, valid[b] ?? new Uint8Array(), shares, type, options), description: descriptions?.[b] ?? `b${b + 1}` }] as const);
  return { ...composed, bands: Object.fromEntries(bands) };
}
