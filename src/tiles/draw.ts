/** Draws one tile: its assets in order, each into what is still empty, until the tile is full. */
import pLimit from 'p-limit';
import { DomainError, messageOf } from '../errors.js';
import { shownHref } from '../storage/source.js';
import type { Asset, Assets } from './assets.js';
import type { Block } from './blocks.js';
import type { Canvas } from './canvas.js';
import { createCanvas } from './canvas.js';
import type { TileFormat } from './encode.js';
import { CONTENT_TYPES, encodeCanvas } from './encode.js';
import type { TileMatrixSetId } from './matrices.js';
import { locateTile } from './matrices.js';
import type { Samples } from './nearest.js';
import { blocksOf, findSamples, paint, unmasked } from './nearest.js';
import { chooseLevel } from './overviews.js';
import type { Plane } from './raster.js';
import { decimationOf, mayTouch, warpOf, type TileInRange } from './warp.js';

export interface TileRequest {
  readonly tms: TileMatrixSetId;
  readonly z: number;
  readonly x: number;
  readonly y: number;
  readonly tileSize: 256 | 512;
  /** In stacking order: the first is on top, later ones fill what it leaves empty. */
  readonly hrefs: readonly string[];
  readonly format: TileFormat;
}

export interface FailedAsset {
  /** Without query and fragment, which may hold a signature. */
  readonly href: string;
  readonly message: string;
}

export interface DrawnTile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** No asset had a pixel here; the bytes are a transparent picture. */
  readonly empty: boolean;
  /** Hrefs that gave pixels, in stacking order. */
  readonly used: readonly string[];
  readonly failed: readonly FailedAsset[];
}

/** Headers that are opened while earlier assets are drawn. */
const OPEN_AHEAD = 4;
/** Blocks of one asset that are fetched at a time. */
const BLOCKS_AT_A_TIME = 8;
/** Decoded bytes that one asset may need for one tile: 256 x 256 pixels from 300 blocks of 512 x 512 RGB. */
const MAX_ASSET_BYTES = 256 * 1024 * 1024;
/** As many small blocks, which a file without overviews may have, take a second or two. */
const MAX_ASSET_BLOCKS = 4096;

/**
 * @throws DomainError NotFound outside the matrix set. Where no pixel was drawn and an asset failed, its error: Upstream,
 *   UpstreamTimeout, NotImplemented, or InvalidInput for a refused href. `signal` ends the work between two assets.
 */
export async function drawTile(request: TileRequest, assets: Assets, signal?: AbortSignal): Promise<DrawnTile> {
  const { hrefs, tileSize, format } = request;
  const place = placeOf(request);
  const canvas = createCanvas(tileSize);
  const used: string[] = [];
  const failures: { href: string; error: DomainError }[] = [];
  for (const [i, href] of hrefs.entries()) {
    signal?.throwIfAborted();
    if (canvas.left === 0) break;
    for (const next of hrefs.slice(i + 1, i + OPEN_AHEAD)) void assets.open(next).catch(() => undefined); // its turn will tell
    try {
      if ((await drawAsset(canvas, place, await assets.open(href), assets)) > 0) used.push(href);
    } catch (error) {
      failures.push({ href, error: asDomainError(error, href) });
    }
  }
  const [first] = failures;
  if (used.length === 0 && first !== undefined) throw first.error;
  signal?.throwIfAborted();
  return {
    bytes: await encodeCanvas(canvas, format),
    contentType: CONTENT_TYPES[format],
    empty: used.length === 0,
    used,
    failed: failures.map(({ href, error }) => ({ href: shownHref(href), message: error.message })),
  };
}

/** @throws DomainError NotFound outside the matrix set */
export function placeOf({ tms, z, x, y }: TileRequest): TileInRange {
  const place = locateTile(tms, z, x, y);
  if (!place.inRange) throw new DomainError('NotFound', place.reason);
  return place;
}

async function drawAsset(canvas: Canvas, place: TileInRange, { raster, name }: Asset, assets: Assets): Promise<number> {
  const { header, levels } = raster;
  if (!mayTouch(place, header)) return 0;
  const level = levels[chooseLevel(levels, decimationOf(place, canvas.size, header))];
  if (level === undefined) return 0;
  let samples = findSamples(canvas, warpOf(place, canvas.size, header, level), level);
  if (samples.targets.length > 0 && level.mask !== undefined) {
    samples = unmasked(samples, level.mask, await loadBlocks(samples, level.mask, name, assets));
  }
  if (samples.targets.length === 0) return 0;
  return paint(canvas, samples, raster, level, await loadBlocks(samples, level, name, assets));
}

async function loadBlocks(samples: Samples, plane: Plane, name: string, { blocks }: Assets): Promise<Map<number, Block>> {
  const indices = blocksOf(samples, plane);
  if (indices.length > MAX_ASSET_BLOCKS || indices.length * plane.blockWidth * plane.blockHeight * plane.samples > MAX_ASSET_BYTES) {
    throw new DomainError('NotImplemented', `${name}: this tile needs ${indices.length} blocks of it; add overviews to draw it at this zoom.`);
  }
  const limit = pLimit(BLOCKS_AT_A_TIME);
  return new Map(await Promise.all(indices.map((index) => limit(async () => [index, await blocks.read(plane, index, name)] as const))));
}

/** Anything that is not ours to name is the asset's fault: a codec or a projection that choked on its data. */
const asDomainError = (error: unknown, href: string): DomainError =>
  error instanceof DomainError
    ? error
    : new DomainError('Upstream', `${shownHref(href)}: it cannot be drawn (${messageOf(error).slice(0, 120)}).`, { cause: error });
