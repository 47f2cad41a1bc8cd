/** Writing datasets: dataset and tiles in one transaction, or nothing (API.md section 2). */
import type { Geometry } from 'geojson';
import type { PoolClient } from 'pg';
import { UnknownOutcomeError, withTransaction } from '../database/index.js';
import { conflict, DomainError, messageOf, notFound } from '../errors.js';
import { bboxGeometry } from '../geojson.js';
import { shrinkExtent, widenExtent } from '../hooks/extents.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import { findStoredItem, readItem, type StoredItem } from '../pgstac/items-read.js';
import { copyItemRows, deleteItems, insertItems, isCurrentBase } from '../pgstac/items-write.js';
import { holdSearch, registerSearch, releaseSearches } from '../pgstac/searches.js';
import { deleteTiles, unionOfRectangles, unionOfTiles } from '../pgstac/tiles.js';
import type { Services } from '../services.js';
import { checkPreconditions, type Preconditions } from '../transactions/preconditions.js';
import { itemVersion } from '../transactions/versions.js';
import { datasetAnswer } from './answer.js';
import { DATASETS, SYSTEM_TILES } from './collections.js';
import { datasetItem } from './dataset-item.js';
import { exclusively } from './exclusive.js';
import { HeadStart } from './head-start.js';
import { type Purpose, takeIn } from './intake.js';
import { type PreparedDataset, prepareDataset } from './prepare.js';
import { promoteCopies } from './reconcile.js';
import { type Attempt, committedAttempt, firstAnswer, forgetAnswers, isKnown, keyedAnswer, lockDataset, rememberAnswer } from './records.js';
import { datasetSearch, datasetSearchMetadata } from './search.js';
import { settleCopies } from './settle.js';
import { writeSnapshot } from './snapshot.js';
import { filledRows } from './tile-rows.js';
import type { DatasetUpload } from './upload.js';

export interface WriteOptions {
  readonly idempotencyKey?: string | undefined;
  readonly signal: AbortSignal;
  /** Runs inside the transaction, after everything is written: what must come true together with the dataset. */
  readonly within?: (client: PoolClient, answer: JsonObject) => Promise<void>;
}

export interface ReplaceOptions extends WriteOptions {
  readonly preconditions?: Preconditions;
}

export interface WriteAnswer {
  readonly outcome: 'created' | 'replaced' | 'repeated';
  /** With hrefs relative to the base of the API. */
  readonly answer: JsonObject;
}

/**
 * Creates a dataset, or gives the first answer again for the same content or key.
 * @throws InvalidInput with every bad tile, Conflict where the id exists, Upstream where the blob store fails: nothing is written then
 */
export async function postDataset(services: Services, upload: DatasetUpload, options: WriteOptions): Promise<WriteAnswer> {
  const { pool } = services.database;
  const key = options.idempotencyKey;
  const taken = await takeIn(upload, services, {
    signal: options.signal,
    // What is there already can only be repeated or refused: headers need not be read nor rows written for that.
    purpose: async ({ id }) => ((await isKnown(pool, id, key)) ? 'compare' : 'write'),
    headStart: (dataset, rows) => HeadStart.begin(pool, { ...dataset, key }, rows),
  });
  const attempt: Attempt = { id: taken.head.id, contentHash: taken.digest, key };
  try {
    // A head start has looked under the lock.
    const before = taken.tiles?.headStart === undefined ? await firstAnswer(pool, attempt) : undefined;
    if (before !== undefined) return await repeated(services, attempt.id, before);
    if (taken.tiles === undefined) throw conflict(`Dataset ${attempt.id} was deleted while this upload was compared with it; send it again.`);
    const prepared = await prepareDataset({ ...taken, tiles: taken.tiles }, services.validator);
    return await commit(services, prepared, attempt, options, async (client) => ({ before: await firstAnswer(client, attempt), current: undefined }));
  } finally {
    await taken.tiles?.spool.close();
    await taken.tiles?.headStart?.abandon();
  }
}

/**
 * Creates or replaces a dataset and all its tiles: readers see the old one until the commit and the new one after it.
 * @throws as {@link postDataset}; PreconditionFailed
 */
export async function putDataset(services: Services, id: string, upload: DatasetUpload, options: ReplaceOptions): Promise<WriteAnswer> {
  const { pool } = services.database;
  const key = options.idempotencyKey;
  const taken = await takeIn(upload, services, {
    signal: options.signal,
    urlId: id,
    purpose: async (): Promise<Purpose> => {
      // Judged before the upload is read, to spare it, and once more under the lock.
      judge(await findStoredItem(pool, DATASETS, id), options.preconditions);
      return 'write';
    },
  });
  const attempt: Attempt = { id, contentHash: taken.digest, key };
  try {
    const before = await keyedAnswer(pool, attempt);
    if (before !== undefined) return await repeated(services, id, before);
    if (taken.tiles === undefined) throw new Error('A PUT was only compared.');
    const prepared = await prepareDataset({ ...taken, tiles: taken.tiles }, services.validator);
    return await commit(services, prepared, attempt, options, async (client) => {
      const repeated = await keyedAnswer(client, attempt);
      if (repeated !== undefined) return { before: repeated, current: undefined };
      const current = await findStoredItem(client, DATASETS, id);
      judge(current, options.preconditions);
      return { before: undefined, current: current === undefined ? undefined : readItem(current) };
    });
  } finally {
    await taken.tiles?.spool.close();
  }
}

