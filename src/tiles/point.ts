/** Values at a point: of each item that covers it, the pixel that the point lies in, at full resolution. */
import type { Asset, Assets } from './assets.js';
import { compose, type Composed } from './compose.js';
import { describeItem, itemsOf, readItem } from './read-item.js';
import { areaOf, type Frame, type Stack } from './request.js';
import { type Area, warpOf } from './warp.js';

export interface PointRequest extends Stack {
  readonly epsg: Area['epsg'];
  /** In the units of the CRS. */
  readonly x: number;
  readonly y: number;
}

export interface PointValues {
  /** Of the stack's items, counted from 0. */
  readonly item: number;
  /** One a band; null where there is none. */
  readonly values: readonly (number | null)[];
  readonly descriptions: readonly string[];
}

export interface Probed extends Composed {
  readonly points: readonly PointValues[];
}

/** Half the side of the one pixel that is read, in degrees or metres: 0.1 mm. */
const HALF = { degrees: 1e-9, metres: 1e-4 } as const;

/** @throws DomainError InvalidInput for a style that does not fit; else as {@link compose} */
export async function probe({ hrefs, style = {}, epsg, x, y }: PointRequest, assets: Assets, signal?: AbortSignal): Promise<Probed> {
  const half = epsg === 4326 ? HALF.degrees : HALF.metres;
  const frame: Frame = { area: areaOf(epsg, [x - half, y - half, x + half, y + half]), size: { width: 1, height: 1 } };
  const points: PointValues[] = [];

  async function add(opened: readonly Asset[], still: AbortSignal, item: number): Promise<boolean> {
    if (!opened.every((asset) => covers(asset, frame))) return false;
    const layer = await readItem(opened, frame, style, assets, still);
    still.throwIfAborted();
    const descriptions = describeItem(opened, style);
    const values = descriptions.map((_, b) => {
      const value = layer?.valid[b]?.[0] === 1 ? layer.values[b]?.[0] : undefined;
      return value !== undefined && Number.isFinite(value) ? value : null;
    });
    points.push({ item, values, descriptions });
    return true;
  }

  return { ...(await compose(itemsOf(hrefs, style), assets, { add, isFull: () => false }, signal)), points };
}

/** Whether the point lies inside the raster, not on its edge. */
function covers({ raster: { header } }: Asset, { area, size }: Frame): boolean {
  const [column, row] = [Float64Array.of(Number.NaN), Float64Array.of(Number.NaN)];
  warpOf(area, size, header, header).row(0, column, row);
  const within = (at: number | undefined, length: number): boolean => at !== undefined && at > 0 && at < length;
  return within(column[0], header.width) && within(row[0], header.height);
}
