/** Geometries as SQL: literals made valid, boxes cut at the antimeridian, properties, functions. */
import type { BboxNode, Cql2Expression } from './ast.js';
import { invalidNode } from './faults.js';
import type { GeoJsonGeometry, Position } from './geometry.js';
import { functionSql, definitionOf } from './scalar.js';
import type { Context } from './target.js';
import { propertyOf } from './target.js';

export interface Shape {
  readonly sql: string;
  /** True where GEOS is sure to accept it: literals made valid, and points. */
  readonly valid: boolean;
  /** True for a column that has a spatial index. */
  readonly indexed: boolean;
  /** True for boxes, whose intersections GEOS decides without topology: no footprint makes that raise. */
  readonly plain: boolean;
}

/**
 * The box as GeoJSON: a polygon, two of them where west > east (OGC 21-065r2 section 7.6), or a point or
 * line where it has no extent. Heights are left out: the s_* functions work in the plane.
 */
export function bboxShape(bbox: readonly number[]): GeoJsonGeometry {
  const half = bbox.length / 2;
  const [west = 0, south = 0] = bbox;
  const [east = 0, north = 0] = bbox.slice(half);
  const box = (left: number, right: number): readonly (readonly Position[])[] => [
    [
      [left, south],
      [right, south],
      [right, north],
      [left, north],
      [left, south],
    ],
  ];
  if (west > east) return { type: 'MultiPolygon', coordinates: [box(west, 180), box(-180, east)] };
  if (west === east && south === north) return { type: 'Point', coordinates: [west, south] };
  if (west === east || south === north)
    return {
      type: 'LineString',
      coordinates: [
        [west, south],
        [east, north],
      ],
    };
  return { type: 'Polygon', coordinates: box(west, east) };
}

/** ST_MakeValid because self-crossing polygons raise TopologyException in GEOS; folded to a constant by the planner. */
function literal(geometry: GeoJsonGeometry, context: Context): Shape {
  const sql = `ST_SetSRID(ST_GeomFromGeoJSON(${context.builder.param(JSON.stringify(geometry), 'text')}), 4326)`;
  const isPoint = geometry.type === 'Point' || geometry.type === 'MultiPoint';
  return { sql: isPoint ? sql : `ST_MakeValid(${sql})`, valid: true, indexed: false, plain: false };
}

function boxLiteral(node: BboxNode, context: Context): Shape {
  const half = node.bbox.length / 2;
  const [west = 0, east = 0] = [node.bbox[0], node.bbox[half]];
  if (west > east && (west > 180 || east < -180)) throw invalidNode(node.at, 'a bbox that crosses the antimeridian must lie between -180 and 180.');
  const shape = bboxShape(node.bbox);
  if (shape.type !== 'Polygon') return literal(shape, context);
  const [south = 0, north = 0] = [node.bbox[1], node.bbox[half + 1]];
  const edges = [west, south, east, north].map((edge) => context.builder.param(edge, 'float8'));
  return { sql: `ST_MakeEnvelope(${edges.join(', ')}, 4326)`, valid: true, indexed: false, plain: true };
}

/**
 * A geometry operand as SQL of type geometry in EPSG:4326.
 * @throws DomainError InvalidInput for properties and functions that are no geometry
 */
export function geometrySql(node: Cql2Expression, context: Context): Shape {
  switch (node.kind) {
    case 'geometry':
      return literal(node.geometry, context);
    case 'bbox':
      return boxLiteral(node, context);
    case 'property': {
      const property = propertyOf(node, context);
      if (property.type !== 'geometry' || !property.column) throw invalidNode(node.at, `the property ${JSON.stringify(node.name)} is no geometry.`);
      return { sql: property.sql, valid: false, indexed: true, plain: false };
    }
    case 'function':
      if (definitionOf(node).returns !== 'geometry') break;
      return { sql: functionSql(node, context), valid: false, indexed: false, plain: false };
    default:
  }
  throw invalidNode(node.at, 'must be a geometry.');
}
