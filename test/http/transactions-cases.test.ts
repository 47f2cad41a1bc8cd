/** The table of API.md sections 1 and 8 (Transactions): one row for each answer, status and error, on what one fixture holds. */
import { type After, type CaseHeaders, etagOf, type Expected, expectAfter, expectAnswer, withTags } from '../support/cases.js';
import { type Loose, listOf, type TestAnswer, text } from '../support/client.js';
import { boxTiles, collectionBody, datasetBody, itemBody, makeCollection, postDataset } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());

/** What answers an error has written nothing, so the next row finds all as it was. */
let isDirty = true;

/** The collections c (items a, b) and e (empty), and the dataset d. */
beforeEach(async () => {
  if (!isDirty) return;
  isDirty = false;
  await server.reset();
  await makeCollection(server, 'c', ['a', 'b'].map((id, i) => itemBody(id, { bbox: [i, i, i + 1, i + 1], properties: { title: id } })));
  await makeCollection(server, 'e', []);
  await postDataset(server, datasetBody('d', boxTiles(2)));
});

interface Case extends Expected {
  readonly it: string;
  /** Method and path. */
  readonly does: string;
  readonly body?: unknown;
  readonly headers?: CaseHeaders;
  /** The path of the first fault. */
  readonly at?: string;
  readonly after?: After;
}

const A = '/collections/c/items/a';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
const WANTED = { prefer: 'return=representation' };
const STRONG = expect.stringMatching(/^"[^"]+"$/) as unknown;
const has = (members: object): unknown => expect.objectContaining(members);
const saying = (part: string): unknown => expect.stringContaining(part);
const title = (value: string): unknown => has({ title: value });
const bare = { ...itemBody('n'), links: undefined, assets: undefined };

