/** Compiles a filter to one parameterised SQL condition on pgSTAC's tables, with SQL's three-valued logic for unknowns. */
import type { Cql2Expression, IsNullNode } from './ast.js';
import { arrayPredicateSql } from './arrays.js';
import { betweenSql, comparisonSql, inSql, likeSql } from './comparison.js';
import { invalidNode } from './faults.js';
import { definitionOf, functionSql, scalarSql, staticType } from './scalar.js';
import { geometrySql } from './shapes.js';
import { spatialSql } from './spatial.js';
import type { Context, FilterTarget } from './target.js';
import { propertyOf } from './target.js';
import { intervalIsNull, temporalSql } from './temporal.js';

export type { FilterTarget } from './target.js';

/**
 * The SQL condition of a filter: true for the rows it selects, false or NULL for the others. It holds no
 * text of the caller's but the quoted keys of json paths; its values are in `target.builder`. No value of
 * any row makes it raise.
 * @throws DomainError InvalidInput for unknown properties and functions, and for operands of types that do not go together
 */
export function compileFilter(filter: Cql2Expression, target: FilterTarget): string {
  return booleanSql(filter, { ...target, positive: true, boolean: booleanSql, geometry: (node, context) => geometrySql(node, context).sql });
}

function booleanSql(node: Cql2Expression, context: Context): string {
  switch (node.kind) {
    case 'and':
    case 'or':
      return `(${node.args.map((arg) => booleanSql(arg, context)).join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${booleanSql(node.arg, { ...context, positive: false })})`;
    case 'comparison':
      return comparisonSql(node, context);
    case 'between':
      return betweenSql(node, context);
    case 'in':
      return inSql(node, context);
    case 'like':
      return likeSql(node, context);
    case 'isNull':
      return isNullSql(node, { ...context, positive: false });
    case 'spatial':
      return spatialSql(node, context);
    case 'temporal':
      return temporalSql(node, context);
    case 'arrayPredicate':
      return arrayPredicateSql(node, context);
    case 'function':
      if (definitionOf(node).returns !== 'boolean') throw invalidNode(node.at, `the function ${node.name} is not true or false.`);
      return functionSql(node, context);
    case 'literal':
      if (typeof node.value === 'boolean') return node.value ? 'TRUE' : 'FALSE';
      break;
    default:
  }
  throw invalidNode(node.at, 'must be a boolean expression.');
}

/** `arg is null`: for a property, missing and null are the same. */
function isNullSql({ arg }: IsNullNode, context: Context): string {
  switch (arg.kind) {
    case 'property': {
      const { text, sql } = propertyOf(arg, context);
      return `(${text ?? sql} IS NULL)`;
    }
    case 'literal':
    case 'date':
    case 'timestamp':
    case 'geometry':
    case 'bbox':
    case 'array':
      return 'FALSE';
    case 'interval':
      return intervalIsNull(arg, context);
    case 'arithmetic':
    case 'casei':
    case 'accenti':
    case 'function': {
      const type = staticType(arg, context);
      if (type === 'geometry') return `(${geometrySql(arg, context).sql} IS NULL)`;
      if (type === undefined || type === 'array') throw invalidNode(arg.at, 'cannot be tested for null.');
      return `(${scalarSql(arg, type, context)} IS NULL)`;
    }
    default:
      return `(${booleanSql(arg, context)} IS NULL)`;
  }
}
