/** What the parts of the compiler hand to each other. */
import type { Cql2Expression, PropertyNode } from './ast.js';
import { invalidNode } from './faults.js';
import type { PropertyExpression, PropertyResolver } from './resolver.js';
import type { SqlBuilder } from './sql-builder.js';

export interface FilterTarget {
  readonly builder: SqlBuilder;
  readonly resolver: PropertyResolver;
  /** The table's alias; the resolver's expressions carry it too. */
  readonly alias?: string;
}

export interface Context extends FilterTarget {
  /**
   * False below a NOT or IS NULL, where false and unknown differ. Elsewhere a comparison may answer
   * false for unknown, which lets it use pgSTAC's expression indexes behind a guard.
   */
  readonly positive: boolean;
  /** Compile boolean and geometry expressions; here so that scalars that hold them need no import cycle. */
  readonly boolean: (node: Cql2Expression, context: Context) => string;
  readonly geometry: (node: Cql2Expression, context: Context) => string;
}

/** The property a node names. @throws DomainError InvalidInput where there is none of that name */
export function propertyOf(node: PropertyNode, { resolver }: FilterTarget): PropertyExpression {
  const property = resolver.resolve(node.name);
  if (property === undefined) throw invalidNode(node.at, `there is no queryable property ${JSON.stringify(node.name)}.`);
  return property;
}