const posts: readonly Case[] = [
  { it: 'one item is 201 with Location, ETag and the document', does: 'POST /collections/c/items', body: itemBody('n'), status: 201, says: { id: 'n', collection: 'c' }, answers: { location: saying('/collections/c/items/n'), etag: STRONG, 'content-type': saying('application/geo+json') }, after: { '/collections/c/items/n': { id: 'n' } } },
  { it: 'an item without links, stac_extensions and collection is completed', does: 'POST /collections/c/items', body: bare, status: 201, says: { collection: 'c', stac_extensions: [], links: ['self', 'root', 'parent', 'collection'].map((rel) => has({ rel })) } },
  { it: 'application/geo+json is taken', does: 'POST /collections/c/items', headers: { 'content-type': 'application/geo+json; charset=utf-8' }, body: JSON.stringify(itemBody('n')), status: 201 },
  { it: 'another media type is 415', does: 'POST /collections/c/items', headers: { 'content-type': 'text/plain' }, body: JSON.stringify(itemBody('n')), status: 415, says: { code: 'UnsupportedMediaType' } },
  { it: 'an id with any sign but a slash is written and found', does: 'POST /collections/c/items', body: itemBody('ä:b c?#%'), status: 201, after: { [`/collections/c/items/${encodeURIComponent('ä:b c?#%')}`]: { id: 'ä:b c?#%' } } },
  { it: 'an id with a slash is 400', does: 'POST /collections/c/items', body: itemBody('a/b'), status: 400, at: '/id' },
  { it: 'an id that is taken is 409', does: 'POST /collections/c/items', body: itemBody('a'), status: 409, says: { code: 'Conflict' }, after: { [A]: { properties: title('a') } } },
  { it: 'the id of an item of another collection is free', does: 'POST /collections/e/items', body: itemBody('a'), status: 201 },
  { it: 'another collection than the URL says is 400', does: 'POST /collections/c/items', body: itemBody('n', { collection: 'e' }), status: 400, at: '/collection' },
  { it: 'an unknown collection is 404', does: 'POST /collections/none/items', body: itemBody('n'), status: 404, says: { code: 'NotFound' } },
  { it: 'an unknown collection is 404 whatever the body holds', does: 'POST /collections/none/items', body: { type: 'Feature', id: 5 }, status: 404 },
  { it: 'null geometry is 400: pgSTAC cannot hold it', does: 'POST /collections/c/items', body: itemBody('n', { geometry: null, bbox: [] }), status: 400, at: '/geometry', says: { description: saying('pgSTAC') } },
  { it: 'NaN is no JSON, and 400', does: 'POST /collections/c/items', body: '{"type":"Feature","id":"n","bbox":[NaN]}', status: 400, says: { description: saying('not JSON') } },
  { it: 'a number that JSON can write and nobody can hold is 400', does: 'POST /collections/c/items', body: JSON.stringify(itemBody('n')).replace('"2024-01-01T00:00:00Z"', '"2024-01-01T00:00:00Z","gsd":1e999'), status: 400, at: '/properties/gsd' },
  { it: 'a ring the wrong way round is taken as it is (RFC 7946 section 3.1.6)', does: 'POST /collections/c/items', body: itemBody('n', { geometry: { type: 'Polygon', coordinates: [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]] } }), status: 201, says: { geometry: { type: 'Polygon', coordinates: [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]] } } },
  { it: 'a missing datetime is 400', does: 'POST /collections/c/items', body: { ...itemBody('n'), properties: {} }, status: 400, at: '/properties/datetime' },
  { it: 'an asset without href is 400 with its path', does: 'POST /collections/c/items', body: itemBody('n', { assets: { data: { title: 't' } } }), status: 400, at: '/assets/data/href' },
  { it: 'no object at all is 400', does: 'POST /collections/c/items', body: '[]', status: 400 },
  { it: 'a FeatureCollection is 201 without Location', does: 'POST /collections/c/items', body: { type: 'FeatureCollection', features: [itemBody('n'), itemBody('m')] }, status: 201, answers: { location: null }, after: { '/collections/c/items/n': {}, '/collections/c/items/m': {} } },
  { it: 'a FeatureCollection with one bad item is 400 with its path, and nothing is written', does: 'POST /collections/c/items', body: { type: 'FeatureCollection', features: [itemBody('n'), itemBody('m', { properties: { datetime: 'x' } })] }, status: 400, at: '/features/1/properties/datetime', after: { '/collections/c/items/n': 404 } },
  { it: 'a FeatureCollection with an id that is taken is 409 and writes nothing', does: 'POST /collections/c/items', body: { type: 'FeatureCollection', features: [itemBody('n'), itemBody('b')] }, status: 409, at: '/features/1/id', after: { '/collections/c/items/n': 404 } },
  { it: 'an id twice in one FeatureCollection is 400', does: 'POST /collections/c/items', body: { type: 'FeatureCollection', features: [itemBody('n'), itemBody('n')] }, status: 400, at: '/features/1/id' },
  { it: 'a FeatureCollection without features is 400', does: 'POST /collections/c/items', body: { type: 'FeatureCollection' }, status: 400, at: '/features' },
  { it: 'validate=only checks and writes nothing, and names extensions that it cannot check', does: 'POST /collections/c/items?validate=only', body: itemBody('n', { stac_extensions: ['https://example.com/ext/v1.0.0/schema.json'] }), status: 200, says: { valid: true, count: 1, unchecked_extensions: ['https://example.com/ext/v1.0.0/schema.json'] }, after: { '/collections/c/items/n': 404 } },
  { it: 'validate=only of a FeatureCollection finds what is wrong', does: 'POST /collections/c/items?validate=only', body: { type: 'FeatureCollection', features: [itemBody('n'), itemBody('a')] }, status: 409, at: '/features/1/id' },
];

