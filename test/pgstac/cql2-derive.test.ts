/** Types, formats and enumerations of properties as the items have them. */
import { deriveProperties } from '../../src/cql2/derive.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;

async function load(id: string, properties: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  await database.pool.query('SELECT pgstac.upsert_collection($1)', [
    JSON.stringify({ type: 'Collection', stac_version: '1.1.0', id, description: id, license: 'other', links: [], extent: { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } } }),
  ]);
  const items = properties.map((own, index) => ({
    type: 'Feature',
    stac_version: '1.1.0',
    id: `${id}-${index}`,
    collection: id,
    geometry: { type: 'Point', coordinates: [0, 0] },
    bbox: [0, 0, 0, 0],
    properties: { datetime: new Date(Date.UTC(2020, 0, 1 + index)).toISOString(), ...own },
    links: [],
    assets: {},
  }));
  await database.pool.query('SELECT pgstac.upsert_items($1)', [JSON.stringify(items)]);
}

beforeAll(async () => {
  database = await createTestDatabase();
  await load('small', [
    { platform: 'a', 'eo:cloud_cover': 5, gsd: 10, flag: true, tags: ['x'], when: '2020-01-01T00:00:00Z', day: '2020-01-01', mixed: 1, nested: { a: 1 }, empty: null, big: 1e300 },
    { platform: 'b', 'eo:cloud_cover': 7.5, gsd: 20, flag: false, tags: ['y', 'z'], when: '2021-01-01T00:00:00+02:00', day: '2020-02-29', mixed: 'one', list: [1, 'a'], title: 'x'.repeat(80) },
    {},
  ]);
  await load('large', Array.from({ length: 30 }, (_, index) => ({ platform: 'c', number: `n${index}` })));
}, 300_000);
afterAll(() => database.close());

describe('derived properties', () => {
  it('have the types, formats and values that the items show', async () => {
    const found = await deriveProperties(database.pool, ['small', 'unknown']);
    expect(Object.fromEntries(found.map(({ name, type, schema }) => [name, { is: type, ...schema }]))).toEqual({
      datetime: { is: 'datetime', type: 'string', format: 'date-time' },
      platform: { is: 'string', type: 'string', enum: ['a', 'b'] },
      'eo:cloud_cover': { is: 'number', type: 'number' },
      gsd: { is: 'integer', type: 'integer' },
      big: { is: 'integer', type: 'integer' },
      flag: { is: 'boolean', type: 'boolean' },
      tags: { is: 'array', type: 'array', items: { type: 'string' } },
      list: { is: 'array', type: 'array' },
      when: { is: 'datetime', type: 'string', format: 'date-time' },
      day: { is: 'date', type: 'string', format: 'date' },
      mixed: { is: 'json' },
      nested: { is: 'object', type: 'object' },
      title: { is: 'string', type: 'string' },
    });
  });

  it('are no enumeration where items were left out or the values are many', async () => {
    const byName = async (sample: number) => new Map((await deriveProperties(database.pool, ['large', 'small'], { sample })).map((property) => [property.name, property]));
    const part = await byName(10);
    expect(part.get('platform')).toMatchObject({ schema: { type: 'string' }, collections: ['large', 'small'] });
    expect(part.get('platform')?.schema.enum).toBeUndefined();
    const whole = await byName(1000);
    expect(whole.get('platform')?.schema.enum).toEqual(['a', 'b', 'c']);
    expect(whole.get('number')?.schema).toEqual({ type: 'string' });
  });
});
