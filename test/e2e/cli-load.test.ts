/** `stac-mosaic load`, `validate` and `register` as users run them, on files as other tools write them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Loose, listOf, text } from '../support/client.js';
import { createServerDatabase, type ServerDatabase, testsOnPostgres } from '../support/database.js';
import { type Ended, runProgram, startProgram, startServerProcess } from '../support/process.js';

let folder = '';
let database: ServerDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stac-mosaic-load-'));
  database = await createServerDatabase();
}, 120_000);

afterAll(async () => {
  await database.remove();
  await rm(folder, { recursive: true, force: true });
});

const collection = (id: string, more: object = {}): object => ({
  type: 'Collection', stac_version: '1.0.0', id, description: 'A test', license: 'MIT', links: [],
  extent: { spatial: { bbox: [[0, 0, 1, 1]] }, temporal: { interval: [['2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z']] } }, ...more,
});

const item = (id: string, of: string, i = 0, more: object = {}): object => ({
  type: 'Feature', stac_version: '1.0.0', id, collection: of, bbox: [i, 0, i + 1, 1], links: [], assets: {},
  geometry: { type: 'Polygon', coordinates: [[[i, 0], [i + 1, 0], [i + 1, 1], [i, 1], [i, 0]]] },
  properties: { datetime: `2021-${String(1 + (i % 12)).padStart(2, '0')}-01T00:00:00Z` }, ...more,
});

const ndjson = (...documents: readonly object[]): string => documents.map((document) => `${JSON.stringify(document)}\n`).join('');

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const run = (...args: string[]): Promise<Ended> => runProgram(args, database.env);
const json = ({ stdout }: Ended): Loose => JSON.parse(stdout) as Loose;

/** What a server on the database answers. */
async function withServer<T>(work: (get: (path: string) => Promise<Loose>, url: string) => Promise<T>): Promise<T> {
  const server = await startServerProcess(database.env);
  try {
    return await work(async (path) => (await (await fetch(server.url + path)).json()) as Loose, server.url);
  } finally {
    expect(await server.stop()).toBe(0);
  }
}