const bulks: readonly Case[] = [
  { it: 'bulk_items inserts and says how many', does: 'POST /collections/c/bulk_items', body: { items: { n: itemBody('n'), m: itemBody('m') } }, status: 200, answers: { 'content-type': saying('application/json') }, after: { '/collections/c/items/n': { collection: 'c' } } },
  { it: 'bulk_items with an id that is taken is 409 and writes nothing', does: 'POST /collections/c/bulk_items', body: { items: { n: itemBody('n'), a: itemBody('a') }, method: 'insert' }, status: 409, at: '/items/a/id', after: { '/collections/c/items/n': 404 } },
  { it: 'bulk_items upserts: new ones and new states', does: 'POST /collections/c/bulk_items', body: { items: { n: itemBody('n'), a: itemBody('a', { properties: { title: 'new' } }) }, method: 'upsert' }, status: 200, after: { [A]: { properties: title('new') }, '/collections/c/items/n': {} } },
  { it: 'bulk_items whose key and item disagree is 400', does: 'POST /collections/c/bulk_items', body: { items: { n: itemBody('m') } }, status: 400, at: '/items/n/id' },
  { it: 'bulk_items with one bad item is 400 with its path, and nothing is written', does: 'POST /collections/c/bulk_items', body: { items: { n: itemBody('n'), 'm~': itemBody('m~', { geometry: null }) }, method: 'upsert' }, status: 400, at: '/items/m~0/geometry', after: { '/collections/c/items/n': 404 } },
  { it: 'bulk_items of another collection is 400', does: 'POST /collections/c/bulk_items', body: { items: { n: itemBody('n', { collection: 'e' }) } }, status: 400, at: '/items/n/collection' },
  { it: 'bulk_items with another method is 400', does: 'POST /collections/c/bulk_items', body: { items: {}, method: 'replace' }, status: 400, at: '/method' },
  { it: 'bulk_items without items is 400', does: 'POST /collections/c/bulk_items', body: { method: 'insert' }, status: 400, at: '/items' },
  { it: 'bulk_items of no items is 200', does: 'POST /collections/c/bulk_items', body: { items: {} }, status: 200 },
  { it: 'bulk_items into an unknown collection is 404', does: 'POST /collections/none/bulk_items', body: { items: {} }, status: 404 },
  { it: 'bulk_items into datasets is 409 and names /api/datasets', does: 'POST /collections/datasets/bulk_items', body: { items: { n: itemBody('n') } }, status: 409, says: { description: saying('/api/datasets') } },
  { it: 'bulk_items into system_tiles is 409', does: 'POST /collections/system_tiles/bulk_items', body: { items: {} }, status: 409, says: { description: saying('/api/datasets') } },
  { it: 'validate=only of bulk_items writes nothing', does: 'POST /collections/c/bulk_items?validate=only', body: { items: { n: itemBody('n') } }, status: 200, says: { valid: true, count: 1 }, after: { '/collections/c/items/n': 404 } },
];

