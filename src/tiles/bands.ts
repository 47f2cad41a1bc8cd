/** Which bands a style takes from an asset, and what it makes of them before assets are put together. */
import { invalidAt, invalidInput } from '../errors.js';
import { type Expression, parseExpressions } from './expression.js';
import { createLayer, type Layer } from './layer.js';
import type { Raster } from './raster.js';
import { isFloat, RANGES, type SampleType } from './samples.js';
import type { Style } from './style.js';

export interface Bands {
  /** Counted from 0, in the order of reading. */
  readonly indices: readonly number[];
  readonly expressions: readonly Expression[] | undefined;
}

/** Colours that a picture can have. */
const MAX_BANDS = 512;

/**
 * @throws DomainError InvalidInput for a band that the asset does not have, and for more bands than can be read at once
 */
export function bandsOf({ header, alpha }: Raster, style: Pick<Style, 'bands' | 'expressions'>, name: string): Bands {
  const count = header.bands.length;
  const expressions = style.expressions === undefined ? undefined : parseExpressions(style.expressions.join(';'));
  const numberOf = (band: number | string): number => {
    const index = typeof band === 'number' ? band - 1 : header.bands.findIndex(({ name: own, description }) => own === band.toLowerCase() || description === band);
    if (index >= 0 && index < count) return index;
    throw invalidAt(expressions === undefined ? 'bidx' : 'expression', `${name} has no band ${band}; it has ${listed(header.bands)}`);
  };
  const wanted = expressions === undefined ? style.bands : [...new Set(expressions.flatMap(({ bands }) => bands))];
  const indices = wanted?.map(numberOf) ?? header.bands.flatMap((_, i) => (i === alpha ? [] : [i]));
  if (indices.length > MAX_BANDS) throw invalidInput(`${name} has ${indices.length} bands; choose some with bidx.`);
  return { indices, expressions };
}

const listed = (bands: Raster['header']['bands']): string =>
  bands.slice(0, 12).map(({ name, description }) => (description === undefined ? name : `${name} (${description})`)).join(', ') + (bands.length > 12 ? `, … b${bands.length}` : '');

/** Real values of stored ones, as 32-bit floats (rio-tiler's type for them). */
export function unscaled(layer: Layer, { header }: Raster, indices: readonly number[]): Layer {
  layer.values.forEach((values, b) => {
    const { scale = 1, offset = 0 } = header.bands[indices[b] ?? -1] ?? {};
    for (let i = 0; i < values.length; i++) values[i] = Math.fround(Math.fround(Math.fround(values[i] ?? 0) * scale) + offset);
  });
  return { ...layer, type: 'float32' };
}

/**
 * One band an expression; a pixel has a value where all bands have one. What is no number becomes 0, infinity the largest.
 * @param indexOf the place of a band that an expression names
 */
export function calculated(layer: Layer, expressions: readonly Expression[], indexOf: (band: string) => number = (band) => layer.names.indexOf(band)): Layer {
  const type = typeOf(layer.type, expressions);
  const out = { ...createLayer(layer.width, layer.height, type, expressions.map(({ text }) => text)), alpha: layer.alpha };
  const [low, high] = RANGES[isFloat(type) ? type : 'float64'];
  const size = layer.width * layer.height;
  const valid = new Uint8Array(size).fill(1);
  for (const band of layer.valid) for (let i = 0; i < size; i++) if (band[i] === 0) valid[i] = 0;
  expressions.forEach(({ bands, evaluate }, b) => {
    const values = bands.map((band) => layer.values[indexOf(band)] ?? new Float64Array(size));
    const [into, seen] = [out.values[b], out.valid[b]];
    if (into === undefined || seen === undefined) return;
    for (let i = 0; i < size; i++) {
      const value = evaluate(values, i);
      into[i] = Number.isNaN(value) ? 0 : Math.max(low, Math.min(high, value));
    }
    seen.set(valid);
  });
  return out;
}

/** numexpr's types: whole numbers stay 32-bit integers, floats keep their width, all else is float64. */
function typeOf(type: SampleType, expressions: readonly Expression[]): SampleType {
  if (isFloat(type)) return type;
  return expressions.every(({ whole }) => whole) && type !== 'uint32' ? 'int32' : 'float64';
}
