/** A COG as tiles are drawn from it: its levels with their masks, and what its samples mean. */
import type { Tiff, TiffImage } from '@cogeotiff/core';
import { TiffTag } from '@cogeotiff/core';
import type { Cog } from '../cog/open.js';
import { compressionName, photometricName, readNumber, readNumbers } from '../cog/tags.js';
import type { CogHeader } from '../cog/types.js';
import { DomainError, notImplemented } from '../errors.js';

/** One image of a TIFF, cut into blocks: tiles, or strips as wide as the image. */
export interface Plane {
  readonly image: TiffImage;
  readonly tiff: Tiff;
  readonly width: number;
  readonly height: number;
  readonly tiled: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Samples of a pixel, interleaved. */
  readonly samples: number;
  readonly bitsPerSample: 1 | 8;
  /** In the words of {@link CogHeader}. */
  readonly compression: string;
  readonly photometric: string;
  /** TIFF tag 317: 1 none, 2 horizontal differencing, 3 floating point. */
  readonly predictor: number;
}

/** The full image or an overview, with its internal mask. */
export interface Level extends Plane {
  readonly mask: Plane | undefined;
}

export interface Raster {
  readonly header: CogHeader;
  /** The full image first, then overviews, finest first. */
  readonly levels: readonly Level[];
  /** Bands that are drawn, counted from the first: 1 grey, 3 red, green and blue. */
  readonly colours: 1 | 3;
  /** The sample that holds the opacity. */
  readonly alpha: number | undefined;
  /** A pixel whose every colour has this value is empty. Undefined also where no 8-bit sample can have it. */
  readonly nodata: number | undefined;
}

const REDUCED = 1;
const MASK = 4;

/** A decoded block may be this large: 4096 x 4096 RGBA. Larger ones are a trap, or no COG. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

/**
 * @throws DomainError NotImplemented, naming what is missing, for anything but 8-bit grey, RGB and their forms with alpha;
 *   Upstream for a TIFF that contradicts itself
 */
export async function rasterOf({ header, tiff }: Cog, name: string): Promise<Raster> {
  refuseUnsupported(header, name);
  const { colours, alpha } = coloursOf(header, name);
  const planes: { plane: Plane; subtype: number }[] = [];
  for (const image of tiff.images) {
    const subtype = await readNumber(image, TiffTag.SubFileType, 0);
    if (planes.length > 0 && (subtype & (REDUCED | MASK)) === 0) continue; // another page
    planes.push({ plane: await planeOf(tiff, image, name), subtype });
  }
  const masks = planes.filter(({ subtype }) => (subtype & MASK) !== 0).map(({ plane }) => plane);
  const levels = planes
    .filter(({ subtype }) => (subtype & MASK) === 0)
    .map(({ plane }) => ({ ...plane, mask: masks.find((mask) => mask.width === plane.width && mask.height === plane.height) }))
    .toSorted((a, b) => b.width - a.width);
  const count = header.bands.length;
  for (const level of levels) {
    if (level.samples !== count) throw new DomainError('Upstream', `${name}: an overview has ${level.samples} bands, the image ${count}.`);
    if (level.bitsPerSample !== 8) throw notImplemented(missing(name, 'an overview of 1-bit samples', 'unpacking bits'));
    if (level.mask === undefined && masks.length > 0) throw notImplemented(missing(name, 'an overview without its mask', 'masks of other sizes'));
  }
  const { nodata } = header;
  const usable = alpha === undefined && typeof nodata === 'number' && Number.isInteger(nodata) && nodata >= 0 && nodata <= 255;
  return { header, levels, colours, alpha, nodata: usable ? nodata : undefined };
}

const missing = (name: string, what: string, needs: string): string =>
  `${name}: drawing ${what} needs ${needs}; it comes with the tiles issue.`;

function refuseUnsupported({ dataType, bitsPerSample, photometric, planar }: CogHeader, name: string): void {
  if (dataType !== 'uint8' || bitsPerSample !== 8) {
    throw notImplemented(missing(name, `a COG of ${bitsPerSample < 8 ? `${bitsPerSample}-bit samples` : dataType}`, 'rescaling to 8 bits'));
  }
  if (planar !== 'chunky') throw notImplemented(missing(name, 'a COG with separate planes', 'reading one band a plane'));
  if (!['gray', 'rgb', 'ycbcr'].includes(photometric)) throw notImplemented(missing(name, `a COG of ${photometric} colours`, 'colour tables or conversion'));
}

/** Which samples are colours: all but a last one that says it is alpha. */
function coloursOf({ bands }: CogHeader, name: string): Pick<Raster, 'colours' | 'alpha'> {
  const last = bands.length - 1;
  const alpha = last > 0 && bands[last]?.colorInterpretation === 'alpha' ? last : undefined;
  const colours = alpha ?? bands.length;
  if (colours === 1 || colours === 3) return { colours, alpha };
  throw notImplemented(missing(name, `a COG of ${bands.length} bands`, 'a choice of bands'));
}

async function planeOf(tiff: Tiff, image: TiffImage, name: string): Promise<Plane> {
  const number = (tag: TiffTag, fallback: number): Promise<number> => readNumber(image, tag, fallback);
  const width = await number(TiffTag.ImageWidth, 0);
  const height = await number(TiffTag.ImageHeight, 0);
  const tiled = image.has(TiffTag.TileWidth);
  const blockWidth = tiled ? await number(TiffTag.TileWidth, 0) : width;
  const blockHeight = tiled ? await number(TiffTag.TileHeight, 0) : Math.min(height, await number(TiffTag.RowsPerStrip, height));
  const samples = await number(TiffTag.SamplesPerPixel, 1);
  const bits = await readNumbers(image, TiffTag.BitsPerSample);
  const bitsPerSample = bits[0] ?? 1;
  if (![width, height, blockWidth, blockHeight, samples].every((side) => Number.isInteger(side) && side > 0)) {
    throw new DomainError('Upstream', `${name}: a directory without usable sizes.`);
  }
  if ((bitsPerSample !== 1 && bitsPerSample !== 8) || bits.some((bit) => bit !== bitsPerSample)) {
    throw notImplemented(missing(name, `${bits.join(', ')} bits a sample`, 'unpacking them'));
  }
  if (blockWidth * blockHeight * samples > MAX_BLOCK_BYTES) {
    throw notImplemented(`${name}: its blocks of ${blockWidth} x ${blockHeight} pixels are too large; make it a COG with blocks of 512.`);
  }
  return {
    image, tiff, width, height, tiled, blockWidth, blockHeight, samples, bitsPerSample,
    blocksAcross: Math.ceil(width / blockWidth),
    blocksDown: Math.ceil(height / blockHeight),
    compression: compressionName(await number(TiffTag.Compression, 1)),
    photometric: photometricName(await number(TiffTag.Photometric, 1)),
    predictor: await number(TiffTag.Predictor, 1),
  };
}
