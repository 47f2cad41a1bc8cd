/** From a layer's values to a picture's samples: stretched, coloured, cut to what the format can hold. */
import { invalidInput } from '../errors.js';
import { type Layer, opacityOf } from './layer.js';
import { RANGES, type SampleType } from './samples.js';
import type { Colormap, Style } from './style.js';

/** Interleaved samples of `channels` a pixel, without opacity. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly type: SampleType;
  readonly bands: readonly Float64Array[];
  readonly opacity: Uint8Array<ArrayBuffer>;
}

/**
 * The picture of a layer.
 * @param types sample types that the format can hold; others are stretched from the range of their type to 0 to 255, as
 *   titiler does without `rescale`
 * @throws DomainError InvalidInput for a colormap on more than one band, or ranges that do not fit the bands
 */
export function pictureOf(layer: Layer, style: Style, palette: Uint8Array | undefined, types: readonly SampleType[]): Picture {
  const { width, height } = layer;
  let [bands, type]: [readonly Float64Array[], SampleType] = [layer.values, layer.type];
  const opacity = opacityOf(layer);
  const { rescale, colormap } = style;
  if (rescale !== undefined) {
    if (rescale.length !== 1 && rescale.length !== bands.length) throw invalidInput(`rescale has ${rescale.length} ranges for ${bands.length} bands; give one, or one for each.`);
    // The stretched values pass through the type of the layer, as in rio-tiler.
    bands = bands.map((band, b) => stretched(band, layer.valid[b], rescale[b] ?? rescale[0] ?? [0, 1]));
    type = 'uint8';
  }
  if (colormap !== undefined || (palette !== undefined && rescale === undefined)) {
    const [band] = bands;
    if (bands.length !== 1 || band === undefined) throw invalidInput(`A colormap colours one band, not ${bands.length}; choose one with bidx.`);
    const coloured = colormap === undefined ? fromPalette(band, palette ?? new Uint8Array(1024)) : fromColormap(band, colormap, type);
    const { alpha } = coloured;
    for (let i = 0; i < opacity.length; i++) opacity[i] = opacity[i] === 0 ? 0 : (alpha[i] ?? 0);
    return { width, height, channels: 3, type: 'uint8', bands: coloured.bands, opacity };
  }
  if (!types.includes(type)) {
    const range = RANGES[type];
    bands = bands.map((band, b) => stretched(band, layer.valid[b], range));
    type = 'uint8';
  }
  return { width, height, channels: bands.length, type, bands, opacity };
}

/** Linear from `low` to `high` onto 0 to 255, cut to whole numbers; 0 where there is no value. */
function stretched(band: Float64Array, valid: Uint8Array | undefined, [low, high]: readonly [number, number]): Float64Array {
  const out = new Float64Array(band.length);
  // Half the range at a time: that of float64 is larger than any number.
  const width = high / 2 - low / 2;
  for (let i = 0; i < out.length; i++) {
    if (valid !== undefined && valid[i] === 0) continue;
    const value = Math.max(low, Math.min(high, band[i] ?? 0));
    out[i] = Math.trunc(((value / 2 - low / 2) / width) * 255) || 0;
  }
  return out;
}

interface Coloured {
  readonly bands: readonly Float64Array[];
  readonly alpha: Float64Array;
}

const blank = (length: number): [Float64Array, Float64Array, Float64Array, Float64Array] => [new Float64Array(length), new Float64Array(length), new Float64Array(length), new Float64Array(length)];

function fromPalette(band: Float64Array, palette: Uint8Array): Coloured {
  const [r, g, b, alpha] = blank(band.length);
  for (let i = 0; i < band.length; i++) {
    const at = (band[i] ?? 0) * 4;
    r[i] = palette[at] ?? 0;
    g[i] = palette[at + 1] ?? 0;
    b[i] = palette[at + 2] ?? 0;
    alpha[i] = palette[at + 3] ?? 0;
  }
  return { bands: [r, g, b], alpha };
}

function fromColormap(band: Float64Array, colormap: Colormap, type: SampleType): Coloured {
  const [r, g, b, alpha] = blank(band.length);
  const table = colormap.type === 'values' ? new Map(colormap.colours) : undefined;
  // A full table of 256 values takes the lowest byte of anything else, as rio-tiler's lookup does.
  const full = table?.size === 256 && [...table.keys()].every((key) => Number.isInteger(key) && key >= 0 && key < 256);
  const wraps = full && type !== 'uint8';
  for (let i = 0; i < band.length; i++) {
    const value = band[i] ?? 0;
    const colour = table === undefined ? colourIn(colormap, value) : table.get(wraps ? Math.trunc(value) & 255 : value);
    if (colour === undefined) continue;
    [r[i], g[i], b[i], alpha[i]] = colour;
  }
  return { bands: [r, g, b], alpha };
}

function colourIn(colormap: Colormap, value: number): readonly [number, number, number, number] | undefined {
  if (colormap.type !== 'intervals') return undefined;
  return colormap.colours.findLast(([from, to]) => value >= from && value < to)?.[2];
}
