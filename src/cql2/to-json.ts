/** Writes a filter as CQL2 JSON, the standard's own form: for links, stored searches and comparison. */
import type { Cql2Expression, IntervalEnd } from './ast.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

const operation = (op: string, ...args: Json[]): Json => ({ op, args });

function intervalEnd(node: IntervalEnd): Json {
  switch (node.kind) {
    case 'open':
      return '..';
    case 'date':
    case 'timestamp':
      return node.value;
    default:
      return toJson(node);
  }
}

/** The CQL2 JSON of a filter; reading it gives the same filter again. */
export function toJson(node: Cql2Expression): Json {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'date':
      return { date: node.value };
    case 'timestamp':
      return { timestamp: node.value };
    case 'interval':
      return { interval: [intervalEnd(node.start), intervalEnd(node.end)] };
    case 'property':
      return { property: node.name };
    case 'geometry':
      return 'geometries' in node.geometry
        ? { type: node.geometry.type, geometries: node.geometry.geometries.map((geometry) => toJson({ kind: 'geometry', geometry, at: node.at })) }
        : { type: node.geometry.type, coordinates: node.geometry.coordinates };
    case 'bbox':
      return { bbox: node.bbox };
    case 'array':
      return node.items.map(toJson);
    case 'function':
      return { op: node.name, args: node.args.map(toJson) };
    case 'and':
    case 'or':
      return { op: node.kind, args: node.args.map(toJson) };
    case 'not':
    case 'isNull':
    case 'casei':
    case 'accenti':
      return operation(node.kind, toJson(node.arg));
    case 'like':
      return operation('like', toJson(node.value), toJson(node.pattern));
    case 'between':
      return operation('between', toJson(node.value), toJson(node.low), toJson(node.high));
    case 'in':
      return operation('in', toJson(node.value), node.list.map(toJson));
    default:
      return operation(node.op, toJson(node.left), toJson(node.right));
  }
}
