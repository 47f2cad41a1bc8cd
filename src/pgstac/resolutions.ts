/** What a sample of a search's items says of the pixels of their COGs. */
import type { Pool } from 'pg';
import { SqlBuilder } from '../cql2/sql-builder.js';
import type { Json, JsonObject } from '../json.js';
import type { BoundsQuery } from './bounds.js';
import { selectionSql } from './selection.js';

export interface Resolution {
  readonly bbox: readonly number[] | undefined;
  readonly properties: JsonObject;
}

/** Zooms are judged by so many items: all COGs of one mosaic are alike, and the first thousand cost 20 ms. */
const SAMPLE = 1000;
const FIELDS = ['gsd', 'proj:code', 'proj:shape', 'proj:transform', 'proj:bbox'];

/** Members of the asset that is drawn count before those of the item (STAC 1.1, common metadata); in no order, which a million items would be sorted for. */
export async function sampleResolutions(pool: Pool, { selection, visibility, resolver, asset }: BoundsQuery & { asset: string }): Promise<Resolution[]> {
  const builder = new SqlBuilder();
  const where = selectionSql(selection, visibility, builder, resolver);
  const key = builder.param(asset, 'text');
  const fields = FIELDS.map((name) => `'${name}', coalesce(i.content->'assets'->${key}->'${name}', i.content->'properties'->'${name}')`).join(', ');
  const { rows } = await pool.query<{ bbox: Json; properties: JsonObject }>(
    `SELECT i.content->'bbox' AS bbox, jsonb_strip_nulls(jsonb_build_object(${fields})) AS properties FROM pgstac.items i WHERE ${where} LIMIT ${SAMPLE}`,
    [...builder.values],
  );
  return rows.map(({ bbox, properties }) => ({ bbox: Array.isArray(bbox) && bbox.every((n) => typeof n === 'number') ? bbox : undefined, properties }));
}