/** Who asks again may do so because the process died that answered first, maybe between its commit and the promotion of its copies. */
async function repeated(services: Services, id: string, answer: JsonObject): Promise<WriteAnswer> {
  await promoteCopies(services, id).catch((error: unknown) => services.logger.warn({ dataset: id }, `the stored copies were not looked after: ${messageOf(error)}`));
  return { outcome: 'repeated', answer };
}

/** A PUT may create: with If-Match there must be something to replace (RFC 9110 section 13.1.1). */
function judge(current: StoredItem | undefined, preconditions: Preconditions = {}): void {
  if (current !== undefined) return checkPreconditions(preconditions, itemVersion(current));
  if (preconditions.ifMatch !== undefined) throw new DomainError('PreconditionFailed', 'There is no dataset for If-Match to match.', { faults: [{ path: 'If-Match', message: 'names a version of what does not exist' }] });
}

/**
 * Everything of a POST, or of a PUT to the id in its URL, but the writing.
 * @throws what the POST or PUT would throw
 */
export async function validateDataset(services: Services, upload: DatasetUpload, { signal, idempotencyKey: key, preconditions }: Omit<ReplaceOptions, 'within'>, urlId?: string): Promise<JsonObject> {
  const { pool } = services.database;
  const taken = await takeIn(upload, services, { signal, urlId, purpose: () => 'check' });
  try {
    if (taken.tiles === undefined) throw new Error('A check was only compared.');
    const { id, facts, bbox, warnings, unchecked } = await prepareDataset({ ...taken, tiles: taken.tiles }, services.validator);
    const attempt: Attempt = { id, contentHash: taken.digest, key };
    if (urlId === undefined) await firstAnswer(pool, attempt);
    else if ((await keyedAnswer(pool, attempt)) === undefined) judge(await findStoredItem(pool, DATASETS, id), preconditions);
    return { valid: true, id, tile_count: facts.count, bbox: [...bbox], warnings: warnings as unknown as Json, unchecked_extensions: [...unchecked] };
  } finally {
    await taken.tiles?.spool.close();
  }
}

/** What is found under the lock: an answer to repeat, or the dataset to replace. */
interface Seen {
  readonly before: JsonObject | undefined;
  readonly current: JsonObject | undefined;
}

type Look = (client: PoolClient) => Promise<Seen>;

/** What a head start has found, which holds the lock since. */
const UNSEEN: Seen = { before: undefined, current: undefined };

async function lookAlone(client: PoolClient, id: string, look: Look): Promise<Seen> {
  await lockDataset(client, id);
  return look(client);
}

async function commit(services: Services, prepared: PreparedDataset, attempt: Attempt, options: WriteOptions, look: Look): Promise<WriteAnswer> {
  const { database, blobs, logger } = services;
  const { id } = prepared;
  // Before the transaction: slow stores and long mosaics hold no connection; under another name, so nobody sees it.
  const snapshot = await writeSnapshot(prepared, blobs, options.signal);
  prepared.tiles.ledger.release();
  const begun = await prepared.tiles.headStart?.take();
  // Only the first attempt: another may well get the same client.
  let hasRows = begun !== undefined;
  let last: WriteAnswer | undefined;
  let written: WriteAnswer;
  try {
    const work = async (client: PoolClient): Promise<WriteAnswer> => {
      const { before, current } = hasRows ? UNSEEN : await lookAlone(client, id, look);
      if (before !== undefined) return { outcome: 'repeated', answer: before };
      if (!hasRows) await writeTiles(client, prepared, current !== undefined);
      hasRows = false;
      const answer = await insertDataset(client, services, prepared, current);
      await rememberAnswer(client, attempt, answer, snapshot.attempt);
      await options.within?.(client, answer);
      return (last = { outcome: current === undefined ? 'created' : 'replaced', answer });
    };
    written = await withTransaction(database.pool, work, { begun });
  } catch (error) {
    if (error instanceof UnknownOutcomeError && last !== undefined) return outcomeOf(services, id, snapshot.attempt, last, error);
    await snapshot.discard().catch((failure: unknown) => logger.warn({ dataset: id }, `an attempt's mosaic stays behind: ${messageOf(failure)}`));
    throw error;
  }
  const settled = written.outcome === 'repeated' ? snapshot.discard() : settleCopies(services, id, snapshot.attempt);
  // No failure of the dataset, which is committed: `reconcile` repairs it.
  await settled.catch((error: unknown) => logger.error({ err: error, dataset: id }, 'the stored mosaic of a committed dataset is missing'));
  if (written.outcome !== 'repeated') services.thumbnails.later(id, prepared.facts.count);
  return written;
}

