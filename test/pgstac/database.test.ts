/** The test database itself: new, used, reset, closed. */
import { withTransaction } from '../../src/database/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
}, 120_000);
afterAll(() => database.close());

const count = async (table: string): Promise<number> => {
  const { rows } = await database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return rows[0]?.n ?? -1;
};

const tile = (id: string, index: number, datetime: string): object => ({
  type: 'Feature',
  stac_version: '1.1.0',
  id,
  collection: 'system_tiles',
  geometry: { type: 'Point', coordinates: [index, 0] },
  properties: { datetime, parent_dataset: 'd', tile_index: index },
  links: [],
  assets: {},
});

/** The plan of a search of tiles; on three rows a sequential scan is cheaper, so it is put out of the question. */
const planOf = (condition: string): Promise<string> =>
  withTransaction(database.pool, async (client) => {
    await client.query('SET LOCAL enable_seqscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT id FROM items WHERE collection = ANY ('{system_tiles}') AND ${condition}`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('Index Cond');
    return plan;
  });

describe('a new test database', () => {
  it('has the system collections, an index for each queryable of the tiles, and no item', async () => {
    const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM collections ORDER BY id');
    expect(rows.map((row) => row.id)).toEqual(['datasets', 'system_tiles']);
    expect(await count('items')).toBe(0);
    const indexes = await database.pool.query<{ indexdef: string }>(
      `SELECT indexdef FROM pg_indexes JOIN collections ON tablename = format('_items_%s', key) WHERE id = 'system_tiles'`,
    );
    const all = indexes.rows.map((row) => row.indexdef).join('\n');
    expect(all).toMatch(/to_text\(.*parent_dataset/);
    expect(all).toMatch(/to_int\(.*tile_index/);
  });

  it('takes tiles of any time without a change to its partition, and finds them by index', async () => {
    const shape = async (): Promise<unknown[]> =>
      (await database.pool.query(
        `SELECT c.relname, c.relfilenode, pg_get_constraintdef(k.oid) AS constraint FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
         WHERE k.contype = 'c' AND c.relname IN (SELECT format('_items_%s', key) FROM collections) ORDER BY 1`,
      )).rows;
    const before = await shape();
    const times = ['0001-01-01T00:00:00Z', '2020-06-01T12:00:00Z', '9999-12-31T23:59:59.999Z'];
    const tiles = times.map((time, index) => tile(`t${index}`, index, time));
    await database.pool.query('SELECT create_items($1)', [JSON.stringify(tiles)]);
    expect(await shape()).toEqual(before);

    const body = {
      collections: ['system_tiles'],
      'filter-lang': 'cql2-json',
      filter: { op: '=', args: [{ property: 'parent_dataset' }, 'd'] },
      sortby: [{ field: 'tile_index', direction: 'desc' }],
    };
    const found = await database.pool.query<{ page: { features: { id: string }[] } }>('SELECT search($1) AS page', [JSON.stringify(body)]);
    expect(found.rows[0]?.page.features.map((item) => item.id)).toEqual(['t2', 't1', 't0']);

    expect(await planOf(`to_text(content->'properties'->'parent_dataset') = to_text('"d"')`)).toMatch(/Index (Only )?Scan|Bitmap Index/);
    expect(await planOf(`to_int(content->'properties'->'tile_index') = to_int('1')`)).toMatch(/Index (Only )?Scan|Bitmap Index/);
  });

  it('is clean again after a reset, within a second', async () => {
    const took: number[] = [];
    // The quickest of three is what a reset costs; the rest is what else the machine does.
    for (let round = 0; round < 3; round += 1) {
      await database.pool.query(`SELECT create_collection('{"type": "Collection", "id": "mine", "extent": {}}')`);
      await database.pool.query(`SELECT create_items($1)`, [JSON.stringify([{ ...tile('x', 1, '2020-01-01T00:00:00Z'), collection: 'mine' }])]);
      await database.pool.query(`SELECT * FROM search_query('{"collections": ["mine"]}')`);
      await database.pool.query(`INSERT INTO stac_mosaic.registered_searches (search_id) VALUES ('x')`);
      const started = performance.now();
      await database.reset();
      took.push(performance.now() - started);
    }
    expect(Math.min(...took)).toBeLessThan(1000);
    expect(await count('collections')).toBe(2);
    expect(await count('items')).toBe(0);
    expect(await count('searches')).toBe(0);
    expect(await count('stac_mosaic.registered_searches')).toBe(0);
  });

  it('shows searches to an operator', async () => {
    const { rows } = await database.pool.query<{ hash: string }>(`SELECT hash FROM search_query('{"collections": ["datasets"]}')`);
    const seen = await database.pool.query('SELECT id, search, created_at, usecount FROM stac_mosaic.searches');
    expect(seen.rows).toEqual([{ id: rows[0]?.hash, search: { collections: ['datasets'] }, created_at: null, usecount: expect.any(String) }]);
  });
});
