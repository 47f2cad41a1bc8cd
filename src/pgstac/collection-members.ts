/** Which members the collections have, for their queryables. */
import type { Pool } from 'pg';
import type { Visibility } from './selection.js';

export interface CollectionMember {
  /** As CQL2 names it: `sci:doi`, `summaries.platform`. */
  readonly name: string;
  /** The JSON type; undefined where collections differ. */
  readonly type: 'string' | 'number' | 'boolean' | 'array' | 'object' | undefined;
}

/** Members that say nothing by which anybody would look for a collection. */
const STRUCTURE = ['type', 'stac_version', 'stac_extensions', 'extent', 'links', 'assets', 'item_assets', 'providers', 'summaries'];

/** Members of the visible collections and of their summaries. A name with a dot is left out: filters read it as a path. */
export async function collectionMembers(pool: Pool, visibility: Visibility): Promise<CollectionMember[]> {
  const { rows } = await pool.query<{ name: string; types: CollectionMember['type'][] }>(
    `SELECT name, array_agg(DISTINCT type) AS types
       FROM pgstac.collections c CROSS JOIN LATERAL (
         SELECT key AS name, jsonb_typeof(value) AS type FROM jsonb_each(c.content) WHERE key <> ALL($2) AND strpos(key, '.') = 0
         UNION ALL
         SELECT 'summaries.' || key, jsonb_typeof(value) FROM jsonb_each(CASE WHEN jsonb_typeof(c.content->'summaries') = 'object' THEN c.content->'summaries' ELSE '{}' END)
          WHERE strpos(key, '.') = 0
       ) AS member
      WHERE c.id <> ALL($1) AND type <> 'null' GROUP BY name ORDER BY name COLLATE "C"`,
    [visibility.hidden, STRUCTURE],
  );
  return rows.map(({ name, types }) => ({ name, type: types.length === 1 ? types[0] : undefined }));
}
