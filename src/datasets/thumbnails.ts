/**
 * Thumbnails of datasets: drawn in the background after the commit, or for whoever asks first, and stored beside the mosaic
 * (API.md section 2). What is lost with a process is drawn at the next request, or by `reconcile`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { DomainError, messageOf } from '../errors.js';
import { type Bbox, bboxGeometry } from '../geojson.js';
import { assetsOn, boundsOfTarget } from '../searches/tile-assets.js';
import { datasetTarget, type Target } from '../searches/target.js';
import type { Services } from '../services.js';
import type { Blob } from '../storage/blobs.js';
import { drawPreview, type Preview } from '../tiles/preview.js';
import type { TileRenderer } from '../tiles/renderer.js';
import { thumbnailPath } from './dataset-item.js';
import { exclusively } from './exclusive.js';
import { type CommittedDataset, committedAttempt, rememberThumbnail } from './records.js';

type Renderer = Pick<TileRenderer, 'render'>;
type Deps = Pick<Services, 'database' | 'blobs' | 'sources' | 'logger' | 'config'> & { readonly renderer: Renderer };

export interface Thumbnails {
  /** In a while, unless the dataset brings its own picture; nobody waits for it, and a failure is only logged. @param tiles how many it has */
  later(id: string, tiles: number): void;
  /** {@link storeThumbnail}, on the primary whichever database the caller reads: a standby's lock keeps nobody out. A failure is only logged. */
  keep(id: string, attempt: string, picture: Preview): Promise<void>;
  /** What is being drawn is given up; what a slow database or store keeps is waited for a while. */
  close(): Promise<void>;
}

/** Datasets that wait; those beyond are drawn when they are asked for. */
const MOST_WAITING = 100;
const DRAWING_MS = 60_000;
/** A statement or the store may take a minute, another writer of the dataset longer: a server that stops has not that long. */
const CLOSING_MS = 5000;
/** To find the uppermost of more costs the database seconds: pictures of these are drawn for whoever asks. */
const MOST_TILES = 20_000;
/** COGs on one map tile of the picture, ten times a usual tile's: it is drawn once and kept. */
const MOST_ASSETS = 1000;

/** One at a time: tiles of maps that people wait for come first. With TiTiler, pictures are TiTiler's, at each request. */
export function createThumbnails(services: Deps): Thumbnails {
  const limit = pLimit(1);
  const stop = new AbortController();
  const waiting = new Set<Promise<void>>();

  async function draw(id: string): Promise<void> {
    if (stop.signal.aborted) return;
    try {
      await makeThumbnail(services, id, AbortSignal.any([stop.signal, AbortSignal.timeout(DRAWING_MS)]));
    } catch (error) {
      if (stop.signal.aborted) return;
      const level = error instanceof DomainError ? 'info' : 'error';
      services.logger[level]({ dataset: id, ...(level === 'error' ? { err: error } : {}) }, `no thumbnail was drawn: ${messageOf(error)}`);
    }
  }

  return {
    later(id, tiles) {
      if (services.config.titiler !== undefined || tiles > MOST_TILES || limit.pendingCount >= MOST_WAITING) return;
      const drawing = limit(draw, id).finally(() => waiting.delete(drawing));
      waiting.add(drawing);
    },
    async keep(id, attempt, picture) {
      await storeThumbnail(services, id, attempt, picture).catch((error: unknown) => services.logger.warn({ dataset: id }, `a thumbnail was not stored: ${messageOf(error)}`));
    },
    async close() {
      stop.abort();
      const patience = new AbortController();
      await Promise.race([Promise.all(waiting), delay(CLOSING_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
      patience.abort();
    },
  };
}

/** Draws and stores the thumbnail of a dataset, unless it brings its own or has no pixel. Answers whether it did. @throws what drawing or the store throw */
export async function makeThumbnail(services: Deps, id: string, signal: AbortSignal): Promise<boolean> {
  const committed = await committedAttempt(services.database.pool, id);
  if (committed === undefined || committed.attempt === null || !committed.isPictured) return false;
  const picture = await drawDataset(services, await datasetTarget(services, id, { hidden: [] }), signal);
  return picture === undefined ? false : storeThumbnail(services, id, committed.attempt, picture);
}

/** A picture of all tiles, as far as they can be read; undefined where none has a pixel. @param other draws in the place of our own renderer, and reads what it may */
export async function drawDataset(services: Pick<Deps, 'database' | 'sources' | 'renderer'>, target: Target, signal: AbortSignal, other?: Renderer): Promise<Preview | undefined> {
  const bounds = await boundsOfTarget(services, target);
  if (bounds === undefined) return undefined;
  const hrefsIn = async (tile: Bbox): Promise<string[]> => (await assetsOn(services, target, bboxGeometry(tile), undefined, { items: MOST_ASSETS })).assets.flatMap(({ hrefs }) => hrefs);
  if (other !== undefined) return drawPreview(other, bounds, hrefsIn, signal);
  return drawPreview(services.renderer, bounds, async (tile) => readable(services, await hrefsIn(tile)), signal);
}

/** Where no href may be read at all, the first one's refusal is thrown before a thread is started for it. */
function readable({ sources }: Pick<Deps, 'sources'>, hrefs: string[]): string[] {
  let refusal: unknown;
  for (const href of hrefs) {
    try {
      sources.check(href);
      return hrefs;
    } catch (error) {
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  return hrefs;
}

/** Keeps a whole picture of the tiles that were committed with `attempt`, unless they have been replaced since. */
function storeThumbnail({ database, blobs }: Pick<Deps, 'database' | 'blobs'>, id: string, attempt: string, { bytes, isWhole }: Preview): Promise<boolean> {
  if (!isWhole) return Promise.resolve(false);
  return exclusively(database, id, async (db) => {
    if ((await committedAttempt(db, id))?.attempt !== attempt) return false;
    await blobs.put(thumbnailPath(id), bytes);
    await rememberThumbnail(db, id, attempt);
    return true;
  });
}

/** The stored picture of the tiles that were committed last. */
export async function storedThumbnail({ blobs }: Pick<Deps, 'blobs'>, { id, hasThumbnail }: CommittedDataset): Promise<Blob | undefined> {
  return hasThumbnail ? blobs.get(thumbnailPath(id)) : undefined;
}
