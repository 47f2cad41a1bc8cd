/** What a migrated database holds before anybody writes: the two system collections, their queryables, their partition. */
import type pg from 'pg';
import { compareReleases } from './pgstac-release.js';

/** A STAC Collection document that has to exist. */
export interface SeedCollection {
  readonly id: string;
  readonly [member: string]: unknown;
}

/** A property that searches of one collection filter and sort by, with an index on each of its partitions. */
interface IndexedQueryable {
  readonly name: string;
  readonly collection: string;
  readonly definition: { readonly type: string; readonly description: string };
  readonly wrapper: string;
}

export const TILES_COLLECTION = 'system_tiles';

const QUERYABLES: readonly IndexedQueryable[] = [
  {
    name: 'parent_dataset',
    collection: TILES_COLLECTION,
    definition: { type: 'string', description: 'The dataset that the tile belongs to' },
    wrapper: 'to_text',
  },
  {
    name: 'tile_index',
    collection: TILES_COLLECTION,
    definition: { type: 'integer', description: 'The place of the tile in its dataset' },
    wrapper: 'to_int',
  },
];

/**
 * Every datetime that RFC 3339 can write. pgSTAC keeps a CHECK on each partition that spans its items; a batch beyond it
 * rebuilds the constraint under an ACCESS EXCLUSIVE lock, in the writer's own transaction. A constraint that spans
 * everything is never rebuilt.
 */
const ALL_TIME = '[0001-01-01T00:00:00Z,9999-12-31T23:59:59.999999Z]';

/** Creates what is missing and leaves what is there; the caller holds the lock and the transaction. */
export async function seed(client: pg.ClientBase, release: string, collections: readonly SeedCollection[]): Promise<void> {
  for (const collection of collections) {
    const { rowCount } = await client.query('SELECT 1 FROM pgstac.collections WHERE id = $1', [collection.id]);
    if (rowCount === 0) await client.query('SELECT pgstac.create_collection($1)', [JSON.stringify(collection)]);
    await seedPartition(client, collection.id);
  }
  if (!collections.some((collection) => collection.id === TILES_COLLECTION)) return;
  for (const queryable of QUERYABLES) await seedQueryable(client, release, queryable);
}

async function seedPartition(client: pg.ClientBase, collection: string): Promise<void> {
  // Read from the catalogue, which is the same in every release; a collection without partition_trunc has one partition.
  const { rowCount } = await client.query(
    `SELECT FROM pgstac.collections c JOIN pg_constraint k ON k.conrelid = to_regclass(format('pgstac._items_%s', c.key))
     WHERE c.id = $1 AND k.contype = 'c' AND pg_get_constraintdef(k.oid) LIKE '%''0001-01-01%''9999-12-31%'`,
    [collection],
  );
  if (rowCount === 0) await client.query('SELECT pgstac.check_partition($1, $2, $2)', [collection, ALL_TIME]);
}

/** 0.10.0 writes queryables through upsert_queryable; before that they are rows of a table. */
async function seedQueryable(client: pg.ClientBase, release: string, queryable: IndexedQueryable): Promise<void> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM pgstac.queryables WHERE name = $1 AND $2 = ANY (collection_ids) AND property_index_type = 'BTREE'`,
    [queryable.name, queryable.collection],
  );
  if (rowCount !== 0) return;
  const values = [queryable.name, JSON.stringify(queryable.definition), queryable.wrapper, [queryable.collection]];
  if (compareReleases(release, '0.10.0') >= 0) {
    await client.query(`SELECT pgstac.upsert_queryable($1, $2, $3, 'BTREE', $4)`, values);
    return;
  }
  await client.query(
    `INSERT INTO pgstac.queryables (name, definition, property_wrapper, property_index_type, collection_ids)
     VALUES ($1, $2, $3, 'BTREE', $4)`,
    values,
  );
}
