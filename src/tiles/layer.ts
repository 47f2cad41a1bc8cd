/** The pixels of one asset in a tile's grid, of any sample type: what the long road computes with. */
import { isFloat, RANGES, type SampleType } from './samples.js';

export interface Layer {
  readonly width: number;
  readonly height: number;
  /** What the values are of: it rules how they are rounded and which range a picture stretches. */
  readonly type: SampleType;
  /** `b1`, `b2`, … or the expressions. */
  readonly names: readonly string[];
  /** One array a band, `width * height` values, row by row. */
  readonly values: readonly Float64Array[];
  /** One array a band: 1 where there is a value. */
  readonly valid: readonly Uint8Array[];
  /** 0 to 255, where the asset has an alpha band of its own. */
  readonly alpha: Uint8Array | undefined;
}

export function createLayer(width: number, height: number, type: SampleType, names: readonly string[], alpha = false): Layer {
  const size = width * height;
  return {
    width, height, type, names,
    values: names.map(() => new Float64Array(size)),
    valid: names.map(() => new Uint8Array(size)),
    alpha: alpha ? new Uint8Array(size) : undefined,
  };
}

/** Opacity of each pixel: its alpha, else 255 where any band has a value. */
export function opacityOf({ width, height, valid, alpha }: Layer): Uint8Array<ArrayBuffer> {
  const opacity = new Uint8Array(width * height);
  if (alpha !== undefined) {
    opacity.set(alpha);
    return opacity;
  }
  for (const band of valid) for (let i = 0; i < opacity.length; i++) if (band[i] !== 0) opacity[i] = 255;
  return opacity;
}

export const isEmpty = (layer: Layer): boolean => layer.valid.every((band) => !band.includes(1));

/** The layer without what lies outside. @param inside 0 for such pixels */
export function cutLayer(layer: Layer, inside: Uint8Array | undefined): Layer {
  if (inside === undefined) return layer;
  const valid = layer.valid.map((band) => band.map((seen, i) => (inside[i] === 0 ? 0 : seen)));
  return { ...layer, valid, alpha: layer.alpha?.map((opacity, i) => (inside[i] === 0 ? 0 : opacity)) };
}

/** Rounds to the nearest value that the type can hold, as GDAL does when it resamples integers. */
export function rounder(type: SampleType): (value: number) => number {
  if (type === 'float32') return Math.fround;
  if (isFloat(type)) return (value) => value;
  const [low, high] = RANGES[type];
  return (value) => Math.max(low, Math.min(high, Math.floor(value + 0.5)));
}