describe('load', () => {
  it('takes collections and items in every form that tools write, with hook and extents', async () => {
    const mixed = await file('mixed.ndjson', ndjson(item('a1', 'a', 3), collection('a'), item('a2', 'a', 5)));
    const array = await file('array.json', JSON.stringify([item('a3', 'a', 7), item('a4', 'a', 9)], undefined, 2));
    const features = await file('features.geojson', JSON.stringify({ type: 'FeatureCollection', features: [item('a5', 'a', 11)] }));
    const packed = await file('packed.ndjson.gz', gzipSync(`\uFEFF\n${ndjson(item('a6', 'a', 20))}\n\n`));
    const one = await file('one.json', JSON.stringify(item('a7', 'elsewhere', 2), undefined, 1));
    const ended = await run('load', mixed, array, features, packed, '--json');
    expect([ended.code, json(ended)]).toMatchObject([0, { collections: 1, items: 6, ignored: 0 }]);
    expect((await run('load', one, '--collection', 'a')).code).toBe(0);
    await withServer(async (get) => {
      const items = await get('/collections/a/items');
      expect(listOf(items['features']).map(({ id }) => text(id)).toSorted()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']);
      const stored = await get('/collections/a');
      expect(stored['extent']).toMatchObject({ spatial: { bbox: [[2, 0, 21, 1]] }, temporal: { interval: [['2021-03-01T00:00:00.000Z', '2021-12-01T00:00:00.000Z']] } });
      const [search] = listOf(stored['summaries']?.['mosaic:search_id']);
      expect((await get(`/searches/${text(search)}/info`))['search']).toMatchObject({ search: { collections: ['a'] } });
    });
  }, 120_000);

  it('inserts, replaces or leaves what exists, as --method says', async () => {
    const first = await file('b1.ndjson', ndjson(collection('b'), item('b1', 'b', 1), item('b2', 'b', 40)));
    const second = await file('b2.ndjson', ndjson(collection('b', { title: 'New' }), item('b2', 'b', 2, { properties: { datetime: '2021-05-01T00:00:00Z', title: 'new' } }), item('b3', 'b', 4)));
    expect((await run('load', first)).code).toBe(0);
    const refused = await run('load', second);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('Collection b exists; --method upsert replaces it')]);
    const ignored = await run('load', second, '--method', 'ignore', '--json');
    expect([ignored.code, json(ignored)]).toMatchObject([0, { collections: 0, items: 1, ignored: 2 }]);
    const replaced = await run('load', second, '--method', 'upsert', '--json');
    expect([replaced.code, json(replaced)]).toMatchObject([0, { collections: 1, items: 2, ignored: 0 }]);
    await withServer(async (get) => {
      expect((await get('/collections/b/items/b2'))['properties']).toMatchObject({ title: 'new' });
      expect(await get('/collections/b')).toMatchObject({ title: 'New', extent: { spatial: { bbox: [[0, 0, 5, 1]] } } });
    });
  }, 120_000);

  it('writes nothing of a file with a fault, and names every one with its line; other files go in', async () => {
    const bad = await file('bad.ndjson', `${ndjson(collection('c'), item('c1', 'c'))}{"type": "Feature", nonsense}\n${ndjson(item('c1', 'c'), item('c2', 'c', 0, { geometry: null }), item('c3', 'system_tiles'), item('c4', 'c', 0, { properties: { datetime: 'yesterday' } }), { type: 'Table' })}`);
    const good = await file('good.ndjson', ndjson(collection('d'), item('d1', 'd')));
    const alone = await run('load', bad);
    expect([alone.code, alone.stdout]).toEqual([1, '']);
    for (const words of ['bad.ndjson:3  is not JSON', `bad.ndjson:4 /id is the same as that of ${bad}:2`, 'bad.ndjson:5 /geometry', 'bad.ndjson:6  The tiles of datasets', 'bad.ndjson:7 /properties/datetime', 'bad.ndjson:8 /type must be']) expect(alone.stderr).toContain(words);
    const both = await run('load', bad, good, '--json');
    expect([both.code, json(both)]).toMatchObject([3, { collections: 1, items: 1 }]);
    await withServer(async (get) => {
      expect(await get('/collections/c')).toMatchObject({ code: 'NotFound' });
      expect(await get('/collections/d/items/d1')).toMatchObject({ id: 'd1' });
    });
  }, 120_000);

  it('checks less with --no-validate, but never what the database could not hold', async () => {
    const odd = await file('odd.ndjson', ndjson(collection('e'), item('e1', 'e', 0, { stac_version: 'none', assets: { data: {} } })));
    expect((await run('load', odd)).code).toBe(1);
    expect((await run('load', odd, '--no-validate')).code).toBe(0);
    const flat = await file('flat.ndjson', ndjson(item('e2', 'e', 0, { geometry: null })));
    expect(await run('load', flat, '--no-validate')).toMatchObject({ code: 1, stderr: expect.stringContaining('/geometry is required') });
  }, 60_000);

  it('loads into a server that runs', async () => {
    const path = await file('f.ndjson', ndjson(collection('f'), ...Array.from({ length: 1500 }, (_, i) => item(`f${i}`, 'f', i % 100))));
    await withServer(async (get, url) => {
      const ended = await run('load', path, '--server', url, '--json');
      expect([ended.code, json(ended)]).toMatchObject([0, { collections: 1, items: 1500 }]);
      expect((await run('load', path, '--server', url)).stderr).toContain('The server answers 409: Collection f exists');
      expect((await run('load', path, '--server', url, '--method', 'upsert')).code).toBe(0);
      expect((await get('/collections/f/items?limit=1'))['numberMatched']).toBe(1500);
      expect(await run('load', path, '--server', url, '--method', 'ignore')).toMatchObject({ code: 2 });
    });
  }, 120_000);

  (testsOnPostgres() ? it : it.skip)('leaves nothing behind when it is interrupted in the middle of its transaction', async () => {
    const { Client } = (await import('pg')).default;
    expect((await run('load', await file('h.json', JSON.stringify(collection('h'))))).code).toBe(0);
    const client = new Client(database.env['DATABASE_URL']);
    await client.connect();
    // Whoever holds the collection makes the load wait with its items sent.
    await client.query("BEGIN; SELECT 1 FROM pgstac.collections WHERE id = 'h' FOR UPDATE");
    const loading = startProgram(['load', await file('h.ndjson', ndjson(item('h1', 'h'), item('h2', 'h')))], database.env);
    // Inside a transaction PostgreSQL shows the activity as it was first seen.
    const waits = async (): Promise<boolean> =>
      (await client.query('SELECT pg_stat_clear_snapshot()')).rowCount === 1 && (await client.query("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")).rowCount === 1;
    while (!(await waits())) await new Promise((resolve) => setTimeout(resolve, 20));
    loading.process.kill('SIGINT');
    const { code, stderr } = await loading.ended;
    await client.query('COMMIT');
    const { rows } = await client.query("SELECT count(*)::int AS count FROM pgstac.items WHERE collection = 'h'");
    await client.end();
    expect([code, stderr.includes('    at '), rows]).toEqual([130, false, [{ count: 0 }]]);
  }, 60_000);

  it('says what is wrong with its input', async () => {
    const orphan = await file('orphan.ndjson', ndjson(item('x', 'nowhere')));
    const empty = await file('empty.ndjson', '\n\n');
    const cut = await file('cut.ndjson.gz', gzipSync(ndjson(item('x', 'nowhere'))).subarray(0, 40));
    const bytes = await file('bytes.ndjson', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]));
    for (const [args, exit, words] of [
      [[], 2, "missing required argument 'file'"],
      [['/nosuch.ndjson'], 1, 'there is no such file or folder'],
      [[orphan], 1, 'Collection nowhere does not exist'],
      [[empty], 1, 'it holds no documents'],
      [[cut], 1, 'cut.ndjson.gz  cannot be read: unexpected end of file'],
      [[bytes], 1, 'bytes.ndjson  cannot be read: it is not UTF-8 text'],
      [[orphan, '--method', 'merge'], 2, 'Allowed choices are insert, upsert, ignore'],
      [['http://127.0.0.1:1/items.json'], 1, 'cannot be fetched ('],
    ] as const) {
      const { code, stderr } = await run('load', ...args);
      expect([code, stderr]).toEqual([exit, expect.stringContaining(words)]);
      expect(stderr).not.toContain('    at ');
    }
  }, 120_000);
});

