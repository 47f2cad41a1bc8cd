/** Puts the layers of a tile together, topmost first (titiler's `pixel_selection`). */
import { DomainError } from '../errors.js';
import { createLayer, type Layer, rounder } from './layer.js';
import type { PixelSelection } from './style.js';
import { createSamples, type SampleArray } from './samples.js';

export interface Merger {
  /** @throws DomainError Upstream for a layer with another number of bands; NotImplemented for more than a median can hold */
  add(layer: Layer, name: string): void;
  /** No pixel is left that a further layer could change. */
  isFull(): boolean;
  /** Where pixels are taken already, when only the first counts. */
  result(): Layer | undefined;
}

/** Bytes of the layers that a median waits for: 100 tiles of 256 pixels with 3 bands of 8 bytes are 157 MB. */
const MAX_STACK = 192 * 1024 * 1024;

export function createMerger(selection: PixelSelection): Merger {
  if (selection === 'median') return stacked();
  let merged: Layer | undefined;
  let counts: Int32Array[] = [];
  const takes = selection === 'highest' ? higher : selection === 'lowest' ? lower : never;
  return {
    add(layer, name) {
      if (merged === undefined) {
        merged = layer;
        if (selection === 'mean') counts = layer.valid.map((valid) => Int32Array.from(valid));
        return;
      }
      checkBands(merged, layer, name);
      if (selection === 'mean') addUp(merged, layer, counts);
      else fill(merged, layer, takes);
    },
    isFull: () => selection === 'first' && merged !== undefined && merged.valid.every((valid) => !valid.includes(0)),
    result() {
      if (selection === 'mean' && merged !== undefined) divide(merged, counts);
      counts = [];
      return merged;
    },
  };
}

const never = (): boolean => false;
const higher = (value: number, than: number): boolean => value > than;
const lower = (value: number, than: number): boolean => value < than;

function checkBands(merged: Layer, layer: Layer, name: string): void {
  if (merged.names.length !== layer.names.length) {
    throw new DomainError('Upstream', `${name}: it gives ${layer.names.length} bands, the assets above it ${merged.names.length}.`);
  }
}

/** Takes over what is empty, and what `takes` prefers. */
function fill(merged: Layer, layer: Layer, takes: (value: number, than: number) => boolean): void {
  merged.values.forEach((into, b) => {
    const [valid, values, seen] = [merged.valid[b], layer.values[b], layer.valid[b]];
    if (valid === undefined || values === undefined || seen === undefined) return;
    for (let i = 0; i < into.length; i++) {
      if (seen[i] === 0 || (valid[i] !== 0 && !takes(values[i] ?? 0, into[i] ?? 0))) continue;
      into[i] = values[i] ?? 0;
      valid[i] = 1;
      if (merged.alpha !== undefined) merged.alpha[i] = layer.alpha?.[i] ?? 255;
    }
  });
}

function addUp(merged: Layer, layer: Layer, counts: readonly Int32Array[]): void {
  merged.values.forEach((into, b) => {
    const [valid, values, seen, count] = [merged.valid[b], layer.values[b], layer.valid[b], counts[b]];
    if (valid === undefined || values === undefined || seen === undefined || count === undefined) return;
    for (let i = 0; i < into.length; i++) {
      if (seen[i] === 0) continue;
      into[i] = (valid[i] === 0 ? 0 : (into[i] ?? 0)) + (values[i] ?? 0);
      valid[i] = 1;
      count[i] = (count[i] ?? 0) + 1;
      if (merged.alpha !== undefined) merged.alpha[i] = Math.max(merged.alpha[i] ?? 0, layer.alpha?.[i] ?? 255);
    }
  });
}

/** Integers are cut as numpy's astype cuts them. */
function divide(merged: Layer, counts: readonly Int32Array[]): void {
  const cut = cutter(merged);
  merged.values.forEach((values, b) => {
    for (let i = 0; i < values.length; i++) values[i] = cut((values[i] ?? 0) / Math.max(1, counts[b]?.[i] ?? 1));
  });
}

const cutter = ({ type }: Layer): ((value: number) => number) => (type === 'float32' || type === 'float64' ? rounder(type) : Math.trunc);

function stacked(): Merger {
  const stack: { layer: Layer; values: SampleArray[] }[] = [];
  let bytes = 0;
  return {
    add(layer, name) {
      const [first] = stack;
      if (first !== undefined) checkBands(first.layer, layer, name);
      const values = layer.values.map((band) => {
        const copy = createSamples(layer.type, band.length);
        copy.set(band);
        return copy;
      });
      bytes += values.reduce((sum, { byteLength }) => sum + byteLength, 0);
      if (bytes > MAX_STACK) throw new DomainError('NotImplemented', `${name}: the median of so many assets (${stack.length}) takes more than 192 MB; ask for mean or for a higher zoom.`);
      stack.push({ layer: { ...layer, values: [] }, values });
    },
    isFull: () => false,
    result() {
      const [first] = stack;
      if (first === undefined) return undefined;
      const { width, height, type, names, alpha } = first.layer;
      const out = createLayer(width, height, type, names, alpha !== undefined);
      const cut = cutter(out);
      out.values.forEach((into, b) => {
        const valid = out.valid[b];
        for (let i = 0; i < into.length; i++) {
          const values = stack.flatMap(({ layer, values: bands }) => (layer.valid[b]?.[i] === 1 ? [bands[b]?.[i] ?? 0] : [])).toSorted((p, q) => p - q);
          if (values.length === 0 || valid === undefined) continue;
          const middle = values.length >> 1;
          into[i] = cut(values.length % 2 === 1 ? (values[middle] ?? 0) : ((values[middle - 1] ?? 0) + (values[middle] ?? 0)) / 2);
          valid[i] = 1;
        }
      });
      if (out.alpha !== undefined) for (const { layer } of stack) for (let i = 0; i < out.alpha.length; i++) out.alpha[i] = Math.max(out.alpha[i] ?? 0, layer.alpha?.[i] ?? 255);
      return out;
    },
  };
}
