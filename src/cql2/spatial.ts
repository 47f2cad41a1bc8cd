/** The spatial functions s_* as PostGIS predicates (OGC 21-065r2 section 7.8, the DE-9IM relations). */
import type { SpatialNode, SpatialOp } from './ast.js';
import { geometrySql } from './shapes.js';
import type { Shape } from './shapes.js';
import type { Context } from './target.js';

const FUNCTIONS: Readonly<Record<SpatialOp, string>> = {
  s_contains: 'ST_Contains',
  s_crosses: 'ST_Crosses',
  s_disjoint: 'ST_Disjoint',
  s_equals: 'ST_Equals',
  s_intersects: 'ST_Intersects',
  s_overlaps: 'ST_Overlaps',
  s_touches: 'ST_Touches',
  s_within: 'ST_Within',
};

/** GEOS raises on self-crossing polygons, which items' footprints are now and then. */
const valid = ({ sql, valid: known }: Shape): string => (known ? sql : `ST_MakeValid(${sql})`);

/**
 * `s_x(left, right)`. All but s_disjoint imply that the boxes meet, which `&&` answers from the spatial
 * index before any geometry is made valid.
 */
export function spatialSql({ op, left, right }: SpatialNode, context: Context): string {
  const [a, b] = [geometrySql(left, context), geometrySql(right, context)];
  if (op === 's_disjoint') return `(NOT (${a.sql} && ${b.sql} AND ST_Intersects(${valid(a)}, ${valid(b)})))`;
  const predicate = `${FUNCTIONS[op]}(${valid(a)}, ${valid(b)})`;
  return a.indexed || b.indexed ? `(${a.sql} && ${b.sql} AND ${predicate})` : predicate;
}
