/** Resampling kernels: how much the pixels around a point count (GDAL's definitions). Pure. */

export const RESAMPLINGS = ['nearest', 'bilinear', 'cubic', 'cubic_spline', 'lanczos', 'average'] as const;
export type Resampling = (typeof RESAMPLINGS)[number];
/** Kernels that weigh pixels; `nearest` takes one. */
export type KernelName = Exclude<Resampling, 'nearest'>;

export interface Taps {
  /** The first pixel along an axis, and the weight of it and of those that follow. */
  readonly first: number;
  readonly weights: Float64Array;
}

/** Taps that are filled in again for each point, so that no pixel of a tile costs memory. */
export interface Room {
  first: number;
  /** Weights in use; those behind are of earlier points. */
  count: number;
  weights: Float64Array;
}

export const createRoom = (): Room => ({ first: 0, count: 0, weights: new Float64Array(8) });

interface Kernel {
  /** Pixels on either side of the point, at scale 1. */
  readonly radius: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const KERNELS: Readonly<Record<Exclude<KernelName, 'average'>, Kernel>> = {
  bilinear: { radius: 1, weight: (d) => 1 - d },
  // Catmull-Rom, a = -0.5
  cubic: { radius: 2, weight: (d) => (d <= 1 ? 1 + d * d * (1.5 * d - 2.5) : 2 - d * (4 + d * (0.5 * d - 2.5))) },
  cubic_spline: { radius: 2, weight: (d) => (d <= 1 ? 2 / 3 - d * d * (1 - d / 2) : (2 - d) ** 3 / 6) },
  lanczos: { radius: 3, weight: (d) => sinc(d) * sinc(d / 3) },
};

/** Pixels on either side of a point at scale 1. */
export const radiusOf = (name: KernelName): number => (name === 'average' ? 0.5 : KERNELS[name].radius);

/** Pixels to read on either side of a point. */
export const reachOf = (name: KernelName, scale: number): number => Math.ceil(radiusOf(name) * Math.max(1, scale)) + 1;

/**
 * The pixels that count for a point at `at` (pixel 0 spans 0 to 1), none outside 0 to `length`.
 * @param scale pixels that one pixel of the tile stands for: kernels widen with it, never below 1
 */
export function tapsAt(name: KernelName, at: number, scale: number, length: number): Taps {
  const room = createRoom();
  fillTaps(room, name, at, scale, length);
  return { first: room.first, weights: room.weights.slice(0, room.count) };
}

/** As {@link tapsAt}, into `room`. */
export function fillTaps(room: Room, name: KernelName, at: number, scale: number, length: number): void {
  const wide = Math.max(1, scale);
  const averaged = name === 'average';
  const reach = averaged ? wide / 2 : KERNELS[name].radius * wide;
  const [from, to] = [at - reach, at + reach];
  const first = Math.max(0, averaged ? Math.floor(from + 1e-9) : Math.ceil(from - 0.5));
  const end = Math.min(length, averaged ? Math.ceil(to - 1e-9) : Math.floor(to - 0.5) + 1);
  const count = Math.max(0, end - first);
  if (count > room.weights.length) room.weights = new Float64Array(count);
  const { weights } = room;
  room.first = first;
  room.count = count;
  if (averaged) {
    for (let i = 0; i < count; i++) weights[i] = Math.min(to, first + i + 1) - Math.max(from, first + i);
    return;
  }
  const { radius, weight } = KERNELS[name];
  for (let i = 0; i < count; i++) {
    const distance = Math.abs(first + i + 0.5 - at) / wide;
    weights[i] = distance >= radius ? 0 : weight(distance);
  }
}
