/** How many items a selection has, where that is soon counted. */
import type { Pool } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { sqlState, withTransaction } from '../database/transaction.js';
import type { ItemSelection } from '../search/query.js';
import { selectionSql, type Visibility } from './selection.js';

/** Counted up to here: 2 to 16 ms for as many of 50,000 items. */
const MOST = 10_000;
/** A condition that no index serves looks at every item, however few it finds. */
const TIME_MS = 250;
/** query_canceled: the time was over. */
const CANCELED = '57014';

/** The exact number, or undefined where there are more than {@link MOST} or {@link TIME_MS} were not enough. */
export async function countSoon(pool: Pool, selection: ItemSelection, visibility: Visibility, resolver: PropertyResolver): Promise<number | undefined> {
  const builder = new SqlBuilder();
  const where = selectionSql(selection, visibility, builder, resolver);
  const text = `SELECT count(*)::int AS n FROM (SELECT FROM pgstac.items i WHERE ${where} LIMIT ${MOST + 1}) AS found`;
  try {
    const n = await withTransaction(pool, async (client) => {
      await client.query(`SET LOCAL statement_timeout = ${TIME_MS}`);
      return (await client.query<{ n: number }>(text, [...builder.values])).rows[0]?.n ?? 0;
    });
    return n > MOST ? undefined : n;
  } catch (error) {
    if (sqlState(error) === CANCELED) return undefined;
    throw error;
  }
}
