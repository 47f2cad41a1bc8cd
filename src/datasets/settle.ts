/**
 * The stored copies follow the database: under the lock on the id it is looked up which attempt the dataset came from, so
 * that of two writers, or a writer and a delete, the last to commit has the last word on the copies too.
 */
import type { PoolClient } from 'pg';
import { withTransaction } from '../database/index.js';
import type { Services } from '../services.js';
import { originalPath, snapshotPath } from './dataset-item.js';
import { committedAttempt, lockDataset } from './records.js';
import { promoteSnapshot } from './snapshot.js';

type Stores = Pick<Services, 'database' | 'blobs'>;

/** Gives the copies of the attempt that was committed last their fixed names; removes those of a dataset that is gone. */
export async function settleCopies({ database, blobs }: Stores, id: string, attempt?: string): Promise<void> {
  await withTransaction(database.pool, async (client: PoolClient) => {
    await lockDataset(client, id);
    const committed = await committedAttempt(client, id);
    if (committed === undefined) {
      await blobs.remove(snapshotPath(id));
      await blobs.remove(originalPath(id));
    } else if (attempt !== undefined && committed.attempt === attempt) {
      await promoteSnapshot(blobs, id, attempt, committed.hasMetadata);
    }
  });
  // Another attempt was committed since: these copies are nobody's.
  if (attempt !== undefined) {
    await blobs.remove(snapshotPath(id, attempt));
    await blobs.remove(originalPath(id, attempt));
  }
}
