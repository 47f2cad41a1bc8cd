/** The typed form of a CQL2 filter (OGC 21-065r2), the same for the text and the JSON encoding. */
import type { GeoJsonGeometry } from './geometry.js';

/** Where a node stood in what the caller sent: a JSON pointer below the filter, or a place in the text. */
export type Place = { readonly pointer: string } | { readonly line: number; readonly column: number };

interface Located {
  readonly at: Place;
}

export const COMPARISON_OPS = ['=', '<>', '<', '>', '<=', '>='] as const;
export const ARITHMETIC_OPS = ['+', '-', '*', '/', '%', 'div', '^'] as const;
export const SPATIAL_OPS = [
  's_contains',
  's_crosses',
  's_disjoint',
  's_equals',
  's_intersects',
  's_overlaps',
  's_touches',
  's_within',
] as const;
export const TEMPORAL_OPS = [
  't_after',
  't_before',
  't_contains',
  't_disjoint',
  't_during',
  't_equals',
  't_finishedBy',
  't_finishes',
  't_intersects',
  't_meets',
  't_metBy',
  't_overlappedBy',
  't_overlaps',
  't_startedBy',
  't_starts',
] as const;
export const ARRAY_OPS = ['a_containedBy', 'a_contains', 'a_equals', 'a_overlaps'] as const;

export type ComparisonOp = (typeof COMPARISON_OPS)[number];
export type ArithmeticOp = (typeof ARITHMETIC_OPS)[number];
export type SpatialOp = (typeof SPATIAL_OPS)[number];
export type TemporalOp = (typeof TEMPORAL_OPS)[number];
export type ArrayOp = (typeof ARRAY_OPS)[number];

export interface LiteralNode extends Located {
  readonly kind: 'literal';
  readonly value: string | number | boolean;
}
export interface DateNode extends Located {
  readonly kind: 'date';
  /** `YYYY-MM-DD`, a day of the Gregorian calendar. */
  readonly value: string;
}
export interface TimestampNode extends Located {
  readonly kind: 'timestamp';
  /** RFC 3339 in UTC, as it was written. */
  readonly value: string;
}
export interface OpenEndNode extends Located {
  readonly kind: 'open';
}
export interface PropertyNode extends Located {
  readonly kind: 'property';
  readonly name: string;
}
export interface FunctionNode extends Located {
  readonly kind: 'function';
  readonly name: string;
  readonly args: readonly Cql2Expression[];
}
export interface IntervalNode extends Located {
  readonly kind: 'interval';
  readonly start: IntervalEnd;
  readonly end: IntervalEnd;
}
export interface GeometryNode extends Located {
  readonly kind: 'geometry';
  readonly geometry: GeoJsonGeometry;
}
export interface BboxNode extends Located {
  readonly kind: 'bbox';
  /** West, south, [bottom,] east, north[, top]; west > east crosses the antimeridian. */
  readonly bbox: readonly number[];
}
export interface ArrayNode extends Located {
  readonly kind: 'array';
  readonly items: readonly Cql2Expression[];
}
export interface ArithmeticNode extends Located {
  readonly kind: 'arithmetic';
  readonly op: ArithmeticOp;
  readonly left: Cql2Expression;
  readonly right: Cql2Expression;
}
export interface FoldNode extends Located {
  readonly kind: 'casei' | 'accenti';
  readonly arg: Cql2Expression;
}
export interface LogicalNode extends Located {
  readonly kind: 'and' | 'or';
  readonly args: readonly Cql2Expression[];
}
export interface NotNode extends Located {
  readonly kind: 'not';
  readonly arg: Cql2Expression;
}
export interface ComparisonNode extends Located {
  readonly kind: 'comparison';
  readonly op: ComparisonOp;
  readonly left: Cql2Expression;
  readonly right: Cql2Expression;
}
export interface LikeNode extends Located {
  readonly kind: 'like';
  readonly value: Cql2Expression;
  readonly pattern: Cql2Expression;
}
export interface BetweenNode extends Located {
  readonly kind: 'between';
  readonly value: Cql2Expression;
  readonly low: Cql2Expression;
  readonly high: Cql2Expression;
}
export interface InNode extends Located {
  readonly kind: 'in';
  readonly value: Cql2Expression;
  readonly list: readonly Cql2Expression[];
}
export interface IsNullNode extends Located {
  readonly kind: 'isNull';
  readonly arg: Cql2Expression;
}
export interface SpatialNode extends Located {
  readonly kind: 'spatial';
  readonly op: SpatialOp;
  readonly left: Cql2Expression;
  readonly right: Cql2Expression;
}
export interface TemporalNode extends Located {
  readonly kind: 'temporal';
  readonly op: TemporalOp;
  readonly left: Cql2Expression;
  readonly right: Cql2Expression;
}
export interface ArrayPredicateNode extends Located {
  readonly kind: 'arrayPredicate';
  readonly op: ArrayOp;
  readonly left: Cql2Expression;
  readonly right: Cql2Expression;
}

export type IntervalEnd = DateNode | TimestampNode | OpenEndNode | PropertyNode | FunctionNode;

/** Any node. Which kinds may stand where is checked when a filter is read (json.ts), not by this type. */
export type Cql2Expression =
  | LiteralNode
  | DateNode
  | TimestampNode
  | PropertyNode
  | FunctionNode
  | IntervalNode
  | GeometryNode
  | BboxNode
  | ArrayNode
  | ArithmeticNode
  | FoldNode
  | LogicalNode
  | NotNode
  | ComparisonNode
  | LikeNode
  | BetweenNode
  | InNode
  | IsNullNode
  | SpatialNode
  | TemporalNode
  | ArrayPredicateNode;

/** Kinds whose value is true, false or unknown (BNF `booleanPrimary`). */
export const isBoolean = (node: Cql2Expression): boolean => {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'not':
    case 'comparison':
    case 'like':
    case 'between':
    case 'in':
    case 'isNull':
    case 'spatial':
    case 'temporal':
    case 'arrayPredicate':
    case 'function':
      return true;
    case 'literal':
      return typeof node.value === 'boolean';
    default:
      return false;
  }
};
