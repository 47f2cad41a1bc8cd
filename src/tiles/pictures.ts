/** JPEG and WebP blocks: whole pictures, which libvips decodes as libjpeg and libwebp do for GDAL. */
import sharp from 'sharp';
import { notImplemented } from '../errors.js';
import { assemble, type Tag } from './geotiff.js';
import type { Plane } from './raster.js';

/** What is known of a block before it is looked at. */
export type PictureBlock = Pick<Plane, 'blockWidth' | 'blockHeight' | 'blockSamples' | 'compression' | 'bits' | 'photometric' | 'jpegTables'>;

/**
 * The samples of a picture, interleaved, one byte each; YCbCr becomes RGB.
 * @throws DomainError NotImplemented for JPEG of 2 or more than 4 bands, Error for damaged data
 */
export async function decodePicture(packed: Uint8Array, plane: PictureBlock, rows: number): Promise<Uint8Array<ArrayBuffer>> {
  const { blockWidth, blockSamples, compression } = plane;
  if (plane.bits !== 8) throw notImplemented(`${compression} blocks of ${plane.bits} bits a sample cannot be read.`);
  if (![1, 3, 4].includes(blockSamples)) throw notImplemented(`${compression} blocks of ${blockSamples} bands cannot be read.`);
  if (!isPicture(packed, compression)) throw new Error(`a block that is no ${compression} picture`);
  const isColoured = blockSamples === 3 || blockSamples === 4;
  const picture = compression === 'jpeg' ? wholeJpeg(packed, plane) : isColoured ? asStrip(packed, blockWidth, rows, blockSamples) : packed;
  let image = sharp(picture, { limitInputPixels: blockWidth * plane.blockHeight, failOn: 'error' });
  // Four components of a JPEG are no inks here, but must pass as such to come out as they are.
  if (compression === 'jpeg' && blockSamples === 4) image = image.pipelineColourspace('cmyk').toColourspace('cmyk');
  // A WebP block that happens to be opaque comes without its alpha.
  else if (blockSamples === 4) image = image.ensureAlpha();
  else if (blockSamples === 1) image = image.toColourspace('b-w');
  else image = image.removeAlpha();
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  if (info.width !== blockWidth || info.height < rows || info.channels !== blockSamples) {
    throw new Error(`a block holds a picture of ${info.width} x ${info.height} x ${info.channels} instead of ${blockWidth} x ${rows} x ${blockSamples}`);
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Of TIFF tags 259, 262 and 338. */
const WEBP = 50_001;
const RGB = 2;
const UNASSOCIATED_ALPHA = 2;

/** libvips would read whatever the bytes are, SVG and PDF too: only the two formats may reach it. */
function isPicture(packed: Uint8Array, compression: string): boolean {
  if (compression === 'jpeg') return packed[0] === 0xff && packed[1] === 0xd8;
  const start = String.fromCharCode(...packed.subarray(0, 12));
  return start.startsWith('RIFF') && start.endsWith('WEBP');
}

/** Adobe's marker with transform 0: the three components are RGB, whatever they are called. */
const ADOBE_RGB = Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0);

/** Puts the tables that all blocks share into the block's stream. */
function wholeJpeg(packed: Uint8Array, { jpegTables, photometric, blockSamples }: PictureBlock): Uint8Array {
  const parts: Uint8Array[] = [packed.subarray(0, 2)];
  if (photometric === 'rgb' && blockSamples === 3) parts.push(ADOBE_RGB);
  if (jpegTables.length > 4) parts.push(jpegTables.subarray(2, -2)); // without its start and end of image
  if (parts.length === 1) return packed;
  return Buffer.concat([...parts, packed.subarray(2)]);
}

/**
 * A TIFF of one WebP strip: libvips takes 2.5 ms for 512 x 512 pixels of it, and 7 ms for the WebP alone, whose lines it hands on one by one.
 * libtiff refuses a picture of another size.
 */
function asStrip(packed: Uint8Array, width: number, height: number, samples: 3 | 4): Uint8Array {
  const tags: Tag[] = [
    { id: 256, type: 4, values: [width] }, { id: 257, type: 4, values: [height] }, { id: 258, type: 3, values: Array.from({ length: samples }, () => 8) },
    { id: 259, type: 3, values: [WEBP] }, { id: 262, type: 3, values: [RGB] }, { id: 273, type: 4, values: [0] }, { id: 277, type: 3, values: [samples] },
    { id: 278, type: 4, values: [height] }, { id: 279, type: 4, values: [packed.length] }, { id: 284, type: 3, values: [1] },
  ];
  if (samples === 4) tags.push({ id: 338, type: 3, values: [UNASSOCIATED_ALPHA] });
  return assemble(tags, packed);
}
