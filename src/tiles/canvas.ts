/** The picture that a tile's assets are painted into, topmost first. */

export interface Canvas {
  /** Pixels a side. */
  readonly size: number;
  /** 1 grey, or 3 red, green and blue; grows when a coloured asset follows a grey one. */
  bands: 1 | 3;
  /** Interleaved, `size * size * bands`. */
  pixels: Uint8Array<ArrayBuffer>;
  /** 0 where nothing has been painted yet. */
  readonly opacity: Uint8Array<ArrayBuffer>;
  /** Pixels that nothing has been painted into yet. */
  left: number;
}

export const createCanvas = (size: number): Canvas => ({
  size,
  bands: 1,
  pixels: new Uint8Array(size * size),
  opacity: new Uint8Array(size * size),
  left: size * size,
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
