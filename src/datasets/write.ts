/** Writing datasets: dataset and tiles in one transaction, or nothing (API.md section 2). */
import type { PoolClient } from 'pg';
import { withTransaction } from '../database/index.js';
import { messageOf, notFound } from '../errors.js';
import { bboxGeometry } from '../geojson.js';
import { type Json, jsonDigest, type JsonObject } from '../json.js';
import { paths } from '../links.js';
import { shrinkExtent, widenExtent } from '../hooks/extents.js';
import { findStoredItem, readItem } from '../pgstac/items-read.js';
import { deleteItems, insertItems } from '../pgstac/items-write.js';
import { holdSearch, registerSearch, releaseSearches } from '../pgstac/searches.js';
import { deleteTiles, parentFilter, unionOfTiles } from '../pgstac/tiles.js';
import type { Services } from '../services.js';
import { checkPreconditions, type Preconditions } from '../transactions/preconditions.js';
import { itemVersion } from '../transactions/versions.js';
import { DATASETS, SYSTEM_TILES } from './collections.js';
import { datasetItem, snapshotPath } from './dataset-item.js';
import type { MosaicOptions } from './mosaic-options.js';
import { type PreparedDataset, prepareDataset } from './prepare.js';
import { type Attempt, firstAnswer, forgetAnswers, lockDataset, rememberAnswer } from './records.js';
import { parseDatasetRequest } from './request.js';
import { writeSnapshot } from './snapshot.js';

export interface PostOptions {
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

export interface PostAnswer {
  readonly created: boolean;
  /** With hrefs relative to the base of the API. */
  readonly answer: JsonObject;
}

/** The search of a dataset; `sortby` stacks the tiles as the overlap rule says (API.md section 2). */
export const datasetSearch = (id: string, overlap: MosaicOptions['overlap']): JsonObject => ({
  collections: [SYSTEM_TILES],
  'filter-lang': 'cql2-json',
  filter: parentFilter(id),
  sortby: [{ field: 'tile_index', direction: overlap === 'first' ? 'asc' : 'desc' }],
});

export const datasetSearchMetadata = (id: string): JsonObject => ({ type: 'mosaic', name: `${id} mosaic` });

/**
 * Creates a dataset, or gives the first answer again for the same content or key.
 * @throws InvalidInput with every bad tile, Conflict where the id exists, Upstream where the blob store fails: nothing is written then
 */
export async function postDataset(services: Services, body: unknown, options: PostOptions): Promise<PostAnswer> {
  const request = parseDatasetRequest(body);
  const attempt: Attempt = { id: request.id, contentHash: jsonDigest(body), key: options.idempotencyKey };
  const { pool } = services.database;
  const before = await firstAnswer(pool, attempt);
  if (before !== undefined) return { created: false, answer: before };
  const prepared = await prepareDataset(request, services, options.signal);
  return commitDataset(services, prepared, attempt);
}

/** Everything of a POST but the writing. */
export async function validateDataset(services: Services, body: unknown, signal: AbortSignal): Promise<JsonObject> {
  const request = parseDatasetRequest(body);
  const prepared = await prepareDataset(request, services, signal);
  return { valid: true, id: prepared.id, tile_count: prepared.tiles.length, bbox: [...prepared.bbox], warnings: prepared.warnings as unknown as Json };
}

async function commitDataset(services: Services, prepared: PreparedDataset, attempt: Attempt): Promise<PostAnswer> {
  const { database, blobs, logger } = services;
  // Before the transaction: slow stores and long mosaics hold no connection; under another name, so nobody sees it.
  const snapshot = await writeSnapshot(prepared, blobs);
  let outcome: PostAnswer;
  try {
    outcome = await withTransaction(database.pool, async (client) => {
      await lockDataset(client, prepared.id);
      const before = await firstAnswer(client, attempt);
      if (before !== undefined) return { created: false, answer: before };
      const answer = await insertDataset(client, services, prepared);
      await rememberAnswer(client, attempt, answer);
      return { created: true, answer };
    });
  } catch (error) {
    await snapshot.discard().catch((failure: unknown) => logger.warn({ dataset: prepared.id }, `an attempt's mosaic stays behind: ${messageOf(failure)}`));
    throw error;
  }
  const finish = outcome.created ? snapshot.promote() : snapshot.discard();
  await finish.catch((error: unknown) => logger.error({ err: error, dataset: prepared.id }, 'the stored mosaic of a committed dataset is missing'));
  return outcome;
}

/** Tiles, search, then the dataset item last; the collection's extent follows. */
async function insertDataset(client: PoolClient, services: Services, prepared: PreparedDataset): Promise<JsonObject> {
  const { id, tileItems, tiles, bbox } = prepared;
  await insertItems(client, SYSTEM_TILES, tileItems);
  const search = await registerSearch(client, datasetSearch(id, prepared.mosaic.overlap), datasetSearchMetadata(id));
  await holdSearch(client, search.id, 'dataset', id);
  const outline = (await unionOfTiles(client, id, tiles.length)) ?? bboxGeometry(bbox);
  const item = datasetItem(prepared, search.id, outline, services.storedBase, services.blobs.publicUrl(snapshotPath(id)));
  await insertItems(client, DATASETS, [item]);
  await widenExtent(client, DATASETS, [item]);
  return answerOf(prepared, search.id);
}

function answerOf({ id, tiles, bbox, created, warnings }: PreparedDataset, searchId: string): JsonObject {
  return {
    id,
    collection: DATASETS,
    tile_count: tiles.length,
    bbox: [...bbox],
    search_id: searchId,
    viewer_url: paths.viewer(searchId, 'data'),
    tilejson_url: paths.tilejson(searchId, 'data'),
    mosaic_url: paths.datasetMosaic(id),
    created_at: created,
    warnings: warnings as unknown as Json,
    links: [
      { rel: 'self', href: paths.item(DATASETS, id), type: 'application/geo+json' },
      { rel: 'child', href: paths.datasetTiles(id), type: 'application/geo+json' },
      { rel: 'preview', href: paths.viewer(searchId, 'data'), type: 'text/html' },
      { rel: 'tilejson', href: paths.tilejson(searchId, 'data'), type: 'application/json' },
      { rel: 'mosaicjson', href: paths.datasetMosaic(id), type: 'application/json' },
    ],
  };
}

/** Removes dataset, tiles, stored mosaic, and the search when nobody else holds it. @throws NotFound, PreconditionFailed */
export async function deleteDataset(services: Services, id: string, preconditions: Preconditions = {}): Promise<void> {
  await withTransaction(services.database.pool, async (client) => {
    await lockDataset(client, id);
    const stored = await findStoredItem(client, DATASETS, id);
    if (stored === undefined) throw notFound(`Dataset ${id}`);
    checkPreconditions(preconditions, itemVersion(stored));
    const item = readItem(stored);
    await deleteItems(client, DATASETS, [id]);
    await deleteTiles(client, id);
    await releaseSearches(client, 'dataset', id);
    await forgetAnswers(client, id);
    await shrinkExtent(client, DATASETS, [item]);
  });
  await services.blobs.remove(snapshotPath(id)).catch((error: unknown) =>
    services.logger.error({ err: error, dataset: id }, 'the stored mosaic of a deleted dataset stays behind'),
  );
}
