/**
 * The stored copies of a dataset, its MosaicJSON and its source's own description: written under the name of an attempt
 * before the commit, given their fixed names after it (API.md section 2).
 */
import { randomUUID } from 'node:crypto';
import { mosaicOfFootprints } from '../mosaics/build.js';
import type { BlobStore } from '../storage/blobs.js';
import { originalPath, snapshotPath } from './dataset-item.js';
import type { PreparedDataset } from './prepare.js';

const PIECE = 256 * 1024;

export interface Snapshot {
  /** The mark of the attempt in the copies' names. */
  readonly attempt: string;
  /** Removes what this attempt wrote, never the live copies. */
  discard(): Promise<void>;
}

/** Writes the attempt's copies. @throws Upstream when the store fails, InvalidInput for more quadkeys than a mosaic may have */
export async function writeSnapshot(prepared: PreparedDataset, blobs: BlobStore, signal: AbortSignal): Promise<Snapshot> {
  const { id, mosaic, tiles, bbox, metadata } = prepared;
  const { footprints } = tiles.ledger;
  const zooms = tiles.summary.zoomsWithin(bbox);
  const minzoom = mosaic.minzoom ?? Math.min(zooms.minzoom, mosaic.maxzoom ?? 30);
  const maxzoom = mosaic.maxzoom ?? Math.max(zooms.maxzoom, minzoom);
  const options = { name: id, minzoom, maxzoom, quadkeyZoom: mosaic.quadkey_zoom, signal, ...(bbox[0] <= bbox[2] ? { bounds: [...bbox] as const } : {}) };
  const built = await mosaicOfFootprints(footprints, options, stackingSequence(footprints.count, tiles.byIndex, mosaic.overlap === 'first'));
  const attempt = randomUUID();
  const discard = async (): Promise<void> => {
    await blobs.remove(snapshotPath(id, attempt));
    if (metadata !== undefined) await blobs.remove(originalPath(id, attempt));
  };
  try {
    await blobs.put(snapshotPath(id, attempt), inLargePieces(built.document));
    if (metadata !== undefined) await blobs.put(originalPath(id, attempt), JSON.stringify(metadata));
  } catch (error) {
    await discard().catch(() => undefined);
    throw error;
  }
  return { attempt, discard };
}

/** As a store writes them: text that is put together first is copied once less. */
function* inLargePieces(document: Iterable<string>): Generator<Buffer, void, undefined> {
  let pieces: string[] = [];
  let characters = 0;
  for (const piece of document) {
    pieces.push(piece);
    characters += piece.length;
    if (characters < PIECE) continue;
    yield Buffer.from(pieces.join(''));
    [pieces, characters] = [[], 0];
  }
  yield Buffer.from(pieces.join(''));
}

/** The tiles' numbers, the one that lies on top first; undefined where they came in that order. */
function stackingSequence(count: number, byIndex: Int32Array | undefined, first: boolean): Int32Array | undefined {
  if (first) return byIndex;
  return byIndex === undefined ? Int32Array.from({ length: count }, (_, i) => count - 1 - i) : byIndex.toReversed();
}

/** Gives an attempt's copies their fixed names; a description that the dataset has no more goes away. The caller holds the lock on the id. */
export async function promoteSnapshot(blobs: BlobStore, id: string, attempt: string, hasMetadata: boolean): Promise<void> {
  await blobs.promote(snapshotPath(id, attempt), snapshotPath(id));
  if (hasMetadata) await blobs.promote(originalPath(id, attempt), originalPath(id));
  else await blobs.remove(originalPath(id));
}
