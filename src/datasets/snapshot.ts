/** The stored copy of a dataset's MosaicJSON: written under the name of an attempt, promoted after the commit (API.md section 2). */
import { randomUUID } from 'node:crypto';
import { buildMosaic } from '../mosaics/build.js';
import { zoomsOfTiles } from '../mosaics/tile-zooms.js';
import type { BlobStore } from '../storage/blobs.js';
import { snapshotPath } from './dataset-item.js';
import type { PreparedDataset } from './prepare.js';

export interface Snapshot {
  /** Gives the copy its fixed name; failing is no failure of the dataset, which is committed: `reconcile` repairs it. */
  promote(): Promise<void>;
  /** Removes what this attempt wrote, never the live copy. */
  discard(): Promise<void>;
}

/** Writes the attempt's copy. @throws Upstream when the store fails, InvalidInput for more quadkeys than a mosaic may have */
export async function writeSnapshot(prepared: PreparedDataset, blobs: BlobStore): Promise<Snapshot> {
  const { id, mosaic, tiles, bbox } = prepared;
  const ordered = mosaic.overlap === 'first' ? tiles : [...tiles].toReversed();
  const zooms = zoomsOfTiles(tiles.map(({ properties, footprint }) => ({ properties, bbox: footprint.bbox })), bbox);
  const minzoom = mosaic.minzoom ?? Math.min(zooms.minzoom, mosaic.maxzoom ?? 30);
  const maxzoom = mosaic.maxzoom ?? Math.max(zooms.maxzoom, minzoom);
  const built = await buildMosaic(
    ordered.map(({ href, footprint }) => ({ href, geometry: footprint.geometry, crossesAntimeridian: footprint.bbox[0] > footprint.bbox[2] })),
    { name: id, minzoom, maxzoom, quadkeyZoom: mosaic.quadkey_zoom, ...(bbox[0] <= bbox[2] ? { bounds: [...bbox] } : {}) },
  );
  const attempt = snapshotPath(id, randomUUID());
  await blobs.put(attempt, built.document);
  return { promote: () => blobs.promote(attempt, snapshotPath(id)), discard: () => blobs.remove(attempt) };
}
