/** A rectangle of one level, put together from its blocks: what kernels run over. */
import { DomainError } from '../errors.js';
import type { BlockReader } from './blocks.js';
import type { Level, Plane, Raster } from './raster.js';
import { BYTES, createSamples, type SampleArray } from './samples.js';

/** In pixels of a level: from the first column and row to before the last. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface Window extends Rectangle {
  /** One array a band that was asked for. */
  readonly bands: readonly SampleArray[];
  /** 1 where the pixel has a value, one array a band; the same array where only mask or alpha tell. */
  readonly valid: readonly Uint8Array[];
  readonly alpha: SampleArray | undefined;
}

/** Decoded bytes that one asset may need for one tile: 256 x 256 pixels from 300 blocks of 512 x 512 RGB. */
const MAX_BYTES = 256 * 1024 * 1024;
/** As many small blocks, which a file without overviews may have, take a second or two. */
export const MAX_BLOCKS = 4096;

/**
 * @param before pixels that the same picture has read of the asset already
 * @throws DomainError NotImplemented for a rectangle of more pixels than one tile may read
 */
export function checkPixels({ left, top, right, bottom }: Rectangle, bytesEach: number, name: string, before = 0): void {
  if ((before + (right - left) * (bottom - top)) * bytesEach <= MAX_BYTES) return;
  throw new DomainError('NotImplemented', `${name}: this tile needs ${before > 0 ? `${before} and ` : ''}${right - left} x ${bottom - top} pixels of it; add overviews to draw it at this zoom.`);
}

/** @throws DomainError NotImplemented when so many blocks are more than one tile may read */
export function checkBlocks(count: number, { blockWidth, blockHeight, blockSamples, type }: Plane, name: string): void {
  if (count > MAX_BLOCKS || count * blockWidth * blockHeight * blockSamples * BYTES[type] > MAX_BYTES) {
    throw new DomainError('NotImplemented', `${name}: this tile needs ${count} blocks of it; add overviews to draw it at this zoom.`);
  }
}

/** The numbers of the blocks of `band` that a rectangle touches. */
function blocksIn(plane: Plane, { left, top, right, bottom }: Rectangle, band: number, name: string): number[] {
  const { blockWidth, blockHeight, blocksAcross, blocksDown, separate } = plane;
  const count = (from: number, to: number, side: number): number => Math.ceil(to / side) - Math.floor(from / side);
  checkBlocks(count(left, right, blockWidth) * count(top, bottom, blockHeight), plane, name);
  const base = separate ? band * blocksAcross * blocksDown : 0;
  const indices: number[] = [];
  for (let y = Math.floor(top / blockHeight); y * blockHeight < bottom; y++) {
    for (let x = Math.floor(left / blockWidth); x * blockWidth < right; x++) indices.push(base + y * blocksAcross + x);
  }
  return indices;
}

/** One band of a rectangle; `empty` where the file leaves blocks out. */
async function readBand(plane: Plane, rectangle: Rectangle, band: number, empty: number, name: string, reader: BlockReader): Promise<SampleArray> {
  const { left, top, right, bottom } = rectangle;
  const { blockWidth, blockHeight, blocksAcross, blocksDown, separate, blockSamples } = plane;
  const width = right - left;
  checkPixels(rectangle, BYTES[plane.type], name);
  const indices = blocksIn(plane, rectangle, band, name);
  const out = createSamples(plane.type, width * (bottom - top));
  for (const [index, block] of await reader.read(plane, indices, name)) {
    const inPlane = separate ? index - band * blocksAcross * blocksDown : index;
    const x0 = (inPlane % blocksAcross) * blockWidth;
    const y0 = Math.floor(inPlane / blocksAcross) * blockHeight;
    const [fromX, toX] = [Math.max(left, x0), Math.min(right, x0 + blockWidth)];
    for (let y = Math.max(top, y0); y < Math.min(bottom, y0 + blockHeight); y++) {
      const target = (y - top) * width - left;
      if (block === undefined) {
        out.fill(empty, target + fromX, target + toX);
        continue;
      }
      const source = ((y - y0) * blockWidth - x0) * blockSamples + (separate ? 0 : band);
      for (let x = fromX; x < toX; x++) out[target + x] = block[source + x * blockSamples] ?? 0;
    }
  }
  return out;
}

/**
 * Reads a rectangle of a level.
 * @param bands counted from 0
 * @param nodata what counts as empty, the file's value or the caller's
 * @throws DomainError as {@link BlockReader.read}, and NotImplemented for more than one tile may read
 */
export async function readWindow(raster: Raster, level: Level, rectangle: Rectangle, bands: readonly number[], nodata: number | undefined, name: string, reader: BlockReader): Promise<Window> {
  const width = rectangle.right - rectangle.left;
  const height = rectangle.bottom - rectangle.top;
  checkPixels(rectangle, (bands.length + 2) * BYTES[raster.type], name);
  const read = (band: number): Promise<SampleArray> => readBand(level, rectangle, band, nodata ?? 0, name, reader);
  const values: SampleArray[] = [];
  for (const band of bands) values.push(await read(band));
  const alpha = raster.alpha === undefined || nodata !== undefined ? undefined : await read(raster.alpha);
  const shared = new Uint8Array(width * height).fill(1);
  if (alpha !== undefined) for (let i = 0; i < shared.length; i++) if (alpha[i] === 0) shared[i] = 0;
  if (level.mask !== undefined) await hide(shared, level, level.mask, rectangle, name, reader);
  return { ...rectangle, bands: values, alpha, valid: values.map((band) => validOf(band, shared, nodata)) };
}

/** A sample has a value unless it is the nodata value or, where that is NaN, no number. */
function validOf(band: SampleArray, shared: Uint8Array, nodata: number | undefined): Uint8Array {
  if (nodata === undefined) return shared;
  const valid = Uint8Array.from(shared);
  const nan = Number.isNaN(nodata);
  for (let i = 0; i < valid.length; i++) {
    const value = band[i] ?? 0;
    if (nan ? Number.isNaN(value) : value === nodata) valid[i] = 0;
  }
  return valid;
}

/** Takes away what the mask hides; a mask of another size covers the same extent with other pixels. */
async function hide(valid: Uint8Array, level: Level, mask: Plane, { left, top, right, bottom }: Rectangle, name: string, reader: BlockReader): Promise<void> {
  const scaleX = mask.width / level.width;
  const scaleY = mask.height / level.height;
  const place = (at: number, scale: number, length: number): number => Math.min(length - 1, Math.floor((at + 0.5) * scale));
  const part = {
    left: place(left, scaleX, mask.width), right: place(right - 1, scaleX, mask.width) + 1,
    top: place(top, scaleY, mask.height), bottom: place(bottom - 1, scaleY, mask.height) + 1,
  };
  const seen = await readBand(mask, part, 0, 0, name, reader);
  const width = part.right - part.left;
  for (let y = top; y < bottom; y++) {
    const row = (place(y, scaleY, mask.height) - part.top) * width - part.left;
    for (let x = left; x < right; x++) {
      if (seen[row + place(x, scaleX, mask.width)] === 0) valid[(y - top) * (right - left) + x - left] = 0;
    }
  }
}
