/** MosaicJSON is of the moment: its ETag, what narrows it, the forms of its hrefs, and readers that leave (API.md section 3). */
import { get as httpGet } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { listOf, type Loose, text } from '../support/client.js';
import { itemBody, makeCollection } from '../support/datasets.js';
import { startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(() => server.reset());
afterAll(() => server?.close());

const C = '/collections/c/mosaic.json';
const hrefs = (mosaic: Loose): string[] => [...new Set(Object.values(mosaic['tiles'] ?? {}).flatMap((urls) => listOf(urls).map(text)))].toSorted();
const asked = async (path: string, etag: string): Promise<number> => (await server.request('GET', path, { headers: { 'if-none-match': etag } })).status;
const etagOf = async (path: string): Promise<string> => text((await server.request('HEAD', path)).headers['etag']);
const sql = (statement: string): Promise<unknown> => server.services.database.pool.query(statement);
const three = [0, 1, 2].map((n) => itemBody(`i${n}`, { bbox: [n, 0, n + 1, 1], properties: { datetime: `2024-01-0${n + 1}T00:00:00Z`, n } }));

describe('the ETag of a mosaic', () => {
  it('changes with every write of any program to what it is made of, and with nothing else', async () => {
    await makeCollection(server, 'c', three);
    await makeCollection(server, 'other', [itemBody('x')]);
    let etag = await etagOf(C);
    const changes = async (statement: string): Promise<boolean> => {
      await sql(statement);
      const status = await asked(C, etag);
      etag = await etagOf(C);
      return status === 200;
    };
    expect(await asked(C, etag)).toBe(304);
    const content = `jsonb_set(content, '{assets,data,href}', '"https://x.example/moved.tif"')`;
    expect(await changes(`UPDATE pgstac.items SET content = ${content} WHERE collection = 'other'`)).toBe(false);
    expect(await changes(`UPDATE pgstac.items SET content = ${content} WHERE collection = 'c' AND id = 'i1'`)).toBe(true);
    expect(await changes(`SELECT pgstac.delete_item('i2', 'c')`)).toBe(true);
    expect(await changes(`SELECT pgstac.create_item('${JSON.stringify({ ...itemBody('i2', { bbox: [2, 0, 3, 1] }), collection: 'c' })}'::jsonb)`)).toBe(true);
    expect(await changes('SELECT 1')).toBe(false);
    expect(hrefs((await server.request('GET', C)).body)).toEqual(['https://cogs.example.com/i0.tif', 'https://cogs.example.com/i2.tif', 'https://x.example/moved.tif']);
    expect(await changes(`UPDATE pgstac.collections SET content = content || '{"title": "Another"}' WHERE id = 'c'`)).toBe(true);
  });

  it('does not change with a transaction that is rolled back, nor before one that is open commits', async () => {
    await makeCollection(server, 'c', three);
    const etag = await etagOf(C);
    await sql(`DO $$ BEGIN BEGIN DELETE FROM pgstac.items WHERE id = 'i0'; RAISE EXCEPTION 'no'; EXCEPTION WHEN OTHERS THEN NULL; END; END $$`);
    expect(await asked(C, etag)).toBe(304);
    if (server.services.database.kind === 'embedded') return;
    const writer = await server.services.database.pool.connect();
    try {
      await writer.query(`BEGIN; UPDATE pgstac.items SET content = content || '{"x": 1}' WHERE id = 'i0'`);
      expect(await asked(C, etag)).toBe(304);
      // Somebody else's transaction: the snapshot is another, the rows are not.
      await sql('SELECT pg_current_xact_id()');
      expect(await asked(C, etag)).toBe(304);
      await writer.query('COMMIT');
      expect(await asked(C, etag)).toBe(200);
    } finally {
      writer.release();
    }
  });

  it('is another for other options', async () => {
    await makeCollection(server, 'c', three);
    const queries = ['', '?overlap=first', '?overlap=center', '?quadkey_zoom=3', '?quadkey_zoom=4', '?minzoom=1', '?compact=true', '?href=vsi', '?asset=data', '?max_per_quadkey=1', '?bbox=0,0,1,1', '?datetime=2024-01-01/..', '?filter=n=1', '?filter=n=2'];
    const etags = await Promise.all(queries.map((query) => etagOf(C + query)));
    expect(new Set(etags).size).toBe(queries.length);
  });

  it('is known before the work: 304 where the document itself could not be made', async () => {
    await makeCollection(server, 'c', [itemBody('world', { bbox: [-180, -85, 180, 85] })]);
    const path = `${C}?quadkey_zoom=12`;
    const { status, body } = await server.request('GET', path);
    expect([status, text(body['description'])]).toEqual([400, 'quadkey_zoom 12 makes a document of over 500000 quadkeys; quadkey_zoom 9 or lower fits.']);
    expect((await server.request('GET', `${C}?quadkey_zoom=9`)).status).toBe(200);
    const answer = await server.request('GET', path, { headers: { 'if-none-match': await etagOf(path) } });
    expect([answer.status, answer.bytes.length]).toEqual([304, 0]);
  });
});

describe('the answer', () => {
  it('comes gzipped to who takes that, and the same twice', async () => {
    await makeCollection(server, 'c', three);
    const plain = await server.request('GET', C);
    const packed = await server.request('GET', C, { headers: { 'accept-encoding': 'gzip' } });
    expect([packed.headers['content-encoding'], packed.headers['vary'], packed.headers['cache-control']]).toEqual(['gzip', 'Accept-Encoding', 'no-cache']);
    expect(gunzipSync(packed.bytes).equals(plain.bytes)).toBe(true);
    expect(packed.headers['etag']).toBe(plain.headers['etag']);
  });

  it('narrows a search that has a box, a time and a filter of its own', async () => {
    await makeCollection(server, 'c', three);
    const search = { collections: ['c'], bbox: [-1, -1, 2.5, 2], datetime: '2024-01-02T00:00:00Z/..', filter: { op: '>=', args: [{ property: 'n' }, 1] } };
    const { body } = await server.request('POST', '/searches/register', { body: search });
    const at = async (query: string): Promise<string[]> => hrefs((await server.request('GET', `/searches/${text(body['id'])}/mosaic.json${query}`)).body).map((href) => href.slice(-6));
    expect(await at('')).toEqual(['i1.tif', 'i2.tif']);
    expect(await at('?bbox=0,0,1.9,1')).toEqual(['i1.tif']);
    expect(await at('?datetime=../2024-01-02T12:00:00Z')).toEqual(['i1.tif']);
    expect(await at('?filter=n=2')).toEqual(['i2.tif']);
    expect(await at('?bbox=0,0,0.5,1')).toEqual([]);
  });

  it('takes pixels from where they are told, items or assets, and zooms from them', async () => {
    const cog = 'image/tiff; application=geotiff; profile=cloud-optimized';
    await makeCollection(server, 'c', [itemBody('a', { bbox: [0, 0, 1, 1], assets: { data: { href: 'https://x.example/a.tif', type: cog, gsd: 10 } } })]);
    expect((await server.request('GET', C)).body).toMatchObject({ maxzoom: 14, minzoom: 8, name: 'c', version: '1.0.0', center: [0.5, 0.5, 8] });
    await makeCollection(server, 'd', [itemBody('b', { bbox: [0, 0, 1, 1] })]);
    expect((await server.request('GET', '/collections/d/mosaic.json')).body).toMatchObject({ minzoom: 0, maxzoom: 24 });
  });
});

describe('hrefs', () => {
  const written = ['az://cogs/a b.tif', '/vsiaz/cogs/b.tif', 'https://acc.blob.core.windows.net/cogs/c.tif', '/vsicurl/https://x.example/d.tif', 'https://x.example/e.tif', 's3://bucket/f.tif'];
  const items = written.map((href, n) => itemBody(`h${n}`, { bbox: [n, 0, n + 1, 1], assets: { data: { href, type: 'image/tiff; application=geotiff' } } }));

  it('are URLs, or paths of GDAL, or 400 where they were to be signed', async () => {
    await makeCollection(server, 'c', items);
    const azure = { name: 'acc', endpoint: 'https://acc.blob.core.windows.net', credential: { kind: 'identity' } } as const;
    const variant = await server.variant({ azure });
    const of = async (query: string): Promise<string[]> => hrefs((await variant.request('GET', C + query)).body);
    try {
      expect(await of('')).toEqual([
        'https://acc.blob.core.windows.net/cogs/a%20b.tif', 'https://acc.blob.core.windows.net/cogs/b.tif', 'https://acc.blob.core.windows.net/cogs/c.tif',
        'https://x.example/d.tif', 'https://x.example/e.tif', 's3://bucket/f.tif',
      ]);
      expect(await of('?href=vsi')).toEqual(['/vsiaz/cogs/a b.tif', '/vsiaz/cogs/b.tif', '/vsiaz/cogs/c.tif', '/vsicurl/https://x.example/d.tif', '/vsicurl/https://x.example/e.tif', '/vsis3/bucket/f.tif']);
      const { status, body } = await variant.request('GET', `${C}?href=signed`);
      expect([status, text(body['description'])]).toEqual([400, expect.stringContaining('signs no hrefs')]);
    } finally {
      await variant.close();
    }
    expect(hrefs((await server.request('GET', C)).body)).toContain('az://cogs/a b.tif');
  });
});

describe('a client that goes away', () => {
  it('stops the query, whatever PostgreSQL is doing for it', async () => {
    const { pool, kind } = server.services.database;
    if (kind === 'embedded') return;
    await makeCollection(server, 'c', three);
    const working = async (): Promise<number> =>
      (await pool.query<{ count: number }>("SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%pgstac.items%'")).rows[0]?.count ?? -1;
    const until = async (count: number): Promise<number> => {
      for (let tries = 0; tries < 100 && (await working()) !== count; tries += 1) await delay(50);
      return working();
    };
    const { rows: [partition] } = await pool.query<{ name: string }>("SELECT tableoid::regclass::text AS name FROM pgstac.items WHERE collection = 'c' LIMIT 1");
    const blocker = await pool.connect();
    try {
      await blocker.query(`BEGIN; LOCK TABLE ${partition?.name} IN ACCESS EXCLUSIVE MODE`);
      const reader = httpGet(server.url + C);
      reader.on('error', () => {});
      expect(await until(1)).toBe(1);
      reader.destroy();
      expect(await until(0)).toBe(0);
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
    }
    expect(hrefs((await server.request('GET', C)).body)).toHaveLength(3);
  });
});
