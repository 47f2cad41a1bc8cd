/** How a TIFF is laid out: overviews, masks, blocks, and whether its directories come before its data. */
import type { Tiff, TiffImage } from '@cogeotiff/core';
import { TiffTag, TiffVersion } from '@cogeotiff/core';
import { invalidInput } from '../errors.js';
import { numberOf, readNumber } from './tags.js';
import type { Size } from './types.js';

export interface Layout {
  readonly size: Size;
  /** Finest first. */
  readonly overviews: readonly Size[];
  readonly hasMask: boolean;
  readonly tiled: boolean;
  readonly blockSize: readonly [number, number];
  readonly isCog: boolean;
}

const REDUCED = 1;
const MASK = 4;
/** GDAL's limit of one dimension. */
const MAX_SIDE = 2 ** 31 - 1;
/** Up to one usual block, overviews would only cost. */
const SMALL = 512;

/** @throws DomainError InvalidInput when the image has no usable size */
export async function readLayout(tiff: Tiff, image: TiffImage): Promise<Layout> {
  const size = sizeOf(image);
  if (size === undefined) throw invalidInput('its first image has no width and height');
  const overviews: Size[] = [];
  let hasMask = false;
  for (const other of tiff.images.slice(1)) {
    const subtype = numberOf(other, TiffTag.SubFileType, 0);
    const reduced = (subtype & REDUCED) !== 0 || numberOf(other, TiffTag.OldSubFileType, 1) === 2;
    if ((subtype & MASK) !== 0) hasMask = true;
    else if (reduced) overviews.push(sizeOf(other) ?? { width: 1, height: 1 });
  }
  overviews.sort((a, b) => b.width - a.width);
  const tiled = image.has(TiffTag.TileWidth) && image.has(TiffTag.TileHeight);
  const small = Math.max(size.width, size.height) <= SMALL;
  return {
    size,
    overviews,
    hasMask,
    tiled,
    blockSize: blockSizeOf(image, tiled, size),
    isCog: tiled && (overviews.length > 0 || small) && (await directoriesFirst(tiff)),
  };
}

function sizeOf(image: TiffImage): Size | undefined {
  const width = numberOf(image, TiffTag.ImageWidth, 0);
  const height = numberOf(image, TiffTag.ImageHeight, 0);
  const usable = [width, height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE);
  return usable ? { width, height } : undefined;
}

function blockSizeOf(image: TiffImage, tiled: boolean, size: Size): [number, number] {
  const width = tiled ? numberOf(image, TiffTag.TileWidth, 0) : size.width;
  const height = tiled ? numberOf(image, TiffTag.TileHeight, 0) : Math.min(size.height, numberOf(image, TiffTag.RowsPerStrip, size.height));
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE)) throw invalidInput('its blocks have no size');
  return [width, height];
}

/** GDAL says so in the ghost area; else every directory must begin before the first block of any image. */
async function directoriesFirst(tiff: Tiff): Promise<boolean> {
  if (tiff.options?.isBroken === true) return false;
  if (tiff.options?.isCogOptimized === true) return true;
  const starts: number[] = [];
  for (const image of tiff.images) {
    const entry = image.tags.get(TiffTag.TileOffsets) ?? image.tags.get(TiffTag.StripOffsets);
    // offsets that lie outside the blocks already read are taken as they are: the others tell enough
    if (entry === undefined || (entry.type === 'offset' && !entry.isLoaded && entry.view === undefined)) continue;
    const first = await readNumber(image, entry.id, 0);
    if (first > 0) starts.push(first);
  }
  return starts.length === 0 || (await lastDirectory(tiff)) < Math.min(...starts);
}

/** Where the last directory of the chain begins. The chain has been read before: it is as long as the images are many. */
async function lastDirectory(tiff: Tiff): Promise<number> {
  const big = tiff.version === TiffVersion.BigTiff;
  const little = tiff.isLittleEndian;
  const view = async (offset: number, length: number): Promise<DataView> => new DataView(await tiff.source.fetch(offset, length));
  const pointer = (data: DataView): number => (big ? Number(data.getBigUint64(0, little)) : data.getUint32(0, little));
  let offset = pointer(await view(big ? 8 : 4, big ? 8 : 4));
  let furthest = offset;
  for (let i = 1; i < tiff.images.length; i++) {
    const head = await view(offset, big ? 8 : 2);
    const entries = big ? Number(head.getBigUint64(0, little)) : head.getUint16(0, little);
    offset = pointer(await view(offset + (big ? 8 + 20 * entries : 2 + 12 * entries), big ? 8 : 4));
    furthest = Math.max(furthest, offset);
  }
  return furthest;
}
