/** One picture of a whole box: the few map tiles that it lies on, put together and cut to it. */
import sharp from 'sharp';
import type { Bbox } from '../geojson.js';
import { columnOf, MERCATOR_LATITUDE, rowOf } from '../mosaics/grid.js';
import { zoomOfWhole } from '../mosaics/zooms.js';
import { locateTile } from './matrices.js';
import type { TileRenderer } from './renderer.js';

/** Pixels of a tile's side: a box fills one tile at least by half, so that a preview is 256 to 512 pixels long. */
const SIDE = 512;

export interface Preview {
  /** A PNG. */
  readonly bytes: Buffer;
  /** No asset failed. */
  readonly isWhole: boolean;
}

/**
 * Draws a box in Web Mercator as PNG, on the deepest zoom at which it is no larger than a tile: one tile, or up to four.
 * Latitudes end where Web Mercator ends; a box that crosses the antimeridian is drawn as the whole width.
 * @param hrefsIn the assets of a tile, the first on top
 * @returns undefined where no asset has a pixel
 */
export async function drawPreview(renderer: Pick<TileRenderer, 'render'>, bbox: Bbox, hrefsIn: (tile: Bbox) => Promise<string[]>, signal: AbortSignal): Promise<Preview | undefined> {
  const [west, east] = bbox[0] <= bbox[2] ? [bbox[0], bbox[2]] : [-180, 180];
  const [south, north] = [Math.max(bbox[1], -MERCATOR_LATITUDE), Math.min(bbox[3], MERCATOR_LATITUDE)];
  const z = zoomOfWhole([west, south, east, north]);
  const size = 2 ** z;
  const edges = { left: columnOf(west, size), right: columnOf(east, size), top: rowOf(north, size), bottom: rowOf(south, size) };
  const [x0, y0] = [inGrid(Math.floor(edges.left), size), inGrid(Math.floor(edges.top), size)];
  const [x1, y1] = [inGrid(Math.ceil(edges.right) - 1, size), inGrid(Math.ceil(edges.bottom) - 1, size)];
  let isWhole = true;
  const layers: { input: Buffer; left: number; top: number }[] = [];
  for (let y = y0; y <= Math.max(y0, y1); y += 1) {
    for (let x = x0; x <= Math.max(x0, x1); x += 1) {
      const place = locateTile('WebMercatorQuad', z, x, y);
      if (!place.inRange) continue;
      const hrefs = await hrefsIn(place.bbox);
      const tile = await renderer.render({ tms: 'WebMercatorQuad', z, x, y, tileSize: SIDE, hrefs, format: 'png' }, signal);
      if (tile.failed.length > 0) isWhole = false;
      if (!tile.empty) layers.push({ input: tile.bytes, left: (x - x0) * SIDE, top: (y - y0) * SIDE });
    }
  }
  if (layers.length === 0) return undefined;
  const canvas = { width: (Math.max(x0, x1) - x0 + 1) * SIDE, height: (Math.max(y0, y1) - y0 + 1) * SIDE };
  const [left, top] = [Math.floor((edges.left - x0) * SIDE), Math.floor((edges.top - y0) * SIDE)].map((at) => Math.max(0, at)) as [number, number];
  const width = Math.max(1, Math.min(canvas.width - left, Math.ceil((edges.right - x0) * SIDE) - left));
  const height = Math.max(1, Math.min(canvas.height - top, Math.ceil((edges.bottom - y0) * SIDE) - top));
  const whole = await sharp({ create: { ...canvas, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } }).composite(layers).png().toBuffer();
  return { bytes: await sharp(whole).extract({ left, top, width, height }).png().toBuffer(), isWhole };
}

const inGrid = (index: number, size: number): number => Math.max(0, Math.min(size - 1, index));
