/** A colormap as a picture: its colours side by side, as titiler draws legends. */
import { encodePicture, type Encoded, type TileFormat } from './encode.js';
import type { Rgba } from './style.js';

/** Pixels across the colours, and along them. */
const [THICK, LONG] = [20, 256];

/** @param format any but tif, which would need a place on earth */
export function colormapPicture(colours: readonly Rgba[], orientation: 'horizontal' | 'vertical', size: { readonly width: number | undefined; readonly height: number | undefined }, format: Exclude<TileFormat, 'tif'>): Promise<Encoded> {
  const { width = orientation === 'horizontal' ? LONG : THICK, height = orientation === 'horizontal' ? THICK : LONG } = size;
  const along = orientation === 'horizontal' ? width : height;
  const at = (i: number): Rgba => {
    const position = orientation === 'horizontal' ? i % width : Math.floor(i / width);
    return colours[Math.floor(((position + 0.5) * colours.length) / along)] ?? [0, 0, 0, 0];
  };
  const band = (b: number): Float64Array => Float64Array.from({ length: width * height }, (_, i) => at(i)[b] ?? 0);
  const opacity = Uint8Array.from({ length: width * height }, (_, i) => at(i)[3]);
  const area = { epsg: 4326, extent: [0, 0, 1, 1], bbox: [0, 0, 1, 1] } as const;
  return encodePicture({ width, height, channels: 3, type: 'uint8', bands: [0, 1, 2].map(band), opacity }, { format, mask: true, area });
}
