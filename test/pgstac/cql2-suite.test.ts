/** The predicates of OGC's CQL2 abstract test suite on its own data, as text and as JSON, without any registered queryable. */
import { compileFilter } from '../../src/cql2/compile.js';
import type { Cql2Expression } from '../../src/cql2/ast.js';
import { parseCql2Json } from '../../src/cql2/json.js';
import { itemResolver } from '../../src/cql2/resolver.js';
import { SqlBuilder } from '../../src/cql2/sql-builder.js';
import { parseCql2Text } from '../../src/cql2/text.js';
import { toJson } from '../../src/cql2/to-json.js';
import { toText } from '../../src/cql2/to-text.js';
import { collections, combinations, loadSuite, predicates, present, title } from '../support/cql2-suite.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

(present ? describe : describe.skip)(title, () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await loadSuite(database.pool);
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
    expect(combinations()).toHaveLength(77);
    expect(collections).toHaveLength(3);
  });

  it.each([...predicates, ...(present ? combinations() : [])].map((predicate, index) => ({ name: `${index + 1} ${predicate.class}: ${predicate['cql2-text'].slice(0, 120)}`, ...predicate })))(
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

  /** The combination that the suite draws at random for every class but the first (annex A, conformance tests "logical"). */
  it('combines any four predicates as three-valued logic does', async () => {
    type Truth = boolean | null;
    const and = (a: Truth, b: Truth): Truth => (a === false || b === false ? false : a === null || b === null ? null : true);
    const not = (a: Truth): Truth => (a === null ? null : !a);
    const or = (a: Truth, b: Truth): Truth => not(and(not(a), not(b)));

    for (const collection of collections) {
      const own = predicates.filter((predicate) => predicate.collection === collection);
      const truths = await Promise.all(own.map((predicate) => truthsOf(parseCql2Json(predicate['cql2-json']), collection)));
      for (let start = 0; start < own.length; start += 2) {
        // Strides that are prime to each other bring predicates of different classes together.
        const [i1 = 0, i2 = 0, i3 = 0, i4 = 0] = [start, start + 7, start + 31, start + 61].map((index) => index % own.length);
        const [p1, p2, p3, p4] = [i1, i2, i3, i4].map((index) => `(${own[index]?.['cql2-text']})`);
        const text = `((NOT ${p1} AND ${p2}) OR (${p3} and NOT ${p4}) or not (${p1} AND ${p4}))`;
        const expected = [...(truths[0]?.keys() ?? [])].filter((id) => {
          const [v1 = null, v2 = null, v3 = null, v4 = null] = [i1, i2, i3, i4].map((index) => truths[index]?.get(id));
          return or(or(and(not(v1), v2), and(v3, not(v4))), not(and(v1, v4))) === true;
        });
        expect(await count(parseCql2Text(text), collection)).toBe(expected.length);
        expect(await count(parseCql2Json(toJson(parseCql2Text(text))), collection)).toBe(expected.length);
      }
    }
  }, 120_000);

  /** What a predicate says of each item: true, false or unknown. */
  async function truthsOf(filter: Cql2Expression, collection: string): Promise<Map<string, boolean | null>> {
    const builder = new SqlBuilder();
    // Below a NOT the compiler must not answer false for unknown.
    const condition = compileFilter({ kind: 'not', arg: filter, at: filter.at }, { builder, resolver: itemResolver(), alias: 'i' });
    const { rows } = await database.pool.query<{ id: string; value: boolean | null }>(
      `SELECT i.id, NOT ${condition} AS value FROM pgstac.items i WHERE i.collection = ${builder.param(collection, 'text')}`,
      builder.values,
    );
    return new Map(rows.map(({ id, value }) => [id, value]));
  }
});
