/** Registered searches in `pgstac.searches`, and who holds them in our own schema. */
import type { ClientBase, Pool, PoolClient } from 'pg';
import { sqlState } from '../database/transaction.js';
import { DomainError, messageOf } from '../errors.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { Registration } from '../searches/registration.js';

type Queryable = Pool | ClientBase;

export interface RegisteredSearch {
  readonly id: string;
  /** The search as registered: a STAC search body. */
  readonly search: JsonObject;
  readonly metadata: JsonObject;
  readonly lastused: Date;
  readonly usecount: number;
}

export interface SearchRow {
  readonly hash: string;
  readonly search: JsonObject;
  /** Other programs may have written no object. */
  readonly metadata: Json;
  readonly lastused: Date;
  readonly usecount: string;
}

export const toSearch = (row: SearchRow): RegisteredSearch => ({
  id: row.hash,
  search: row.search,
  metadata: isObject(row.metadata) ? row.metadata : {},
  lastused: row.lastused,
  usecount: Number(row.usecount),
});

/** Registers a search of our own inside the caller's transaction: of a collection or dataset, which then holds it. */
export async function registerSearch(client: PoolClient, search: JsonObject, metadata: JsonObject): Promise<RegisteredSearch> {
  const registered = await storeSearch(client, JSON.stringify(search), JSON.stringify(metadata));
  await client.query('INSERT INTO stac_mosaic.registered_searches (search_id) VALUES ($1) ON CONFLICT (search_id) DO NOTHING', [registered.id]);
  return registered;
}

/** Registers a search for a user: it stays when the last collection or dataset lets go of it. */
export async function registerUserSearch(client: PoolClient, { search, metadata, name, owner, expires }: Registration): Promise<RegisteredSearch> {
  const registered = await storeSearch(client, search, metadata);
  await client.query(
    `INSERT INTO stac_mosaic.registered_searches AS r (search_id, by_user, name, owner, expires_at) VALUES ($1, true, $2, $3, $4)
     ON CONFLICT (search_id) DO UPDATE SET by_user = true, name = EXCLUDED.name, owner = EXCLUDED.owner, expires_at = EXCLUDED.expires_at WHERE NOT r.by_user`,
    [registered.id, name ?? null, owner ?? null, expires ?? null],
  );
  return registered;
}

/**
 * The same search of the same user again, in one statement: it is known to pgSTAC by pgSTAC's own hash, has been compiled
 * before, and there is nothing to write but its use (0.4 ms; `search_query` compiles it anew, 1.7 ms). Undefined where it is
 * not registered for a user, may expire, is being written to, or pgSTAC is to be left unwritten.
 */
export async function registerAgain(db: Queryable, { search, metadata }: Registration): Promise<RegisteredSearch | undefined> {
  const { rows } = await db.query<SearchRow>({
    name: 'stac_mosaic_register_again',
    text: `WITH known AS (
        SELECT s.hash FROM pgstac.searches s JOIN stac_mosaic.registered_searches r ON r.search_id = s.hash
         WHERE s.hash = pgstac.search_hash($1::jsonb, $2::jsonb) AND r.by_user AND r.expires_at IS NULL AND NOT pgstac.readonly() FOR UPDATE OF s SKIP LOCKED)
      UPDATE pgstac.searches s SET lastused = now(), usecount = s.usecount + 1 FROM known
       WHERE s.hash = known.hash RETURNING ${SEARCH_COLUMNS}`,
    values: [search, metadata],
  }).catch((error: unknown) => {
    throw refusedByPgstac(error);
  });
  return rows[0] === undefined ? undefined : toSearch(rows[0]);
}

/** The id is pgSTAC's answer, never computed here (FEATURES C3). @param search JSON text */
async function storeSearch(client: PoolClient, search: string, metadata: string): Promise<RegisteredSearch> {
  const { rows } = await client
    .query<SearchRow>('SELECT hash, search, metadata, lastused, usecount FROM pgstac.search_query($1::jsonb, _metadata => $2::jsonb)', [search, metadata])
    .catch((error: unknown) => {
      throw refusedByPgstac(error);
    });
  const row = rows[0];
  if (row === undefined) throw new Error('pgstac.search_query answered no row.');
  const { rowCount } = await client.query('SELECT 1 FROM pgstac.searches WHERE hash = $1', [row.hash]);
  if (rowCount === 0) throw new Error('pgSTAC did not store the search: is pgstac.readonly set?');
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

/** All searches of pgSTAC (`s`) with what we know of them (`r`): a search that titiler-pgstac has registered has no row of ours. */
export const SEARCHES = 'pgstac.searches s LEFT JOIN stac_mosaic.registered_searches r ON r.search_id = s.hash';
export const SEARCH_COLUMNS = 's.hash, s.search, s.metadata, s.lastused, s.usecount';
/** What a collection or dataset holds outlives the date that a user gave. */
export const ALIVE = '(r.expires_at IS NULL OR r.expires_at > now() OR EXISTS (SELECT FROM stac_mosaic.search_holders h WHERE h.search_id = r.search_id))';

/** Deletes what has expired; rows that others are at are left to them. */
export async function deleteExpired(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ search_id: string }>(
    `SELECT search_id FROM stac_mosaic.registered_searches r WHERE expires_at <= now() AND NOT ${ALIVE} LIMIT 100 FOR UPDATE SKIP LOCKED`,
  );
  for (const { search_id: id } of rows) await deleteSearch(client, id);
}

/**
 * Moves `lastused` and `usecount` of the registered rows themselves; pgSTAC's own calls touch a second row without metadata
 * (FEATURES C3, trap 1). A row that somebody else is at is not waited for. Answers the ids that were moved.
 */
export async function touchSearches(db: Queryable, uses: readonly { id: string; count: number }[]): Promise<string[]> {
  const { rows } = await db.query<{ hash: string }>(
    `WITH free AS (SELECT hash FROM pgstac.searches WHERE hash = ANY($1) ORDER BY hash FOR UPDATE SKIP LOCKED)
     UPDATE pgstac.searches s SET lastused = now(), usecount = s.usecount + used.count
       FROM free JOIN unnest($1::text[], $2::int[]) AS used (id, count) ON used.id = free.hash
      WHERE s.hash = free.hash RETURNING s.hash`,
    [uses.map(({ id }) => id), uses.map(({ count }) => count)],
  );
  return rows.map(({ hash }) => hash);
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
