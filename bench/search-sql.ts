/** The page of a search as plain SQL: what the database alone can do. */
import type { Pool } from 'pg';
import { itemResolver } from '../src/cql2/resolver.js';
import { SqlBuilder } from '../src/cql2/sql-builder.js';
import { CONTENT_COLUMNS, ROW_TYPES } from '../src/pgstac/items-read.js';
import { orderSql, sortKeys } from '../src/pgstac/search.js';
import { selectionSql } from '../src/pgstac/selection.js';
import { fromBody } from '../src/search/parse.js';
import { orderOf } from '../src/search/search.js';
import { type LoadRequest, type Rate, rateOf } from './load.js';

interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

function statementOf({ url, body }: LoadRequest): Statement {
  if (body === undefined) {
    const [, collection, id] = /collections\/([^/]+)\/items\/(.+)$/.exec(url) ?? [];
    return { text: `SELECT ${CONTENT_COLUMNS} FROM pgstac.items i WHERE i.collection = $1 AND i.id = $2`, values: [collection, id] };
  }
  const { limit, sortby, token: _token, ...selection } = fromBody(JSON.parse(body));
  const [builder, resolver] = [new SqlBuilder(), itemResolver()];
  const where = selectionSql(selection, { hidden: [] }, builder, resolver);
  const order = orderSql(sortKeys(orderOf(sortby), resolver), false);
  return { text: `SELECT ${CONTENT_COLUMNS} FROM pgstac.items i WHERE ${where} ORDER BY ${order} LIMIT ${limit + 1}`, values: [...builder.values] };
}

export function sqlRate(pool: Pool, requests: readonly LoadRequest[], clients: number, seconds: number): Promise<Rate> {
  const statements = requests.map(statementOf);
  const names = [...new Set(statements.map(({ text }) => text))];
  return rateOf(
    async (n) => {
      const statement = statements[n % statements.length];
      if (statement === undefined) throw new Error('There is no statement.');
      await pool.query({ ...statement, name: `plain-${names.indexOf(statement.text)}`, types: ROW_TYPES });
    },
    clients,
    seconds,
  );
}
