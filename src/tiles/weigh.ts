/** Weighted means of the pixels around a point: what kernels make of a window. */
import type { Room } from './kernels.js';
import { type Layer, rounder } from './layer.js';
import type { Window } from './window.js';

/** Whether any band has a value at a point: GDAL's warper makes no pixel of a point that lies on an empty one (GWKGeneralCase). */
export function isSeen({ valid, left, top, right, bottom }: Window, column: number, row: number): boolean {
  const at = (Math.min(bottom - 1, Math.floor(row)) - top) * (right - left) + Math.min(right - 1, Math.floor(column)) - left;
  for (const band of valid) if (band[at] !== 0) return true;
  return false;
}

/** An alpha of 16 bits in 8. */
export const opacity = (value: number, type: Layer['type']): number => (type === 'uint16' ? Math.floor(value / 257) : Math.max(0, Math.min(255, value)));

/** Fills in a pixel of the layer, each band and the alpha, by the weights along both axes of the window's level. */
export function weigher(layer: Layer, window: Window, type: Layer['type']): (target: number, across: Room, down: Room) => void {
  const width = window.right - window.left;
  const round = rounder(type);
  const bands = window.bands.flatMap((values, b) => {
    const [valid, into, seen] = [window.valid[b], layer.values[b], layer.valid[b]];
    return valid === undefined || into === undefined || seen === undefined ? [] : [{ values, valid, into, seen }];
  });
  return (target, across, down) => {
    const start = (down.first - window.top) * width + across.first - window.left;
    for (const { values, valid, into, seen } of bands) {
      let sum = 0;
      let weights = 0;
      for (let j = 0; j < down.count; j++) {
        const wy = down.weights[j] ?? 0;
        const line = start + j * width;
        for (let i = 0; i < across.count; i++) {
          if (valid[line + i] === 0) continue;
          const weight = wy * (across.weights[i] ?? 0);
          weights += weight;
          sum += weight * (values[line + i] ?? 0);
        }
      }
      if (weights <= 1e-5) continue;
      into[target] = round(sum / weights);
      seen[target] = 1;
    }
    const { alpha } = window;
    if (alpha === undefined || layer.alpha === undefined) return;
    let sum = 0;
    let weights = 0;
    for (let j = 0; j < down.count; j++) {
      for (let i = 0; i < across.count; i++) {
        const weight = (down.weights[j] ?? 0) * (across.weights[i] ?? 0);
        weights += weight;
        sum += weight * (alpha[start + j * width + i] ?? 0);
      }
    }
    layer.alpha[target] = Math.max(0, Math.min(255, Math.round(opacity(sum / weights, type))));
  };
}
