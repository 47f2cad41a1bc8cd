/** Lists registered searches: paged, sorted, and filtered by their metadata. */
import type { Pool } from 'pg';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { ALIVE, type RegisteredSearch, SEARCH_COLUMNS, type SearchRow, SEARCHES, toSearch } from './searches.js';
import { seenSql } from './seen-searches.js';
import type { Visibility } from './selection.js';

export interface ListRequest {
  readonly limit: number;
  readonly offset: number;
  /** `lastused`, `usecount`, or a member of the metadata. */
  readonly sortby: readonly { readonly name: string; readonly descending: boolean }[];
  /** Members of the metadata and what they must be, as text; all hold. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
}

export interface SearchList {
  readonly searches: RegisteredSearch[];
  readonly matched: number;
}

/** Mosaics only: rows without metadata are of ordinary searches. Those of a dataset are seen by whoever sees the datasets. */
export async function listSearches(pool: Pool, { limit, offset, sortby, metadata }: ListRequest, visibility: Visibility): Promise<SearchList> {
  const builder = new SqlBuilder();
  const conditions = [`s.metadata->>'type' = 'mosaic'`, ALIVE, seenSql(visibility, builder)];
  for (const [name, value] of metadata) conditions.push(`s.metadata->>${builder.param(name, 'text')} = ${builder.param(value, 'text')}`);
  const where = conditions.join(' AND ');
  const filterValues = [...builder.values];
  const keys = sortby.map(({ name, descending }) => {
    const sql = name === 'lastused' || name === 'usecount' ? `s.${name}` : `s.metadata->>${builder.param(name, 'text')}`;
    return `${sql} ${descending ? 'DESC' : 'ASC'}`;
  });
  const page = `LIMIT ${builder.param(limit, 'int')} OFFSET ${builder.param(offset, 'bigint')}`;
  const counted = await pool.query<{ matched: string }>(`SELECT count(*) AS matched FROM ${SEARCHES} WHERE ${where}`, filterValues);
  const { rows } = await pool.query<SearchRow>(`SELECT ${SEARCH_COLUMNS} FROM ${SEARCHES} WHERE ${where} ORDER BY ${[...keys, 's.hash'].join(', ')} ${page}`, [...builder.values]);
  return { searches: rows.map(toSearch), matched: Number(counted.rows[0]?.matched ?? 0) };
}
