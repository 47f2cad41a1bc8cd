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
  /** The asset wanted; undefined: `data`, else the item's only data asset. */
  readonly asset: string | undefined;
  readonly limit: number;
}

export interface TileAsset {
  readonly id: string;
  readonly collection: string;
  readonly href: string;
  /** The transaction that wrote the item: another one after each change of it. */
  readonly version: string;
}

interface Row {
  readonly id: string;
  readonly collection: string;
  readonly href: string | null;
  readonly assets: JsonObject | null;
  readonly item_assets: JsonObject | null;
  readonly version: string;
}

function statement(query: AssetQuery): { text: string; values: unknown[] } {
  const builder = new SqlBuilder();
  const where = selectionSql(query.selection, query.visibility, builder, query.resolver);
  const asset = builder.param(query.asset ?? 'data', 'text');
  const order = orderSql(sortKeys(query.sortby, query.resolver), false);
  // Another asset is looked for only where the caller named none and the item has no `data`.
  const others = query.asset === undefined ? `CASE WHEN i.content->'assets'->${asset}->>'href' IS NULL THEN i.content->'assets' END` : 'NULL::jsonb';
  const text = `SELECT i.id, i.collection, i.xmin::text AS version, i.content->'assets'->${asset}->>'href' AS href, ${others} AS assets,
      CASE WHEN ${others} IS NULL THEN NULL ELSE c.content->'item_assets' END AS item_assets
    FROM pgstac.items i JOIN pgstac.collections c ON c.id = i.collection
    WHERE ${where} ORDER BY ${order} LIMIT ${builder.param(query.limit, 'int')}`;
  return { text, values: [...builder.values] };
}

function toAsset(row: Row): TileAsset | undefined {
  const href = row.href ?? hrefOfOther(row);
  return href === undefined ? undefined : { id: row.id, collection: row.collection, href, version: row.version };
}

/** A bounded number of assets at once: for a tile. */
export async function listAssets(pool: Pool, query: AssetQuery): Promise<TileAsset[]> {
  const { text, values } = statement(query);
  const { rows } = await pool.query<Row>(text, values);
  return rows.flatMap((row) => toAsset(row) ?? []);
}
