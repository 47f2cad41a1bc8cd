/** Which kinds of node may stand as which operand (the BNF's `scalarExpression`, `geomExpression` and so on). */
import type { Cql2Expression } from './ast.js';

const isReference = (node: Cql2Expression): boolean => node.kind === 'property' || node.kind === 'function';

export const isNumeric = (node: Cql2Expression): boolean =>
  isReference(node) || node.kind === 'arithmetic' || (node.kind === 'literal' && typeof node.value === 'number');

export const isCharacter = (node: Cql2Expression): boolean =>
  isReference(node) || node.kind === 'casei' || node.kind === 'accenti' || (node.kind === 'literal' && typeof node.value === 'string');

export const isScalar = (node: Cql2Expression): boolean =>
  isNumeric(node) || isCharacter(node) || node.kind === 'literal' || node.kind === 'date' || node.kind === 'timestamp';

export const isPattern = (node: Cql2Expression): boolean =>
  node.kind === 'casei' || node.kind === 'accenti' ? isPattern(node.arg) : node.kind === 'literal' && typeof node.value === 'string';

export const isSpatial = (node: Cql2Expression): boolean => isReference(node) || node.kind === 'geometry' || node.kind === 'bbox';

export const isTemporal = (node: Cql2Expression): boolean =>
  isReference(node) || node.kind === 'date' || node.kind === 'timestamp' || node.kind === 'interval';

export const isArrayOperand = (node: Cql2Expression): boolean => isReference(node) || node.kind === 'array';
