/** Writes a filter as CQL2 text, for GET links and pages: reading it gives the same filter again. */
import type { Cql2Expression, IntervalEnd } from './ast.js';
import type { GeoJsonGeometry, Position } from './geometry.js';
import { KEYWORDS, PLAIN_NAME } from './tokens.js';

const CONTROL: Readonly<Record<string, string>> = { '\x07': '\\a', '\b': '\\b', '\t': '\\t', '\n': '\\n', '\v': '\\v', '\f': '\\f', '\r': '\\r', "'": "''", '\\': '\\\\' };
// oxlint-disable-next-line no-control-regex -- these are the characters that the standard escapes
const ESCAPED = /[\x07-\x0D'\\]/g;

const string = (text: string): string => `'${text.replaceAll(ESCAPED, (character) => CONTROL[character] ?? character)}'`;

const reserved = new Set(KEYWORDS.map(({ name }) => name));
const name = (text: string): string => (PLAIN_NAME.test(text) && !reserved.has(text.toUpperCase()) ? text : `"${text.replaceAll('"', '""')}"`);

const list = (parts: readonly string[]): string => `(${parts.join(', ')})`;
const position = (numbers: Position): string => numbers.join(' ');
const line = (positions: readonly Position[]): string => list(positions.map(position));
const polygon = (rings: readonly (readonly Position[])[]): string => list(rings.map(line));

function wkt(geometry: GeoJsonGeometry): string {
  const type = `${geometry.type.toUpperCase()}${hasZ(geometry) ? ' Z' : ''}`;
  switch (geometry.type) {
    case 'Point':
      return `${type}(${position(geometry.coordinates)})`;
    case 'LineString':
      return `${type}${line(geometry.coordinates)}`;
    case 'MultiPoint':
      return `${type}${list(geometry.coordinates.map((point) => `(${position(point)})`))}`;
    case 'Polygon':
    case 'MultiLineString':
      return `${type}${polygon(geometry.coordinates)}`;
    case 'MultiPolygon':
      return `${type}${list(geometry.coordinates.map(polygon))}`;
    default:
      return `${type}${list(geometry.geometries.map(wkt))}`;
  }
}

function hasZ(geometry: GeoJsonGeometry): boolean {
  if (geometry.type === 'GeometryCollection') return false;
  let inner: unknown = geometry.coordinates;
  while (Array.isArray(inner) && Array.isArray(inner[0])) inner = inner[0];
  return Array.isArray(inner) && inner.length === 3;
}

const intervalEnd = (end: IntervalEnd): string => {
  if (end.kind === 'open') return "'..'";
  return end.kind === 'date' || end.kind === 'timestamp' ? `'${end.value}'` : toText(end);
};

/** An operand; arithmetic in parentheses, so that no precedence has to be known. */
const operand = (node: Cql2Expression): string => (node.kind === 'arithmetic' ? `(${toText(node)})` : toText(node));
/** A part of and, or, not: in parentheses unless it is a predicate. */
const factor = (node: Cql2Expression): string => (node.kind === 'and' || node.kind === 'or' || node.kind === 'not' ? `(${toText(node)})` : toText(node));

/** The CQL2 text of a filter. */
export function toText(node: Cql2Expression): string {
  switch (node.kind) {
    case 'literal':
      return typeof node.value === 'string' ? string(node.value) : String(node.value).toUpperCase();
    case 'date':
    case 'timestamp':
      return `${node.kind.toUpperCase()}('${node.value}')`;
    case 'interval':
      return `INTERVAL(${intervalEnd(node.start)}, ${intervalEnd(node.end)})`;
    case 'property':
      return name(node.name);
    case 'geometry':
      return wkt(node.geometry);
    case 'bbox':
      return `BBOX${list(node.bbox.map(String))}`;
    case 'array':
      return list(node.items.map(operand));
    case 'function':
      return `${node.name}${list(node.args.map(toText))}`;
    case 'casei':
    case 'accenti':
      return `${node.kind.toUpperCase()}(${toText(node.arg)})`;
    case 'and':
    case 'or':
      return node.args.map(factor).join(` ${node.kind.toUpperCase()} `);
    case 'not':
      return `NOT ${factor(node.arg)}`;
    case 'isNull':
      return `${isLogical(node.arg) ? `(${toText(node.arg)})` : operand(node.arg)} IS NULL`;
    case 'like':
      return `${toText(node.value)} LIKE ${toText(node.pattern)}`;
    case 'between':
      return `${operand(node.value)} BETWEEN ${operand(node.low)} AND ${operand(node.high)}`;
    case 'in':
      return `${operand(node.value)} IN ${list(node.list.map(operand))}`;
    case 'comparison':
    case 'arithmetic':
      return `${operand(node.left)} ${node.op} ${operand(node.right)}`;
    default:
      return `${node.op.toUpperCase()}(${toText(node.left)}, ${toText(node.right)})`;
  }
}

const isLogical = (node: Cql2Expression): boolean => ['and', 'or', 'not', 'comparison', 'like', 'between', 'in', 'isNull'].includes(node.kind);
