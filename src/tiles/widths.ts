/** How wide kernels are: pixels of a level that one pixel of the picture stands for, as GDAL reckons them. Pure. */
import type { CogHeader } from '../cog/types.js';
import { type KernelName, radiusOf } from './kernels.js';
import type { Dimensions, Point } from './overviews.js';
import { type Area, decimationOf, type Part, type Place, placeAround } from './warp.js';

/** Along both axes of the level; kernels widen with what is above 1. */
export interface Widths {
  readonly x: number;
  readonly y: number;
}

/** A part of the picture whose pixels are weighed alike. */
interface Region extends Part {
  readonly widths: Widths;
}

interface Weighing {
  readonly kernel: KernelName;
  /** The raster is of another CRS than the picture. */
  readonly warped: boolean;
  /** A value or an alpha band tells which samples are empty; GDAL makes all pixels at once then, and those of blocks else. */
  readonly atOnce: boolean;
}

/** Pixels of a warped dataset that are made at a time (VRTWarpedDataset). */
const BLOCK = { width: 512, height: 128 } as const;
/** Parts of an edge whose ends are looked at: GDAL has 20 (ComputeSourceWindow), which cost 2 ms an asset and tell no other widths. */
const PARTS = 8;
/** From this share of a side on the whole of it is read, as GDAL 3.10 answers. */
const MOST = 0.9;
/** Nearer to a whole number the warper takes that (GDALWarpKernel::PerformWarp), */
const WHOLE = 0.05;
/** and as much narrower kernels stay at 1. */
const FINE = 0.95;

/**
 * The parts of a picture that touch `within`, and the widths in each. What is warped has one width for all pixels of a
 * part, by how much of the level that part reaches: where it reaches beyond, kernels are narrower than its pixels would
 * have them.
 */
export function regionsOf(area: Area, size: Dimensions, header: CogHeader, level: Dimensions, within: Part, { kernel, warped, atOnce }: Weighing): Region[] {
  const whole = { left: 0, top: 0, right: size.width, bottom: size.height };
  if (!warped) return [{ ...whole, widths: readWidths(area, size, header, level) }];
  if (kernel === 'average') return [{ ...whole, widths: averagedWidths(area, size, header, level) }];
  const place = placeAround(area, size, header, level);
  const radius = radiusOf(kernel);
  if (atOnce) {
    const { x, y } = spanOf(whole, place);
    return [{ ...whole, widths: { x: nearWhole(pixelsRead(x, level.width, size.width, radius) / size.width), y: nearWhole(pixelsRead(y, level.height, size.height, radius) / size.height) } }];
  }
  const regions: Region[] = [];
  for (let top = 0; top < size.height; top += BLOCK.height) {
    for (let left = 0; left < size.width; left += BLOCK.width) {
      const part = { left, top, right: Math.min(size.width, left + BLOCK.width), bottom: Math.min(size.height, top + BLOCK.height) };
      if (common(part, within) === undefined) continue;
      const { x, y } = spanOf(part, place);
      regions.push({ ...part, widths: { x: nearWhole(reached(x, level.width) / (part.right - left)), y: nearWhole(reached(y, level.height) / (part.bottom - top)) } });
    }
  }
  return regions;
}

/** What two parts share; undefined for nothing. */
export function common(a: Part, b: Part): Part | undefined {
  const part = { left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) };
  return part.left < part.right && part.top < part.bottom ? part : undefined;
}

/** Of a level that is read in its own CRS: the pixels of the one over those of the other. */
function readWidths({ extent: [west, south, east, north] }: Area, size: Dimensions, { transform: [a, b, , d, e], width, height }: CogHeader, level: Dimensions): Widths {
  return {
    x: ((east - west) / size.width / Math.hypot(a, d)) * (level.width / width),
    y: ((north - south) / size.height / Math.hypot(b, e)) * (level.height / height),
  };
}

/** Of a level that is warped and averaged: as many pixels as one of the picture covers. */
function averagedWidths(area: Area, size: Dimensions, header: CogHeader, level: Dimensions): Widths {
  const width = decimationOf(area, size, header) / Math.min(header.width / level.width, header.height / level.height);
  return { x: width, y: width };
}

/** First and last place along an axis of the level, which may lie outside of it. */
type Span = readonly [first: number, last: number];

/** What a part of the picture reaches of the level, by its edges; by places inside where edges have none. */
function spanOf({ left, top, right, bottom }: Part, place: Place): { x: Span; y: Span } {
  const steps = Array.from({ length: PARTS + 1 }, (_, i) => i / PARTS);
  const edges = steps.flatMap((at): Point[] => [[at, 0], [at, 1], [0, at], [1, at]]);
  const placesOf = (points: readonly Point[]): Point[] =>
    points.map(([u, v]) => place(left + u * (right - left), top + v * (bottom - top))).filter(([column, row]) => Number.isFinite(column) && Number.isFinite(row));
  let found = placesOf(edges);
  if (found.length < edges.length) found = placesOf(steps.flatMap((u) => steps.map((v): Point => [u, v])));
  const along = (axis: 0 | 1): Span => found.reduce<Span>(([first, last], point) => [Math.min(first, point[axis]), Math.max(last, point[axis])], [Infinity, -Infinity]);
  return { x: along(0), y: along(1) };
}

/** The pixels that are reached from the first on, as many as the span has, were it all inside. */
const reached = ([first, last]: Span, length: number): number => Math.max(0, Math.min(length - Math.floor(Math.max(0, first)), last - first));

/** The pixels that are read, with those that the kernel takes beyond the edges. */
function pixelsRead([first, last]: Span, length: number, pixels: number, radius: number): number {
  const shrunk = (last - first) / pixels;
  const reach = shrunk * FINE > 1 ? Math.ceil(radius * shrunk) : radius;
  const read = Math.min(length, Math.ceil(Math.min(last, length)) + reach) - Math.max(0, Math.floor(Math.max(0, first)) - reach);
  return read > MOST * length ? length : Math.max(0, read);
}

const nearWhole = (width: number): number => (width > 1 && Math.abs(width - Math.round(width)) < WHOLE ? Math.round(width) : width);
