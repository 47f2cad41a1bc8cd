/** Makes small real COGs for tests: every pixel is what a function says. */
import { zstdCompressSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { toCog } from '../../src/demo/cog-writer.js';
import { readDirectories, shorts, writeDirectories } from '../../src/demo/tiff-directories.js';

export interface CogOptions {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly bands?: 1 | 2 | 3 | 4;
  readonly dtype?: 'uint8' | 'uint16';
  /** 4326 by default. */
  readonly epsg?: number;
  /** The upper left corner in the units of the CRS; -180, 90 by default. */
  readonly west?: number;
  readonly north?: number;
  /** The size of a pixel in the units of the CRS: one number, or [x, y]. 1 by default. */
  readonly res?: number | readonly [number, number];
  readonly compression?: 'deflate' | 'jpeg' | 'lzw' | 'none' | 'webp' | 'zstd';
  /** 512 by default; a multiple of 16. */
  readonly block?: number;
  /** false: no overviews. */
  readonly overviews?: boolean;
  /** The values of the pixel in column x and row y, one a band; all 0 by default. */
  readonly pixels?: (x: number, y: number) => readonly number[];
  /** Whether a pixel has data; makes an internal mask. */
  readonly mask?: (x: number, y: number) => boolean;
  readonly nodata?: number;
}

/** One COG with overviews (each the mean of 2 x 2 pixels), valid for rio-cogeo. */
export async function makeCog(options: CogOptions): Promise<Buffer> {
  const { width, height, bands = 3, dtype = 'uint8', res = 1, epsg = 4326, west = -180, north = 90, pixels, mask, nodata } = options;
  const [resX, resY] = typeof res === 'number' ? [res, res] : res;
  const values = new (dtype === 'uint16' ? Uint16Array : Uint8Array)(width * height * bands);
  if (pixels !== undefined) {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) values.set(pixels(x, y), (y * width + x) * bands);
  }
  const image = await pyramid(sharp(values, { raw: { width, height, channels: bands } }), options, dtype === 'uint16');
  const maskImage = mask === undefined ? undefined : await maskPyramid(mask, options);
  return toCog(image, { west, north, resX, resY, epsg, ...(nodata === undefined ? {} : { nodata }) }, maskImage);
}

async function pyramid(image: Sharp, { bands = 3, compression: wanted = 'deflate', block = 512, overviews = true }: CogOptions, wide: boolean): Promise<Buffer> {
  const grey = bands <= 2;
  const compression = wanted === 'zstd' ? 'none' : wanted; // sharp's libtiff comes without zstd
  const tiff = await image
    .toColourspace(wide ? (grey ? 'grey16' : 'rgb16') : grey ? 'b-w' : 'srgb')
    .tiff({ compression, quality: 90, predictor: ['deflate', 'lzw'].includes(compression) ? 'horizontal' : 'none', tile: true, tileWidth: block, tileHeight: block, pyramid: overviews })
    .toBuffer();
  return wanted === 'zstd' ? withZstd(tiff) : tiff;
}

function withZstd(tiff: Buffer): Buffer {
  const directories = readDirectories(tiff);
  for (const { tags } of directories) tags.set(259, shorts(50_000));
  return writeDirectories(directories.map(({ tags, tiles }) => ({ tags, tiles: tiles.map((tile) => zstdCompressSync(tile)) })));
}

async function maskPyramid(mask: (x: number, y: number) => boolean, { width, height, block = 512, overviews = true }: CogOptions): Promise<Buffer> {
  const values = Uint8Array.from({ length: width * height }, (_, i) => (mask(i % width, Math.floor(i / width)) ? 255 : 0));
  return sharp(values, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .tiff({ compression: 'deflate', predictor: 'none', tile: true, tileWidth: block, tileHeight: block, pyramid: overviews })
    .toBuffer();
}
