/** Which registered searches exist for a caller: one condition, for one of them and for their list. */
import type { Pool } from 'pg';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { DATASETS, SYSTEM_TILES } from '../datasets/collections.js';
import { ALIVE, type RegisteredSearch, SEARCH_COLUMNS, type SearchRow, SEARCHES, toSearch } from './searches.js';
import type { Visibility } from './selection.js';

/** The collections that a search names: in `collections`, in its filter by = or in, in its query by eq or in. */
const NAMED = `
  SELECT v #>> '{}' AS id FROM (
    SELECT jsonb_path_query(s.search, 'lax $.collections[*]') AS v
    UNION ALL SELECT jsonb_path_query(s.search, 'lax $.filter.** ? (@.op == "=" || @.op == "in") ? (exists(@.args[*] ? (@.property == "collection"))).args[*] ? (!exists(@.property)).**')
    UNION ALL SELECT jsonb_path_query(s.search, 'lax $.query.collection.eq')
    UNION ALL SELECT jsonb_path_query(s.search, 'lax $.query.collection.in[*]')) AS texts WHERE jsonb_typeof(v) = 'string'`;

/** Whether the search is of a dataset, or of the collection of all datasets: those run over tiles and are seen by whoever sees the datasets. */
const OF_DATASETS = `EXISTS (SELECT FROM stac_mosaic.search_holders h WHERE h.search_id = s.hash AND (h.holder_kind = 'dataset' OR h.holder_id = '${DATASETS}'))`;

/**
 * A condition on alias `s`: no collection that the search names is hidden. Where others than the tiles' are, none may be
 * missing either: else whoever registers a search over one could tell the two apart.
 */
export function seenSql({ hidden }: Visibility, builder: SqlBuilder): string {
  if (hidden.length === 0) return 'TRUE';
  const isMissing = hidden.every((id) => id === SYSTEM_TILES) ? '' : ' OR NOT EXISTS (SELECT FROM pgstac.collections c WHERE c.id = named.id)';
  const sees = `NOT EXISTS (SELECT FROM (${NAMED}) AS named WHERE named.id = ANY(${builder.param(hidden, 'text[]')})${isMissing})`;
  return hidden.includes(DATASETS) ? sees : `(${sees} OR ${OF_DATASETS})`;
}

/** A registered search, where it exists for the caller. */
export async function findSeenSearch(pool: Pool, id: string, visibility: Visibility): Promise<RegisteredSearch | undefined> {
  const builder = new SqlBuilder();
  const where = `s.hash = ${builder.param(id, 'text')} AND ${ALIVE} AND ${seenSql(visibility, builder)}`;
  const { rows } = await pool.query<SearchRow>(`SELECT ${SEARCH_COLUMNS} FROM ${SEARCHES} WHERE ${where}`, [...builder.values]);
  return rows[0] === undefined ? undefined : toSearch(rows[0]);
}
