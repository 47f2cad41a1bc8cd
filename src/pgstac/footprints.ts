/** Footprints, hrefs and extents of what a search selects, some at a time. */
import type { Pool } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import type { Bbox } from '../geojson.js';
import { isObject, type Json, type JsonObject } from '../json.js';
import type { ItemSelection, SortKey } from '../search/query.js';
import { dataAssetKey } from '../stac/assets.js';
import { orderSql, sortKeys } from './search.js';
import { selectionSql, type Visibility } from './selection.js';

export interface FootprintQuery {
  readonly selection: ItemSelection;
  /** Stacking order, the first on top. */
  readonly sortby: readonly SortKey[];
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
  /** The asset wanted; undefined: `data`, else the item's only data asset. */
  readonly asset: string | undefined;
  readonly limit: number;
}

export interface AssetFootprint {
  readonly id: string;
  readonly collection: string;
  readonly href: string;
  /** The transaction that wrote the item: another one after each change of it. */
  readonly version: string;
  /** Hex EWKB, as PostGIS writes it. */
  readonly geometry: string;
  readonly bbox: readonly number[] | undefined;
  readonly properties: JsonObject;
}

interface Row {
  readonly id: string;
  readonly collection: string;
  readonly href: string | null;
  readonly assets: JsonObject | null;
  readonly item_assets: JsonObject | null;
  readonly version: string;
  readonly geometry: string;
  readonly bbox: Json;
  readonly properties: JsonObject;
}

/** Properties that zooms are made of; the others stay in the database. */
const RESOLUTION = ['gsd', 'proj:code', 'proj:shape', 'proj:transform', 'proj:bbox'];

function statement(query: FootprintQuery): { text: string; values: unknown[] } {
  const builder = new SqlBuilder();
  const where = selectionSql(query.selection, query.visibility, builder, query.resolver);
  const asset = builder.param(query.asset ?? 'data', 'text');
  const order = orderSql(sortKeys(query.sortby, query.resolver), false);
  const fields = RESOLUTION.map((name) => `'${name}', i.content->'properties'->'${name}'`).join(', ');
  // Another asset is looked for only where the caller named none and the item has no `data`.
  const others = query.asset === undefined ? `CASE WHEN i.content->'assets'->${asset}->>'href' IS NULL THEN i.content->'assets' END` : 'NULL::jsonb';
  const text = `SELECT i.id, i.collection, i.xmin::text AS version, i.geometry, i.content->'assets'->${asset}->>'href' AS href, ${others} AS assets,
      CASE WHEN ${others} IS NULL THEN NULL ELSE c.content->'item_assets' END AS item_assets,
      i.content->'bbox' AS bbox, jsonb_strip_nulls(jsonb_build_object(${fields})) AS properties
    FROM pgstac.items i JOIN pgstac.collections c ON c.id = i.collection
    WHERE ${where} ORDER BY ${order} LIMIT ${builder.param(query.limit, 'int')}`;
  return { text, values: [...builder.values] };
}

function toFootprint(row: Row): AssetFootprint | undefined {
  const href = row.href ?? otherHref(row);
  if (href === undefined) return undefined;
  const bbox = Array.isArray(row.bbox) && row.bbox.every((n) => typeof n === 'number') ? row.bbox : undefined;
  return { id: row.id, collection: row.collection, href, version: row.version, geometry: row.geometry, bbox, properties: row.properties };
}

/** Roles and types of assets may stand in the collection's `item_assets` only (dehydrated content). */
function otherHref({ assets, item_assets: base }: Row): string | undefined {
  if (!isObject(assets)) return undefined;
  const merged = Object.fromEntries(
    Object.entries(assets).map(([key, asset]) => [key, isObject(asset) && isObject(base?.[key]) ? { ...base[key], ...asset } : asset]),
  );
  const found = assets[dataAssetKey(merged) ?? ''];
  return isObject(found) && typeof found['href'] === 'string' ? found['href'] : undefined;
}

/** A bounded number of footprints at once: for a tile. */
export async function listFootprints(pool: Pool, query: FootprintQuery): Promise<AssetFootprint[]> {
  const { text, values } = statement(query);
  const { rows } = await pool.query<Row>(text, values);
  return rows.flatMap((row) => toFootprint(row) ?? []);
}

/** The bounds of all that is selected, -180 to 180 where a footprint crosses the antimeridian; undefined where there is nothing. */
export async function boundsOf(pool: Pool, { selection, visibility, resolver }: Pick<FootprintQuery, 'selection' | 'visibility' | 'resolver'>): Promise<Bbox | undefined> {
  const builder = new SqlBuilder();
  const where = selectionSql(selection, visibility, builder, resolver);
  const { rows } = await pool.query<{ w: number | null; s: number; e: number; n: number }>(
    `SELECT ST_XMin(x) AS w, ST_YMin(x) AS s, ST_XMax(x) AS e, ST_YMax(x) AS n
       FROM (SELECT ST_Extent(i.geometry) AS x FROM pgstac.items i WHERE ${where}) AS extent`,
    [...builder.values],
  );
  const row = rows[0];
  return row === undefined || row.w === null ? undefined : [row.w, row.s, row.e, row.n];
}
