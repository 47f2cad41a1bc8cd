/** The predicates of OGC's CQL2 abstract test suite on its own data, as text and as JSON, without any registered queryable. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFilter } from '../../src/cql2/compile.js';
import type { Cql2Expression } from '../../src/cql2/ast.js';
import { parseCql2Json } from '../../src/cql2/json.js';
import { itemResolver } from '../../src/cql2/resolver.js';
import { SqlBuilder } from '../../src/cql2/sql-builder.js';
import { parseCql2Text } from '../../src/cql2/text.js';
import { toJson } from '../../src/cql2/to-json.js';
import { toText } from '../../src/cql2/to-text.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Predicate {
  readonly class: string;
  readonly collection: string;
  readonly 'cql2-text': string;
  readonly 'cql2-json': unknown;
  readonly expected: number;
}

const FOLDER = join(import.meta.dirname, '../../../../shared/data/cql2');
const present = existsSync(join(FOLDER, 'predicates.json'));
const predicates: Predicate[] = present ? JSON.parse(readFileSync(join(FOLDER, 'predicates.json'), 'utf8')) : [];
const collections = [...new Set(predicates.map(({ collection }) => collection))];

(present ? describe : describe.skip)(`CQL2 abstract test suite${present ? '' : ' (../shared/data/cql2 is missing)'}`, () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    for (const id of collections) {
      const items = readFileSync(join(FOLDER, `${id}.ndjson`), 'utf8').trim().split('\n').map((line): unknown => JSON.parse(line));
      await database.pool.query('SELECT pgstac.upsert_collection($1)', [
        JSON.stringify({ type: 'Collection', stac_version: '1.1.0', id, description: id, license: 'other', links: [], extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } } }),
      ]);
      await database.pool.query('SELECT pgstac.upsert_items($1)', [JSON.stringify(items)]);
    }
  }, 300_000);

  afterAll(() => database.close());

  async function count(filter: Cql2Expression, collection: string): Promise<number> {
    const builder = new SqlBuilder();
    const condition = compileFilter(filter, { builder, resolver: itemResolver(), alias: 'i' });
    const { rows } = await database.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM pgstac.items i WHERE i.collection = ${builder.param(collection, 'text')} AND ${condition}`,
      builder.values,
    );
    return rows[0]?.n ?? -1;
  }

  it('holds predicates of every class', () => {
    expect(predicates).toHaveLength(274);
    expect(collections).toHaveLength(3);
  });

  it.each(predicates.map((predicate, index) => ({ name: `${index + 1} ${predicate.class}: ${predicate['cql2-text'].slice(0, 120)}`, ...predicate })))(
    '$name gives $expected as text and as JSON',
    async ({ collection, expected, ...predicate }) => {
      const text = parseCql2Text(predicate['cql2-text']);
      const json = parseCql2Json(predicate['cql2-json']);
      expect(toJson(text)).toEqual(predicate['cql2-json']);
      expect(toJson(parseCql2Text(toText(text)))).toEqual(predicate['cql2-json']);
      expect(await count(text, collection)).toBe(expected);
      expect(await count(json, collection)).toBe(expected);
    },
  );

  it('combines predicates as three-valued logic does: p1 and (p2 or not p3) counts what the rows of each say', async () => {
    const rowsOf = async (filter: Cql2Expression, collection: string): Promise<Map<string, boolean | null>> => {
      const builder = new SqlBuilder();
      // NOT NOT: below a NOT the compiler must not answer false for unknown.
      const condition = compileFilter({ kind: 'not', arg: filter, at: filter.at }, { builder, resolver: itemResolver(), alias: 'i' });
      const { rows } = await database.pool.query<{ id: string; value: boolean | null }>(
        `SELECT i.id, NOT ${condition} AS value FROM pgstac.items i WHERE i.collection = ${builder.param(collection, 'text')}`,
        builder.values,
      );
      return new Map(rows.map(({ id, value }) => [id, value]));
    };
    const and = (a: boolean | null, b: boolean | null): boolean | null => (a === false || b === false ? false : a === null || b === null ? null : true);
    const not = (a: boolean | null): boolean | null => (a === null ? null : !a);
    const or = (a: boolean | null, b: boolean | null): boolean | null => not(and(not(a), not(b)));
    const places = predicates.filter(({ collection }) => collection.includes('places'));
    for (let start = 0; start + 3 < places.length; start += 3) {
      const [p1, p2, p3] = places.slice(start, start + 3).map((predicate) => parseCql2Json(predicate['cql2-json']));
      const collection = places[start]?.collection ?? '';
      if (p1 === undefined || p2 === undefined || p3 === undefined) continue;
      const [v1, v2, v3] = await Promise.all([p1, p2, p3].map((filter) => rowsOf(filter, collection)));
      const expected = [...(v1?.keys() ?? [])].filter((id) => and(v1?.get(id) ?? null, or(v2?.get(id) ?? null, not(v3?.get(id) ?? null))) === true).length;
      const at = p1.at;
      const filter: Cql2Expression = { kind: 'and', at, args: [p1, { kind: 'or', at, args: [p2, { kind: 'not', at, arg: p3 }] }] };
      expect(await count(filter, collection)).toBe(expected);
      expect(await count(parseCql2Text(toText(filter)), collection)).toBe(expected);
    }
  });
});
