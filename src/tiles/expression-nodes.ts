/** What an expression of band arithmetic is made of, and what its functions compute (numexpr's names and meanings). */

export type Node =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'band'; readonly name: string }
  | { readonly type: 'unary'; readonly operator: string; readonly operand: Node }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | { readonly type: 'call'; readonly name: string; readonly values: readonly Node[] };

const bool = (value: boolean): number => (value ? 1 : 0);

/** Division by zero gives infinity, as in numexpr on floating point numbers; the caller turns it into a number. */
export const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '//': (a, b) => Math.floor(a / b),
  '%': (a, b) => a - Math.floor(a / b) * b,
  '**': (a, b) => a ** b,
  '==': (a, b) => bool(a === b),
  '!=': (a, b) => bool(a !== b),
  '<': (a, b) => bool(a < b),
  '<=': (a, b) => bool(a <= b),
  '>': (a, b) => bool(a > b),
  '>=': (a, b) => bool(a >= b),
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
};

export const UNARY: Readonly<Record<string, (a: number) => number>> = { '-': (a) => -a, '+': (a) => a, '~': (a) => bool(a === 0) };

/** Round half to even, as C's rint. */
const rint = (a: number): number => {
  const rounded = Math.round(a);
  return Math.abs(a % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};

export const FUNCTIONS: Readonly<Record<string, { readonly arity: number; readonly apply: (...values: number[]) => number }>> = Object.fromEntries(
  ([
    ['where', 3, (test = 0, yes = 0, no = 0) => (test !== 0 ? yes : no)],
    ['sqrt', 1, (a = 0) => Math.sqrt(a)], ['exp', 1, (a = 0) => Math.exp(a)], ['expm1', 1, (a = 0) => Math.expm1(a)],
    ['log', 1, (a = 0) => Math.log(a)], ['log10', 1, (a = 0) => Math.log10(a)], ['log1p', 1, (a = 0) => Math.log1p(a)], ['log2', 1, (a = 0) => Math.log2(a)],
    ['sin', 1, (a = 0) => Math.sin(a)], ['cos', 1, (a = 0) => Math.cos(a)], ['tan', 1, (a = 0) => Math.tan(a)],
    ['arcsin', 1, (a = 0) => Math.asin(a)], ['arccos', 1, (a = 0) => Math.acos(a)], ['arctan', 1, (a = 0) => Math.atan(a)],
    ['arctan2', 2, (a = 0, b = 0) => Math.atan2(a, b)], ['hypot', 2, (a = 0, b = 0) => Math.hypot(a, b)],
    ['sinh', 1, (a = 0) => Math.sinh(a)], ['cosh', 1, (a = 0) => Math.cosh(a)], ['tanh', 1, (a = 0) => Math.tanh(a)],
    ['arcsinh', 1, (a = 0) => Math.asinh(a)], ['arccosh', 1, (a = 0) => Math.acosh(a)], ['arctanh', 1, (a = 0) => Math.atanh(a)],
    ['abs', 1, (a = 0) => Math.abs(a)], ['floor', 1, (a = 0) => Math.floor(a)], ['ceil', 1, (a = 0) => Math.ceil(a)],
    ['round', 1, (a = 0) => rint(a)], ['trunc', 1, (a = 0) => Math.trunc(a)], ['sign', 1, (a = 0) => Math.sign(a)],
    ['fmod', 2, (a = 0, b = 0) => a % b], ['maximum', 2, (a = 0, b = 0) => Math.max(a, b)], ['minimum', 2, (a = 0, b = 0) => Math.min(a, b)],
    ['isnan', 1, (a = 0) => bool(Number.isNaN(a))], ['isfinite', 1, (a = 0) => bool(Number.isFinite(a))],
    ['isinf', 1, (a = 0) => bool(a === Infinity || a === -Infinity)],
    ['ones_like', 1, () => 1],
  ] satisfies [string, number, (...values: number[]) => number][]).map(([name, arity, apply]) => [name, { arity, apply }]),
);
