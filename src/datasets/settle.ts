/**
 * The stored copies follow the database: one at a time for an id, it is looked up which attempt the dataset came from, so
 * that of two writers, or a writer and a delete, the last to commit has the last word on the copies too.
 */
import type { Services } from '../services.js';
import { originalPath, snapshotPath, thumbnailPath } from './dataset-item.js';
import { exclusively } from './exclusive.js';
import { committedAttempt } from './records.js';
import { promoteSnapshot } from './snapshot.js';

type Stores = Pick<Services, 'database' | 'blobs'>;

/** Gives the copies of the attempt that was committed last their fixed names; removes those of a dataset that is gone. Answers whether that attempt is this one. */
export async function settleCopies({ database, blobs }: Stores, id: string, attempt?: string): Promise<boolean> {
  const promoted = await exclusively(database, id, async (db) => {
    const committed = await committedAttempt(db, id);
    if (committed === undefined) {
      await Promise.all([snapshotPath(id), originalPath(id), thumbnailPath(id)].map((path) => blobs.remove(path)));
    } else if (attempt !== undefined && committed.attempt === attempt) {
      await promoteSnapshot(blobs, id, attempt, committed.hasMetadata);
      if (committed.hadThumbnail && !committed.hasThumbnail) await blobs.remove(thumbnailPath(id));
      return true;
    }
    return false;
  });
  if (promoted || attempt === undefined) return promoted;
  // Another attempt was committed since: these copies are nobody's.
  await Promise.all([blobs.remove(snapshotPath(id, attempt)), blobs.remove(originalPath(id, attempt))]);
  return false;
}
