/** Items out of `pgstac.items`: rows hydrated here, since pgSTAC spends 10 times a page's query on doing it in PL/pgSQL. */
import type { ClientBase, Pool } from 'pg';
import { isObject, type Json, type JsonObject } from '../json.js';
import { BASE_ITEM_TAG, hydrate } from './hydrate.js';

/** The columns that {@link toItems} needs, of a table or alias `i`. */
export const ITEM_COLUMNS = 'i.id, i.collection, ST_AsGeoJSON(i.geometry, 15) AS geometry, i.content';

export interface ItemRow {
  readonly id: string;
  readonly collection: string;
  readonly geometry: string;
  readonly content: JsonObject;
}

type Queryable = Pool | ClientBase;

interface BaseRow {
  readonly collection: string;
  readonly base_item: JsonObject;
  /** pgSTAC 0.10's earlier base items by id, the first being that of untagged items; null on 0.9 or when never edited. */
  readonly versions: { id: number; base_item: JsonObject }[] | null;
}

/** Whether pgSTAC keeps a history of base items (0.10), asked once per pool. */
const keepsHistory = new WeakMap<Queryable, boolean>();

async function hasHistory(db: Queryable): Promise<boolean> {
  const known = keepsHistory.get(db);
  if (known !== undefined) return known;
  const { rows } = await db.query<{ yes: boolean }>("SELECT to_regclass('pgstac.base_items') IS NOT NULL AS yes");
  const yes = rows[0]?.yes === true;
  keepsHistory.set(db, yes);
  return yes;
}

async function baseItems(db: Queryable, collections: readonly string[]): Promise<Map<string, BaseRow>> {
  const versions = (await hasHistory(db))
    ? `(SELECT jsonb_agg(jsonb_build_object('id', b.id, 'base_item', b.base_item) ORDER BY b.id)
          FROM pgstac.base_items b WHERE b.collection = c.id)`
    : 'NULL';
  const { rows } = await db.query<BaseRow>(
    `SELECT c.id AS collection, c.base_item, ${versions} AS versions FROM pgstac.collections c WHERE c.id = ANY($1)`,
    [collections],
  );
  return new Map(rows.map((row) => [row.collection, row]));
}

function baseOf(row: ItemRow, bases: Map<string, BaseRow>): JsonObject {
  const base = bases.get(row.collection);
  if (base === undefined) return {};
  if (base.versions === null) return base.base_item;
  const tag = Number(row.content[BASE_ITEM_TAG]);
  const version = Number.isInteger(tag) ? base.versions.find(({ id }) => id === tag) : base.versions[0];
  return version?.base_item ?? base.base_item;
}

function toItem(row: ItemRow, base: JsonObject): JsonObject {
  const { [BASE_ITEM_TAG]: _tag, ...content } = row.content;
  const item: JsonObject = { type: 'Feature', stac_version: '1.0.0', ...hydrate(content, withoutNulls(base)) };
  item['id'] = row.id;
  item['collection'] = row.collection;
  item['geometry'] = JSON.parse(row.geometry) as Json;
  const { properties } = item;
  // STAC requires the member; pgSTAC's own writers strip nulls (strip_jsonb).
  if (isObject(properties) && properties['datetime'] === undefined) properties['datetime'] = null;
  if (item['links'] === undefined) item['links'] = [];
  if (item['assets'] === undefined) item['assets'] = {};
  return item;
}

/** `assets` of a base item is null where the collection has no `item_assets`. */
function withoutNulls(base: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(base).filter(([, value]) => value !== null));
}

/** Whole STAC Items for rows of {@link ITEM_COLUMNS}, in their order. */
export async function toItems(db: Queryable, rows: readonly ItemRow[]): Promise<JsonObject[]> {
  if (rows.length === 0) return [];
  const bases = await baseItems(db, [...new Set(rows.map((row) => row.collection))]);
  return rows.map((row) => toItem(row, baseOf(row, bases)));
}

/** One item, or undefined. */
export async function findItem(db: Queryable, collection: string, id: string): Promise<JsonObject | undefined> {
  const { rows } = await db.query<ItemRow>(
    `SELECT ${ITEM_COLUMNS} FROM pgstac.items i WHERE i.collection = $1 AND i.id = $2`,
    [collection, id],
  );
  return (await toItems(db, rows))[0];
}
