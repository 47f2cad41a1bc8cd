/** The assets of what a search selects, a bounded number at a time. */
import type { Pool } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import type { JsonObject } from '../json.js';
import type { ItemSelection, SortKey } from '../search/query.js';
import { hrefOfOther } from './other-href.js';
import { orderSql, sortKeys } from './search.js';
import { selectionSql, type Visibility } from './selection.js';

export interface AssetQuery {
  readonly selection: ItemSelection;
  /** Stacking order, the first on top. */
  readonly sortby: readonly SortKey[];
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
  /** The assets wanted, all of which an item needs; undefined: `data`, else the item's only data asset. */
  readonly assets: readonly string[] | undefined;
  readonly limit: number;
}

export interface TileAsset {
  readonly id: string;
  readonly collection: string;
  /** Of each asset wanted, in their order. */
  readonly hrefs: readonly string[];
  /** The transaction that wrote the item: another one after each change of it. */
  readonly version: string;
}

interface Row {
  readonly id: string;
  readonly collection: string;
  readonly hrefs: readonly (string | null)[];
  readonly assets: JsonObject | null;
  readonly item_assets: JsonObject | null;
  readonly version: string;
}

function statement(query: AssetQuery): { text: string; values: unknown[] } {
  const builder = new SqlBuilder();
  const where = selectionSql(query.selection, query.visibility, builder, query.resolver);
  const hrefs = (query.assets ?? ['data']).map((name) => `i.content->'assets'->${builder.param(name, 'text')}->>'href'`);
  const order = orderSql(sortKeys(query.sortby, query.resolver), false);
  // Another asset is looked for only where the caller named none and the item has no `data`.
  const others = query.assets === undefined ? `CASE WHEN ${hrefs[0]} IS NULL THEN i.content->'assets' END` : 'NULL::jsonb';
  const text = `SELECT i.id, i.collection, i.xmin::text AS version, ARRAY[${hrefs.join(', ')}] AS hrefs, ${others} AS assets,
      CASE WHEN ${others} IS NULL THEN NULL ELSE c.content->'item_assets' END AS item_assets
    FROM pgstac.items i JOIN pgstac.collections c ON c.id = i.collection
    WHERE ${where} ORDER BY ${order} LIMIT ${builder.param(query.limit, 'int')}`;
  return { text, values: [...builder.values] };
}

function toAsset(row: Row, isNamed: boolean): TileAsset | undefined {
  const hrefs = isNamed ? row.hrefs : [row.hrefs[0] ?? hrefOfOther(row)];
  const { id, collection, version } = row;
  return hrefs.every((href) => typeof href === 'string') ? { id, collection, hrefs, version } : undefined;
}

/** A bounded number of items' assets at once: for a tile. */
export async function listAssets(pool: Pool, query: AssetQuery): Promise<TileAsset[]> {
  const { text, values } = statement(query);
  const { rows } = await pool.query<Row>(text, values);
  return rows.flatMap((row) => toAsset(row, query.assets !== undefined) ?? []);
}
