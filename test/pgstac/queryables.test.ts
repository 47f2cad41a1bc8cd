/** What pgSTAC indexes of a registered queryable, and that our conditions are written in that form. */
import { compileFilter } from '../../src/cql2/compile.js';
import { SqlBuilder } from '../../src/cql2/sql-builder.js';
import { parseCql2Text } from '../../src/cql2/text.js';
import { loadItemResolver } from '../../src/pgstac/queryables.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Name, definition, wrapper (null: as pgSTAC infers it), and a filter that an index can serve. */
const QUERYABLES: readonly (readonly [string, object, string | null, string])[] = [
  ['whole', { type: 'integer' }, null, 'whole = 7'],
  ['real', { type: 'number' }, null, 'real > 7.5'],
  ['maybe', { type: ['number', 'null'] }, null, 'maybe < 1'],
  ['taken', { type: 'string', format: 'date-time' }, null, "taken > TIMESTAMP('2024-01-01T00:00:00Z')"],
  ['day', { type: 'string', format: 'date' }, null, "day > TIMESTAMP('2024-01-01T00:00:00Z')"],
  ['word', { type: 'string' }, null, "word = 'x'"],
  ['named', { type: 'number' }, 'to_float', 'named <= 3'],
  ['letters', { type: 'string' }, 'to_text', "letters > 'm'"],
];

let database: TestDatabase;
let infers = false;
/** The wrappers through which the condition reads the property. */
const wrappersIn = (sql: string, name: string): string[] => [...sql.matchAll(/pgstac\.(to_\w+)\(\(?i\.content->'properties'->'(\w+)'/g)].flatMap(([, wrapper, of]) => (of === name && wrapper !== undefined ? [wrapper] : []));

beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database;
  infers = !database.pgstacVersion.startsWith('0.9.');
  const collection = (id: string): string => JSON.stringify({ type: 'Collection', stac_version: '1.1.0', id, description: id, license: 'other', links: [], extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } } });
  const item = (id: string, of: string, properties: object): object => ({ type: 'Feature', stac_version: '1.1.0', id, collection: of, geometry: { type: 'Point', coordinates: [0, 0] }, properties: { datetime: '2024-01-01T00:00:00Z', ...properties }, assets: {}, links: [] });
  for (const id of ['one', 'two']) await pool.query('SELECT pgstac.upsert_collection($1)', [collection(id)]);
  await pool.query('SELECT pgstac.upsert_items($1)', [JSON.stringify([item('a', 'one', { whole: 7, mixed: 5 }), item('b', 'two', { whole: 8, mixed: '5' })])]);
  for (const [name, definition, wrapper] of QUERYABLES) {
    await pool.query(`INSERT INTO pgstac.queryables (name, definition, property_wrapper, property_index_type) VALUES ($1, $2, $3, 'BTREE')`, [name, JSON.stringify(definition), wrapper]);
  }
  await pool.query(`INSERT INTO pgstac.queryables (name, definition, collection_ids) VALUES ('mixed', '{"type": "number"}', '{one}'), ('mixed', '{"type": "string"}', '{two}')`);
}, 300_000);

afterAll(() => database.close());

async function compiled(filter: string): Promise<{ sql: string; values: unknown[] }> {
  const builder = new SqlBuilder();
  const sql = compileFilter(parseCql2Text(filter), { builder, resolver: await loadItemResolver(database.pool, ['one'], { hidden: [] }), alias: 'i' });
  return { sql, values: [...builder.values] };
}

it.each(QUERYABLES)('%s, %j through %j, is compared by the expression that its index has', async (name, _definition, wrapper, filter) => {
  const { rows } = await database.pool.query<{ indexdef: string }>(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'pgstac' AND tablename LIKE '\\_items\\_%' AND indexdef LIKE $1`, [`%-> '${name}'::text%`]);
  const indexes = [...new Set(rows.flatMap(({ indexdef }) => /(to_\w+)\(/.exec(indexdef)?.[1] ?? []))];
  expect(indexes).toHaveLength(1);
  const own = wrappersIn((await compiled(filter)).sql, name);
  // An index on the text of a number or an instant serves no comparison of numbers or instants: none is looked for.
  if (!infers && wrapper === null && name !== 'word') expect(own).toEqual([]);
  else expect(own).toEqual(indexes);
});

it('finds by them what is there', async () => {
  const { sql, values } = await compiled('whole = 7');
  const { rows } = await database.pool.query<{ id: string }>(`SELECT id FROM pgstac.items i WHERE ${sql}`, values);
  expect(rows).toEqual([{ id: 'a' }]);
});

it('takes a property that two collections define otherwise for what it is compared with', async () => {
  for (const [collections, type] of [[['one'], 'number'], [['two'], 'string'], [['one', 'two'], 'json'], [undefined, 'json']] as const) {
    expect((await loadItemResolver(database.pool, collections, { hidden: [] })).resolve('mixed')?.type).toBe(type);
  }
});
