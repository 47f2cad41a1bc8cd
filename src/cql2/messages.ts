/** What the text parser says of syntax errors: what it found, and what it expected there. */
import { EOF } from 'chevrotain';
import type { IParserErrorMessageProvider, IToken, TokenType } from 'chevrotain';
import { KEYWORDS } from './tokens.js';

const MAX_SHOWN = 40;
const QUOTE_IT = ' (a property of that name needs double quotes)';

const found = (token: IToken | undefined): string => {
  if (token === undefined || token.tokenType === EOF) return 'the end of the filter';
  const image = token.image.length > MAX_SHOWN ? `${token.image.slice(0, MAX_SHOWN)}…` : token.image;
  return KEYWORDS.includes(token.tokenType) ? `the keyword ${image}${QUOTE_IT}` : JSON.stringify(image);
};

const list = (types: readonly TokenType[]): string => {
  const labels = [...new Set(types.map((type) => type.LABEL ?? type.name))];
  return labels.length < 2 ? labels.join('') : `${labels.slice(0, -1).join(', ')} or ${labels.at(-1)}`;
};

export const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, previous }) =>
    `expected ${list([expected])}${KEYWORDS.includes(previous.tokenType) ? ` after ${previous.image}${QUOTE_IT}` : ''}, found ${found(actual)}.`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `expected an operator or the end of the filter, found ${found(firstRedundant)}.`,
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual }) =>
    `expected ${list(expectedPathsPerAlt.flatMap((paths) => paths.flatMap((path) => path.slice(0, 1))))}, found ${found(actual[0])}.`,
  buildEarlyExitMessage: ({ expectedIterationPaths, actual }) =>
    `expected ${list(expectedIterationPaths.flatMap((path) => path.slice(0, 1)))}, found ${found(actual[0])}.`,
};