const replaces: readonly Case[] = [
  { it: 'PUT of an item is 204', does: `PUT ${A}`, body: itemBody('a', { properties: { title: 'new' } }), status: 204, answers: { etag: STRONG }, after: { [A]: { properties: title('new') } } },
  { it: 'PUT with Prefer: return=representation is 200 with the document', does: `PUT ${A}`, headers: WANTED, body: itemBody('a', { properties: { title: 'new' } }), status: 200, says: { id: 'a', properties: title('new') }, answers: { etag: STRONG, 'preference-applied': 'return=representation' } },
  { it: 'PUT without an id takes that of the URL', does: `PUT ${A}`, body: { ...itemBody('a'), id: undefined }, status: 204 },
  { it: 'PUT with another id is 400', does: `PUT ${A}`, body: itemBody('b'), status: 400, at: '/id' },
  { it: 'PUT with another collection is 400', does: `PUT ${A}`, body: itemBody('a', { collection: 'e' }), status: 400, at: '/collection' },
  { it: 'PUT of an invalid item is 400 and changes nothing', does: `PUT ${A}`, body: itemBody('a', { geometry: null }), status: 400, at: '/geometry', after: { [A]: { properties: title('a') } } },
  { it: 'PUT of an item that is not there is 404', does: 'PUT /collections/c/items/none', body: itemBody('none'), status: 404 },
  { it: 'PUT into an unknown collection is 404 whatever the body holds', does: 'PUT /collections/none/items/a', body: {}, status: 404 },
  { it: 'PUT of another media type is 415', does: `PUT ${A}`, headers: { 'content-type': 'text/plain' }, body: '{}', status: 415 },
  { it: 'PUT of an item of datasets is 409', does: 'PUT /collections/datasets/items/d', body: itemBody('d'), status: 409, says: { description: saying('/api/datasets') } },
  { it: 'DELETE of an item is 204', does: `DELETE ${A}`, status: 204, after: { [A]: 404 } },
  { it: 'DELETE of an item that is not there is 404', does: 'DELETE /collections/c/items/none', status: 404 },
  { it: 'DELETE of an item of datasets is that of the dataset', does: 'DELETE /collections/datasets/items/d', status: 204, after: { '/api/datasets/d': 404 } },
  { it: 'OPTIONS of an item is 204 with Allow', does: `OPTIONS ${A}`, status: 204, answers: { allow: 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS' } },
  { it: 'OPTIONS of bulk_items is 204 with Allow', does: 'OPTIONS /collections/c/bulk_items', status: 204, answers: { allow: 'POST, OPTIONS' } },
];

const merges: readonly Case[] = [
  { it: 'a merge patch is 204', does: `PATCH ${A}`, headers: MERGE, body: JSON.stringify({ properties: { title: null, gsd: 3 } }), status: 204, answers: { etag: STRONG }, after: { [A]: { properties: { datetime: '2024-01-01T00:00:00Z', gsd: 3 } } } },
  { it: 'application/json is a merge patch', does: `PATCH ${A}`, body: { properties: { title: 'new' } }, headers: WANTED, status: 200, says: { properties: title('new') } },
  { it: 'a merge patch that is no object is 400', does: `PATCH ${A}`, headers: MERGE, body: '[]', status: 400 },
  { it: 'a merge patch whose result is invalid is 400 and changes nothing', does: `PATCH ${A}`, body: { properties: { datetime: null } }, status: 400, at: '/properties/datetime', after: { [A]: { properties: has({ datetime: '2024-01-01T00:00:00Z' }) } } },
  { it: 'a merge patch of the id is 400', does: `PATCH ${A}`, body: { id: 'z' }, status: 400, at: '/id' },
  { it: 'a merge patch of the collection is 400', does: `PATCH ${A}`, body: { collection: 'e' }, status: 400, at: '/collection' },
  { it: 'a patch of an item that is not there is 404', does: 'PATCH /collections/c/items/none', body: {}, status: 404 },
  { it: 'a patch of another media type is 415', does: `PATCH ${A}`, headers: { 'content-type': 'application/geo+json' }, body: '{}', status: 415 },
  { it: 'a patch of a tile is 409', does: 'PATCH /collections/system_tiles/items/d_tile_001', body: {}, status: 409 },
  { it: 'a merge patch of what a dataset computes is 409 and names it', does: 'PATCH /collections/datasets/items/d', body: { properties: { 'file:tile_count': 9 } }, status: 409, at: '/properties/file:tile_count' },
  { it: 'a merge patch of what a dataset computes, to what it is, is no change', does: 'PATCH /collections/datasets/items/d', body: { properties: { 'file:tile_count': 2, title: 'T' } }, status: 204 },
  { it: '__proto__ in a merge patch is a member like any other', does: `PATCH ${A}`, body: '{"properties":{"__proto__":{"polluted":true}}}', status: 204 },
];

const patch = (it: string, operations: unknown, status: number, more: Partial<Case> = {}): Case => ({ it, does: `PATCH ${A}`, headers: JSON_PATCH, body: JSON.stringify(operations), status, ...more });

const patches: readonly Case[] = [
  patch('a JSON patch is 204', [{ op: 'test', path: '/properties/title', value: 'a' }, { op: 'replace', path: '/properties/title', value: 'new' }, { op: 'add', path: '/properties/x~1y', value: 1 }, { op: 'copy', from: '/properties/title', path: '/properties/copy' }, { op: 'move', from: '/properties/copy', path: '/properties/moved' }], 204, { answers: { etag: STRONG }, after: { [A]: { properties: { datetime: '2024-01-01T00:00:00Z', title: 'new', 'x/y': 1, moved: 'new' } } } }),
  patch('a JSON patch with Prefer: return=representation is 200', [{ op: 'remove', path: '/properties/title' }], 200, { headers: { ...JSON_PATCH, ...WANTED }, says: { properties: { datetime: '2024-01-01T00:00:00Z' } } }),
  patch('no operation is no change', [], 204),
  patch('a test that fails is 409, and nothing before it counts', [{ op: 'replace', path: '/properties/title', value: 'new' }, { op: 'test', path: '/properties/title', value: 'a' }], 409, { at: '/1', after: { [A]: { properties: title('a') } } }),
  patch('a test of what is not there fails', [{ op: 'test', path: '/properties/none', value: 1 }], 409, { at: '/0' }),
  patch('a test takes members in any order', [{ op: 'test', path: '/properties', value: { title: 'a', datetime: '2024-01-01T00:00:00Z' } }], 204),
  patch('a path that is not there is 400', [{ op: 'remove', path: '/properties/none' }], 400, { at: '/0/path' }),
  patch('a replace of what is not there is 400', [{ op: 'replace', path: '/none', value: 1 }], 400, { at: '/0/path' }),
  patch('an add below what is not there is 400', [{ op: 'add', path: '/none/below', value: 1 }], 400, { at: '/0/path' }),
  patch('a from that is not there is 400', [{ op: 'move', from: '/none', path: '/properties/x' }], 400, { at: '/0/from' }),
  patch('a move into itself is 400', [{ op: 'move', from: '/properties', path: '/properties/x' }], 400, { at: '/0/path' }),
  patch('an index beyond the end is 400', [{ op: 'add', path: '/bbox/9', value: 1 }], 400, { at: '/0/path' }),
  patch('an index with a leading zero is 400', [{ op: 'replace', path: '/bbox/01', value: 1 }], 400, { at: '/0/path' }),
  patch('an unknown operation is 400 and named', [{ op: 'test', path: '', value: 1 }, { op: 'erase', path: '/id' }], 400, { at: '/1/op' }),
  patch('an operation without value is 400', [{ op: 'add', path: '/properties/x' }], 400, { at: '/0/value' }),
  patch('an operation without path is 400', [{ op: 'remove' }], 400, { at: '/0/path' }),
  patch('a path that is no JSON pointer is 400', [{ op: 'remove', path: 'properties' }], 400, { at: '/0/path' }),
  patch('a half escape is 400', [{ op: 'remove', path: '/properties/a~2' }], 400, { at: '/0/path' }),
  patch('an operation that is no object is 400', [null], 400, { at: '/0' }),
  patch('a JSON patch that is no array is 400', { op: 'remove', path: '/id' }, 400),
  patch('what all objects share cannot be reached', [{ op: 'add', path: '/constructor/prototype/polluted', value: true }], 400, { at: '/0/path' }),
  patch('__proto__ cannot be reached', [{ op: 'add', path: '/__proto__/polluted', value: true }], 400, { at: '/0/path' }),
  patch('inherited members are not there', [{ op: 'remove', path: '/toString' }], 400, { at: '/0/path' }),
  patch('the whole document can be replaced', [{ op: 'replace', path: '', value: itemBody('a', { properties: { title: 'whole' } }) }], 204, { after: { [A]: { properties: title('whole') } } }),
  patch('the whole document cannot be removed', [{ op: 'remove', path: '' }], 400),
  patch('a result that is not valid is 400', [{ op: 'remove', path: '/properties/datetime' }], 400, { at: '/properties/datetime' }),
  patch('another id is 400', [{ op: 'replace', path: '/id', value: 'z' }], 400, { at: '/id' }),
  patch('copies of copies are refused before they fill the memory', Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '/properties', path: `/properties/p${i}` })), 400),
  patch('a JSON patch of a dataset changes what is not computed', [{ op: 'add', path: '/properties/title', value: 'T' }], 204, { does: 'PATCH /collections/datasets/items/d', after: { '/api/datasets/d': { properties: title('T') } } }),
  patch('a JSON patch of what a dataset computes is 409 and names it', [{ op: 'remove', path: '/assets/mosaic' }, { op: 'add', path: '/properties/mosaic:x', value: 1 }], 409, { does: 'PATCH /collections/datasets/items/d', at: '/properties/mosaic:x' }),
  patch('places are those of the document that GET shows', [{ op: 'test', path: '/links/0/rel', value: 'self' }, { op: 'add', path: '/links/-', value: { rel: 'via', href: 'https://example.com/v' } }], 204),
];

