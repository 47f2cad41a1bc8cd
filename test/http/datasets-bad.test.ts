/** Bad input to POST /api/datasets: the status of API.md, every bad tile named, nothing written anywhere. */
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { boxTiles, datasetBody, type TileBody } from '../support/datasets.js';
import { makeGeoTiff } from '../support/geotiff.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
let clean: Awaited<ReturnType<TestServer['written']>>;
beforeAll(async () => {
  server = await startTestServer({ config: { allowedHosts: ['cogs.example.invalid'] } });
  await server.reset();
  clean = await server.written();
});
afterEach(async () => {
  // Whatever a test of this file posts, it is refused whole.
  const now = await server.written();
  if (!isDeepStrictEqual(now, clean)) await server.reset();
  expect(now).toEqual(clean);
});
afterAll(() => server?.close());

const post = (body: unknown, headers: Record<string, string> = {}): Promise<TestAnswer> => server.request('POST', '/api/datasets', { body, headers });

const ERROR_MEMBERS = ['code', 'description', 'errors', 'request_id'];

/** The error form of API.md, without anything of the inside. */
function expectError({ status, headers, body }: TestAnswer, expected: number): Loose {
  expect({ status, body }).toMatchObject({ status: expected });
  expect(Object.keys(body).filter((name) => name !== 'error_count').toSorted()).toEqual(ERROR_MEMBERS);
  expect(body['request_id']).toBe(headers['x-request-id']);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(JSON.stringify(body)).not.toMatch(/node_modules|\.js:\d+|\bSELECT\b|INSERT INTO|pg_catalog|at Object\./);
  return body;
}

const paths = (body: Loose): unknown[] => listOf(body['errors']).map((error) => error['path']);

/** Four good tiles, the third one changed. */
const withTile = (change: Record<string, unknown>, id = 'bad'): unknown => datasetBody(id, boxTiles(4).map((tile, i) => (i === 2 ? { ...tile, ...change } : tile)));

async function expectBadTile(change: Record<string, unknown>, path: string, message: RegExp = /./): Promise<void> {
  const body = expectError(await post(withTile(change)), 400);
  expect(body['code']).toBe('InvalidInput');
  expect(listOf(body['errors'])).toEqual([expect.objectContaining({ path: `/tiles/2${path}`, index: 3, message: expect.stringMatching(message) as unknown })]);
}

