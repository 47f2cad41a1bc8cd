/** Which operator a name means, and how many arguments of what kind it takes (OGC 21-065r2 JSON schema). */
import { ARITHMETIC_OPS, ARRAY_OPS, COMPARISON_OPS, SPATIAL_OPS, TEMPORAL_OPS } from './ast.js';
import type { ArithmeticOp, ArrayOp, ComparisonOp, SpatialOp, TemporalOp } from './ast.js';

export type Operator =
  | { readonly family: 'and' | 'or' | 'not' | 'like' | 'between' | 'in' | 'isNull' | 'casei' | 'accenti'; readonly op: string }
  | { readonly family: 'comparison'; readonly op: ComparisonOp }
  | { readonly family: 'arithmetic'; readonly op: ArithmeticOp }
  | { readonly family: 'spatial'; readonly op: SpatialOp }
  | { readonly family: 'temporal'; readonly op: TemporalOp }
  | { readonly family: 'arrayPredicate'; readonly op: ArrayOp };

const OPERATORS = new Map<string, Operator>();
const add = (operator: Operator): void => void OPERATORS.set(operator.op.toLowerCase(), operator);

for (const family of ['and', 'or', 'not', 'like', 'between', 'in', 'isNull', 'casei', 'accenti'] as const) add({ family, op: family });
for (const op of COMPARISON_OPS) add({ family: 'comparison', op });
for (const op of ARITHMETIC_OPS) add({ family: 'arithmetic', op });
for (const op of SPATIAL_OPS) add({ family: 'spatial', op });
for (const op of TEMPORAL_OPS) add({ family: 'temporal', op });
for (const op of ARRAY_OPS) add({ family: 'arrayPredicate', op });

/**
 * The operator of a name, in any case: the JSON schema writes `isNull` and `t_finishedBy`, clients write
 * `isnull` and `T_FINISHEDBY` too. Undefined for every other name, which is then a custom function's.
 */
export const operatorOf = (name: string): Operator | undefined => OPERATORS.get(name.toLowerCase());
