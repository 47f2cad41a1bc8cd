/**
 * Which items a search selects, as parameterised SQL over `pgstac.items i`.
 * Compiled here and not by `pgstac.search()`, which spends most of its time planning and hydrating in PL/pgSQL, reads an
 * antimeridian box as the wide one, and writes a row into `pgstac.searches` for each query (shared/field/FEATURES.md C3, D13).
 */
import type { Cql2Expression } from '../cql2/ast.js';
import { compileFilter } from '../cql2/compile.js';
import type { PropertyResolver } from '../cql2/resolver.js';
import type { SqlBuilder } from '../cql2/sql-builder.js';
import type { Bbox } from '../geojson.js';
import type { ItemSelection } from '../search/query.js';
import { itemTextSql } from './free-text.js';

/** What the caller may not see. */
export interface Visibility {
  /** Collections that do not exist for the caller. */
  readonly hidden: readonly string[];
}

/** A condition on alias `i` for the selection and the caller's visibility. */
export function selectionSql(selection: ItemSelection, visibility: Visibility, builder: SqlBuilder, resolver: PropertyResolver): string {
  const conditions: string[] = [];
  if (selection.collections !== undefined && selection.collections.length > 0) {
    const visible = selection.collections.filter((id) => !visibility.hidden.includes(id));
    // A literal list prunes pgSTAC's partitions when the plan is made.
    conditions.push(`i.collection = ANY(${builder.param(visible, 'text[]')})`);
  } else if (visibility.hidden.length > 0) {
    conditions.push(`i.collection <> ALL(${builder.param(visibility.hidden, 'text[]')})`);
  }
  if (selection.ids !== undefined && selection.ids.length > 0) conditions.push(`i.id = ANY(${builder.param(selection.ids, 'text[]')})`);
  const target = { builder, resolver, alias: 'i' };
  if (selection.bbox !== undefined) conditions.push(boxSql(selection.bbox, builder) ?? compileFilter(intersects({ kind: 'bbox', bbox: selection.bbox, at: { pointer: '/bbox' } }), target));
  if (selection.intersects !== undefined) {
    conditions.push(compileFilter(intersects({ kind: 'geometry', geometry: selection.intersects, at: { pointer: '/intersects' } }), target));
  }
  if (selection.datetime?.end !== undefined) conditions.push(`i.datetime <= ${builder.param(selection.datetime.end, 'timestamptz')}`);
  if (selection.datetime?.start !== undefined) conditions.push(`i.end_datetime >= ${builder.param(selection.datetime.start, 'timestamptz')}`);
  if (selection.q !== undefined) conditions.push(itemTextSql(selection.q, builder));
  if (selection.filter !== undefined) conditions.push(compileFilter(selection.filter, target));
  return conditions.length === 0 ? 'TRUE' : conditions.map((condition) => `(${condition})`).join(' AND ');
}

/** PostGIS compares boxes in single precision, which is off by up to 1.5e-5 degrees at 180. */
const FLOAT_ERROR = 2e-5;

/**
 * Footprints that meet a box. Most of them lie inside it, which their own boxes tell in a fifth of the time that GEOS takes
 * (0.26 against 0.64 ms for 832 items); only the others are looked at closely. Undefined for boxes that cross the antimeridian or are thin.
 */
function boxSql([west, south, east, north]: Bbox, builder: SqlBuilder): string | undefined {
  if (east - west < 10 * FLOAT_ERROR || north - south < 10 * FLOAT_ERROR) return undefined;
  const envelope = (edges: readonly number[]): string => `ST_MakeEnvelope(${edges.map((edge) => builder.param(edge, 'float8')).join(', ')}, 4326)`;
  const box = envelope([west, south, east, north]);
  const inner = envelope([west + FLOAT_ERROR, south + FLOAT_ERROR, east - FLOAT_ERROR, north - FLOAT_ERROR]);
  // CASE keeps the planner from looking both up in the spatial index, and from taking their selectivities for independent.
  return `i.geometry && ${box} AND CASE WHEN i.geometry @ ${inner} THEN TRUE ELSE ST_Intersects(i.geometry, ${box}) END`;
}

/** `s_intersects(geometry, …)`: the filter's compiler cuts boxes at the antimeridian and lets no broken geometry raise. */
const intersects = (right: Cql2Expression): Cql2Expression => ({
  kind: 'spatial',
  op: 's_intersects',
  left: { kind: 'property', name: 'geometry', at: right.at },
  right,
  at: right.at,
});
