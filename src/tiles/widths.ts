/** How wide kernels are: pixels of a level that one pixel of the picture stands for, as GDAL reckons them. Pure. */
import type { CogHeader } from '../cog/types.js';
import type { Dimensions, Point } from './overviews.js';
import { type Area, decimationOf, placeIn } from './warp.js';

/** Along both axes of the level; kernels widen with what is above 1. */
export interface Widths {
  readonly x: number;
  readonly y: number;
}

/** Parts of an edge of the picture whose ends are looked at (GDALWarpOperation::ComputeSourceWindow). */
const PARTS = 20;
/** So near to a whole number the warper takes that (GDALWarpKernel::PerformWarp). */
const WHOLE = 0.05;

/** Of a level that is read in its own CRS: the pixels of the one over those of the other. */
export function readWidths({ extent: [west, south, east, north] }: Area, size: Dimensions, { transform: [a, b, , d, e], width, height }: CogHeader, level: Dimensions): Widths {
  return {
    x: ((east - west) / size.width / Math.hypot(a, d)) * (level.width / width),
    y: ((north - south) / size.height / Math.hypot(b, e)) * (level.height / height),
  };
}

/** Of a level that is warped and averaged: as many pixels as one of the picture covers. */
export function averagedWidths(area: Area, size: Dimensions, header: CogHeader, level: Dimensions): Widths {
  const width = decimationOf(area, size, header) / Math.min(header.width / level.width, header.height / level.height);
  return { x: width, y: width };
}

/**
 * Of a level that is warped: the part of it that the picture reaches, over the picture's whole side, one number for all of
 * its pixels. Where the picture reaches beyond the level this is less than its pixels stand for, and they come out sharper.
 */
export function warpWidths(area: Area, size: Dimensions, header: CogHeader, level: Dimensions): Widths {
  const place = placeIn(area, size, header, level);
  const at = (i: number, length: number): number => (i / PARTS) * length;
  const steps = Array.from({ length: PARTS + 1 }, (_, i) => i);
  const edges = steps.flatMap((i) => [[i, 0], [i, PARTS], [0, i], [PARTS, i]] as const);
  const places = (points: readonly Point[]): Point[] => points.map(([i, j]) => place(at(i, size.width), at(j, size.height))).filter(([column, row]) => Number.isFinite(column) && Number.isFinite(row));
  let found = places(edges);
  if (found.length < edges.length) found = places(steps.flatMap((i) => steps.map((j): Point => [i, j])));
  return { x: nearWhole(reached(found.map(([column]) => column), level.width) / size.width), y: nearWhole(reached(found.map(([, row]) => row), level.height) / size.height) };
}

/** Pixels along an axis of the level between the first and the last place. */
function reached(places: readonly number[], length: number): number {
  const [first, last] = [Math.min(...places), Math.max(...places)];
  return Math.max(0, Math.min(length - Math.floor(Math.max(0, first)), last - first));
}

const nearWhole = (width: number): number => (width > 1 && Math.abs(width - Math.round(width)) < WHOLE ? Math.round(width) : width);