const conditions: readonly Case[] = [
  { it: 'If-Match that names the version lets PUT through', does: `PUT ${A}`, headers: { 'if-match': `<${A}>` }, body: itemBody('a'), status: 204 },
  { it: 'If-Match that names the version lets PATCH through', does: `PATCH ${A}`, headers: { 'if-match': `"x", <${A}>` }, body: {}, status: 204 },
  { it: 'If-Match that names the version lets DELETE through', does: `DELETE ${A}`, headers: { 'if-match': `<${A}>` }, status: 204 },
  { it: 'If-Match: * lets through what exists', does: `PUT ${A}`, headers: { 'if-match': '*' }, body: itemBody('a'), status: 204 },
  { it: 'If-Match of another version is 412 for PUT', does: `PUT ${A}`, headers: { 'if-match': '</collections/c/items/b>' }, body: itemBody('a', { properties: { title: 'new' } }), status: 412, says: { code: 'PreconditionFailed' }, at: 'If-Match', after: { [A]: { properties: title('a') } } },
  { it: 'If-Match of another version is 412 for PATCH', does: `PATCH ${A}`, headers: { 'if-match': '"x"' }, body: { properties: { title: 'new' } }, status: 412, after: { [A]: { properties: title('a') } } },
  { it: 'If-Match of another version is 412 for DELETE', does: `DELETE ${A}`, headers: { 'if-match': '"x", "y"' }, status: 412, after: { [A]: {} } },
  { it: 'a weak tag never matches (RFC 9110 section 13.1.1)', does: `DELETE ${A}`, headers: { 'if-match': `W/<${A}>` }, status: 412 },
  { it: 'If-Match that is no tag is 412', does: `DELETE ${A}`, headers: { 'if-match': 'x' }, status: 412 },
  { it: 'If-Match for what is not there is 404', does: 'DELETE /collections/c/items/none', headers: { 'if-match': '*' }, status: 404 },
  { it: 'If-None-Match: * is 412 for PUT of what exists', does: `PUT ${A}`, headers: { 'if-none-match': '*' }, body: itemBody('a'), status: 412, at: 'If-None-Match' },
  { it: 'If-None-Match that names the version is 412', does: `PATCH ${A}`, headers: { 'if-none-match': `<${A}>` }, body: {}, status: 412 },
  { it: 'If-Match of a collection lets PUT through', does: 'PUT /collections/c', headers: { 'if-match': '</collections/c>' }, body: collectionBody('c'), status: 204, answers: { etag: STRONG } },
  { it: 'If-Match of a collection in another version is 412 for PUT', does: 'PUT /collections/c', headers: { 'if-match': '</collections/e>' }, body: collectionBody('c'), status: 412 },
  { it: 'If-Match of a collection in another version is 412 for PATCH', does: 'PATCH /collections/c', headers: { 'if-match': '"x"' }, body: { title: 'T' }, status: 412, after: { '/collections/c': { id: 'c' } } },
  { it: 'If-Match of a collection in another version is 412 for DELETE', does: 'DELETE /collections/c', headers: { 'if-match': '"x"' }, status: 412, after: { [A]: {} } },
  { it: 'If-Match of a dataset lets DELETE through', does: 'DELETE /api/datasets/d', headers: { 'if-match': '</api/datasets/d>' }, status: 204 },
  { it: 'the ETag of a dataset is that of its item', does: 'DELETE /collections/datasets/items/d', headers: { 'if-match': '</api/datasets/d>' }, status: 204 },
  { it: 'If-Match of a dataset in another version is 412', does: 'DELETE /api/datasets/d', headers: { 'if-match': '"x"' }, status: 412, after: { '/api/datasets/d': { id: 'd' } } },
  { it: 'If-None-Match of an item is 304', does: `GET ${A}`, headers: { 'if-none-match': `<${A}>` }, status: 304 },
];

