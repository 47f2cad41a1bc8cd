/** Rows that are copied while the rest of an upload is still read: what comes of it, and that nothing is held for nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { giveUp, withTransaction } from '../../src/database/transaction.js';
import { HeadStart } from '../../src/datasets/head-start.js';
import { lockDataset } from '../../src/datasets/records.js';
import { type Base, currentBase, itemRow, type StacItem } from '../../src/pgstac/items-write.js';
import { listOf, text } from '../support/client.js';
import { testsOnPostgres } from '../support/database.js';
import { datasetBody, itemBody } from '../support/datasets.js';
import { linesOf, postLines } from '../support/ndjson.js';
import { startTestServer, type TestServer } from '../support/server.js';

// The embedded database has one backend: there is no head start on it.
const suite = testsOnPostgres() ? describe : describe.skip;

suite('a head start', () => {
  let server: TestServer;
  let base: Base;
  beforeAll(async () => {
    server = await startTestServer();
    base = await currentBase(server.services.database.pool, 'system_tiles');
  });
  beforeEach(() => server.reset());
  afterAll(() => server?.close());

  const row = (id: string): Buffer => Buffer.from(itemRow({ ...itemBody(id), collection: 'system_tiles' } as unknown as StacItem, base));

  async function* rows(count: number): AsyncGenerator<Buffer> {
    for (let i = 0; i < count; i += 1) {
      await delay(1);
      yield row(`t${i}`);
    }
  }

  async function* endless(): AsyncGenerator<Buffer> {
    yield row('t');
    await new Promise(() => undefined);
  }

  const begin = (from: AsyncIterable<Buffer>): HeadStart | undefined => HeadStart.begin(server.services.database.pool, { id: 'a', key: undefined, base }, from);

  const tilesSeen = async (client?: PoolClient): Promise<number> => {
    const { rows: found } = await (client ?? server.services.database.pool).query<{ n: number }>("SELECT count(*)::int AS n FROM pgstac.items WHERE collection = 'system_tiles'");
    return found[0]?.n ?? -1;
  };

  const expectFree = (): void => {
    const { pool } = server.services.database;
    expect(pool.totalCount - pool.idleCount).toBe(0);
  };

  it('is a transaction with all rows that nobody else sees', async () => {
    const start = begin(rows(30));
    await delay(20);
    const client = await start?.take();
    if (client === undefined) throw new Error('It came to nothing.');
    expect([await tilesSeen(client), await tilesSeen()]).toEqual([30, 0]);
    expect(await start?.take()).toBeUndefined();
    await giveUp(client);
    expectFree();
  });

  it('is one at a time', async () => {
    const first = begin(endless());
    expect(begin(endless())).toBeUndefined();
    await first?.abandon();
    expectFree();
    const next = begin(rows(1));
    expect(next).toBeDefined();
    await next?.abandon();
  });

  it('is none where there is one connection for all', () => {
    const pool = server.services.database.pool;
    const { max } = pool.options;
    pool.options.max = 1;
    try {
      expect(begin(rows(1))).toBeUndefined();
    } finally {
      pool.options.max = max;
    }
    expectFree();
  });

  it('that is given up while rows are waited for leaves nothing', async () => {
    const start = begin(endless());
    await delay(50);
    await start?.abandon();
    expectFree();
    expect(await tilesSeen()).toBe(0);
    expect(await start?.take()).toBeUndefined();
  });

  it('lets go by itself where the rest takes too long', async () => {
    const start = begin(rows(3));
    await delay(1300);
    expectFree();
    expect(await start?.take()).toBeUndefined();
  });

  it('comes to nothing where another writes the dataset, where it exists, and where a row is no good', async () => {
    const { pool } = server.services.database;
    await withTransaction(pool, async (client) => {
      await lockDataset(client, 'a');
      const start = begin(rows(3));
      await delay(50);
      expect(await start?.take()).toBeUndefined();
    });
    const broken = begin((async function* () {
      yield await Promise.resolve(Buffer.from('no row\n'));
    })());
    await delay(50);
    expect(await broken?.take()).toBeUndefined();
    expect((await server.request('POST', '/api/datasets', { body: datasetBody('a') })).status).toBe(201);
    const late = begin(rows(3));
    await delay(50);
    expect(await late?.take()).toBeUndefined();
    expectFree();
  });

  /** Ends the sessions that hold a transaction open. */
  const terminate = async (): Promise<void> => {
    const { rowCount } = await server.services.database.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'");
    expect(rowCount).toBe(1);
    await delay(50);
  };

  it('comes to nothing where its connection is lost while it is held', async () => {
    const start = begin(rows(3));
    await delay(100);
    await terminate();
    expect(await start?.take()).toBeUndefined();
    expectFree();
  });

  describe('of a post', () => {
    const tiles = Array.from({ length: 2000 }, (_, i) => ({ href: `https://cogs.example.com/tile_${i + 1}.tif`, bbox: [(i % 100) - 50, Math.floor(i / 100), (i % 100) - 49, Math.floor(i / 100) + 1], index: i + 1 }));

    it('makes what other posts make, by JSON and by lines', async () => {
      const body = datasetBody('a', tiles);
      const told = await Promise.all([tiles.length, undefined].map(async (count) => {
        const id = `lines-${count}`;
        expect((await postLines(server, linesOf({ ...body, dataset: { ...body.dataset, id }, ...(count === undefined ? {} : { expected_tiles: count }) }))).status).toBe(201);
        return id;
      }));
      expect((await server.request('POST', '/api/datasets', { body })).status).toBe(201);
      expect(await tilesSeen()).toBe(3 * tiles.length);
      for (const id of ['a', ...told]) {
        const [tile] = listOf((await server.request('GET', `/api/datasets/${id}/tiles?limit=1`)).body['features']);
        expect(text(tile?.['properties']?.['title'])).toBe('Tile 001 of 2000');
        expect((await server.request('POST', '/api/datasets', { body: { ...body, dataset: { ...body.dataset, id } } })).status).toBe(200);
      }
      expectFree();
    });

    it('ends where a tile takes the instants that only the whole dataset has', async () => {
      const dated = tiles.map((tile, i) => (i === 1500 ? tile : { ...tile, datetime: `2024-01-0${1 + (i % 9)}T00:00:00Z` }));
      expect((await postLines(server, linesOf({ dataset: { id: 'a' }, tiles: dated }))).status).toBe(201);
      expect(await tilesSeen()).toBe(tiles.length);
      const found = await server.request('GET', '/api/datasets/a/tiles?limit=1000');
      expect(listOf(found.body['features']).every((tile) => /^2024-01-0\d/.test(text(tile['properties']?.['datetime'])))).toBe(true);
      const { rows: [undated] } = await server.services.database.pool.query<{ start: string }>("SELECT content #>> '{properties,start_datetime}' AS start FROM pgstac.items WHERE id = 'a_tile_1501'");
      expect(undated?.start).toBe('2024-01-01T00:00:00.000Z');
      expectFree();
    });

    it('ends with a fault in the last tile', async () => {
      const bad = [...tiles.slice(1), { href: 'https://cogs.example.com/bad.tif', bbox: [0, 0, 0, 0], index: 9999 }];
      expect((await postLines(server, linesOf(datasetBody('a', bad)))).status).toBe(400);
      expect(await tilesSeen()).toBe(0);
      expectFree();
    });

    it('ends where the header of a tile has to be read', async () => {
      expect((await postLines(server, linesOf(datasetBody('a', [...tiles, { href: 'https://nosuch.example.com/only.tif' }])))).status).toBe(400);
      expect(await tilesSeen()).toBe(0);
      expectFree();
    });

    it('whose connection is lost while the mosaic is stored is made without it', async () => {
      const { blobs } = server.services;
      const original = { ...blobs };
      Object.assign(blobs, {
        put: async (...[name, content]: Parameters<typeof blobs.put>) => {
          await delay(200);
          await terminate();
          return original.put(name, content);
        },
      });
      try {
        expect((await postLines(server, linesOf(datasetBody('a', tiles)))).status).toBe(201);
      } finally {
        Object.assign(blobs, original);
      }
      expect(await tilesSeen()).toBe(tiles.length);
      expectFree();
    });
  });
});
