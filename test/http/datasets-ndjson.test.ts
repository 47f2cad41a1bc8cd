/** Datasets as NDJSON: the same as JSON, read as it comes, guarded against cut and silent uploads, limited line by line. */
import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { listOf, type Loose, type TestAnswer, text } from '../support/client.js';
import { makeCog } from '../support/cogs.js';
import { boxTiles, datasetBody } from '../support/datasets.js';
import { eventually } from '../support/faults.js';
import { linesOf, openUpload, postLines } from '../support/ndjson.js';
import { startTestServer, type TestServer, type TestVariant } from '../support/server.js';

let server: TestServer;
/** With limits that a test reaches. */
let strict: TestVariant;
beforeAll(async () => {
  server = await startTestServer();
  strict = await server.variant({ maxNdjsonBytes: 3 * 1024 * 1024, uploadIdleMs: 400 });
});
beforeEach(() => server.reset());
afterAll(async () => {
  await strict?.close();
  await server?.close();
});

const post = (body: string | Buffer, headers: Record<string, string> = {}): Promise<TestAnswer> => postLines(server, body, headers);
const paths = ({ body }: { body: Loose }): string[] => listOf(body['errors']).map((error) => text(error['path']));
const spooled = (): Promise<string[]> => readdir(`${server.services.config.dataDir}/spool`).catch(() => []);

/** Nothing of an upload is left: no rows, no files, no connection that somebody holds. */
async function expectNothing(id = 'a'): Promise<void> {
  expect((await server.request('GET', `/api/datasets/${id}`)).status).toBe(404);
  const written = await server.written();
  expect({ items: written['pgstac.items'], files: written['files'], spooled: await spooled() }).toEqual({ items: 0, files: [], spooled: [] });
  const { pool } = server.services.database;
  // The thumbnail of a dataset that was written before may just be noted down.
  await eventually('no connection is held', () => pool.totalCount === pool.idleCount);
}

/** Times and ids that differ from one writing to the next. */
const steady = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/[0-9a-f]{32}/g, 'ID').replaceAll(server.url, ''));

