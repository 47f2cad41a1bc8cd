/** A COG as tiles are drawn from it: its levels with their masks, and what its samples mean. */
import type { Tiff, TiffImage } from '@cogeotiff/core';
import { TiffTag } from '@cogeotiff/core';
import type { Cog } from '../cog/open.js';
import { readNumber, readNumbers } from '../cog/tags.js';
import type { CogHeader, Nodata } from '../cog/types.js';
import { DomainError } from '../errors.js';
import { planeOf, type Plane } from './plane.js';
import { sampleTypeOf, type SampleType } from './samples.js';

export type { Plane } from './plane.js';

/** The full image or an overview, with its internal mask. */
export interface Level extends Plane {
  /** Of the level's size, or of another size over the same extent. */
  readonly mask: Plane | undefined;
}

export interface Raster {
  readonly header: CogHeader;
  /** The full image first, then overviews, finest first. */
  readonly levels: readonly Level[];
  readonly type: SampleType;
  /** The sample that holds the opacity. */
  readonly alpha: number | undefined;
  /** A sample of this value is empty; NaN is a value here. As the sample type rounds it. */
  readonly nodata: number | undefined;
  /** Red, green, blue and opacity of each value of a colour table. */
  readonly palette: Uint8Array | undefined;
  /** What the short road needs to know of 8-bit grey and RGB, interleaved; undefined for everything else. */
  readonly plain: Plain | undefined;
}

export interface Plain {
  /** Bands that are drawn, counted from the first: 1 grey, 3 red, green and blue. */
  readonly colours: 1 | 3;
  readonly alpha: number | undefined;
  /** A pixel whose every colour has this value is empty. Undefined also where no 8-bit sample can have it. */
  readonly nodata: number | undefined;
}

const REDUCED = 1;
const MASK = 4;

/**
 * @throws DomainError NotImplemented, naming what is missing, for samples or blocks that cannot be drawn; Upstream for a
 *   TIFF that contradicts itself
 */
export async function rasterOf({ header, tiff }: Cog, name: string): Promise<Raster> {
  const type = sampleTypeOf(header.dataType, name);
  const { images, masks } = await planesOf(tiff, type, name);
  const levels = levelsOf(images, masks);
  const [full] = levels;
  for (const level of levels) {
    if (level.width > header.width || level.height > header.height) throw new DomainError('Upstream', `${name}: an overview is larger than the image.`);
    if (level.samples !== header.bands.length) throw new DomainError('Upstream', `${name}: an overview has ${level.samples} bands, the image ${header.bands.length}.`);
    if (level.bits !== full?.bits || level.format !== full.format) throw new DomainError('Upstream', `${name}: an overview has samples of another type than the image.`);
  }
  const alpha = header.bands.findIndex(({ colorInterpretation }) => colorInterpretation === 'alpha');
  const raster = { header, levels, type, alpha: alpha > 0 ? alpha : undefined, nodata: nodataOf(header.nodata, type), palette: await paletteOf(tiff, header) };
  return { ...raster, plain: plainOf(raster) };
}

interface Planes {
  readonly images: readonly Plane[];
  readonly masks: readonly Plane[];
}

/** The first image and those that are reduced ones of it, with their masks. */
async function planesOf(tiff: Tiff, type: SampleType, name: string): Promise<Planes> {
  const planes: { plane: Plane; subtype: number }[] = [];
  for (const image of tiff.images) {
    const subtype = await readNumber(image, TiffTag.SubFileType, 0);
    const reduced = (subtype & (REDUCED | MASK)) !== 0 || (await readNumber(image, TiffTag.OldSubFileType, 1)) === 2;
    if (planes.length > 0 && !reduced) continue; // another page
    planes.push({ plane: await planeOf(tiff, image, (subtype & MASK) === 0 ? type : 'uint8', name), subtype });
  }
  const of = (masks: boolean): Plane[] => planes.filter(({ subtype }) => ((subtype & MASK) !== 0) === masks).map(({ plane }) => plane);
  return { images: of(false), masks: of(true) };
}