/** The connection was lost while it committed: under the lock, which a backend that still commits holds, the database tells. @throws UnknownOutcome where it is away; the copies are left to `reconcile` then */
async function outcomeOf(services: Services, id: string, attempt: string, written: WriteAnswer, error: UnknownOutcomeError): Promise<WriteAnswer> {
  const isOurs = await settleCopies(services, id, attempt).catch((failure: unknown) => {
    services.logger.warn({ dataset: id }, `an attempt's mosaic stays until reconcile: ${messageOf(failure)}`);
    return false;
  });
  if (!isOurs) throw error;
  return written;
}

/** Tiles whose rows are written or deleted within the pool's statement timeout of a minute, with room to spare. */
const TILES_IN_TIME = 50_000;

/** Lifts the time limits for this transaction: a million rows take minutes, and nothing in it waits for a client. */
async function allowTime(client: PoolClient, tiles: number): Promise<void> {
  if (tiles > TILES_IN_TIME) await client.query("SET LOCAL statement_timeout = '1h'");
}

/** @param replaces whether there is a dataset, which goes with its tiles */
async function writeTiles(client: PoolClient, { id, tiles, facts, instants }: PreparedDataset, replaces: boolean): Promise<void> {
  await allowTime(client, facts.count);
  if (replaces) await removeDataset(client, id);
  // Rows are made against the base item of the moment when the upload began.
  if (tiles.base === undefined || !(await isCurrentBase(client, SYSTEM_TILES, tiles.base))) throw new DomainError('Unavailable', 'The collection of the tiles was changed during the upload; send it again.', { retryAfter: 1 });
  const pieces = tiles.spool.pieces();
  await copyItemRows(client, SYSTEM_TILES, tiles.rowsAreMarked ? filledRows(pieces, facts.count, instants) : pieces);
}

/** After the tiles the search, then the dataset item; the collection's extent follows. @param current the dataset that this one replaces */
async function insertDataset(client: PoolClient, services: Services, prepared: PreparedDataset, current: JsonObject | undefined): Promise<JsonObject> {
  const { id, facts, bbox, warnings } = prepared;
  const search = await registerSearch(client, datasetSearch(id, prepared.mosaic.overlap), datasetSearchMetadata(id));
  await holdSearch(client, search.id, 'dataset', id);
  await releaseSearches(client, 'dataset', id, [search.id]);
  const created = createdOf(current) ?? prepared.created;
  const item = datasetItem({ ...prepared, created }, search.id, await outlineOf(client, prepared), services.storedBase, (name) => services.blobs.publicUrl(name));
  await insertItems(client, DATASETS, [item]);
  await widenExtent(client, DATASETS, [item]);
  if (current !== undefined) await shrinkExtent(client, DATASETS, [current]);
  return datasetAnswer({ id, count: facts.count, bbox, created, warnings }, search.id);
}

const createdOf = (item: JsonObject | undefined): string | undefined => {
  const created = isObject(item?.['properties']) ? item['properties']['created'] : undefined;
  return typeof created === 'string' ? created : undefined;
};

/** The union of the tiles; beyond what is united in good time their box. */
async function outlineOf(client: PoolClient, { id, rectangles, facts, bbox }: PreparedDataset): Promise<Geometry> {
  const [only] = rectangles ?? [];
  if (only !== undefined && rectangles?.length === 1) return bboxGeometry(only);
  const united = rectangles === undefined ? await unionOfTiles(client, id, facts.count) : await unionOfRectangles(client, rectangles);
  return united ?? bboxGeometry(bbox);
}

/** The rows of a dataset and its tiles; searches and what is remembered of it stay. */
async function removeDataset(client: PoolClient, id: string): Promise<void> {
  await deleteItems(client, DATASETS, [id]);
  await deleteTiles(client, id);
}

/** Removes dataset, tiles, stored copies, and the search when nobody else holds it. @throws NotFound, PreconditionFailed */
export async function deleteDataset(services: Services, id: string, preconditions: Preconditions = {}): Promise<void> {
  await withTransaction(services.database.pool, async (client) => {
    await lockDataset(client, id);
    const stored = await findStoredItem(client, DATASETS, id);
    if (stored === undefined) throw notFound(`Dataset ${id}`);
    checkPreconditions(preconditions, itemVersion(stored));
    const item = readItem(stored);
    await allowTime(client, tileCount(item));
    await removeDataset(client, id);
    await releaseSearches(client, 'dataset', id);
    await forgetAnswers(client, id);
    await shrinkExtent(client, DATASETS, [item]);
  }).catch(async (error: unknown) => {
    if (!(error instanceof UnknownOutcomeError) || (await remains(services, id))) throw error;
  });
  await settleCopies(services, id).catch((error: unknown) => services.logger.error({ err: error, dataset: id }, 'the stored mosaic of a deleted dataset stays behind'));
}

/** Whether a dataset is still there, seen under its lock; where the database is away, it may be. */
async function remains({ database }: Services, id: string): Promise<boolean> {
  return exclusively(database, id, async (db) => (await committedAttempt(db, id)) !== undefined).catch(() => true);
}

function tileCount(item: JsonObject): number {
  const count = isObject(item['properties']) ? item['properties']['file:tile_count'] : undefined;
  return typeof count === 'number' ? count : Infinity;
}
