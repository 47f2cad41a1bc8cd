/** The spatial functions s_* as PostGIS predicates (OGC 21-065r2 section 7.8, the DE-9IM relations). */
import type { SpatialNode, SpatialOp } from './ast.js';
import { geometrySql } from './shapes.js';
import type { Shape } from './shapes.js';
import type { Context } from './target.js';

const FUNCTIONS: Readonly<Record<Exclude<SpatialOp, 's_disjoint' | 's_intersects'>, string>> = {
  s_contains: 'ST_Contains',
  s_crosses: 'ST_Crosses',
  s_equals: 'ST_Equals',
  s_overlaps: 'ST_Overlaps',
  s_touches: 'ST_Touches',
  s_within: 'ST_Within',
};

/** GEOS raises on self-crossing polygons, which items' footprints are now and then. */
const valid = ({ sql, valid: known }: Shape): string => (known ? sql : `ST_MakeValid(${sql})`);

/** Making footprints valid costs 2 µs each, so it is left out where nothing can raise. */
const intersects = (a: Shape, b: Shape): string =>
  a.plain || b.plain ? `ST_Intersects(${a.sql}, ${b.sql})` : `(${a.sql} && ${b.sql} AND ST_Intersects(${valid(a)}, ${valid(b)}))`;

/**
 * `s_x(left, right)`. All but s_disjoint imply that the boxes meet, which `&&` answers from the spatial
 * index before any geometry is made valid.
 */
export function spatialSql({ op, left, right }: SpatialNode, context: Context): string {
  const [a, b] = [geometrySql(left, context), geometrySql(right, context)];
  if (op === 's_intersects') return intersects(a, b);
  // ST_Disjoint knows no index and raises on more footprints than its opposite.
  if (op === 's_disjoint') return `(NOT ${intersects(a, b)})`;
  const predicate = `${FUNCTIONS[op]}(${valid(a)}, ${valid(b)})`;
  return a.indexed || b.indexed ? `(${a.sql} && ${b.sql} AND ${predicate})` : predicate;
}