const levelsOf = (images: readonly Plane[], masks: readonly Plane[]): Level[] =>
  images.map((plane) => ({ ...plane, mask: maskFor(plane, masks) })).toSorted((a, b) => b.width - a.width);

/**
 * The raster with the images of another TIFF as its overviews; as it was where those are no overviews of it.
 * @throws as {@link rasterOf}
 */
export async function withOverviews(raster: Raster, tiff: Tiff, name: string): Promise<Raster> {
  const [full] = raster.levels;
  const { images, masks } = await planesOf(tiff, raster.type, name);
  const fits = images.every(({ width, height, samples, bits, format, separate }) =>
    full !== undefined && width <= full.width && height <= full.height && samples === full.samples && bits === full.bits && format === full.format && separate === full.separate);
  if (!fits || full === undefined) return raster;
  const whole = { ...raster, levels: levelsOf([full, ...images], [...(full.mask === undefined ? [] : [full.mask]), ...masks]) };
  return { ...whole, plain: plainOf(whole) };
}

/** The mask of the same size; else the smallest that is finer, else the finest: GDAL writes masks without overviews too. */
function maskFor({ width, height }: Plane, masks: readonly Plane[]): Plane | undefined {
  const bySize = masks.toSorted((a, b) => a.width - b.width);
  return bySize.find((mask) => mask.width === width && mask.height === height) ?? bySize.find((mask) => mask.width >= width) ?? bySize.at(-1);
}

function nodataOf(nodata: Nodata | undefined, type: SampleType): number | undefined {
  const value = nodata === 'nan' ? Number.NaN : nodata === 'inf' ? Number.POSITIVE_INFINITY : nodata === '-inf' ? Number.NEGATIVE_INFINITY : nodata;
  return value !== undefined && type === 'float32' ? Math.fround(value) : value;
}

function plainOf({ header, levels, type, alpha, palette }: Omit<Raster, 'plain'>): Plain | undefined {
  const { bands, nodata } = header;
  const colours = alpha ?? bands.length;
  const [full] = levels;
  const last = alpha === undefined || alpha === bands.length - 1;
  if (type !== 'uint8' || full?.separate === true || palette !== undefined || !last || (colours !== 1 && colours !== 3)) return undefined;
  if (levels.some(({ width, height, mask }) => mask !== undefined && (mask.width !== width || mask.height !== height))) return undefined;
  const usable = alpha === undefined && typeof nodata === 'number' && Number.isInteger(nodata) && nodata >= 0 && nodata <= 255;
  return { colours, alpha, nodata: usable ? nodata : undefined };
}

/** ColorMap (TIFF 6.0 section 5): all reds, all greens, all blues, 16 bits each. As GDAL reads it, the nodata value is transparent. */
async function paletteOf(tiff: Tiff, { photometric, bitsPerSample, bands, nodata }: CogHeader): Promise<Uint8Array | undefined> {
  const [image] = tiff.images;
  if (image === undefined || photometric !== 'palette' || bands.length > 2 || bitsPerSample > 8) return undefined;
  const values = await colours(image);
  const count = values.length / 3;
  if (count < 1 || count > 256) return undefined;
  // GDAL takes a table without any value over 255 for one of 8 bits, as some writers made it.
  const divisor = values.every((value) => value < 256) ? 1 : 257;
  const palette = new Uint8Array(256 * 4);
  for (let i = 0; i < count; i++) {
    for (let band = 0; band < 3; band++) palette[i * 4 + band] = Math.floor((values[band * count + i] ?? 0) / divisor);
    palette[i * 4 + 3] = i === nodata ? 0 : 255;
  }
  return palette;
}

const colours = (image: TiffImage): Promise<readonly number[]> => readNumbers(image, TiffTag.ColorMap);
