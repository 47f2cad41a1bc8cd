/** Registered searches in `pgstac.searches`, and who holds them in our own schema. */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { sqlState } from '../database/transaction.js';
import { DomainError, messageOf } from '../errors.js';
import type { JsonObject } from '../json.js';

type Queryable = Pool | ClientBase;

export interface RegisteredSearch {
  readonly id: string;
  /** The search as registered: a STAC search body. */
  readonly search: JsonObject;
  readonly metadata: JsonObject;
  readonly lastused: Date;
  readonly usecount: number;
}

interface Row {
  readonly hash: string;
  readonly search: JsonObject;
  readonly metadata: JsonObject;
  readonly lastused: Date;
  readonly usecount: string;
}

const toSearch = (row: Row): RegisteredSearch => ({
  id: row.hash,
  search: row.search,
  metadata: row.metadata,
  lastused: row.lastused,
  usecount: Number(row.usecount),
});

/** Registers a search inside the caller's transaction; the id is pgSTAC's answer, never computed here (FEATURES C3). `byUser`: through /searches/register. */
export async function registerSearch(client: PoolClient, search: JsonObject, metadata: JsonObject, byUser = false): Promise<RegisteredSearch> {
  const { rows } = await client
    .query<Row>('SELECT hash, search, metadata, lastused, usecount FROM pgstac.search_query($1::jsonb, _metadata => $2::jsonb)', [JSON.stringify(search), JSON.stringify(metadata)])
    .catch((error: unknown) => {
      throw refusedByPgstac(error);
    });
  const row = rows[0];
  if (row === undefined) throw new Error('pgstac.search_query answered no row.');
  const { rowCount } = await client.query('SELECT 1 FROM pgstac.searches WHERE hash = $1', [row.hash]);
  if (rowCount === 0) throw new Error('pgSTAC did not store the search: is pgstac.readonly set?');
  await client.query(
    `INSERT INTO stac_mosaic.registered_searches AS r (search_id, by_user) VALUES ($1, $2)
     ON CONFLICT (search_id) DO UPDATE SET by_user = true WHERE EXCLUDED.by_user AND NOT r.by_user`,
    [row.hash, byUser],
  );
  return toSearch(row);
}

/**
 * pgSTAC compiles a search when it registers it, and knows less than our own compiler: what it cannot express raises in
 * PL/pgSQL (P0001), or in the SQL that it has made (classes 22 and 42, XX000 out of PostGIS).
 */
function refusedByPgstac(error: unknown): unknown {
  const state = sqlState(error) ?? '';
  if (!/^(P0001|22|42|XX000)/.test(state)) return error;
  const why = state === 'P0001' ? `: ${messageOf(error)}` : '.';
  return new DomainError('InvalidInput', `pgSTAC cannot run this search, so it cannot be registered${why}`, { cause: error, faults: [{ path: '/filter', message: 'is not one that pgSTAC can run' }] });
}

export async function findSearch(db: Queryable, id: string): Promise<RegisteredSearch | undefined> {
  const { rows } = await db.query<Row>('SELECT hash, search, metadata, lastused, usecount FROM pgstac.searches WHERE hash = $1', [id]);
  return rows[0] === undefined ? undefined : toSearch(rows[0]);
}

/** Moves `lastused` and `usecount` of the registered row itself; pgSTAC's own calls touch a second row without metadata (FEATURES C3, trap 1). */
export async function touchSearch(db: Queryable, id: string): Promise<void> {
  await db.query('UPDATE pgstac.searches SET lastused = now(), usecount = usecount + 1 WHERE hash = $1', [id]);
}

export type HolderKind = 'collection' | 'dataset';

export async function holdSearch(client: PoolClient, searchId: string, kind: HolderKind, holderId: string): Promise<void> {
  await client.query(
    'INSERT INTO stac_mosaic.search_holders (search_id, holder_kind, holder_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [searchId, kind, holderId],
  );
}

/** Who links a search: collections and datasets. */
export async function holdersOf(db: Queryable, searchId: string): Promise<{ kind: HolderKind; id: string }[]> {
  const { rows } = await db.query<{ kind: HolderKind; id: string }>(
    'SELECT holder_kind AS kind, holder_id AS id FROM stac_mosaic.search_holders WHERE search_id = $1 ORDER BY 1, 2',
    [searchId],
  );
  return rows;
}

/** Lets go of all searches of a holder but those kept; a search that nobody holds any more and no user registered is deleted. */
export async function releaseSearches(client: PoolClient, kind: HolderKind, holderId: string, keep: readonly string[] = []): Promise<void> {
  const { rows } = await client.query<{ search_id: string }>(
    'DELETE FROM stac_mosaic.search_holders WHERE holder_kind = $1 AND holder_id = $2 AND search_id <> ALL($3) RETURNING search_id',
    [kind, holderId, keep],
  );
  for (const { search_id: searchId } of rows) {
    const { rowCount } = await client.query('SELECT 1 FROM stac_mosaic.registered_searches WHERE search_id = $1 AND by_user', [searchId]);
    if (rowCount === 0 && (await holdersOf(client, searchId)).length === 0) await deleteSearch(client, searchId);
  }
}

export async function deleteSearch(client: PoolClient, id: string): Promise<boolean> {
  await client.query('DELETE FROM stac_mosaic.registered_searches WHERE search_id = $1', [id]);
  const { rowCount } = await client.query('DELETE FROM pgstac.searches WHERE hash = $1', [id]);
  return rowCount === 1;
}