const C = '/collections/c';
const collections: readonly Case[] = [
  { it: 'a collection is 201 with Location, ETag and the document', does: 'POST /collections', body: collectionBody('n'), status: 201, says: { id: 'n', type: 'Collection' }, answers: { location: saying('/collections/n'), etag: STRONG }, after: { '/collections/n': { id: 'n' } } },
  { it: 'a collection whose id is taken is 409', does: 'POST /collections', body: collectionBody('c'), status: 409, at: '/id' },
  { it: 'a collection that is not valid is 400', does: 'POST /collections', body: collectionBody('n', { license: 5 }), status: 400, at: '/license' },
  { it: 'a collection of another media type is 415', does: 'POST /collections', headers: { 'content-type': 'text/plain' }, body: '{}', status: 415 },
  { it: 'validate=only of a collection writes nothing', does: 'POST /collections?validate=only', body: collectionBody('n'), status: 200, says: { valid: true, count: 1, unchecked_extensions: [] }, after: { '/collections/n': 404 } },
  { it: 'PUT of a collection is 204', does: `PUT ${C}`, body: collectionBody('c', { title: 'T' }), status: 204, answers: { etag: STRONG }, after: { [C]: { title: 'T' }, [A]: {} } },
  { it: 'PUT of a collection with Prefer is 200 with the document', does: `PUT ${C}`, headers: WANTED, body: collectionBody('c', { title: 'T' }), status: 200, says: { title: 'T' }, answers: { etag: STRONG } },
  { it: 'PUT of a collection with another id is 400', does: `PUT ${C}`, body: collectionBody('e'), status: 400, at: '/id' },
  { it: 'PUT of an unknown collection is 404 whatever the body holds', does: 'PUT /collections/none', body: {}, status: 404 },
  { it: 'PUT of an extent that leaves items out is widened to hold them', does: `PUT ${C}`, body: collectionBody('c', { extent: { spatial: { bbox: [[-5, 0.5, 1, 1]] }, temporal: { interval: [['2025-01-01T00:00:00Z', '2025-01-02T00:00:00Z']] } } }), status: 204, after: { [C]: { extent: { spatial: { bbox: [[-5, 0, 2, 2]] }, temporal: { interval: [['2024-01-01T00:00:00.000Z', '2025-01-02T00:00:00.000Z']] } } } } },
  { it: 'a merge patch of a collection is 204', does: `PATCH ${C}`, headers: MERGE, body: JSON.stringify({ title: 'T', keywords: ['k'] }), status: 204, after: { [C]: { title: 'T', keywords: ['k'] } } },
  { it: 'a JSON patch of a collection is 204', does: `PATCH ${C}`, headers: JSON_PATCH, body: JSON.stringify([{ op: 'add', path: '/title', value: 'T' }, { op: 'test', path: '/links/0/rel', value: 'self' }]), status: 204, after: { [C]: { title: 'T' } } },
  { it: 'a JSON patch of a collection with a test that fails is 409', does: `PATCH ${C}`, headers: JSON_PATCH, body: JSON.stringify([{ op: 'test', path: '/id', value: 'x' }]), status: 409, at: '/0' },
  { it: 'a patch of a collection whose result is not valid is 400', does: `PATCH ${C}`, body: { license: null }, status: 400, at: '/license' },
  { it: 'a patch of a collection with another id is 400', does: `PATCH ${C}`, body: { id: 'z' }, status: 400, at: '/id' },
  { it: 'a patch of an unknown collection is 404', does: 'PATCH /collections/none', body: {}, status: 404 },
  { it: 'a patch of a collection of another media type is 415', does: `PATCH ${C}`, headers: { 'content-type': 'application/xml' }, body: '<a/>', status: 415 },
  { it: 'DELETE of a collection is 204 and takes its items', does: `DELETE ${C}`, status: 204, after: { [C]: 404, [A]: 404 } },
  { it: 'DELETE of an unknown collection is 404', does: 'DELETE /collections/none', status: 404 },
  { it: 'DELETE of datasets is 409', does: 'DELETE /collections/datasets', status: 409, says: { description: saying('/api/datasets') } },
  { it: 'writes to system_tiles are 409', does: 'PATCH /collections/system_tiles', body: {}, status: 409, says: { description: saying('/api/datasets') } },
  { it: 'OPTIONS of a collection is 204 with Allow', does: `OPTIONS ${C}`, status: 204, answers: { allow: 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS' } },
];

async function run({ does, body, headers = {}, status, says, at, answers, after = {} }: Case): Promise<void> {
  const [method = '', path = ''] = does.split(' ');
  const answer = await server.request(method, path, { body, headers: await withTags(server.request, headers) });
  isDirty = answer.status < 300 && method !== 'GET' && method !== 'OPTIONS';
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: answer.body });
  expectAnswer(answer, { says, answers });
  if (at !== undefined) expect(listOf(answer.body['errors'])[0]?.['path']).toBe(at);
  await expectAfter(server.request, after);
}