describe('an NDJSON body', () => {
  it('makes the same dataset as JSON does', async () => {
    const body = datasetBody('a', boxTiles(47), { mosaic: { overlap: 'first' } });
    const { status, headers, body: answer } = await post(linesOf({ ...body, expected_tiles: 47 }));
    expect(status).toBe(201);
    expect(headers['location']).toBe(`${server.url}/api/datasets/a`);
    const made = async (): Promise<unknown> => steady(await Promise.all(['', '/tiles?limit=100', '/mosaic.json'].map(async (part) => (await server.request('GET', `/api/datasets/a${part}`)).body)));
    const ofLines = await made();
    await server.request('DELETE', '/api/datasets/a');
    const again = await server.request('POST', '/api/datasets', { body });
    expect(again.status).toBe(201);
    expect(steady(again.body)).toEqual(steady(answer));
    expect(await made()).toEqual(ofLines);
    expect(JSON.stringify(ofLines)).toContain('Tile 007 of 047');
  });

  it('tells the count in titles and the instants of tiles also where they are known only at the end', async () => {
    const tiles = boxTiles(12).map((tile, i) => (i % 2 === 0 ? { ...tile, datetime: `2024-01-${10 + i}T00:00:00Z` } : tile));
    expect((await post(linesOf({ dataset: { id: 'a' }, tiles }))).status).toBe(201);
    const features = listOf((await server.request('GET', '/api/datasets/a/tiles?limit=100')).body['features']);
    expect(features.map((tile) => tile['assets']?.['data']?.['title'])).toEqual(tiles.map((_, i) => `Tile ${String(i + 1).padStart(3, '0')} of 012`));
    expect(features[0]?.['properties']).toMatchObject({ title: 'Tile 001 of 012', datetime: '2024-01-10T00:00:00Z' });
    expect(features[1]?.['properties']).toMatchObject({ datetime: null, start_datetime: '2024-01-10T00:00:00.000Z', end_datetime: '2024-01-20T00:00:00.000Z' });
    const { rows } = await server.services.database.pool.query<{ n: string }>("SELECT count(*) AS n FROM pgstac.items WHERE collection = 'system_tiles' AND datetime < end_datetime");
    expect(Number(rows[0]?.n)).toBe(6);
  });

  it('may hold empty lines, carriage returns, tiles in any order, and no last newline', async () => {
    const lines = linesOf(datasetBody('a', boxTiles(5).toReversed())).trimEnd().split('\n');
    const { status } = await post(`\n${lines.join('\r\n\n  \n')}`);
    expect(status).toBe(201);
    const features = listOf((await server.request('GET', '/api/datasets/a/tiles')).body['features']);
    expect(features.map((tile) => tile['properties']?.['tile_index'])).toEqual([1, 2, 3, 4, 5]);
  });

  it('may be packed', async () => {
    const lines = linesOf(datasetBody('a', boxTiles(100)));
    expect((await post(gzipSync(lines), { 'content-encoding': 'gzip' })).status).toBe(201);
    expect((await post(gzipSync(lines).subarray(0, 100), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(lines, { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(lines, { 'content-encoding': 'rot13' })).status).toBe(415);
    expect((await post(lines, { 'content-type': 'application/x-ndjson; charset=latin1' })).status).toBe(415);
  });

  it('is the same content as its JSON, with its key or without', async () => {
    const body = datasetBody('a', boxTiles(9));
    const first = await post(linesOf(body), { 'idempotency-key': 'k' });
    expect(first.status).toBe(201);
    for (const again of [await post(linesOf({ ...body, expected_tiles: 9 })), await server.request('POST', '/api/datasets', { body }), await post(linesOf(body), { 'idempotency-key': 'k' })]) {
      expect({ status: again.status, body: again.body }).toEqual({ status: 200, body: first.body });
    }
    expect((await post(linesOf(datasetBody('a', boxTiles(8))))).status).toBe(409);
    expect((await post(linesOf(datasetBody('b', boxTiles(8))), { 'idempotency-key': 'k' })).status).toBe(409);
  });

  it('is only checked with validate=only', async () => {
    const before = await server.written();
    const { status, body } = await postLines(server, linesOf(datasetBody('a', boxTiles(9))), {}, '/api/datasets?validate=only');
    expect({ status, body }).toMatchObject({ status: 200, body: { valid: true, tile_count: 9, bbox: [0, 0, 40, 30] } });
    expect((await postLines(server, linesOf(datasetBody('a', [{ href: '' }])), {}, '/api/datasets?validate=only')).status).toBe(400);
    expect(await server.written()).toEqual(before);
  });

  it('has the headers of tiles that are only hrefs read while it comes', async () => {
    const hrefs = await Promise.all(Array.from({ length: 100 }, async (_, i) => server.file(`t${i}.tif`, await makeCog({ width: 16, height: 16, res: 0.1, west: (i % 10) * 1.6, north: 16 - Math.floor(i / 10) * 1.6, block: 16 }))));
    const { status, body } = await post(linesOf({ dataset: { id: 'a' }, tiles: hrefs.map((href) => ({ href })) }));
    expect({ status, body }).toMatchObject({ status: 201, body: { tile_count: 100, warnings: [] } });
    const features = listOf((await server.request('GET', '/api/datasets/a/tiles?limit=100')).body['features']);
    expect(features.map((tile) => tile['assets']?.['data']?.['href'])).toEqual(hrefs);
    const bad = await post(linesOf({ dataset: { id: 'b' }, tiles: hrefs.slice(0, 80).map((href, i) => ({ href: i % 40 === 7 ? `${href}.nosuch` : href })) }));
    expect({ status: bad.status, paths: paths(bad) }).toEqual({ status: 400, paths: ['/tiles/7/href', '/tiles/47/href'] });
  }, 60_000);

  it('of writers at once makes one dataset', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, (_, i) => post(linesOf(datasetBody('a', boxTiles(20 + i))))));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409, 409]);
    const winner = answers.find(({ status }) => status === 201)?.body['tile_count'];
    expect((await server.written())['pgstac.items']).toBe(Number(winner) + 1);
  });
});

