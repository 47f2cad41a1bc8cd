/** Opens a GeoTIFF: reads its header within limits and turns it into facts. */
import type { Source } from '@cogeotiff/core';
import { Tiff, TiffTag } from '@cogeotiff/core';
import { DomainError, invalidInput, messageOf } from '../errors.js';
import { BLOCK_SIZE } from '../storage/blocks.js';
import { Refused } from '../storage/hosts.js';
import { shownHref } from '../storage/source.js';
import { readSamples } from './bands.js';
import { boundedSource, BoundedImages } from './bounded.js';
import { parseTagDatetime } from './datetime.js';
import { outlineOf } from './footprint.js';
import { gdalItem } from './gdal.js';
import { isPixelPoint, readCrs } from './geokeys.js';
import { readLayout } from './layout.js';
import { gsdOf, zoomsOf } from './resolution.js';
import { compressionName, loadTags, numberOf, textOf } from './tags.js';
import { projectedBbox, readTransform } from './transform.js';
import type { CogHeader } from './types.js';

export interface Cog {
  readonly header: CogHeader;
  /** For blocks: its images are the full size, overviews and masks in the file's order. */
  readonly tiff: Tiff;
}

/** Whether an image is an overview or a mask. */
const KIND_TAGS = [TiffTag.SubFileType, TiffTag.OldSubFileType];
/** What the facts are made of, beside what @cogeotiff/core has loaded; not the places of blocks, which can be megabytes. */
const FACT_TAGS = [
  ...KIND_TAGS, TiffTag.BitsPerSample, TiffTag.SamplesPerPixel, TiffTag.SampleFormat, TiffTag.ExtraSamples, TiffTag.Photometric,
  TiffTag.PlanarConfiguration, TiffTag.Predictor, TiffTag.RowsPerStrip, TiffTag.DateTime, TiffTag.GdalMetadata, TiffTag.GdalNoData,
];

/** PlanarConfiguration 2: each band has blocks of its own. */
const SEPARATE = 2;

/**
 * Reads the header of a GeoTIFF: one request of 32 KB where the directories lie at its beginning, as in a COG.
 * @param use reads further tags, within the same limits of bytes, reads and time; later reads have none
 * @throws DomainError Upstream or UpstreamTimeout when bytes cannot be read; InvalidInput when they are no TIFF, are
 *   damaged or cut off, or when its CRS or georeferencing is missing or unknown; what `use` throws
 */
export const openCog = <T>(source: Source, use: (cog: Cog) => Promise<T>): Promise<T> =>
  openTiff(source, async (tiff) => {
    for (const image of tiff.images) await loadTags(image, image.id === 0 ? FACT_TAGS : KIND_TAGS);
    return use({ header: await readHeader(tiff), tiff });
  });

/** {@link openCog} without a place on the earth, as a file of overviews has none. */
export async function openTiff<T>(source: Source, use: (tiff: Tiff) => Promise<T>): Promise<T> {
  const bounded = boundedSource(source);
  try {
    await checkMagic(bounded);
    const tiff = new Tiff(bounded, { defaultReadSize: BLOCK_SIZE });
    tiff.images = new BoundedImages();
    await tiff.init();
    const result = await use(tiff);
    bounded.release();
    return result;
  } catch (error) {
    const name = shownHref(source.url.href);
    if (error instanceof Refused) throw error.message.startsWith(name) ? error : new Refused(`${name}: ${error.message}`);
    if (error instanceof DomainError) throw error.message.startsWith(name) ? error : new DomainError(error.kind, `${name}: ${error.message.replace(/\.$/, '')}.`, { cause: error });
    throw new DomainError('InvalidInput', `${name}: a damaged or truncated TIFF (${messageOf(error).slice(0, 100)}).`, { cause: error });
  }
}

/** {@link openCog} for callers who want no pixels. */
export const readCogHeader = (source: Source): Promise<CogHeader> => openCog(source, async ({ header }) => header);

/** `II` or `MM`, then 42 or 43; @cogeotiff/core takes anything that is not `II` for big-endian. */
async function checkMagic(source: Source): Promise<void> {
  const bytes = new Uint8Array(await source.fetch(0, Math.min(4, source.metadata?.size ?? 4)));
  if (bytes.byteLength === 0) throw invalidInput('it is empty');
  const magic = String.fromCharCode(...bytes);
  if (!['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(magic)) throw invalidInput('it is not a TIFF');
}

async function readHeader(tiff: Tiff): Promise<CogHeader> {
  const [image] = tiff.images;
  if (image === undefined) throw invalidInput('it has no image');
  const { size, ...layout } = await readLayout(tiff, image);
  const isPoint = isPixelPoint(image);
  const crs = await readCrs(image);
  const transform = readTransform(image, isPoint);
  const outline = outlineOf(crs, transform, size.width, size.height);
  const samples = readSamples(image);
  const datetime = parseTagDatetime(gdalItem(textOf(image, TiffTag.GdalMetadata), 'ACQUISITIONDATETIME')) ?? parseTagDatetime(textOf(image, TiffTag.DateTime));
  const planar = numberOf(image, TiffTag.PlanarConfiguration, 1);
  return {
    ...size,
    ...samples,
    crs,
    transform,
    projBbox: projectedBbox(transform, size.width, size.height),
    bbox: outline.bbox,
    footprint: outline.footprint,
    gsd: gsdOf(crs, transform, size.width, size.height),
    ...(datetime === undefined ? {} : { datetime }),
    fileSize: tiff.source.metadata?.size,
    ...zoomsOf(crs, transform, size.width, size.height, outline.span),
    ...layout,
    compression: compressionName(numberOf(image, TiffTag.Compression, 1)),
    planar: planar === SEPARATE ? 'separate' : 'chunky',
    predictor: numberOf(image, TiffTag.Predictor, 1),
    scales: samples.bands.map((band) => band.scale),
    offsets: samples.bands.map((band) => band.offset),
    areaOrPoint: isPoint ? 'Point' : 'Area',
  };
}