describe.each<[string, readonly Case[]]>([
  ['POST of items', posts],
  ['bulk_items', bulks],
  ['PUT, DELETE and OPTIONS of items', replaces],
  ['merge patches', merges],
  ['JSON patches', patches],
  ['preconditions', conditions],
  ['collections', collections],
])('%s', (_, cases) => {
  // eslint-disable-next-line jest/expect-expect -- run() expects what the row says
  it.each(cases.map((row) => [row.it, row] as const))('%s', (_name, row) => run(row));
});

it('bulk_items says in one sentence how many, as stac-fastapi-pgstac does', async () => {
  isDirty = true;
  const send = (method: string): Promise<TestAnswer> => server.request('POST', '/collections/c/bulk_items', { body: { items: { n: itemBody('n'), m: itemBody('m') }, method } });
  expect((await send('insert')).body).toBe('Successfully added 2 items.');
  expect((await send('upsert')).body).toBe('Successfully upserted 2 items.');
});

it('the ETag of a write is that of the GET after it, packed or not, through any host and server on the database', async () => {
  isDirty = true;
  const posted = await server.request('POST', '/collections/c/items', { body: itemBody('n', { properties: { note: 'x'.repeat(3000) } }) });
  expect(posted.headers.etag).toBe(await etagOf(server.request, '/collections/c/items/n'));
  const packed = await server.request('GET', '/collections/c/items/n', { headers: { 'accept-encoding': 'gzip' } });
  expect({ coding: packed.headers['content-encoding'], etag: packed.headers.etag }).toEqual({ coding: 'gzip', etag: posted.headers.etag });
  for (const path of ['/collections/c/items/n', '/collections/c']) {
    const patched = await server.request('PATCH', path, { body: { assets: { more: { href: 'https://example.com/m' } } } });
    expect(patched.headers.etag).toBe(await etagOf(server.request, path));
    const head = await server.request('HEAD', path);
    expect(head.headers.etag).toBe(patched.headers.etag);
  }
  const other = await server.variant({});
  const elsewhere = await other.request('GET', '/collections/c/items/n', { headers: { host: 'elsewhere.example.com' } });
  expect(elsewhere.headers.etag).not.toBe(await etagOf(server.request, '/collections/c/items/n'));
  expect((await other.request('DELETE', '/collections/c/items/n', { headers: { 'if-match': text(elsewhere.headers.etag) } })).status).toBe(204);
  await other.close();
});

it('a JSON patch made from what GET shows removes the link that it names, and keeps stored hrefs as they were', async () => {
  isDirty = true;
  const links = ['one', 'two'].map((name) => ({ rel: 'via', href: `https://example.com/${name}` }));
  await server.request('PUT', A, { body: itemBody('a', { links: [...links, { rel: 'about', href: '/collections/c' }] }) });
  const shown = listOf((await server.request('GET', A)).body['links']);
  const at = shown.findIndex((link) => link['href'] === links[1]?.href);
  expect((await server.request('PATCH', A, { headers: JSON_PATCH, body: JSON.stringify([{ op: 'remove', path: `/links/${at}` }]) })).status).toBe(204);
  expect(listOf((await server.request('GET', A)).body['links'])).toEqual(shown.toSpliced(at, 1));
  const { rows } = await server.services.database.pool.query<{ links: unknown }>("SELECT content->'links' AS links FROM pgstac.items WHERE collection = 'c' AND id = 'a'");
  expect(rows[0]?.links).toEqual([links[0], { rel: 'about', href: '/collections/c' }]);
});

it('nothing of all that has changed what objects share', () => {
  expect(({} as Loose)['polluted']).toBeUndefined();
});