describe('validate', () => {
  it('passes good documents with 0 and says what could not be checked', async () => {
    const good = await file('valid.ndjson', ndjson(collection('a'), item('a', 'a', 0, { stac_extensions: ['https://example.com/none/v1.0.0/schema.json'], links: [{ rel: 'collection', href: './a' }] })));
    const ended = await runProgram(['validate', good]);
    expect(ended).toMatchObject({ code: 0, stdout: '2 documents: 2 valid, 0 invalid.\n', stderr: expect.stringContaining('https://example.com/none/v1.0.0/schema.json (1 document)') });
  });

  it('names each fault with file, line and place, as text and as JSON, and ends with 1', async () => {
    const bad = await file('invalid.ndjson', `${ndjson(collection('a'), collection('b', { license: 7 }))}{nonsense}\n${ndjson(item('i', 'a', 0, { bbox: [1, 2, 3], links: [{ rel: 'collection', href: './a' }] }))}`);
    const plain = await runProgram(['validate', bad]);
    expect(plain.code).toBe(1);
    for (const words of [`${bad}:2: /license must be string`, `${bad}:3: is not JSON`, `${bad}:4: /bbox `, '4 documents: 1 valid, 3 invalid.']) expect(plain.stdout).toContain(words);
    const machine = await runProgram(['validate', bad, '--json']);
    expect([machine.code, json(machine)]).toMatchObject([1, { documents: 4, valid: 1, invalid: 3, invalid_documents: [{ at: `${bad}:2`, id: 'b' }, { at: `${bad}:3`, id: null }, { at: `${bad}:4`, id: 'i' }] }]);
  });

  it('looks through folders and leaves out what is no STAC; places in an item collection are pointers', async () => {
    await mkdir(join(folder, 'catalog', 'sub'), { recursive: true });
    await file('catalog/package.json', '{"name": "x"}');
    await file('catalog/sub/collection.json', JSON.stringify(collection('a'), undefined, 2));
    const items = await file('catalog/sub/items.geojson', JSON.stringify({ type: 'FeatureCollection', features: [item('good', 'a', 0, { links: [{ rel: 'collection', href: './a' }] }), { type: 'Feature' }] }));
    const ended = await runProgram(['validate', join(folder, 'catalog')]);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain(`${items}#/features/1: /stac_version is required`);
    expect(ended.stdout).toContain('3 documents: 2 valid, 1 invalid.');
    expect(ended.stderr).toContain('1 document without a STAC type left out.');
  });

  it('refuses nothing at all, and options it does not know', async () => {
    expect((await runProgram(['validate'])).code).toBe(2);
    expect((await runProgram(['validate', '--schema', 'x', 'y'])).code).toBe(2);
    expect((await runProgram(['validate', '/nosuch'])).code).toBe(1);
  });
});

describe('register', () => {
  it('gives collections that came in another way their search and links, once; one that fails stops no other', async () => {
    const { Client } = (await import('pg')).default;
    const url = database.env['DATABASE_URL'];
    // The embedded database has no other way in: there, collections of ours are registered again.
    if (url === undefined) expect((await run('load', await file('g.json', JSON.stringify(collection('foreign'))))).code).toBe(0);
    else {
      const client = new Client(url);
      await client.connect();
      await client.query('SELECT pgstac.create_collection($1)', [JSON.stringify(collection('foreign'))]);
      await client.end();
    }
    const first = await run('register', 'nosuch', 'foreign', '--json');
    expect([first.code, first.stderr]).toEqual([3, expect.stringContaining('nosuch: Collection nosuch does not exist.')]);
    expect(json(first)['collections']).toMatchObject([{ collection: 'nosuch', search_id: null }, { collection: 'foreign', changed: url !== undefined }]);
    const again = await run('register', '--all', '--json');
    const all = listOf(json(again)['collections']);
    expect([again.code, all.filter(({ changed }) => text(changed) === 'true')]).toEqual([0, []]);
    expect(all.map(({ collection }) => text(collection))).not.toContain('system_tiles');
    await withServer(async (get) => {
      const stored = await get('/collections/foreign');
      const id = text(listOf(json(first)['collections'])[1]?.['search_id']);
      expect(stored['summaries']).toMatchObject({ 'mosaic:search_id': [id] });
      expect(listOf(stored['links']).map(({ rel }) => text(rel))).toEqual(expect.arrayContaining(['preview', 'tilejson', 'tiles', 'mosaicjson']));
    });
  }, 120_000);

  it('wants names or --all, not both', async () => {
    expect((await run('register')).code).toBe(2);
    expect((await run('register', 'a', '--all')).code).toBe(2);
    expect((await run('register', 'nosuch')).code).toBe(1);
  }, 60_000);
});