describe('a tile with', () => {
  for (const [what, bbox, message] of [
    ['a bbox out of range', [0, 0, 190, 10], /longitudes/],
    ['a latitude out of range', [0, -100, 10, 10], /latitudes/],
    ['a bbox upside down', [0, 10, 10, 0], /upside down/],
    ['a bbox without width', [5, 0, 5, 10], /no area/],
    ['a bbox without height', [0, 5, 10, 5], /no area/],
    ['a bbox of five numbers', [0, 0, 1, 1, 1], /4 or 6/],
    ['a bbox of texts', ['0', '0', '1', '1'], /finite/],
    ['a bbox of nulls', [null, null, null, null], /finite/],
    ['a bbox that is a text', '0,0,1,1', /array/],
    ['an empty bbox', [], /4 or 6/],
  ] as const) {
    it(`${what} is named`, () => expectBadTile({ bbox }, '/bbox', message));
  }

  it('a bbox of 1e999 is named', async () => {
    const body = JSON.stringify(withTile({ bbox: 'HERE' })).replace('"HERE"', '[0,0,1e999,10]');
    expect(paths(expectError(await post(body), 400))).toEqual(['/tiles/2/bbox']);
  });

  it('a bbox of NaN is no JSON', async () => {
    expectError(await post(JSON.stringify(withTile({ bbox: 'HERE' })).replace('"HERE"', '[0,0,NaN,10]')), 400);
  });

  it('a geometry that is no area, open or endless is named', async () => {
    for (const geometry of [{ type: 'Point', coordinates: [0, 0] }, { type: 'Polygon', coordinates: [] }, { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1]]] }, { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 1]]] }, { type: 'Nonsense' }, 7]) {
      const body = expectError(await post(withTile({ geometry })), 400);
      expect(text(paths(body)[0])).toMatch(/^\/tiles\/2\/geometry/);
    }
  });

  for (const [what, change, path] of [
    ['no href', { href: undefined }, '/href'],
    ['an empty href', { href: ' ' }, '/href'],
    ['an href that is a number', { href: 7 }, '/href'],
    ['an index below 0', { index: -1 }, '/index'],
    ['an index and a half', { index: 1.5 }, '/index'],
    ['an index that is a text', { index: '3' }, '/index'],
    ['an index beyond an integer', { index: 2 ** 31 }, '/index'],
    ['a row that is a text', { row: 'x' }, '/row'],
    ['a datetime that is no day', { datetime: '2024-02-30T00:00:00Z' }, '/datetime'],
    ['a datetime without a zone', { datetime: '2024-02-20T00:00:00' }, '/datetime'],
    ['a GSD of 0', { gsd: 0 }, '/gsd'],
    ['a size below 0', { 'file:size': -1 }, '/file:size'],
    ['bands that are texts', { bands: ['red'] }, '/bands'],
    ['a CRS that is none', { 'proj:code': 'not a crs' }, '/proj:code'],
  ] as const) {
    it(`${what} is named`, async () => {
      const body = expectError(await post(withTile(change)), 400);
      expect(paths(body)).toEqual([`/tiles/2${path}`]);
    });
  }

  it('the index of another is named', async () => {
    const body = expectError(await post(withTile({ index: 1 })), 400);
    expect(listOf(body['errors'])).toEqual([expect.objectContaining({ path: '/tiles/2/index', index: 1, message: expect.stringMatching(/tiles\/0/) as unknown })]);
  });

  it('the href of another is named', () => expectBadTile({ href: 'https://cogs.example.com/tile_1.tif' }, '/href', /tiles\/0/));

  it('an instant beyond what PostgreSQL holds is 400', async () => {
    for (const datetime of ['0000-01-01T00:00:00Z', '99999-01-01T00:00:00Z', '-4714-01-01T00:00:00Z']) expectError(await post(withTile({ datetime })), 400);
  });

  it('U+0000 in a text is 400', async () => {
    for (const change of [{ href: 'https://cogs.example.com/a\u0000.tif' }, { description: 'a\u0000b' }, { 'a\u0000b': 1 }]) expectError(await post(withTile(change)), 400);
  });

  it('a lone surrogate in a text is 400', async () => {
    for (const change of [{ href: 'https://cogs.example.com/\ud800.tif' }, { description: '\udc00' }]) expectError(await post(withTile(change)), 400);
  });
});

it('every bad tile of a request is listed, each with its path and index, up to 100 and their number', async () => {
  const few = boxTiles(6).map((tile, i) => (i % 2 === 0 ? tile : { ...tile, bbox: [0, 10, 10, 0], gsd: -1 }));
  const body = expectError(await post(datasetBody('bad', few)), 400);
  expect(listOf(body['errors']).map(({ path, index }) => [path, index])).toEqual([1, 3, 5].flatMap((i) => [[`/tiles/${i}/bbox`, i + 1], [`/tiles/${i}/gsd`, i + 1]]));
  const many = expectError(await post(datasetBody('bad', boxTiles(250).map((tile) => ({ ...tile, bbox: [0, 10, 10, 0] })))), 400);
  expect(listOf(many['errors'])).toHaveLength(100);
  expect(many['error_count']).toBe(250);
});

