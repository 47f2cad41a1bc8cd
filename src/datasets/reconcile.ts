/** Repairs the stored copies of MosaicJSON after a process died between a commit and its promotion (API.md section 2). */
import { mosaicOf } from '../searches/mosaic.js';
import { datasetTarget } from '../searches/target.js';
import type { Services } from '../services.js';
import { DATASETS } from './collections.js';
import { snapshotPath } from './dataset-item.js';

export interface Reconciled {
  /** Datasets whose copy was missing and was written anew. */
  readonly restored: string[];
  /** Copies of attempts that ended without a dataset, and of datasets that are gone. */
  readonly removed: string[];
}

const FOLDER = 'metadata/mosaics';
/** `{dataset}.{uuid}.json`, the copy of one attempt, and `{name}.{uuid}.tmp`, a file that is being written. */
const ATTEMPT = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(json|tmp)$/;
/** An attempt younger than this may still be under way; ours end within the statement timeout of a minute. */
const ATTEMPT_LIFE_MS = 3_600_000;

/** @param alone no other instance writes: attempts of any age are leftovers */
export async function reconcile(services: Pick<Services, 'database' | 'blobs'>, alone = false): Promise<Reconciled> {
  const { database, blobs } = services;
  const stored = await blobs.list(FOLDER);
  // Listed after the blobs: a dataset that comes in between has its copy already, one that goes has none left to remove.
  const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM pgstac.items WHERE collection = $1', [DATASETS]);
  const wanted = new Map(rows.map(({ id }) => [snapshotPath(id), id]));
  const removed: string[] = [];
  const restored: string[] = [];
  for (const { name, modified } of stored) {
    const leftover = ATTEMPT.test(name) ? alone || Date.now() - modified > ATTEMPT_LIFE_MS : !wanted.has(name);
    if (leftover && !wanted.has(name)) {
      await blobs.remove(name);
      removed.push(name);
    }
  }
  const present = new Set(stored.map(({ name }) => name));
  for (const [name, id] of wanted) {
    if (present.has(name)) continue;
    const target = await datasetTarget(services, id, { hidden: [] });
    const document = await mosaicOf(services, target, {}, AbortSignal.timeout(600_000));
    await blobs.put(name, document);
    restored.push(id);
  }
  return { restored, removed };
}
