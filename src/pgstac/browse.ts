/** A collection's items by id in parts, so that links can lead to all of them however many they are. */
import type { Pool } from 'pg';

/** From an id, itself included, up to another that is not; an end that is missing is open. */
export interface IdRange {
  readonly from?: string;
  readonly to?: string;
}

export interface IdPart {
  /** The ids of the range where they are few enough, else those at which its parts begin. */
  readonly ids: readonly string[];
  readonly whole: boolean;
}

/** @param most how many ids one answer holds; a part holds as many items at least */
export async function idsOf(pool: Pool, collection: string, { from, to }: IdRange, most: number): Promise<IdPart> {
  const { rows } = await pool.query<{ id: string; total: number }>(
    `SELECT id, total::float8 AS total
       FROM (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS total FROM pgstac.items
              WHERE collection = $1 AND ($2::text IS NULL OR id >= $2) AND ($3::text IS NULL OR id < $3)) AS numbered
      WHERE total <= $4::int OR (place - 1) % GREATEST($4::int, ceil(total / $4::float8)::int) = 0
      ORDER BY place`,
    [collection, from ?? null, to ?? null, most],
  );
  return { ids: rows.map((row) => row.id), whole: (rows[0]?.total ?? 0) <= most };
}
