/** Reads CQL2 text: tokens, grammar, then the same checks as CQL2 JSON. */
import { EOF, Lexer } from 'chevrotain';
import type { IToken } from 'chevrotain';
import type { Cql2Expression, Place } from './ast.js';
import { invalidNode } from './faults.js';
import { Cql2Parser } from './grammar.js';
import { DEFAULT_LIMITS, JsonReader } from './json.js';
import type { Cql2Limits } from './json.js';
import { LeftParen, RightParen, TOKENS } from './tokens.js';

/** Longer text is refused before it is read; a polygon of 20,000 vertices fits. */
export const MAX_TEXT_LENGTH = 500_000;

/** Made at the first use: building the parser analyses its grammar, some 30 ms. */
let tools: { readonly lexer: Lexer; readonly parser: Cql2Parser } | undefined;

/**
 * Reads a CQL2 text filter by the standard's grammar (OGC 21-065r2 annex B).
 * @returns the same typed filter that its JSON form gives, with places in the text
 * @throws DomainError InvalidInput that says line, column, what was expected and what was found
 */
export function parseCql2Text(text: string, limits: Cql2Limits = DEFAULT_LIMITS): Cql2Expression {
  if (text.length > MAX_TEXT_LENGTH) throw invalidNode({ line: 1, column: 1 }, `the filter is longer than ${MAX_TEXT_LENGTH} characters.`);
  tools ??= { lexer: new Lexer(TOKENS, { recoveryEnabled: false }), parser: new Cql2Parser() };
  const { lexer, parser } = tools;
  const { tokens, errors } = lexer.tokenize(text);
  const [broken] = errors;
  if (broken !== undefined) throw invalidNode({ line: broken.line ?? 1, column: broken.column ?? 1 }, unreadable(text.slice(broken.offset)));
  checkDepth(tokens, limits);
  parser.input = tokens;
  parser.places = new WeakMap();
  const json = parser.filter();
  const [error] = parser.errors;
  if (error !== undefined) throw invalidNode(placeOf(error.token, tokens), error.message);
  return new JsonReader(limits, parser.places).filter(json);
}

function unreadable(rest: string): string {
  if (rest.startsWith("'")) return "a string begins here that no ' ends.";
  if (rest.startsWith('"')) return 'a name begins here that no " ends.';
  return `unexpected character ${JSON.stringify(String.fromCodePoint(rest.codePointAt(0) ?? 0))}.`;
}

/** Parentheses are what the parser recurses on: counted before, so that no text can exhaust the stack. */
function checkDepth(tokens: readonly IToken[], limits: Cql2Limits): void {
  let depth = 0;
  for (const token of tokens) {
    if (token.tokenType === LeftParen) depth++;
    if (token.tokenType === RightParen) depth--;
    // Groups that change nothing, and the inner parentheses of geometries, are not levels of the filter.
    if (depth > limits.depth * 2 + 8) throw invalidNode(startOf(token), `the filter is nested more than ${limits.depth} levels deep.`);
  }
}

const startOf = (token: IToken): Place => ({ line: token.startLine ?? 1, column: token.startColumn ?? 1 });

/** An error at the end of the text stands after its last token. */
function placeOf(token: IToken, tokens: readonly IToken[]): Place {
  if (token.tokenType !== EOF) return startOf(token);
  const last = tokens.at(-1);
  return last === undefined ? { line: 1, column: 1 } : { line: last.endLine ?? 1, column: (last.endColumn ?? 0) + 1 };
}
