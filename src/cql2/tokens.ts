/** The tokens of CQL2 text (OGC 21-065r2 annex B, BNF). Keywords in any case, names in double quotes where they are one. */
import { createToken, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';

/** BNF `identifierStart`; code points from U+10000 to U+EFFFF as the surrogate pairs that JavaScript holds. */
const START =
  '(?:[:_A-Za-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u167F\\u1681-\\u1FFE\\u200C\\u200D' +
  '\\u2070-\\u218F\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD]|[\\uD800-\\uDB7F][\\uDC00-\\uDFFF])';
const PART = `(?:${START}|[.0-9\\u0300-\\u036F\\u203F\\u2040])`;

const family = (name: string, label: string): TokenType => createToken({ name, label, pattern: Lexer.NA });

/** Tokens that the grammar takes for one another. */
export const Comparison = family('Comparison', 'a comparison');
export const Additive = family('Additive', '+ or -');
export const Multiplicative = family('Multiplicative', '*, /, % or div');
export const Instant = family('Instant', 'DATE or TIMESTAMP');
export const Geometry = family('Geometry', 'a geometry');

const token = (name: string, pattern: RegExp, label: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern, label, categories, line_breaks: false });

export const Identifier = createToken({ name: 'Identifier', pattern: new RegExp(`${START}${PART}*`), label: 'a name', line_breaks: false });
/** A name that needs no quotes, unless it is a keyword. */
export const PLAIN_NAME = new RegExp(`^${START}${PART}*$`);

/** Inside quotes any character is taken, `""` for a quote: STAC names such as `s2:mgrs-tile` are outside the BNF. */
export const QuotedIdentifier = createToken({ name: 'QuotedIdentifier', pattern: /"(?:[^"]|"")+"/, label: 'a name in double quotes', line_breaks: true });
/** A backslash takes the next character with it, so that neither `\'` nor the quote after `\\` is misread. */
export const StringLiteral = createToken({ name: 'StringLiteral', pattern: /'(?:''|\\[^]|[^'\\])*'/, label: 'a string', line_breaks: true });
export const NumberLiteral = token('NumberLiteral', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/, 'a number');

const WhiteSpace = createToken({
  name: 'WhiteSpace',
  pattern: /[\t\n\v\f\r \u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});

const keywords: TokenType[] = [];

const keyword = (word: string, categories: TokenType[] = []): TokenType => {
  const type = createToken({ name: word, pattern: new RegExp(word, 'i'), longer_alt: Identifier, label: word, categories, line_breaks: false });
  keywords.push(type);
  return type;
};

export const And = keyword('AND');
export const Or = keyword('OR');
export const Not = keyword('NOT');
export const Like = keyword('LIKE');
export const Between = keyword('BETWEEN');
export const In = keyword('IN');
export const Is = keyword('IS');
export const Null = keyword('NULL');
export const True = keyword('TRUE');
export const False = keyword('FALSE');
export const Div = keyword('DIV', [Multiplicative]);
export const DateWord = keyword('DATE', [Instant]);
export const Timestamp = keyword('TIMESTAMP', [Instant]);
export const Interval = keyword('INTERVAL');
export const Bbox = keyword('BBOX');
export const Point = keyword('POINT', [Geometry]);
export const LineString = keyword('LINESTRING', [Geometry]);
export const Polygon = keyword('POLYGON', [Geometry]);
export const MultiPoint = keyword('MULTIPOINT', [Geometry]);
export const MultiLineString = keyword('MULTILINESTRING', [Geometry]);
export const MultiPolygon = keyword('MULTIPOLYGON', [Geometry]);
export const GeometryCollection = keyword('GEOMETRYCOLLECTION');

/** Longer words first: IN would hide INTERVAL. */
export const KEYWORDS: readonly TokenType[] = keywords.toSorted((a, b) => b.name.length - a.name.length);

export const LeftParen = token('LeftParen', /\(/, '(');
export const RightParen = token('RightParen', /\)/, ')');
export const Comma = token('Comma', /,/, ',');
export const NotEqual = token('NotEqual', /<>/, '<>', [Comparison]);
export const LessEqual = token('LessEqual', /<=/, '<=', [Comparison]);
export const GreaterEqual = token('GreaterEqual', />=/, '>=', [Comparison]);
export const Less = token('Less', /</, '<', [Comparison]);
export const Greater = token('Greater', />/, '>', [Comparison]);
export const Equal = token('Equal', /=/, '=', [Comparison]);
export const Plus = token('Plus', /\+/, '+', [Additive]);
export const Minus = token('Minus', /-/, '-', [Additive]);
export const Times = token('Times', /\*/, '*', [Multiplicative]);
export const Slash = token('Slash', /\//, '/', [Multiplicative]);
export const Percent = token('Percent', /%/, '%', [Multiplicative]);
export const Caret = token('Caret', /\^/, '^');

/** In the order in which they are tried; keywords give way to a longer name (`notes`, `in_use`). */
export const TOKENS: TokenType[] = [
  Comparison,
  Additive,
  Multiplicative,
  Instant,
  Geometry,
  WhiteSpace,
  NumberLiteral,
  StringLiteral,
  QuotedIdentifier,
  ...KEYWORDS,
  Identifier,
  LeftParen,
  RightParen,
  Comma,
  NotEqual,
  LessEqual,
  GreaterEqual,
  Less,
  Greater,
  Equal,
  Plus,
  Minus,
  Times,
  Slash,
  Percent,
  Caret,
];

const CONTROL: Readonly<Record<string, string>> = { a: '\x07', b: '\b', t: '\t', n: '\n', v: '\v', f: '\f', r: '\r', "'": "'", '\\': '\\' };

/**
 * The value of a character literal (requirement cql2-text/escaping): `''` and `\'` for a quote, `\\` for a
 * backslash, \a \b \t \n \v \f \r for control characters. Any other backslash stays, for LIKE's `\%` and `\_`.
 */
export const unquoteString = (image: string): string =>
  image.slice(1, -1).replaceAll(/''|\\([^])/g, (match: string, escaped: string | undefined) => (escaped === undefined ? "'" : (CONTROL[escaped] ?? match)));

export const unquoteName = (image: string): string => image.slice(1, -1).replaceAll('""', '"');
