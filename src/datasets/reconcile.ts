/** Repairs the stored copies of datasets after a process died between a commit and their promotion (API.md section 2). */
import { randomUUID } from 'node:crypto';
import { DomainError } from '../errors.js';
import { mosaicOf } from '../searches/mosaic.js';
import { datasetTarget } from '../searches/target.js';
import type { Services } from '../services.js';
import { idOfStored, isUnfinished, originalPath, snapshotPath, thumbnailPath } from './dataset-item.js';
import { exclusively } from './exclusive.js';
import { committedAttempt, type CommittedDataset, committedDatasets } from './records.js';

export interface Reconciled {
  /** Datasets whose copies were missing or of an earlier state, and are right now. */
  readonly restored: string[];
  /** Copies of attempts that ended without a dataset, and of datasets that are gone. */
  readonly removed: string[];
}

type Stores = Pick<Services, 'database' | 'blobs' | 'config'>;

const FOLDERS = ['metadata/mosaics', 'metadata/original', 'metadata/thumbnails'];
/** An attempt younger than this may still be under way; a transaction of ours may take an hour, and its copies are written before it. */
const ATTEMPT_LIFE_MS = 2 * 3_600_000;

/**
 * Beside servers that write: what belongs to a dataset is judged again under its lock before anything is removed or put in its place.
 * @param alone no other instance writes: attempts of any age are leftovers
 * @param draw makes the thumbnail of a dataset that has none; answers whether it did
 */
export async function reconcile(services: Stores, alone = false, draw?: (id: string) => Promise<boolean>): Promise<Reconciled> {
  const { database, blobs } = services;
  const stored = (await Promise.all(FOLDERS.map((folder) => blobs.list(folder)))).flat();
  // Listed after the blobs: a dataset that comes in between has its copy already, one that goes has none left to remove.
  const datasets = await committedDatasets(database.pool);
  const fixed = new Set(datasets.flatMap(fixedNames));
  const attempts = new Map(datasets.flatMap(copiesOfAttempt));
  const present = new Set(stored.map(({ name }) => name));
  const restored = new Set<string>();
  const removed: string[] = [];
  for (const { name, modified } of stored) {
    const copy = attempts.get(name);
    if (copy !== undefined) {
      if (await promoteCopy(services, copy, name)) restored.add(copy.id);
      present.add(copy.to);
    } else if (!fixed.has(name) && (await removeLeftover(services, name, alone || Date.now() - modified > ATTEMPT_LIFE_MS))) {
      removed.push(name);
    }
  }
  for (const dataset of datasets) {
    const { id, hasThumbnail } = dataset;
    if (!present.has(snapshotPath(id)) && (await rebuild(services, dataset))) restored.add(id);
    if ((!hasThumbnail || !present.has(thumbnailPath(id))) && (await draw?.(id)) === true) restored.add(id);
  }
  return { restored: [...restored], removed };
}

/** The names of what is stored of a dataset. */
const fixedNames = ({ id, hasMetadata, originals, hasThumbnail }: CommittedDataset): string[] => [snapshotPath(id), ...(hasMetadata ? [originalPath(id)] : []), ...originals, ...(hasThumbnail ? [thumbnailPath(id)] : [])];

/** What no dataset had when they were listed: one may have come since. @param isOld whether nobody can be at work on it */
async function removeLeftover({ database, blobs }: Stores, name: string, isOld: boolean): Promise<boolean> {
  const id = isUnfinished(name) ? undefined : idOfStored(name);
  if (id === undefined) {
    if (isOld) await blobs.remove(name);
    return isOld;
  }
  return exclusively(database, id, async (db) => {
    const committed = await committedAttempt(db, id);
    if (committed !== undefined && fixedNames(committed).includes(name)) return false;
    await blobs.remove(name);
    return true;
  });
}

interface Copy {
  readonly id: string;
  readonly attempt: string | null;
  readonly to: string;
}

/** The names that a dataset's copies have until they are promoted. */
function copiesOfAttempt({ id, attempt }: CommittedDataset): [string, Copy][] {
  if (attempt === null) return [];
  return [snapshotPath, originalPath].map((path) => [path(id, attempt), { id, attempt, to: path(id) }]);
}

/** {@link reconcile} of one dataset, as far as its copies only have to be put in their place. */
export async function promoteCopies(services: Omit<Stores, 'config'>, id: string): Promise<void> {
  const dataset = await committedAttempt(services.database.pool, id);
  for (const [name, copy] of dataset === undefined ? [] : copiesOfAttempt(dataset)) if ((await services.blobs.get(name)) !== undefined) await promoteCopy(services, copy, name);
}

/** Unless another attempt has been committed since. */
function promoteCopy({ database, blobs }: Omit<Stores, 'config'>, { id, attempt, to }: Copy, name: string): Promise<boolean> {
  return exclusively(database, id, async (db) => {
    if ((await committedAttempt(db, id))?.attempt !== attempt || (await blobs.get(name)) === undefined) return false;
    await blobs.promote(name, to);
    return true;
  });
}

/** From the tiles, where neither copy is left. Answers whether they are the dataset's still. */
async function rebuild(services: Stores, { id, attempt }: CommittedDataset): Promise<boolean> {
  const target = await datasetTarget(services, id, { hidden: [] }).catch((error: unknown) => {
    if (error instanceof DomainError && error.kind === 'NotFound') return undefined;
    throw error;
  });
  if (target === undefined) return false;
  const name = snapshotPath(id, randomUUID());
  const mosaic = await mosaicOf(services, target, {}, AbortSignal.timeout(600_000));
  await services.blobs.put(name, mosaic.document());
  const isOurs = await promoteCopy(services, { id, attempt, to: snapshotPath(id) }, name);
  if (!isOurs) await services.blobs.remove(name);
  return isOurs;
}
