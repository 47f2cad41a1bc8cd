/** Band arithmetic such as `(b2-b1)/(b2+b1)`: parsed by a grammar of its own, never evaluated as code. */
import { invalidAt } from '../errors.js';
import { BINARY, FUNCTIONS, type Node, UNARY } from './expression-nodes.js';

export interface Expression {
  readonly text: string;
  /** `b1`, `b2`, … or assets' names and `name_b1`, in lower case, each once. */
  readonly bands: readonly string[];
  /** Whether whole numbers give whole numbers. */
  readonly whole: boolean;
  /** The value of one pixel. `values` are those of `bands`, in their order. */
  readonly evaluate: (values: readonly Float64Array[], pixel: number) => number;
}

/** Deep enough for any formula; a stack is not endless. */
const MAX_DEPTH = 64;
const MAX_LENGTH = 4096;

/** Python's ranks, as numexpr compiles them: comparisons bind less than `|`, `^`, `&`; `**` most, and from the right. */
const RANKS: readonly (readonly string[])[] = [['==', '!=', '<', '<=', '>', '>='], ['|'], ['^'], ['&'], ['+', '-'], ['*', '/', '//', '%']];

const TOKEN = /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|([a-z_]\w*)|(\*\*|\/\/|==|!=|<=|>=|[-+*/%<>&|^~(),]))/iy;

interface Token {
  readonly type: 'number' | 'name' | 'sign';
  readonly text: string;
}

/**
 * The expressions of titiler's `expression`, split at `;`.
 * @param assets names that may stand for a band, alone or as `name_b1`
 * @throws DomainError InvalidInput at `expression`, naming what was not expected
 */
export function parseExpressions(text: string, assets: readonly string[] = []): Expression[] {
  if (text.length > MAX_LENGTH) throw invalidAt('expression', `is longer than ${MAX_LENGTH} characters`);
  const blocks = text.toLowerCase().split(';').map((block) => block.trim()).filter((block) => block !== '');
  if (blocks.length === 0) throw invalidAt('expression', 'is empty');
  const names = assets.map((name) => name.toLowerCase());
  return blocks.map((block) => parseExpression(block, names));
}

const BAND = /^(?:(.*)_)?b[1-9]\d{0,4}$/;

function parseExpression(text: string, assets: readonly string[]): Expression {
  const tokens = tokensOf(text);
  let at = 0;
  const bands: string[] = [];
  const wrong = (what: string): Error => invalidAt('expression', `${JSON.stringify(text)}: ${what}`);
  const peek = (): string => (tokens[at]?.type === 'sign' ? tokens[at]?.text : undefined) ?? '';
  const expect = (sign: string): void => {
    if (peek() !== sign) throw wrong(`expected ${sign}, found ${tokens[at]?.text ?? 'the end'}`);
    at++;
  };

  function binary(rank: number, depth: number): Node {
    if (depth > MAX_DEPTH) throw wrong('is nested too deeply');
    const operators = RANKS[rank];
    if (operators === undefined) return unary(depth);
    let left = binary(rank + 1, depth);
    for (let links = 0; operators.includes(peek()); links++) {
      if (links > 0 && rank === 0) throw wrong('comparisons cannot be chained');
      const operator = tokens[at++]?.text ?? '';
      left = { type: 'binary', operator, left, right: binary(rank + 1, depth) };
    }
    return left;
  }

  function unary(depth: number): Node {
    if (depth > MAX_DEPTH) throw wrong('is nested too deeply');
    const operator = peek();
    if (!Object.hasOwn(UNARY, operator)) return power(depth);
    at++;
    return { type: 'unary', operator, operand: unary(depth + 1) };
  }

  function power(depth: number): Node {
    const base = primary(depth + 1);
    if (peek() !== '**') return base;
    at++;
    return { type: 'binary', operator: '**', left: base, right: unary(depth + 1) };
  }

  function primary(depth: number): Node {
    const token = tokens[at++];
    if (token?.type === 'number') return { type: 'number', value: Number(token.text) };
    if (token?.text === '(') {
      const inner = binary(0, depth + 1);
      expect(')');
      return inner;
    }
    if (token?.type !== 'name') throw wrong(`expected a band, a number or a function, found ${token?.text ?? 'the end'}`);
    if (peek() === '(') return call(token.text, depth);
    const [isBand, asset] = BAND.exec(token.text) ?? [];
    const isKnown = assets.includes(token.text) || (isBand !== undefined && (asset === undefined || assets.includes(asset)));
    if (!isKnown) throw wrong(`${token.text} is no band; bands are b1, b2, …${assets.length === 0 ? '' : `, or ${assets[0]}_b1, …`}`);
    if (!bands.includes(token.text)) bands.push(token.text);
    return { type: 'band', name: token.text };
  }

  function call(name: string, depth: number): Node {
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
    if (known === undefined) throw wrong(`${name} is no function; known are ${Object.keys(FUNCTIONS).join(', ')}`);
    at++;
    const values = [binary(0, depth + 1)];
    while (peek() === ',') {
      at++;
      values.push(binary(0, depth + 1));
    }
    expect(')');
    if (values.length !== known.arity) throw wrong(`${name} takes ${known.arity} values, not ${values.length}`);
    return { type: 'call', name, values };
  }

  const root = binary(0, 0);
  if (at < tokens.length) throw wrong(`${tokens[at]?.text ?? ''} is not expected`);
  if (bands.length === 0) throw wrong('names no band');
  return { text, bands, whole: isWhole(root), evaluate: compile(root, bands) };
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (end < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) throw invalidAt('expression', `${JSON.stringify(text)}: ${JSON.stringify(text.slice(end).trim().slice(0, 1))} is not expected`);
    const [, number, name, sign] = match;
    tokens.push(number !== undefined ? { type: 'number', text: number } : name !== undefined ? { type: 'name', text: name } : { type: 'sign', text: sign ?? '' });
    end = TOKEN.lastIndex;
  }
  return tokens;
}

/** Division and most functions make numexpr compute in floating point. */
function isWhole(node: Node): boolean {
  switch (node.type) {
    case 'number':
      return Number.isInteger(node.value);
    case 'band':
      return true;
    case 'unary':
      return isWhole(node.operand);
    case 'binary':
      return node.operator !== '/' && isWhole(node.left) && isWhole(node.right);
    default:
      return ['where', 'abs', 'maximum', 'minimum', 'sign'].includes(node.name) && node.values.every(isWhole);
  }
}

type Evaluate = Expression['evaluate'];

/** Closures instead of a walk over the nodes at each pixel. */
function compile(node: Node, bands: readonly string[]): Evaluate {
  switch (node.type) {
    case 'number':
      return () => node.value;
    case 'band': {
      const index = bands.indexOf(node.name);
      return (values, pixel) => values[index]?.[pixel] ?? Number.NaN;
    }
    case 'unary': {
      const apply = UNARY[node.operator];
      const operand = compile(node.operand, bands);
      return (values, pixel) => apply?.(operand(values, pixel)) ?? Number.NaN;
    }
    case 'binary': {
      const apply = BINARY[node.operator];
      const [left, right] = [compile(node.left, bands), compile(node.right, bands)];
      return (values, pixel) => apply?.(left(values, pixel), right(values, pixel)) ?? Number.NaN;
    }
    default: {
      const apply = FUNCTIONS[node.name]?.apply;
      const [first, second, third] = node.values.map((value) => compile(value, bands));
      return (values, pixel) => apply?.(first?.(values, pixel) ?? 0, second?.(values, pixel) ?? 0, third?.(values, pixel) ?? 0) ?? Number.NaN;
    }
  }
}