describe('bad lines', () => {
  it('are all named, by place and index, with what is no JSON, no object or no tile', async () => {
    const lines = linesOf(datasetBody('a', boxTiles(10))).trimEnd().split('\n');
    [lines[3], lines[5], lines[7], lines[9]] = ['{"href":', '"text"', '[1]', JSON.stringify({ ...boxTiles(9)[8], bbox: [1, 1, 0, 0] })];
    const answer = await post(lines.join('\n'));
    expect(answer.status).toBe(400);
    expect(listOf(answer.body['errors']).map(({ path, index }) => [path, index])).toEqual([['/tiles/2', 3], ['/tiles/4', 5], ['/tiles/6', 7], ['/tiles/8/bbox', 9]]);
    await expectNothing();
  });

  it('by the thousand are counted, the first hundred listed', async () => {
    const answer = await post(linesOf({ dataset: { id: 'a' }, tiles: Array.from({ length: 5000 }, (_, i) => ({ href: `https://cogs.example.com/${i}.tif`, bbox: [0, 1, 1, 0] })) }));
    expect(answer.status).toBe(400);
    expect(paths(answer)).toEqual(Array.from({ length: 100 }, (_, i) => `/tiles/${i}/bbox`));
    expect(answer.body['error_count']).toBe(5000);
    expect(text(answer.body['description'])).toContain('5000');
  });

  it('that are not UTF-8, or nested without end, are named', async () => {
    const [head = '', tile = ''] = linesOf(datasetBody('a', boxTiles(1))).split('\n');
    expect(paths(await post(Buffer.concat([Buffer.from(`${head}\n${tile}\n{"href":"`), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')])))).toEqual(['/tiles/1']);
    expect(paths(await post(`${head}\n${tile}\n${'['.repeat(5000)}${']'.repeat(5000)}\n`))).toEqual(['/tiles/1']);
  });

  it('of the schemas are found in each kind of tile, however many good ones come before', async () => {
    const tiles = boxTiles(120).map((tile, i) => (i === 70 ? { ...tile, platform: 7 } : i === 110 ? { ...tile, bands: [{ name: 7 }] } : tile));
    const answer = await post(linesOf(datasetBody('a', tiles)));
    expect(answer.status).toBe(400);
    expect(paths(answer)).toEqual(['/tiles/70/properties/platform', '/tiles/110/assets/data/bands/0/name']);
  });

  it('with an index or href of another are named, whichever came first', async () => {
    const tiles = boxTiles(6);
    const answer = await post(linesOf(datasetBody('a', [...tiles.slice(0, 4), { ...tiles[4], href: 'https://cogs.example.com/x.tif', index: 2 }, { ...tiles[5], href: tiles[0]?.href ?? '' }])));
    expect(listOf(answer.body['errors']).map(({ path, message, index }) => [path, message, index])).toEqual([
      ['/tiles/4/index', 'is 2, as that of /tiles/1', 2],
      ['/tiles/5/href', 'is the same as that of /tiles/0', 6],
    ]);
  });

  for (const [what, lines, path] of [
    ['an empty body', '', ''],
    ['an empty line', '\n\n', ''],
    ['a head that is no JSON', '{"dataset":\n', ''],
    ['a head that is a text', '"dataset"\n', ''],
    ['a head without a dataset', '{"mosaic":{}}\n{"href":"https://cogs.example.com/a.tif","bbox":[0,0,1,1]}\n', '/dataset'],
    ['a head with tiles', '{"dataset":{"id":"a"},"tiles":[]}\n{"href":"https://cogs.example.com/a.tif","bbox":[0,0,1,1]}\n', '/tiles'],
    ['no tiles', '{"dataset":{"id":"a"}}\n', '/tiles'],
    ['a JSON document over lines', JSON.stringify(datasetBody('a'), undefined, 2), ''],
  ] as const) {
    it(`${what} is 400`, async () => {
      const answer = await post(lines);
      expect({ status: answer.status, first: paths(answer)[0] }).toEqual({ status: 400, first: path });
      await expectNothing();
    });
  }
});

describe('an upload that does not come to its end', () => {
  const lines = linesOf(datasetBody('a', boxTiles(100))).split('\n');

  it('at the end of a line is caught by expected_tiles', async () => {
    const cut = linesOf({ ...datasetBody('a', boxTiles(60)), expected_tiles: 100 });
    const answer = await post(cut);
    expect({ status: answer.status, paths: paths(answer) }).toEqual({ status: 400, paths: ['/expected_tiles'] });
    await expectNothing();
  });

  it('cut in the middle leaves nothing', async () => {
    for (const many of [1, 2, 50.5, 100]) {
      const { outgoing, answer } = openUpload(server.url);
      outgoing.write(lines.join('\n').slice(0, Math.floor((lines.join('\n').length * many) / 101)));
      await delay(50);
      outgoing.destroy();
      expect(await answer).toBeUndefined();
    }
    await delay(100);
    await expectNothing();
    expect((await post(lines.join('\n'))).status).toBe(201);
  });

  it('because its client falls silent is ended with 408, and held no connection meanwhile', async () => {
    const { outgoing, answer } = openUpload(strict.url);
    outgoing.write(`${lines.slice(0, 50).join('\n')}\n`);
    await delay(200);
    const { pool } = server.services.database;
    expect(pool.totalCount - pool.idleCount).toBe(0);
    const ended = await answer;
    expect({ status: ended?.status, code: ended?.body['code'] }).toEqual({ status: 408, code: 'RequestTimeout' });
    await expectNothing();
  });

  it('because its bytes trickle in is ended with 408 once it has taken too long, however often one comes', async () => {
    const hasty = await server.variant({ uploadIdleMs: 400, uploadMs: 600 });
    const { outgoing, answer } = openUpload(hasty.url);
    outgoing.write(`${lines[0]}\n`);
    const trickle = setInterval(() => outgoing.write(' '), 50);
    const ended = await answer;
    clearInterval(trickle);
    await hasty.close();
    expect({ status: ended?.status, code: ended?.body['code'], said: text(ended?.body['description']) }).toEqual({ status: 408, code: 'RequestTimeout', said: expect.stringMatching(/^The body came too slowly: \d+ bytes in 1 seconds \(UPLOAD_SECONDS\)\.$/) as unknown });
    await expectNothing();
  });

  it('but comes slowly is taken', async () => {
    const { outgoing, answer } = openUpload(strict.url);
    for (let from = 0; from < lines.length; from += 20) {
      outgoing.write(lines.slice(from, from + 20).map((line) => `${line}\n`).join(''));
      await delay(150);
    }
    outgoing.end();
    expect((await answer)?.status).toBe(201);
  });
});

describe('a limit', () => {
  it('of a line is 1 MB', async () => {
    const [head = '', tile = ''] = linesOf(datasetBody('a', boxTiles(1))).split('\n');
    const long = (bytes: number): string => `${head}\n${tile.slice(0, -1)},"description":"${'x'.repeat(bytes - tile.length - 17)}"}\n`;
    expect((await post(long(1024 * 1024 + 1))).status).toBe(413);
    expect((await post(`${head}\n${'x'.repeat(1024 * 1024 + 1)}`)).status).toBe(413);
    await expectNothing();
    expect((await post(long(1024 * 1024))).status).toBe(201);
  });

  it('of the body counts what it unpacks to', async () => {
    const [head = '', tile = ''] = linesOf(datasetBody('a', boxTiles(1))).split('\n');
    const large = Buffer.from(`${head}\n${tile}\n${' '.repeat(1000).concat('\n').repeat(4000)}`);
    const packed = await postLines(strict, gzipSync(large), { 'content-encoding': 'gzip' });
    expect({ status: packed.status, code: packed.body['code'] }).toEqual({ status: 413, code: 'TooLarge' });
    const plain = await postLines(strict, large).catch(() => undefined);
    expect(plain?.status ?? 413).toBe(413);
    await expectNothing();
    expect((await post(large)).status).toBe(201);
  });
});
