/** The tiles of a dataset in `system_tiles`, found through the index on `parent_dataset`. */
import type { Geometry } from 'geojson';
import type { PoolClient } from 'pg';
import { compileFilter } from '../cql2/compile.js';
import type { Cql2Expression } from '../cql2/ast.js';
import { parseCql2Json } from '../cql2/json.js';
import { itemResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import type { Bbox } from '../geojson.js';
import type { JsonObject } from '../json.js';

/** The two properties that the seed registers with indexes (database/seed.ts). */
export const tileResolver = itemResolver({
  properties: [
    { name: 'parent_dataset', type: 'string', indexedAs: 'to_text' },
    { name: 'tile_index', type: 'integer', indexedAs: 'to_int' },
  ],
});

/** `parent_dataset = id` as the registered search of a dataset holds it. */
export const parentFilter = (datasetId: string): JsonObject => ({ op: '=', args: [{ property: 'parent_dataset' }, datasetId] });

export const parentExpression = (datasetId: string): Cql2Expression => parseCql2Json(parentFilter(datasetId));

function whereParent(datasetId: string, builder: SqlBuilder): string {
  const filter = compileFilter(parentExpression(datasetId), { builder, resolver: tileResolver, alias: 'i' });
  return `i.collection = 'system_tiles' AND (${filter})`;
}

/** Deletes all tiles of a dataset inside the caller's transaction. */
export async function deleteTiles(client: PoolClient, datasetId: string): Promise<number> {
  const builder = new SqlBuilder();
  const where = whereParent(datasetId, builder);
  const { rowCount } = await client.query(`DELETE FROM pgstac.items i WHERE ${where}`, [...builder.values]);
  return rowCount ?? 0;
}

/** The union of rectangles as GeoJSON, edges closer than 1e-9 degrees taken for one. */
export async function unionOfRectangles(client: PoolClient, rectangles: readonly Bbox[]): Promise<Geometry | undefined> {
  const sides = [0, 1, 2, 3].map((side) => rectangles.map((rectangle) => rectangle[side]));
  const { rows } = await client.query<{ geometry: string }>(
    `SELECT ST_AsGeoJSON(ST_ForcePolygonCCW(ST_Union(ST_MakeEnvelope(w, s, e, n, 4326), 0.000000001)), 9) AS geometry
       FROM unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[]) AS r(w, s, e, n)`,
    sides,
  );
  return rows[0] === undefined ? undefined : (JSON.parse(rows[0].geometry) as Geometry);
}

/** Beyond so many tiles their exact union costs minutes (GEOS: 10 ms a hundred); the dataset's outline is then its box. */
const MOST_UNITED = 20_000;

/**
 * The union of the tiles as GeoJSON; undefined beyond {@link MOST_UNITED}. Edges closer than 1e-9 degrees (0.1 mm) are one
 * edge, so that tiles whose corners differ in the last digit leave no slivers.
 */
export async function unionOfTiles(client: PoolClient, datasetId: string, count: number): Promise<Geometry | undefined> {
  if (count > MOST_UNITED) return undefined;
  const builder = new SqlBuilder();
  const where = whereParent(datasetId, builder);
  const { rows } = await client.query<{ geometry: string }>(
    `SELECT ST_AsGeoJSON(ST_ForcePolygonCCW(ST_SetSRID(ST_Union(ST_MakeValid(ST_Force2D(i.geometry)), 0.000000001), 4326)), 9) AS geometry
       FROM pgstac.items i WHERE ${where}`,
    [...builder.values],
  );
  return rows[0] === undefined ? undefined : (JSON.parse(rows[0].geometry) as Geometry);
}
