/** The picture that a tile's assets are painted into, topmost first. */
import type { Dimensions } from './overviews.js';

export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** 1 grey, or 3 red, green and blue; grows when a coloured asset follows a grey one. */
  bands: 1 | 3;
  /** Interleaved, `width * height * bands`. */
  pixels: Uint8Array<ArrayBuffer>;
  /** 0 where nothing has been painted yet. */
  readonly opacity: Uint8Array<ArrayBuffer>;
  /** Pixels that nothing has been painted into yet. */
  left: number;
}

export const createCanvas = ({ width, height }: Dimensions): Canvas => ({
  width,
  height,
  bands: 1,
  pixels: new Uint8Array(width * height),
  opacity: new Uint8Array(width * height),
  left: width * height,
});

/** Makes a grey canvas a coloured one; what is on it stays grey. */
export function makeColoured(canvas: Canvas): void {
  if (canvas.bands === 3) return;
  const grey = canvas.pixels;
  const coloured = new Uint8Array(grey.length * 3);
  if (canvas.left < grey.length) {
    for (let i = 0; i < grey.length; i++) coloured.fill(grey[i] ?? 0, i * 3, i * 3 + 3);
  }
  canvas.bands = 3;
  canvas.pixels = coloured;
}