describe('a tile that is only an href', () => {
  const only = async (tiles: readonly TileBody[]): Promise<Loose> => {
    const body = expectError(await post(datasetBody('bad', [...tiles])), 400);
    expect(paths(body)).toEqual(tiles.map((_, i) => `/tiles/${i}/href`));
    return body;
  };

  it('outside the allowed roots is refused, by whatever spelling', async () => {
    await symlink('/etc', join(server.cogFolder, 'etc'));
    const below = `file://${server.cogFolder}`;
    const hrefs = ['file:///etc/hostname', `${below}/../../../../../../etc/hostname`, `${below}/%2e%2e/%2e%2e/%2e%2e/etc/hostname`, `${below}/..%2f..%2f..%2fetc%2fhostname`, `${below}/etc/hostname`, 'file://localhost/etc/hostname', '/etc/hostname', 'etc/hostname', 'FILE:///etc/hostname'];
    const body = await only(hrefs.map((href) => ({ href })));
    expect(JSON.stringify(body)).not.toContain('root:');
  });

  it('at a private or unlisted host is refused, by whatever spelling', async () => {
    await only(['http://127.0.0.1/a.tif', 'http://localhost/a.tif', 'http://169.254.169.254/latest', 'http://[::1]/a.tif', 'http://0x7f000001/a.tif', 'http://10.0.0.1/a.tif', 'https://other.example.com/a.tif', 'ftp://cogs.example.invalid/a.tif', 'data:image/tiff;base64,AAAA', 'javascript:alert(1)', 'https://user:pw@cogs.example.invalid/a.tif'].map((href) => ({ href })));
  });

  it('that cannot be reached is named', async () => {
    await only([{ href: 'https://cogs.example.invalid/a.tif' }, { href: `file://${server.cogFolder}/nosuch.tif` }]);
  });

  it('of a damaged, cut off, empty or other file is named', async () => {
    const whole = makeGeoTiff({ width: 64, height: 64, origin: [0, 10], pixel: [0.1, 0.1] });
    await only(await Promise.all([
      server.file('cut.tif', whole.subarray(0, 150)).then((href) => ({ href })),
      server.file('empty.tif', Buffer.alloc(0)).then((href) => ({ href })),
      server.file('noise.tif', Buffer.alloc(5000, 7)).then((href) => ({ href })),
      server.file('text.tif', Buffer.from('<html>404</html>')).then((href) => ({ href })),
    ]));
  });

  it('in an unknown CRS, or in none, is named', async () => {
    const tiff = { width: 64, height: 64, origin: [0, 10], pixel: [0.1, 0.1] } as const;
    const body = await only(await Promise.all([
      server.file('crs.tif', makeGeoTiff({ ...tiff, crs: 'projected', epsg: 31 })).then((href) => ({ href })),
      server.file('nocrs.tif', makeGeoTiff({ ...tiff, crs: 'none' })).then((href) => ({ href })),
    ]));
    expect(text(body['description'])).not.toContain('undefined');
  });
});

