/** `/api/datasets`: datasets and their tiles. */
import { documentSchema, geojsonAnswer, itemsOrSequence, jsonAnswer, storeFailures } from '../schemas/documents.js';
import { choice, limit, text } from '../schemas/parameters.js';
import { fromParameters, itemParameters } from '../schemas/search.js';
import { preconditionFailed } from '../schemas/writes.js';
import { DATASETS, SYSTEM_TILES } from '../src/datasets/collections.js';
import { uploadOfLines } from '../src/datasets/lines.js';
import { type DatasetUpload, mappedUpload, uploadOfBody } from '../src/datasets/upload.js';
import { deleteDataset, postDataset, putDataset, validateDataset, type WriteAnswer } from '../src/datasets/write.js';
import { invalidAt, notFound } from '../src/errors.js';
import { isObject, type JsonObject, textOf } from '../src/json.js';
import { withoutSignatures } from '../src/storage/signing.js';
import { GEOJSON_TYPE, JSON_TYPE, paths } from '../src/links.js';
import { findItem, findStoredItem, readItem, type StoredItem } from '../src/pgstac/items-read.js';
import { parentExpression, tileResolver } from '../src/pgstac/tiles.js';
import type { SearchQuery } from '../src/search/query.js';
import { searchItems } from '../src/search/search.js';
import { itemVersion } from '../src/transactions/versions.js';
import { etag, preconditionsOf } from './etag.js';
import { type Call, operation, param, type Reply } from './http.js';
import { itemPage, searchPage } from './item-pages.js';
import { itemSequence, wantsSequence } from './item-sequence.js';
import { presentItem, presentTile, resolveAnswer } from './present.js';

const tag = 'Datasets';

const uploadErrors = {
  408: { description: 'The client stopped sending' },
  413: { description: 'The body, one of its lines, or the number of tiles is beyond the limit' },
};

const onlyValidate = { validate: choice('Checks everything and writes nothing.', ['only']) };
const body = { types: [JSON_TYPE], streamed: ['application/x-ndjson'], schema: documentSchema('dataset'), gathersFaults: true } as const;
const idempotencyHeader = { 'Idempotency-Key': { description: 'Of a request that may come again within 24 hours: it is answered as the first time.', schema: { type: 'string', minLength: 1, maxLength: 255 } } } as const;

/** The upload of a request: one JSON document, or a head and a tile a line. */
/** What is posted as a document was cleaned when it was parsed. */
async function uploadOf({ body, stream, services: { signer } }: Pick<Call, 'body' | 'stream' | 'services'>): Promise<DatasetUpload> {
  if (stream === undefined) return uploadOfBody(body);
  const upload = await uploadOfLines(stream);
  return signer === undefined ? upload : mappedUpload(upload, (document) => withoutSignatures(signer, document));
}

export const create = operation({
  id: 'postDataset',
  summary: 'Writes a dataset and all its tiles, or nothing',
  tag,
  query: onlyValidate,
  headers: idempotencyHeader,
  body,
  answers: {
    200: jsonAnswer('The first answer again, for the same content or key; or what a check found', 'datasetAnswer'),
    201: jsonAnswer('The dataset; Location names it', 'datasetAnswer'),
    ...uploadErrors,
    409: { description: 'The id exists with other content, or the Idempotency-Key was used for other content' },
    ...storeFailures,
  },
  async handle(call) {
    const { services, query, headers, signal } = call;
    const upload = await uploadOf(call);
    const options = { idempotencyKey: idempotencyKey(headers['idempotency-key']), signal };
    if (query.validate === 'only') return { body: await validateDataset(services, upload, options) };
    return written(call, await postDataset(services, upload, options));
  },
});

export const replace = operation({
  id: 'putDataset',
  summary: 'Replaces a dataset and all its tiles, or creates it: readers see the old one or the new one, never a mixture',
  tag,
  query: onlyValidate,
  headers: idempotencyHeader,
  body,
  answers: {
    200: jsonAnswer('The dataset as it is now; or what a check found', 'datasetAnswer'),
    201: jsonAnswer('The dataset, which was none before; Location names it', 'datasetAnswer'),
    ...uploadErrors,
    409: { description: 'The Idempotency-Key was used for other content' },
    412: preconditionFailed,
    ...storeFailures,
  },
  async handle(call) {
    const { services, query, headers, signal } = call;
    const id = param(call, 'datasetId');
    const upload = await uploadOf(call);
    const options = { idempotencyKey: idempotencyKey(headers['idempotency-key']), preconditions: preconditionsOf(call), signal };
    if (query.validate === 'only') return { body: await validateDataset(services, upload, options, id) };
    return written(call, await putDataset(services, id, upload, options));
  },
});

function written({ base }: Pick<Call, 'base'>, { outcome, answer }: WriteAnswer): Reply {
  const location = base + paths.dataset(textOf(answer['id']));
  return { status: outcome === 'created' ? 201 : 200, headers: { Location: location }, body: resolveAnswer(base, answer) };
}

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
    const id = param(call, 'datasetId');
    const before = await dataset(call);
    const present = (item: StoredItem): string => JSON.stringify(presentTile(base, id, readItem(item)));
    const asked: SearchQuery = {
      collections: [SYSTEM_TILES],
      filter: parentExpression(id),
      sortby: [{ field: 'tile_index', direction: 'asc' }],
      limit: query.limit ?? 100,
      ...(query.token === undefined ? {} : { token: query.token }),
    };
    if (wantsSequence(call.headers)) return itemSequence(call, asked, { hidden: [] }, { present, resolver: tileResolver });
    const { page, count } = await ofOneVersion(call, before, () => searchItems(services, asked, { hidden: [] }, tileResolver));
    return itemPage(page, { base, path, search, matched: count, present });
  },
});

/** A page and the count of one and the same dataset: read again where a PUT came between. */
async function ofOneVersion<T>(call: Pick<Call, 'services' | 'params'>, before: JsonObject, read: () => Promise<T>): Promise<{ page: T; count: number | undefined }> {
  let known = before;
  for (let tries = 0; ; tries += 1) {
    const page = await read();
    const now = await dataset(call);
    const [{ updated }, { updated: later, 'file:tile_count': count }] = [propertiesOf(known), propertiesOf(now)];
    if (updated === later || tries > 10) return { page, count: typeof count === 'number' ? count : undefined };
    known = now;
  }
}

const propertiesOf = ({ properties }: JsonObject): JsonObject => (isObject(properties) ? properties : {});

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
