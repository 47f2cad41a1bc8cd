/** The `q` of searches: terms as STAC's free-text extension 1.0.0-rc.1 writes them, basic and advanced. */
import { invalidAt } from '../errors.js';

/** A term is one word or several that follow each other; case never matters. */
export type FreeText =
  | { readonly term: string }
  | { readonly all: readonly FreeText[] }
  | { readonly any: readonly FreeText[] }
  | { readonly not: FreeText };

const MAX_TERMS = 100;
const MAX_DEPTH = 20;

/**
 * `q` of a body: an array of terms of which one must be there (basic), or a text in the language of {@link parseFreeTextString}.
 * @throws InvalidInput
 */
export function parseFreeText(value: unknown, at: string): FreeText {
  if (typeof value === 'string') return parseFreeTextString(value, at);
  if (!Array.isArray(value) || value.length === 0 || !value.every((term): term is string => typeof term === 'string' && term.trim() !== '')) {
    throw invalidAt(at, 'must be a text, or a non-empty array of terms');
  }
  if (value.length > MAX_TERMS) throw invalidAt(at, `has ${value.length} terms; ${MAX_TERMS} are the most`);
  return any(value.map((term) => ({ term })));
}

/**
 * Commas separate terms of which one must be there, each a phrase where it has spaces (basic). Without a comma words are
 * alternatives too, and `AND`, `OR`, `"a phrase"`, parentheses, `+must` and `-must-not` are understood (advanced).
 * @throws InvalidInput for quotes and parentheses that do not match, and for operators without operands
 */
export function parseFreeTextString(text: string, at: string): FreeText {
  const tokens = tokenize(text, at);
  const parts = split(tokens, ',').filter((part) => part.length > 0);
  if (parts.length === 0) throw invalidAt(at, 'has no term');
  if (tokens.filter(({ kind }) => kind === 'term').length > MAX_TERMS) throw invalidAt(at, `has more than ${MAX_TERMS} terms`);
  const isList = tokens.some(({ kind }) => kind === ',');
  return any(parts.map((part) => (isList && part.every(isPlain) ? { term: part.map(({ text: word }) => word).join(' ') } : new Reader(part, at).whole())));
}

const any = (parts: readonly FreeText[]): FreeText => (parts.length === 1 && parts[0] !== undefined ? parts[0] : { any: parts });
const all = (parts: readonly FreeText[]): FreeText => (parts.length === 1 && parts[0] !== undefined ? parts[0] : { all: parts });

interface Token {
  readonly kind: 'term' | ',' | '(' | ')' | '+' | '-' | 'AND' | 'OR';
  readonly text: string;
  readonly quoted?: boolean;
}

const isPlain = ({ kind, quoted }: Token): boolean => kind === 'term' && quoted !== true;

/** A sign counts only before a term, so that `sea-ice` stays one word. */
const TOKEN = /\s*(?:"([^"]*)"|([(),])|([+-])(?=["(]|[^\s,()"])|([^\s(),"]+))/y;

function tokenize(text: string, at: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw invalidAt(at, `cannot be read from place ${from + 1} on: ${text.includes('"') ? 'a quote is not closed' : 'not a term'}`);
    const [, phrase, mark, sign, word] = match;
    if (phrase !== undefined) {
      if (phrase.trim() === '') throw invalidAt(at, 'has an empty phrase');
      tokens.push({ kind: 'term', text: phrase, quoted: true });
    } else if (mark === '(' || mark === ')' || mark === ',') tokens.push({ kind: mark, text: mark });
    else if (sign === '+' || sign === '-') tokens.push({ kind: sign, text: sign });
    else if (word === 'AND' || word === 'OR') tokens.push({ kind: word, text: word });
    else tokens.push({ kind: 'term', text: word ?? '' });
  }
  return tokens;
}

/** Cuts at a mark that stands outside parentheses. */
function split(tokens: readonly Token[], mark: Token['kind']): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === '(') depth += 1;
    if (token.kind === ')') depth -= 1;
    if (token.kind === mark && depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

interface Clause {
  readonly sign: '+' | '-' | undefined;
  readonly value: FreeText;
}

/** Clauses side by side are alternatives, `AND` binds closer; a comma inside parentheses is an `OR`. */
class Reader {
  #next = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly at: string,
  ) {}

  whole(): FreeText {
    const found = this.#alternatives(0);
    if (this.#next < this.tokens.length) throw invalidAt(this.at, 'has a ")" that nothing opens');
    return found;
  }

  #peek(): Token['kind'] | undefined {
    return this.tokens[this.#next]?.kind;
  }

  /** `quick +brown -fox`: brown and not fox; quick may be there (the extension's table of examples). */
  #alternatives(depth: number): FreeText {
    if (depth > MAX_DEPTH) throw invalidAt(this.at, `is nested deeper than ${MAX_DEPTH}`);
    const clauses = [this.#clause(depth)];
    while (this.#peek() !== undefined && this.#peek() !== ')') {
      if (this.#peek() === 'OR' || this.#peek() === ',') this.#next += 1;
      clauses.push(this.#clause(depth));
    }
    const of = (sign: Clause['sign']): FreeText[] => clauses.filter((clause) => clause.sign === sign).map((clause) => clause.value);
    const [must, mustNot, may] = [of('+'), of('-'), of(undefined)];
    const wanted = must.length > 0 ? must : may.length > 0 ? [any(may)] : [];
    return all([...wanted, ...mustNot.map((not) => ({ not }))]);
  }

  #clause(depth: number): Clause {
    const first = this.#signed(depth);
    if (this.#peek() !== 'AND') return first;
    const parts = [first];
    while (this.#peek() === 'AND') {
      this.#next += 1;
      parts.push(this.#signed(depth));
    }
    return { sign: undefined, value: all(parts.map(({ sign, value }) => (sign === '-' ? { not: value } : value))) };
  }

  #signed(depth: number): Clause {
    const token = this.tokens[this.#next];
    if (token?.kind !== '+' && token?.kind !== '-') return { sign: undefined, value: this.#atom(depth) };
    this.#next += 1;
    return { sign: token.kind, value: this.#atom(depth) };
  }

  #atom(depth: number): FreeText {
    const token = this.tokens[this.#next];
    this.#next += 1;
    if (token?.kind === 'term') return { term: token.text };
    if (token?.kind !== '(') throw invalidAt(this.at, token === undefined ? 'ends where a term is missing' : `has ${JSON.stringify(token.text)} where a term is missing`);
    const inner = this.#alternatives(depth + 1);
    if (this.#peek() !== ')') throw invalidAt(this.at, 'has a "(" that nothing closes');
    this.#next += 1;
    return inner;
  }
}
