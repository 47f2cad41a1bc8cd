/** The table of API.md sections 2 and 8 (Tile ids, Dataset answers, Bodies): one row for each answer, status and error of datasets. */
import { gzipSync } from 'node:zlib';
import { type After, type CaseHeaders, type Expected, expectAfter, expectAnswer, withTags } from '../support/cases.js';
import { listOf, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { boxTiles, collectionBody, datasetBody, type DatasetBody, itemBody, postDataset } from '../support/datasets.js';
import { linesOf, NDJSON } from '../support/ndjson.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

const KB = 1024;
let server: TestServer;
/** Takes 64 KB of JSON and 200 KB of NDJSON. */
let small: TestVariant;
let cog = '';
beforeAll(async () => {
  server = await startTestServer();
  small = await server.variant({ maxJsonBytes: 64 * KB, maxNdjsonBytes: 200 * KB });
  cog = await server.file('drawn.tif', await makeCog({ width: 64, height: 64, res: 0.1, west: 0, north: 6.4, block: 64, pixels: () => [9, 99, 199] }));
});
afterAll(async () => {
  await small?.close();
  await server?.close();
});

/** What answers an error has written nothing, so the next row finds all as it was. */
let isDirty = true;
let searchId = '';

/** The dataset d of two tiles, posted under the key k; and e of one, without a key. */
beforeEach(async () => {
  if (!isDirty) return;
  isDirty = false;
  await server.reset();
  const { status, body } = await server.request('POST', '/api/datasets', { body: D, headers: KEY });
  expect({ status, body }).toMatchObject({ status: 201 });
  searchId = text(body['search_id']);
  await postDataset(server, E);
});

/** Method and path, `{s}` being the search of d; a text is sent as it is. */
interface Send {
  readonly does: string;
  readonly body?: unknown;
  readonly headers?: CaseHeaders;
  readonly status: number;
}

interface Case extends Send, Expected {
  readonly it: string;
  /** Sent before, and what they answer. */
  readonly first?: readonly Send[];
  readonly to?: 'small';
  /** The ids of its features, in order. */
  readonly finds?: readonly string[];
  /** The paths of all faults. */
  readonly at?: readonly string[];
  /** The `index` of the first. */
  readonly index?: number;
  readonly after?: After;
}

const POST = 'POST /api/datasets';
const PUT = 'PUT /api/datasets/d';
const CHECK = 'POST /api/datasets?validate=only';
const KEY = { 'idempotency-key': 'k' };
const GZIP = { 'content-encoding': 'gzip' };
const ND_KEY = { ...NDJSON, ...KEY };
const has = (members: object): unknown => expect.objectContaining(members);
const saying = (part: string): unknown => expect.stringContaining(part);

const dated = (id: string, month: string, tiles = boxTiles(2), more: Partial<DatasetBody> = {}): DatasetBody => datasetBody(id, tiles, { dataset: { id, properties: { title: `Title ${id}`, datetime: `2024-${month}-01T00:00:00Z` } }, ...more });
const D = dated('d', '05');
const E = dated('e', '06', [{ href: 'https://cogs.example.com/e.tif', bbox: [100, 0, 110, 10] }]);
/** A good new dataset, and one whose second tile is changed. */
const N = datasetBody('n', boxTiles(2));
const withTile = (change: Record<string, unknown>, body = N): DatasetBody => ({ ...body, tiles: body.tiles.map((tile, i) => (i === 1 ? { ...tile, ...change } : tile)) });
const indexed = (...indices: (number | undefined)[]): DatasetBody => ({ ...N, tiles: boxTiles(indices.length).map((tile, i) => ({ ...tile, index: indices[i] })) });
const tileItem = itemBody('t', { assets: { data: { href: 'https://cogs.example.com/t.tif', type: 'image/tiff; application=geotiff', roles: ['data'] } } });

const posts: readonly Case[] = [
  { it: 'is 201 with Location and the answer', does: POST, body: N, status: 201, says: { id: 'n', collection: 'datasets', tile_count: 2, bbox: [0, 0, 20, 10], search_id: expect.stringMatching(/^[0-9a-f]{32}$/), viewer_url: saying('/map.html'), tilejson_url: saying('/tilejson.json'), mosaic_url: saying('/api/datasets/n/mosaic.json'), created_at: expect.any(String), warnings: [], links: expect.any(Array) }, answers: { location: saying('/api/datasets/n'), 'content-type': saying('application/json') }, after: { '/api/datasets/n': { id: 'n' }, '/files/metadata/mosaics/n.json': { mosaicjson: '0.0.3' } } },
  { it: 'in two CRS is 201 with warnings', does: POST, body: withTile({ 'proj:code': 'EPSG:3857' }), status: 201, says: { warnings: [expect.anything()] } },
  { it: 'of a whole STAC Item is 201', does: POST, body: { ...N, tiles: [tileItem] }, status: 201, says: { tile_count: 1 } },
  { it: 'with a bbox is not opened: 201 for what nobody can reach', does: POST, body: withTile({ href: 'https://nowhere.example.invalid/a.tif' }), status: 201 },
  { it: 'with an href that may not be fetched and no bbox is 400', does: POST, body: withTile({ href: 'http://127.0.0.1:9/a.tif', bbox: undefined }), status: 400, at: ['/tiles/1/href'], index: 2 },
  { it: 'names every bad tile by its place and index, and writes nothing', does: POST, body: { ...N, tiles: boxTiles(3).map((tile, i) => (i === 0 ? tile : { ...tile, bbox: [0, 9, 1, 1], index: i + 40 })) }, status: 400, says: { code: 'InvalidInput' }, at: ['/tiles/1/bbox', '/tiles/2/bbox'], index: 41, after: { '/api/datasets/n': 404, '/files/metadata/mosaics/n.json': 404 } },
  { it: 'lists the first 100 bad tiles and their count', does: POST, body: { ...N, tiles: boxTiles(120).map((tile) => ({ ...tile, bbox: [0] })) }, status: 400, says: { error_count: 120 }, at: Array.from({ length: 100 }, (_, i) => `/tiles/${i}/bbox`) },
  { it: 'with an asset without href is 400', does: POST, body: { ...N, tiles: [{ ...tileItem, assets: { data: {} } }] }, status: 400, at: ['/tiles/0/assets/data/href'], index: 1 },
  { it: 'without id is 400', does: POST, body: { ...N, dataset: {} }, status: 400, at: ['/dataset/id'] },
  { it: 'whose id has a slash is 400', does: POST, body: datasetBody('a/b'), status: 400, at: ['/dataset/id'] },
  { it: 'of too long an id is 400', does: POST, body: datasetBody('x'.repeat(1025)), status: 400, at: ['/dataset/id'] },
  { it: 'without tiles is 400', does: POST, body: { dataset: N.dataset }, status: 400, at: ['/tiles'] },
  { it: 'without a dataset is 400', does: POST, body: { tiles: N.tiles }, status: 400, at: ['/dataset'] },
  { it: 'with a member that nobody knows is 400', does: POST, body: { ...N, tile: [] }, status: 400, at: ['/tile'] },
  { it: 'with a mosaic option out of range is 400', does: POST, body: { ...N, mosaic: { quadkey_zoom: 13, overlap: 'center' } }, status: 400, at: ['/mosaic/quadkey_zoom', '/mosaic/overlap'] },
  { it: 'with mosaic options has its mosaic so', does: POST, body: { ...N, mosaic: { quadkey_zoom: 5, minzoom: 2, maxzoom: 9 } }, status: 201, after: { '/api/datasets/n/mosaic.json': { minzoom: 2, maxzoom: 9, quadkey_zoom: 5 }, '/api/datasets/n/tilejson.json': { minzoom: 2, maxzoom: 9 } } },
  { it: 'with another number than expected_tiles is 400', does: POST, body: { ...N, expected_tiles: 3 }, status: 400, at: ['/expected_tiles'] },
  { it: 'with the source\'s description keeps it', does: POST, body: { ...N, metadata: { said: 1 } }, status: 201, after: { '/files/metadata/original/n.json': { said: 1 } } },
  { it: 'that is no JSON is 400', does: POST, body: '{"dataset":', status: 400, says: { description: saying('not JSON') } },
  { it: 'of another media type is 415', does: POST, headers: { 'content-type': 'text/plain' }, body: JSON.stringify(N), status: 415, says: { code: 'UnsupportedMediaType' } },
  { it: 'with a query parameter that nobody knows is 400', does: 'POST /api/datasets?x=1', body: N, status: 400, at: ['x'] },
  { it: 'of what is there with the same content is 200 with the first answer', does: POST, body: D, status: 200, says: { id: 'd', tile_count: 2 }, answers: { location: saying('/api/datasets/d') } },
  { it: 'of what is there with other content is 409 and changes nothing', does: POST, body: dated('d', '05', boxTiles(3)), status: 409, says: { code: 'Conflict', description: saying('/api/datasets/') }, at: ['/dataset/id'], after: { '/api/datasets/d': { bbox: [0, 0, 20, 10] } } },
  { it: 'after DELETE is 201 again', first: [{ does: 'DELETE /api/datasets/d', status: 204 }], does: POST, body: D, status: 201 },
  { it: 'OPTIONS is 204 with Allow', does: 'OPTIONS /api/datasets', status: 204, answers: { allow: 'GET, POST, HEAD, OPTIONS' } },
  { it: 'another method is 405 with Allow', does: 'PATCH /api/datasets/d', body: {}, status: 405, answers: { allow: 'GET, PUT, DELETE, HEAD, OPTIONS' } },
];

const [HEAD = '', ...TILES] = linesOf(N).trimEnd().split('\n');
const nd = (...lines: string[]): string => `${lines.join('\n')}\n`;
const longLine = (bytes: number): string => `${TILES[1]?.slice(0, -1)},"description":"${'x'.repeat(bytes - (TILES[1]?.length ?? 0) - 17)}"}`;

const lines: readonly Case[] = [
  { it: 'are 201 with Location and the answer', does: POST, headers: NDJSON, body: linesOf({ ...N, expected_tiles: 2 }), status: 201, says: { id: 'n', tile_count: 2 }, answers: { location: saying('/api/datasets/n') }, after: { '/files/metadata/mosaics/n.json': { mosaicjson: '0.0.3' } } },
  { it: 'of the same content as the JSON are 200', does: POST, headers: NDJSON, body: linesOf(D), status: 200, says: { id: 'd' } },
  { it: 'of other content are 409', does: POST, headers: NDJSON, body: linesOf(dated('d', '07')), status: 409, at: ['/dataset/id'] },
  { it: 'that were cut are 400 by expected_tiles', does: POST, headers: NDJSON, body: linesOf({ ...N, expected_tiles: 3 }), status: 400, at: ['/expected_tiles'] },
  { it: 'that are bad are all named', does: POST, headers: NDJSON, body: nd(HEAD, '{"href":', TILES[0] ?? '', '7'), status: 400, at: ['/tiles/0', '/tiles/2'], index: 1, after: { '/api/datasets/n': 404 } },
  { it: 'without a head are 400', does: POST, headers: NDJSON, body: nd(...TILES), status: 400 },
  { it: 'that are none are 400', does: POST, headers: NDJSON, body: '', status: 400 },
  { it: 'without a tile are 400', does: POST, headers: NDJSON, body: nd(HEAD), status: 400, at: ['/tiles'] },
  { it: 'under a key again are 200', first: [{ does: POST, headers: { ...NDJSON, 'idempotency-key': 'other' }, body: linesOf(N), status: 201 }], does: POST, headers: { ...NDJSON, 'idempotency-key': 'other' }, body: linesOf(N), status: 200, says: { id: 'n' } },
  { it: 'only checked write nothing', does: CHECK, headers: NDJSON, body: linesOf(N), status: 200, says: { valid: true, tile_count: 2 }, after: { '/api/datasets/n': 404 } },
  { it: 'of another charset are 415', does: POST, headers: { 'content-type': 'application/x-ndjson; charset=latin1' }, body: linesOf(N), status: 415 },
  { it: 'of 1 MB are taken', does: POST, headers: NDJSON, body: nd(HEAD, TILES[0] ?? '', longLine(KB * KB)), status: 201 },
  { it: 'of more than 1 MB are 413', does: POST, headers: NDJSON, body: nd(HEAD, TILES[0] ?? '', longLine(KB * KB + 1)), status: 413, says: { code: 'TooLarge' }, after: { '/api/datasets/n': 404 } },
  { it: 'whose head is over 1 MB are 413', does: POST, headers: NDJSON, body: nd(JSON.stringify({ ...N, tiles: undefined, metadata: { x: 'x'.repeat(KB * KB) } }), ...TILES), status: 413 },
];

const blank = (bytes: number): string => `${' '.repeat(KB - 1)}\n`.repeat(bytes / KB);
const padded = (bytes: number): string => JSON.stringify({ ...N, metadata: { x: 'x'.repeat(bytes) } });
const sizes: readonly Case[] = [
  { it: 'JSON below the limit is taken', to: 'small', does: POST, body: padded(60 * KB), status: 201 },
  ...['POST /api/datasets', 'POST /api/datasets?validate=only', 'PUT /api/datasets/d', 'POST /api/collections', 'POST /api/jobs', 'PUT /api/jobs/none/tasks/1', 'POST /search', 'POST /collections', 'POST /collections/datasets/items', 'POST /collections/datasets/bulk_items', 'PUT /collections/datasets', 'PATCH /collections/datasets', 'PUT /collections/datasets/items/d', 'PATCH /collections/datasets/items/d', 'POST /mosaic', 'POST /searches/register', 'POST /aggregate'].map(
    (does): Case => ({ it: `JSON over the limit is 413 of ${does}`, to: 'small', does, body: padded(64 * KB), status: 413, says: { code: 'TooLarge' } }),
  ),
  { it: 'JSON packed below the limit is taken', does: POST, headers: GZIP, body: gzipSync(JSON.stringify(N)), status: 201 },
  { it: 'JSON that unpacks to more than the limit is 413', to: 'small', does: POST, headers: GZIP, body: gzipSync(padded(64 * KB)), status: 413, says: { code: 'TooLarge' } },
  { it: 'JSON that is not packed as it says is 400', does: POST, headers: GZIP, body: JSON.stringify(N), status: 400 },
  { it: 'JSON in a coding that nobody knows is 415', does: POST, headers: { 'content-encoding': 'rot13' }, body: JSON.stringify(N), status: 415 },
  { it: 'NDJSON has a limit of its own, above that of JSON', to: 'small', does: POST, headers: NDJSON, body: linesOf(N) + blank(100 * KB), status: 201 },
  { it: 'NDJSON over its limit is 413', to: 'small', does: POST, headers: NDJSON, body: linesOf(N) + blank(200 * KB), status: 413, says: { code: 'TooLarge' }, after: { '/api/datasets/n': 404 } },
  { it: 'NDJSON over its limit is 413 of PUT, and the dataset stays', to: 'small', does: PUT, headers: NDJSON, body: linesOf(D) + blank(200 * KB), status: 413, after: { '/api/datasets/d': { bbox: [0, 0, 20, 10] } } },
  { it: 'NDJSON packed below the limit is taken', to: 'small', does: POST, headers: { ...NDJSON, ...GZIP }, body: gzipSync(linesOf(N) + blank(100 * KB)), status: 201 },
  { it: 'NDJSON that unpacks to more than its limit is 413', to: 'small', does: POST, headers: { ...NDJSON, ...GZIP }, body: gzipSync(linesOf(N) + blank(200 * KB)), status: 413, says: { code: 'TooLarge' } },
  { it: 'NDJSON that is not packed as it says is 400', does: POST, headers: { ...NDJSON, ...GZIP }, body: linesOf(N), status: 400 },
  { it: 'NDJSON in a coding that nobody knows is 415', does: POST, headers: { ...NDJSON, 'content-encoding': 'rot13' }, body: linesOf(N), status: 415 },
];

const checks: readonly Case[] = [
  { it: 'is 200, says what would be, and writes nothing', does: CHECK, body: N, status: 200, says: { valid: true, id: 'n', tile_count: 2, bbox: [0, 0, 20, 10], warnings: [] }, answers: { location: null }, after: { '/api/datasets/n': 404 } },
  { it: 'finds bad tiles', does: CHECK, body: withTile({ gsd: -1 }), status: 400, at: ['/tiles/1/gsd'], index: 2 },
  { it: 'of the same content as what is there is 200', does: CHECK, body: D, status: 200 },
  { it: 'of an id that is there with other content is the 409 of the post', does: CHECK, body: dated('d', '07'), status: 409, says: { code: 'Conflict' }, at: ['/dataset/id'], after: { '/api/datasets/d': { bbox: [0, 0, 20, 10] } } },
  { it: 'finds bad tiles first where the id is there too', does: CHECK, body: withTile({ gsd: -1 }, D), status: 400, at: ['/tiles/1/gsd'], index: 2 },
  { it: 'names extensions that could not be checked', does: CHECK, body: { ...N, dataset: { id: 'n', stac_extensions: ['https://example.com/own/v1/schema.json'] } }, status: 200, says: { unchecked_extensions: expect.arrayContaining(['https://example.com/own/v1/schema.json']) } },
  { it: 'of PUT is 412 where the post would be', does: `${PUT}?validate=only`, headers: { 'if-match': '"other"' }, body: D, status: 412 },
  { it: 'of PUT is 200 for what is there, and changes nothing', does: `${PUT}?validate=only`, body: dated('d', '07', boxTiles(1)), status: 200, says: { valid: true, tile_count: 1 }, after: { '/api/datasets/d': { bbox: [0, 0, 20, 10] } } },
  { it: 'of PUT is 200 for what is not there', does: 'PUT /api/datasets/n?validate=only', body: N, status: 200, after: { '/api/datasets/n': 404 } },
  { it: 'of PUT finds another id than the URL\'s', does: `${PUT}?validate=only`, body: N, status: 400, at: ['/dataset/id'] },
  { it: 'spends no key', first: [{ does: CHECK, headers: { 'idempotency-key': 'v' }, body: datasetBody('v'), status: 200 }], does: POST, headers: { 'idempotency-key': 'v' }, body: N, status: 201 },
  { it: 'as another word is 400', does: 'POST /api/datasets?validate=yes', body: N, status: 400, at: ['validate'] },
];

const keys: readonly Case[] = [
  { it: 'with the same content is 200 with the first answer', does: POST, headers: KEY, body: D, status: 200, says: { id: 'd' }, answers: { location: saying('/api/datasets/d') } },
  { it: 'with the same content as NDJSON is 200', does: POST, headers: ND_KEY, body: linesOf(D), status: 200, says: { id: 'd' } },
  { it: 'with other content is 409', does: POST, headers: KEY, body: dated('d', '07'), status: 409, says: { code: 'Conflict' } },
  { it: 'with another dataset is 409', does: POST, headers: KEY, body: N, status: 409, after: { '/api/datasets/n': 404 } },
  { it: 'with other content is 409 of PUT', does: PUT, headers: KEY, body: dated('d', '07'), status: 409, after: { '/api/datasets/d': { properties: has({ datetime: '2024-05-01T00:00:00Z' }) } } },
  { it: 'of another writer with the same content is 200', does: POST, headers: { 'idempotency-key': 'other' }, body: D, status: 200 },
  { it: 'of a PUT gives its first answer again', first: [{ does: PUT, headers: { 'idempotency-key': 'p' }, body: dated('d', '07'), status: 200 }], does: PUT, headers: { 'idempotency-key': 'p' }, body: dated('d', '07'), status: 200, says: { id: 'd' } },
  { it: 'is not spent by what failed', first: [{ does: POST, headers: { 'idempotency-key': 'f' }, body: withTile({ gsd: -1 }), status: 400 }], does: POST, headers: { 'idempotency-key': 'f' }, body: N, status: 201 },
  { it: 'goes with its dataset', first: [{ does: 'DELETE /api/datasets/d', status: 204 }], does: POST, headers: KEY, body: N, status: 201 },
  { it: 'that is empty is 400', does: POST, headers: { 'idempotency-key': '' }, body: N, status: 400, at: ['Idempotency-Key'] },
  { it: 'of more than 255 signs is 400', does: POST, headers: { 'idempotency-key': 'x'.repeat(256) }, body: N, status: 400, at: ['Idempotency-Key'] },
];

const puts: readonly Case[] = [
  { it: 'of what is there is 200 and replaces all of it', does: PUT, body: dated('d', '07', boxTiles(3)), status: 200, says: { id: 'd', tile_count: 3 }, answers: { location: saying('/api/datasets/d') }, after: { '/api/datasets/d': { bbox: [0, 0, 30, 10] }, '/api/datasets/d/tiles': { numberMatched: 3 }, '/files/metadata/mosaics/d.json': { bounds: [0, 0, 30, 10] } } },
  { it: 'of what is not there is 201 with Location', does: 'PUT /api/datasets/n', body: N, status: 201, says: { id: 'n' }, answers: { location: saying('/api/datasets/n') } },
  { it: 'without an id takes that of the URL', does: 'PUT /api/datasets/n', body: { ...N, dataset: {} }, status: 201, says: { id: 'n' } },
  { it: 'with another id is 400', does: PUT, body: N, status: 400, at: ['/dataset/id'] },
  { it: 'of a bad tile is 400, and the dataset stays', does: PUT, body: withTile({ bbox: [0] }, D), status: 400, at: ['/tiles/1/bbox'], index: 2, after: { '/api/datasets/d/tiles': { numberMatched: 2 } } },
  { it: 'of fewer lines than expected is 400', does: PUT, headers: NDJSON, body: linesOf({ ...D, expected_tiles: 9 }), status: 400, at: ['/expected_tiles'] },
  { it: 'of NDJSON is 200', does: PUT, headers: NDJSON, body: linesOf(dated('d', '07', boxTiles(3))), status: 200, says: { tile_count: 3 } },
  { it: 'of another media type is 415', does: PUT, headers: { 'content-type': 'text/plain' }, body: 'x', status: 415 },
  { it: 'with If-Match of the version is 200', does: PUT, headers: { 'if-match': '</api/datasets/d>' }, body: dated('d', '07'), status: 200 },
  { it: 'with If-Match of another version is 412, and the dataset stays', does: PUT, headers: { 'if-match': '</api/datasets/e>' }, body: dated('d', '07'), status: 412, says: { code: 'PreconditionFailed' }, at: ['If-Match'], after: { '/api/datasets/d': { properties: has({ datetime: '2024-05-01T00:00:00Z' }) } } },
  { it: 'with If-Match of what is not there is 412', does: 'PUT /api/datasets/n', headers: { 'if-match': '*' }, body: N, status: 412, after: { '/api/datasets/n': 404 } },
  { it: 'with If-None-Match: * of what is there is 412', does: PUT, headers: { 'if-none-match': '*' }, body: D, status: 412, at: ['If-None-Match'] },
  { it: 'with another overlap moves it to another search', does: PUT, body: { ...D, mosaic: { overlap: 'first' } }, status: 200, after: { '/searches/{s}/info': 404 } },
  { it: 'OPTIONS is 204 with Allow', does: 'OPTIONS /api/datasets/d', status: 204, answers: { allow: 'GET, PUT, DELETE, HEAD, OPTIONS' } },
];

const GONE = ['/api/datasets/d', '/api/datasets/d/metadata', '/api/datasets/d/tiles', '/api/datasets/d/tiles/d_tile_001', '/api/datasets/d/mosaic.json', '/api/datasets/d/tilejson.json', '/api/datasets/d/map.html', '/api/datasets/d/preview', '/api/datasets/d/tiles/4/8/7', '/collections/datasets/items/d', '/files/metadata/mosaics/d.json', '/searches/{s}/info', '/searches/{s}/mosaic.json', '/searches/{s}/WebMercatorQuad/tilejson.json', '/searches/{s}/WebMercatorQuad/map.html'];
const deletes: readonly Case[] = [
  { it: 'is 204, and all that hung on it is 404', does: 'DELETE /api/datasets/d', status: 204, after: { ...Object.fromEntries(GONE.map((path) => [path, 404])), '/api/datasets/e': { id: 'e' } } },
  { it: 'again is 404', first: [{ does: 'DELETE /api/datasets/d', status: 204 }], does: 'DELETE /api/datasets/d', status: 404, says: { code: 'NotFound' } },
  { it: 'of what never was is 404', does: 'DELETE /api/datasets/none', status: 404 },
  { it: 'with If-Match of another version is 412', does: 'DELETE /api/datasets/d', headers: { 'if-match': '"x"' }, status: 412, after: { '/api/datasets/d': { id: 'd' } } },
  { it: 'with If-Match of the version is 204', does: 'DELETE /api/datasets/d', headers: { 'if-match': '</api/datasets/d>' }, status: 204 },
  { it: 'of its item is that of the dataset', does: 'DELETE /collections/datasets/items/d', status: 204, after: { '/api/datasets/d/tiles': 404, '/searches/{s}/info': 404 } },
  { it: 'of a tile has no route', does: 'DELETE /api/datasets/d/tiles/d_tile_001', status: 405 },
];

const tileIds: readonly Case[] = [
  ['are the index with three digits', [1, 47, 999], ['n_tile_001', 'n_tile_047', 'n_tile_999']],
  ['have more digits where the index has', [1000, 12_345], ['n_tile_1000', 'n_tile_12345']],
  ['may be 0', [0, 1], ['n_tile_000', 'n_tile_001']],
  ['are the place counted from 1 without an index', [undefined, undefined], ['n_tile_001', 'n_tile_002']],
  ['come in the order of the index', [3, 1, 2], ['n_tile_001', 'n_tile_002', 'n_tile_003']],
].map(([name, indices, ids]): Case => ({ it: text(name), first: [{ does: POST, body: indexed(...(indices as (number | undefined)[])), status: 201 }], does: 'GET /api/datasets/n/tiles', status: 200, finds: ids as string[] }));

const badIndices: readonly Case[] = [
  { it: 'twice are an error that names the second', does: POST, body: indexed(1, 2, 1), status: 400, at: ['/tiles/2/index'], index: 1 },
  { it: 'twice by place are an error too', does: POST, body: indexed(2, undefined), status: 400, at: ['/tiles/1/index'], index: 2 },
  { it: 'below 0 are an error', does: POST, body: indexed(1, -1), status: 400, at: ['/tiles/1/index'] },
  { it: 'and a half are an error', does: POST, body: indexed(1, 1.5), status: 400, at: ['/tiles/1/index'] },
];

const GET = 'GET /api/datasets';
const lists: readonly Case[] = [
  { it: 'shows the datasets and nothing of their tiles', does: `${GET}?sortby=id`, status: 200, says: { type: 'FeatureCollection', numberReturned: 2, numberMatched: 2 }, finds: ['d', 'e'], answers: { 'content-type': saying('application/geo+json') } },
  { it: 'narrows by bbox', does: `${GET}?bbox=101,1,102,2`, status: 200, finds: ['e'] },
  { it: 'narrows by datetime', does: `${GET}?datetime=../2024-05-15T00:00:00Z`, status: 200, finds: ['d'] },
  { it: 'narrows by filter', does: `${GET}?filter=title%3D'Title%20e'`, status: 200, finds: ['e'] },
  { it: 'narrows by q', does: `${GET}?q=title`, status: 200, says: { numberReturned: 2 } },
  { it: 'sorts', does: `${GET}?sortby=-id`, status: 200, finds: ['e', 'd'] },
  { it: 'pages', does: `${GET}?sortby=id&limit=1`, status: 200, finds: ['d'], says: { links: expect.arrayContaining([has({ rel: 'next', href: saying('token=') })]) } },
  { it: 'takes any large limit', does: `${GET}?limit=99999999`, status: 200 },
  { it: 'with limit=0 is 400', does: `${GET}?limit=0`, status: 400, at: ['limit'] },
  { it: 'with a bbox that is none is 400', does: `${GET}?bbox=1,2,3`, status: 400, at: ['bbox'] },
  { it: 'with a datetime that is none is 400', does: `${GET}?datetime=yesterday`, status: 400, at: ['datetime'] },
  { it: 'with a filter that is none is 400', does: `${GET}?filter=%3D%3D`, status: 400 },
  { it: 'with a token that is none is 400', does: `${GET}?token=x`, status: 400 },
  { it: 'with a parameter that nobody knows is 400', does: `${GET}?collections=system_tiles`, status: 400, at: ['collections'] },
  { it: 'answers HEAD', does: 'HEAD /api/datasets', status: 200 },
  { it: 'is a page for a browser', does: GET, headers: { accept: 'text/html' }, status: 200, answers: { 'content-type': saying('text/html') } },
];

const D_PATH = 'GET /api/datasets/d';
const reads: readonly Case[] = [
  { it: 'the item', does: D_PATH, status: 200, says: { type: 'Feature', id: 'd', collection: 'datasets', properties: has({ 'file:tile_count': 2, 'file:size': 2001, 'file:format': 'COG', gsd: 30, 'proj:code': 'EPSG:4326' }), assets: { mosaic: has({ roles: ['mosaic'] }), 'mosaic-snapshot': has({ href: saying('/files/metadata/mosaics/d.json') }) } }, answers: { 'content-type': saying('application/geo+json'), etag: expect.any(String) } },
  { it: 'the item again is 304 by its ETag', does: D_PATH, headers: { 'if-none-match': '</api/datasets/d>' }, status: 304 },
  { it: 'the item to HEAD', does: 'HEAD /api/datasets/d', status: 200 },
  { it: 'the item as a page', does: `${D_PATH}?f=html`, status: 200, answers: { 'content-type': saying('text/html') } },
  { it: 'the item as /metadata', does: `${D_PATH}/metadata`, status: 200, says: { id: 'd', collection: 'datasets' } },
  { it: 'a parameter that nobody knows is 400', does: `${D_PATH}?x=1`, status: 400, at: ['x'] },
  { it: 'the tiles', does: `${D_PATH}/tiles`, status: 200, says: { numberMatched: 2, features: [has({ collection: 'system_tiles', properties: has({ title: 'Tile 001 of 002', parent_dataset: 'd', tile_index: 1, tile_row: 0, tile_col: 0 }) }), expect.anything()] }, finds: ['d_tile_001', 'd_tile_002'] },
  { it: 'the tiles a page at a time', does: `${D_PATH}/tiles?limit=1`, status: 200, finds: ['d_tile_001'], says: { links: expect.arrayContaining([has({ rel: 'next' })]) } },
  { it: 'the tiles with any large limit', does: `${D_PATH}/tiles?limit=100000`, status: 200 },
  { it: 'the tiles with limit=x are 400', does: `${D_PATH}/tiles?limit=x`, status: 400, at: ['limit'] },
  { it: 'the tiles with a token that is none are 400', does: `${D_PATH}/tiles?token=x`, status: 400 },
  { it: 'the tiles as a sequence', does: `${D_PATH}/tiles`, headers: { accept: 'application/geo+json-seq' }, status: 200, answers: { 'content-type': saying('application/geo+json-seq') } },
  { it: 'one tile', does: `${D_PATH}/tiles/d_tile_002`, status: 200, says: { id: 'd_tile_002', links: expect.arrayContaining([has({ rel: 'self', href: saying('/api/datasets/d/tiles/d_tile_002') }), has({ rel: 'via' })]) } },
  { it: 'a tile of another dataset is 404', does: `${D_PATH}/tiles/e_tile_001`, status: 404 },
  { it: 'the mosaic', does: `${D_PATH}/mosaic.json`, status: 200, says: { mosaicjson: '0.0.3', name: expect.any(String), bounds: [0, 0, 20, 10], center: expect.any(Array), tiles: expect.any(Object) }, answers: { etag: expect.any(String), 'cache-control': expect.any(String) } },
  { it: 'the mosaic again is 304', does: `${D_PATH}/mosaic.json`, headers: { 'if-none-match': '</api/datasets/d/mosaic.json>' }, status: 304 },
  { it: 'the mosaic with quadkey_zoom=13 is 400', does: `${D_PATH}/mosaic.json?quadkey_zoom=13`, status: 400, at: ['quadkey_zoom'] },
  { it: 'the stored mosaic', does: 'GET /files/metadata/mosaics/d.json', status: 200, says: { mosaicjson: '0.0.3' }, answers: { 'content-type': saying('application/json') } },
  { it: 'the TileJSON', does: `${D_PATH}/tilejson.json`, status: 200, says: { tilejson: '3.0.0', bounds: [0, 0, 20, 10], tiles: [saying('/api/datasets/d/tiles/{z}/{x}/{y}')] } },
  { it: 'the TileJSON with a zoom that is none is 400', does: `${D_PATH}/tilejson.json?minzoom=-1`, status: 400, at: ['minzoom'] },
  { it: 'the map', does: `${D_PATH}/map.html`, status: 200, answers: { 'content-type': saying('text/html') } },
  { it: 'a map tile without data is 204', does: `${D_PATH}/tiles/4/0/0`, status: 204 },
  { it: 'a map tile without data is a picture with empty=transparent', does: `${D_PATH}/tiles/4/0/0?empty=transparent`, status: 200, answers: { 'content-type': 'image/png' } },
  { it: 'a map tile of COGs that may not be fetched is 400', does: `${D_PATH}/tiles/4/8/7`, status: 400 },
  { it: 'a map tile outside the matrix set is 404', does: `${D_PATH}/tiles/1/2/0`, status: 404 },
  { it: 'a map tile that is none is 400', does: `${D_PATH}/tiles/1/a/0`, status: 400, at: ['x'] },
  { it: 'a map tile with a range that is none is 400', does: `${D_PATH}/tiles/4/8/7?rescale=x`, status: 400, at: ['rescale'] },
  { it: 'a map tile with a colormap that nobody knows is 400', does: `${D_PATH}/tiles/4/8/7?colormap_name=none`, status: 400, at: ['colormap_name'] },
  ...['', '/metadata', '/tiles', '/tiles/none_tile_001', '/mosaic.json', '/tilejson.json', '/map.html', '/preview', '/tiles/0/0/0'].map((part): Case => ({ it: `${part} of an unknown dataset is 404`, does: `GET /api/datasets/none${part}`, status: 404, says: { code: 'NotFound' } })),
  ...['/collections/system_tiles', '/collections/system_tiles/items', '/collections/system_tiles/items/d_tile_001'].map((path): Case => ({ it: `${path} stays hidden`, does: `GET ${path}`, status: 404 })),
  { it: 'an item posted into datasets is 409 that names the road', does: 'POST /collections/datasets/items', body: itemBody('n'), status: 409, says: { description: saying('/api/datasets') } },
  { it: 'a collection datasets posted is 409', does: 'POST /collections', body: collectionBody('datasets'), status: 409 },
];

async function send({ does, body, headers = {}, status }: Send, to: Pick<TestServer, 'request'> = server) {
  const [method = '', path = ''] = does.split(' ');
  const answer = await to.request(method, path.replace('{s}', searchId), { body, headers: await withTags(server.request, headers) });
  if (answer.status < 300 && !['GET', 'HEAD', 'OPTIONS'].includes(method) && !does.includes('validate=only')) isDirty = true;
  expect({ does, status: answer.status, body: answer.body }).toEqual({ does, status, body: answer.body });
  return answer;
}

async function run({ first = [], to, says, finds, at, index, answers, after = {}, ...row }: Case): Promise<void> {
  for (const step of first) await send(step);
  const answer = await send(row, to === 'small' ? small : server);
  const { body } = answer;
  expectAnswer(answer, { says, answers });
  if (at !== undefined) expect(listOf(body['errors']).map(({ path }) => path)).toEqual(at);
  if (index !== undefined) expect(listOf(body['errors'])[0]?.['index']).toBe(index);
  if (finds !== undefined) expect(listOf(body['features']).map(({ id }) => id)).toEqual(finds);
  await expectAfter(server.request, Object.fromEntries(Object.entries(after).map(([there, shown]) => [there.replace('{s}', searchId), shown])));
}

describe.each<[string, readonly Case[]]>([
  ['POST of a dataset', posts],
  ['POST of lines', lines],
  ['the size of a body', sizes],
  ['validate=only', checks],
  ['an Idempotency-Key', keys],
  ['PUT of a dataset', puts],
  ['DELETE of a dataset', deletes],
  ['ids of tiles', tileIds],
  ['indices', badIndices],
  ['the list of datasets', lists],
  ['of a dataset can be read', reads],
])('%s', (_, cases) => {
  // eslint-disable-next-line jest/expect-expect -- run() expects what the row says
  it.each(cases.map((row) => [row.it, row] as const))('%s', (_name, row) => run(row));
});

it('a key older than 24 hours counts no more', async () => {
  isDirty = true;
  await server.services.database.pool.query("UPDATE stac_mosaic.idempotency_keys SET created_at = created_at - interval '25 hours'");
  await send({ does: POST, headers: KEY, body: N, status: 201 });
});

it('a dataset of a COG that is only an href is drawn: its map tile and its preview', async () => {
  await send({ does: POST, body: { dataset: { id: 'n' }, tiles: [{ href: cog }] }, status: 201 });
  expect((await send({ does: 'GET /api/datasets/n/tiles/6/32/31', status: 200 })).headers['content-type']).toMatch(/^image\/(png|jpeg)$/);
  expect((await send({ does: 'GET /api/datasets/n/preview', status: 200 })).headers['content-type']).toBe('image/png');
});

it('the search of a dataset is its tiles by index, the last on top unless told', async () => {
  const search = async (): Promise<unknown> => (await server.request('GET', `/searches/${searchId}/info`)).body['search']?.['search'];
  expect(await search()).toMatchObject({ collections: ['system_tiles'], 'filter-lang': 'cql2-json', sortby: [{ field: expect.stringContaining('tile_index') as unknown, direction: 'desc' }] });
  searchId = text((await send({ does: PUT, body: { ...D, mosaic: { overlap: 'first' } }, status: 200 })).body['search_id']);
  expect(await search()).toMatchObject({ sortby: [{ direction: 'asc' }] });
});
