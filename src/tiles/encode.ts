/** Encodes a canvas as a picture for the browser. */
import sharp from 'sharp';
import type { Canvas } from './canvas.js';

export type TileFormat = 'png' | 'jpg' | 'webp';

export const CONTENT_TYPES: Readonly<Record<TileFormat, string>> = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' };

/** Opaque tiles carry no opacity; JPEG never does: there empty pixels are black, as rio-tiler's are. */
export async function encodeCanvas(canvas: Canvas, format: TileFormat): Promise<Uint8Array> {
  const { size, bands, pixels } = canvas;
  const opaque = format === 'jpg' || canvas.opacity.every((value) => value === 255);
  const channels = opaque ? bands : bands === 1 ? 2 : 4;
  const image = sharp(opaque ? pixels : withOpacity(canvas), { raw: { width: size, height: size, channels } }).toColourspace(bands === 1 ? 'b-w' : 'srgb');
  if (format === 'png') return image.png({ compressionLevel: 6, adaptiveFiltering: false }).toBuffer();
  return format === 'jpg' ? image.jpeg({ quality: 85 }).toBuffer() : image.webp({ quality: 75 }).toBuffer();
}

function withOpacity({ bands, pixels, opacity }: Canvas): Uint8Array {
  const channels = bands + 1;
  const out = new Uint8Array(opacity.length * channels);
  for (let i = 0; i < opacity.length; i++) {
    for (let band = 0; band < bands; band++) out[i * channels + band] = pixels[i * bands + band] ?? 0;
    out[i * channels + bands] = opacity[i] ?? 0;
  }
  return out;
}