describe('a dataset', () => {
  for (const [what, body, path] of [
    ['of no tiles', { dataset: { id: 'a' }, tiles: [] }, '/tiles'],
    ['without tiles', { dataset: { id: 'a' } }, '/tiles'],
    ['with tiles that are an object', { dataset: { id: 'a' }, tiles: {} }, '/tiles'],
    ['with a tile that is a text', { dataset: { id: 'a' }, tiles: ['https://cogs.example.com/a.tif'] }, '/tiles/0'],
    ['without id', { dataset: {}, tiles: boxTiles(1) }, '/dataset/id'],
    ['that is a text', { dataset: 'a', tiles: boxTiles(1) }, '/dataset'],
    ['with an empty id', { dataset: { id: '' }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with a slash in its id', { dataset: { id: 'a/b' }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with a newline in its id', { dataset: { id: 'a\nb' }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with U+0000 in its id', { dataset: { id: 'a\u0000b' }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with a lone surrogate in its id', { dataset: { id: 'a\ud800' }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with dots for an id', { dataset: { id: '..' }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with an endless id', { dataset: { id: 'x'.repeat(2000) }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with an id of too many bytes', { dataset: { id: '日'.repeat(400) }, tiles: boxTiles(1) }, '/dataset/id'],
    ['with a number for an id', { dataset: { id: 7 }, tiles: boxTiles(1) }, '/dataset/id'],
    ['of another collection', { dataset: { id: 'a', collection: 'other' }, tiles: boxTiles(1) }, '/dataset/collection'],
    ['with properties that are a list', { dataset: { id: 'a', properties: [] }, tiles: boxTiles(1) }, '/dataset/properties'],
    ['with links without href', { dataset: { id: 'a', links: [{ rel: 'x' }] }, tiles: boxTiles(1) }, '/dataset/links'],
    ['with a member that is unknown', { dataset: { id: 'a' }, tiles: boxTiles(1), mosiac: {} }, '/mosiac'],
    ['with an unknown mosaic option', { dataset: { id: 'a' }, tiles: boxTiles(1), mosaic: { zoom: 3 } }, '/mosaic/zoom'],
    ['with a quadkey_zoom of 13', { dataset: { id: 'a' }, tiles: boxTiles(1), mosaic: { quadkey_zoom: 13 } }, '/mosaic/quadkey_zoom'],
    ['with a minzoom above its maxzoom', { dataset: { id: 'a' }, tiles: boxTiles(1), mosaic: { minzoom: 5, maxzoom: 4 } }, '/mosaic/minzoom'],
    ['with an overlap that is unknown', { dataset: { id: 'a' }, tiles: boxTiles(1), mosaic: { overlap: 'middle' } }, '/mosaic/overlap'],
    ['with a datetime that is none', { dataset: { id: 'a', properties: { datetime: 'yesterday' } }, tiles: boxTiles(1) }, '/dataset/properties/datetime'],
    ['with a datetime that is a number', { dataset: { id: 'a', properties: { datetime: 5 } }, tiles: boxTiles(1) }, '/dataset/properties/datetime'],
    ['with an asset without href', { dataset: { id: 'a', assets: { x: {} } }, tiles: boxTiles(1) }, '/dataset/assets/x/href'],
  ] as const) {
    it(`${what} is 400 at ${path}`, async () => {
      const found = expectError(await post(body), 400);
      expect(paths(found).some((at) => text(at).startsWith(path) || text(at) === path.replace(/\/href$/, ''))).toBe(true);
    });
  }

  it('with an instant out of range is 400', async () => {
    for (const datetime of ['9999999-01-01T00:00:00Z', '0000-01-01T00:00:00Z']) expectError(await post({ dataset: { id: 'a', properties: { datetime } }, tiles: boxTiles(1) }), 400);
    expectError(await post({ dataset: { id: 'a', properties: { datetime: null, start_datetime: '2024-01-02T00:00:00Z', end_datetime: '2024-01-01T00:00:00Z' } }, tiles: boxTiles(1) }), 400);
  });

  it('with U+0000 or a lone surrogate anywhere is 400', async () => {
    for (const bad of ['a\u0000b', '\ud800', 'x\udfff']) {
      for (const dataset of [{ properties: { title: bad } }, { properties: { [bad]: 1 } }, { properties: { deep: [{ er: bad }] } }, { assets: { [bad]: { href: 'https://example.com/x' } } }, { links: [{ rel: 'x', href: bad }] }]) {
        expectError(await post({ dataset: { id: 'a', ...dataset }, tiles: boxTiles(1) }), 400);
      }
    }
  });
});

describe('a body', () => {
  it('that is not JSON is 400', async () => {
    for (const body of ['{"dataset":', '', 'null', '[]', '"x"', '7', '{}', "{'dataset': 1}", '\u0000', '{"a":1}{"b":2}']) expectError(await post(body), 400);
  });

  it('of another media type is 415', async () => {
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx']) expectError(await post(JSON.stringify(datasetBody('a')), { 'content-type': type }), 415);
    expectError(await post(JSON.stringify(datasetBody('a')), { 'content-type': 'application/json; charset=latin9' }), 415);
    expectError(await post(JSON.stringify(datasetBody('a')), { 'content-encoding': 'rot13' }), 415);
  });

  it('of 33 MB is 413, said with its length or not', async () => {
    const body = JSON.stringify({ ...datasetBody('a'), padding: 'x'.repeat(33 * 1024 * 1024) });
    expectError(await post(body), 413);
    expectError(await server.request('POST', '/search', { body }), 413);
    expectError(await server.request('POST', '/collections', { body }), 413);
  });

  it('that unpacks to more than the limit is 413', async () => {
    expectError(await post(gzipSync(Buffer.alloc(200 * 1024 * 1024, 32)), { 'content-encoding': 'gzip' }), 413);
  });

  it('that is no gzip though it says so is 400', async () => {
    expectError(await post(JSON.stringify(datasetBody('a')), { 'content-encoding': 'gzip' }), 400);
    expectError(await post(gzipSync(JSON.stringify(datasetBody('a'))).subarray(0, 60), { 'content-encoding': 'gzip' }), 400);
  });

  it('nested a hundred thousand deep is 400', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    for (const body of [deep, `{"dataset":${deep},"tiles":[]}`, `{"dataset":{"id":"a","properties":{"x":${deep}}},"tiles":[{"href":"https://cogs.example.com/a.tif","bbox":[0,0,1,1]}]}`, `{"dataset":{"id":"a"},"tiles":[{"href":"https://cogs.example.com/a.tif","bbox":[0,0,1,1],"x":${deep}}]}`]) {
      expectError(await post(body), 400);
    }
  });

  it('with members of an object prototype changes nothing', async () => {
    const found = await post('{"__proto__":{"tiles":[]},"constructor":1,"dataset":{"id":"a"}}');
    expectError(found, 400);
    expect(({} as Record<string, unknown>)['tiles']).toBeUndefined();
  });
});
