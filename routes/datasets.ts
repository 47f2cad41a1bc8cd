/** `/api/datasets`: datasets and their tiles. */
import { documentSchema, geojsonAnswer, itemsOrSequence, jsonAnswer, storeFailures } from '../schemas/documents.js';
import { choice, limit, text } from '../schemas/parameters.js';
import { fromParameters, itemParameters } from '../schemas/search.js';
import { preconditionFailed } from '../schemas/writes.js';
import { DATASETS, SYSTEM_TILES } from '../src/datasets/collections.js';
import { deleteDataset, postDataset, validateDataset } from '../src/datasets/write.js';
import { invalidAt, notFound } from '../src/errors.js';
import { isObject, type JsonObject, textOf } from '../src/json.js';
import { GEOJSON_TYPE, paths } from '../src/links.js';
import { findItem, findStoredItem, readItem, type StoredItem } from '../src/pgstac/items-read.js';
import { parentExpression, tileResolver } from '../src/pgstac/tiles.js';
import type { SearchQuery } from '../src/search/query.js';
import { searchItems } from '../src/search/search.js';
import { itemVersion } from '../src/transactions/versions.js';
import { etag, preconditionsOf } from './etag.js';
import { type Call, operation, param } from './http.js';
import { itemPage, searchPage } from './item-pages.js';
import { itemSequence, wantsSequence } from './item-sequence.js';
import { presentItem, presentTile, resolveAnswer } from './present.js';

const tag = 'Datasets';

export const create = operation({
  id: 'postDataset',
  summary: 'Writes a dataset and all its tiles, or nothing',
  tag,
  query: { validate: choice('Checks everything and writes nothing.', ['only']) },
  body: { types: ['application/json'], schema: documentSchema('dataset'), gathersFaults: true },
  answers: {
    200: jsonAnswer('The first answer again, for the same content or key; or what a check found', 'datasetAnswer'),
    201: jsonAnswer('The dataset; Location names it', 'datasetAnswer'),
    409: { description: 'The id exists with other content' },
    ...storeFailures,
  },
  async handle({ services, query, body, base, headers, signal }) {
    if (query.validate === 'only') return { body: await validateDataset(services, body, signal) };
    const { created, answer } = await postDataset(services, body, { idempotencyKey: idempotencyKey(headers['idempotency-key']), signal });
    const location = base + paths.dataset(textOf(answer['id']));
    return { status: created ? 201 : 200, headers: { Location: location }, body: resolveAnswer(base, answer) };
  },
});

function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (Array.isArray(header) || header === '' || header.length > 255) throw invalidAt('Idempotency-Key', 'must be one value of 1 to 255 characters');
  return header;
}

export const list = operation({
  id: 'getDatasets',
  summary: 'The datasets, a page at a time',
  tag,
  query: itemParameters,
  answers: { 200: geojsonAnswer('A page of datasets', 'items') },
  handle(call) {
    const { query, base, path, search } = call;
    return searchPage(call, { ...fromParameters(query), collections: [DATASETS] }, { base, path, search });
  },
});

async function storedDataset({ services, params }: Pick<Call, 'services' | 'params'>): Promise<StoredItem> {
  const id = param({ params }, 'datasetId');
  const stored = await findStoredItem(services.database.pool, DATASETS, id);
  if (stored === undefined) throw notFound(`Dataset ${id}`);
  return stored;
}

const dataset = async (call: Pick<Call, 'services' | 'params'>): Promise<JsonObject> => readItem(await storedDataset(call));

export const read = operation({
  id: 'getDataset',
  summary: 'The item of a dataset',
  tag,
  answers: { 200: geojsonAnswer('The item', 'item') },
  async handle(call) {
    const stored = await storedDataset(call);
    return { type: GEOJSON_TYPE, headers: etag(call, itemVersion(stored)), body: presentItem(call.base, readItem(stored)) };
  },
});

/** `/metadata` is the same item under the ETL's name; an operationId is unique. */
export const metadata = { ...read, id: 'getDatasetMetadata' };

export const remove = operation({
  id: 'deleteDataset',
  summary: 'Deletes a dataset, its tiles, stored mosaic and search',
  tag,
  answers: { 204: { description: 'Deleted' }, 412: preconditionFailed, ...storeFailures },
  async handle(call) {
    await deleteDataset(call.services, param(call, 'datasetId'), preconditionsOf(call));
    return { status: 204 };
  },
});

const MAX_TILES = 1000;

export const tiles = operation({
  id: 'getDatasetTiles',
  summary: 'The tile items of a dataset by their index, a page at a time',
  tag,
  query: { limit: limit(100, MAX_TILES), token: text('A page, as the next and prev links give it.') },
  answers: { 200: itemsOrSequence('A page of tile items') },
  async handle(call) {
    const { services, query, base, path, search } = call;
    const { id, properties } = await dataset(call);
    const present = (item: StoredItem): string => JSON.stringify(presentTile(base, textOf(id), readItem(item)));
    const asked: SearchQuery = {
      collections: [SYSTEM_TILES],
      filter: parentExpression(textOf(id)),
      sortby: [{ field: 'tile_index', direction: 'asc' }],
      limit: query.limit ?? 100,
      ...(query.token === undefined ? {} : { token: query.token }),
    };
    if (wantsSequence(call.headers)) return itemSequence(call, asked, { hidden: [] }, { present, resolver: tileResolver });
    const page = await searchItems(services, asked, { hidden: [] }, tileResolver);
    const count = isObject(properties) ? properties['file:tile_count'] : undefined;
    return itemPage(page, { base, path, search, matched: typeof count === 'number' ? count : undefined, present });
  },
});

export const tile = operation({
  id: 'getDatasetTile',
  summary: 'One tile item of a dataset',
  tag,
  answers: { 200: geojsonAnswer('The tile item', 'item') },
  async handle(call) {
    const id = param(call, 'datasetId');
    const tileId = param(call, 'tileId');
    await dataset(call);
    const item = await findItem(call.services.database.pool, SYSTEM_TILES, tileId);
    const properties = isObject(item?.['properties']) ? item['properties'] : {};
    if (item === undefined || properties['parent_dataset'] !== id) throw notFound(`Tile ${tileId} of dataset ${id}`);
    return { type: GEOJSON_TYPE, body: presentTile(call.base, id, item) };
  },
});
