/** Looks into a filter: the parts of a node, the properties that a filter names, its geometries changed. */
import type { Cql2Expression, IntervalEnd } from './ast.js';
import type { GeoJsonGeometry } from './geometry.js';
import { propertyName } from './resolver.js';

const isPart = (end: IntervalEnd): end is Exclude<IntervalEnd, { kind: 'open' }> => end.kind !== 'open';

/** The nodes directly below a node. */
export function partsOf(node: Cql2Expression): readonly Cql2Expression[] {
  switch (node.kind) {
    case 'and':
    case 'or':
    case 'function':
      return node.args;
    case 'array':
      return node.items;
    case 'not':
    case 'isNull':
    case 'casei':
    case 'accenti':
      return [node.arg];
    case 'comparison':
    case 'arithmetic':
    case 'spatial':
    case 'temporal':
    case 'arrayPredicate':
      return [node.left, node.right];
    case 'like':
      return [node.value, node.pattern];
    case 'between':
      return [node.value, node.low, node.high];
    case 'in':
      return [node.value, ...node.list];
    case 'interval':
      return [node.start, node.end].filter(isPart);
    default:
      return [];
  }
}

/** The properties that a filter names, each once, without a leading `properties.`, in their order. */
export function filterQueryables(filter: Cql2Expression): readonly string[] {
  const names = new Set<string>();
  const visit = (node: Cql2Expression): void => {
    if (node.kind === 'property') names.add(propertyName(node.name));
    partsOf(node).forEach(visit);
  };
  visit(filter);
  return [...names];
}

/**
 * The filter with every geometry literal changed: for `filter-crs`, whose geometries come in another
 * reference system. Boxes stay boxes; a box whose edges bend in the new system is the caller's to densify.
 */
export function mapGeometries(
  node: Cql2Expression,
  change: { readonly geometry: (geometry: GeoJsonGeometry) => GeoJsonGeometry; readonly bbox: (bbox: readonly number[]) => readonly number[] },
): Cql2Expression {
  const map = (part: Cql2Expression): Cql2Expression => mapGeometries(part, change);
  switch (node.kind) {
    case 'geometry':
      return { ...node, geometry: change.geometry(node.geometry) };
    case 'bbox':
      return { ...node, bbox: change.bbox(node.bbox) };
    case 'and':
    case 'or':
    case 'function':
      return { ...node, args: node.args.map(map) };
    case 'not':
    case 'isNull':
      return { ...node, arg: map(node.arg) };
    case 'comparison':
    case 'spatial':
    case 'temporal':
    case 'arrayPredicate':
      return { ...node, left: map(node.left), right: map(node.right) };
    case 'in':
      return { ...node, value: map(node.value), list: node.list.map(map) };
    case 'array':
      return { ...node, items: node.items.map(map) };
    default:
      return node;
  }
}
