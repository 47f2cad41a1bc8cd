/** WebP blocks come out as libwebp decodes them, and a block that is not what its file says is refused. */
import sharp, { type Sharp } from 'sharp';
import { decodePicture, type PictureBlock } from '../../src/tiles/pictures.js';

const SIDE = 64;
const noise = Uint8Array.from({ length: SIDE * SIDE * 4 }, (_, i) => (i * 7919) % 251);
const picture = (channels: 3 | 4): Sharp => sharp(noise.subarray(0, SIDE * SIDE * channels), { raw: { width: SIDE, height: SIDE, channels } });
const block = (blockSamples: number, blockHeight = SIDE): PictureBlock => ({ blockWidth: SIDE, blockHeight, blockSamples, compression: 'webp', bits: 8, photometric: 'rgb', jpegTables: new Uint8Array() });
const decoded = async (packed: Uint8Array, samples: number): Promise<Buffer> => Buffer.from(await decodePicture(packed, block(samples), SIDE));

describe('A WebP block', () => {
  it('has the pixels of its picture, lossy or not', async () => {
    const lossy = await picture(3).webp({ quality: 75 }).toBuffer();
    expect(await decoded(lossy, 3)).toEqual(await sharp(lossy).raw().toBuffer());
    expect(await decoded(await picture(3).webp({ lossless: true }).toBuffer(), 3)).toEqual(Buffer.from(noise.subarray(0, SIDE * SIDE * 3)));
  });

  it('keeps its alpha; where it happens to be opaque it comes without one and gets it back', async () => {
    expect(await decoded(await picture(4).webp({ lossless: true, exact: true }).toBuffer(), 4)).toEqual(Buffer.from(noise));
    const opaque = await picture(3).webp().toBuffer();
    expect(await decoded(opaque, 4)).toEqual(await sharp(opaque).ensureAlpha().raw().toBuffer());
  });

  it('may be the last strip, lower than the others', async () => {
    const strip = await picture(3).extract({ left: 0, top: 0, width: SIDE, height: 30 }).webp().toBuffer();
    expect(Buffer.from(await decodePicture(strip, block(3), 30))).toEqual(await sharp(strip).raw().toBuffer());
  });

  it('is refused when it is cut, damaged, of another size or no WebP', async () => {
    const packed = await picture(3).webp().toBuffer();
    const damaged = Buffer.from(packed).fill(7, 20, 40);
    const small = await picture(3).resize(32, 32).webp().toBuffer();
    const png = await picture(3).png().toBuffer();
    for (const bad of [packed.subarray(0, -100), packed.subarray(0, 16), damaged, small, png]) await expect(decoded(bad, 3)).rejects.toThrow(/WebP|webp|Unrecognized/);
  });
});
