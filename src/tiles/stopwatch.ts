/** Where the time of a picture goes: waiting for bytes and unpacking them, drawing, encoding. */
import { performance } from 'node:perf_hooks';
import type { Assets } from './assets.js';

/** Milliseconds. */
export interface Timings {
  /** Opening files, reading and unpacking their blocks. */
  readonly read: number;
  readonly draw: number;
  readonly encode: number;
}

export interface Stopwatch {
  /** The same assets; what is waited for is counted. */
  readonly assets: Assets;
  /** Ends the drawing: what follows is encoding. */
  encoding(): void;
  end(): Timings;
}

export function startWatch(assets: Assets): Stopwatch {
  const began = performance.now();
  let [read, drawn] = [0, began];
  async function timed<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } finally {
      read += performance.now() - from;
    }
  }
  return {
    assets: { ...assets, open: (href) => timed(() => assets.open(href)), blocks: { ...assets.blocks, read: (...blocks) => timed(() => assets.blocks.read(...blocks)) } },
    encoding: () => void (drawn = performance.now()),
    end: () => ({ read, draw: Math.max(0, drawn - began - read), encode: performance.now() - drawn }),
  };
}
