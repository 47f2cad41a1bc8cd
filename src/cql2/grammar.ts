/**
 * The grammar of CQL2 text, which builds CQL2 JSON. Predicates, arithmetic and groups are one ladder of
 * precedence here (the BNF gives each kind of expression a ladder of its own, which no LL parser can tell
 * apart at a parenthesis); which kind may stand where is checked afterwards, on the JSON (json.ts).
 */
import type { IToken, ParserMethod } from 'chevrotain';
import { ShapeParser } from './grammar-shapes.js';
import { operatorOf } from './operators.js';
import * as t from './tokens.js';

type Value = unknown;

/** Operators that text writes as calls; the others have a syntax of their own. */
const CALLED = new Set(['casei', 'accenti', 'spatial', 'temporal', 'arrayPredicate']);

export class Cql2Parser extends ShapeParser {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  private op(token: IToken, op: string, args: readonly Value[]): Value {
    return this.mark(token, { op, args });
  }

  /** BNF booleanExpression. */
  readonly filter: ParserMethod<[], Value> = this.RULE('filter', () => this.SUBRULE(this.expression));

  readonly expression: ParserMethod<[], Value> = this.RULE('expression', (): Value => {
    const args: Value[] = [this.SUBRULE(this.conjunction)];
    let first: IToken | undefined;
    this.MANY(() => {
      const token = this.CONSUME(t.Or);
      first ??= token;
      args.push(this.SUBRULE1(this.conjunction));
    });
    return first === undefined ? args[0] : this.op(first, 'or', args);
  });

  /** BNF booleanTerm. */
  private readonly conjunction: ParserMethod<[], Value> = this.RULE('conjunction', (): Value => {
    const args: Value[] = [this.SUBRULE(this.negation)];
    let first: IToken | undefined;
    this.MANY(() => {
      const token = this.CONSUME(t.And);
      first ??= token;
      args.push(this.SUBRULE1(this.negation));
    });
    return first === undefined ? args[0] : this.op(first, 'and', args);
  });

  /** BNF booleanFactor. */
  private readonly negation: ParserMethod<[], Value> = this.RULE('negation', (): Value => {
    const not = this.OPTION(() => this.CONSUME(t.Not));
    const arg = this.SUBRULE(this.predicate);
    return not === undefined ? arg : this.op(not, 'not', [arg]);
  });

  /** BNF comparisonPredicate, or an operand alone. */
  private readonly predicate: ParserMethod<[], Value> = this.RULE('predicate', (): Value => {
    const left = this.SUBRULE(this.sum);
    return this.OPTION(() => this.SUBRULE(this.comparison, { ARGS: [left] })) ?? left;
  });

  private readonly comparison: ParserMethod<[Value], Value> = this.RULE('comparison', (left: Value): Value =>
    this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(t.Comparison);
          return this.op(token, token.image, [left, this.SUBRULE(this.sum)]);
        },
      },
      { ALT: () => this.SUBRULE(this.isNull, { ARGS: [left] }) },
      {
        ALT: () => {
          const not = this.CONSUME(t.Not);
          return this.op(not, 'not', [this.SUBRULE(this.test, { ARGS: [left] })]);
        },
      },
      { ALT: () => this.SUBRULE1(this.test, { ARGS: [left] }) },
    ]),
  );

  private readonly isNull: ParserMethod<[Value], Value> = this.RULE('isNull', (left: Value): Value => {
    const token = this.CONSUME(t.Is);
    const not = this.OPTION(() => this.CONSUME(t.Not));
    this.CONSUME(t.Null);
    const test = this.op(token, 'isNull', [left]);
    return not === undefined ? test : this.op(not, 'not', [test]);
  });

  /** BNF isLikePredicate, isBetweenPredicate and isInListPredicate after their first operand and NOT. */
  private readonly test: ParserMethod<[Value], Value> = this.RULE('test', (left: Value): Value =>
    this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(t.Like);
          return this.op(token, 'like', [left, this.SUBRULE(this.sum)]);
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(t.Between);
          const low = this.SUBRULE1(this.sum);
          this.CONSUME(t.And);
          return this.op(token, 'between', [left, low, this.SUBRULE2(this.sum)]);
        },
      },
      {
        ALT: () => {
          const token = this.CONSUME(t.In);
          const list: Value[] = [];
          this.CONSUME(t.LeftParen);
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => list.push(this.SUBRULE(this.expression)) });
          this.CONSUME(t.RightParen);
          return this.op(token, 'in', [left, this.mark(token, list)]);
        },
      },
    ]),
  );

  /** BNF arithmeticExpression. */
  private readonly sum: ParserMethod<[], Value> = this.RULE('sum', (): Value => {
    let value = this.SUBRULE(this.product);
    this.MANY(() => {
      const token = this.CONSUME(t.Additive);
      value = this.op(token, token.image, [value, this.SUBRULE1(this.product)]);
    });
    return value;
  });

  /** BNF arithmeticTerm. */
  private readonly product: ParserMethod<[], Value> = this.RULE('product', (): Value => {
    let value = this.SUBRULE(this.power);
    this.MANY(() => {
      const token = this.CONSUME(t.Multiplicative);
      value = this.op(token, token.image.toLowerCase(), [value, this.SUBRULE1(this.power)]);
    });
    return value;
  });

  /** BNF powerTerm: one ^ at most, so that nobody has to know from which side it binds. */
  private readonly power: ParserMethod<[], Value> = this.RULE('power', (): Value => {
    const base = this.SUBRULE(this.factor);
    return (
      this.OPTION(() => {
        const token = this.CONSUME(t.Caret);
        return this.op(token, '^', [base, this.SUBRULE1(this.factor)]);
      }) ?? base
    );
  });

  /** BNF arithmeticFactor: a minus before anything but a number multiplies by -1, as in the standard's example 85. */
  private readonly factor: ParserMethod<[], Value> = this.RULE('factor', (): Value =>
    this.OR([
      {
        ALT: () => {
          const minus = this.CONSUME(t.Minus);
          const value = this.SUBRULE(this.primary);
          return typeof value === 'number' ? -value : this.op(minus, '*', [-1, value]);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Plus);
          return Number(this.CONSUME(t.NumberLiteral).image);
        },
      },
      { ALT: () => this.SUBRULE1(this.primary) },
    ]),
  );

  private readonly primary: ParserMethod<[], Value> = this.RULE('primary', (): Value =>
    this.OR([
      { ALT: () => Number(this.CONSUME(t.NumberLiteral).image) },
      { ALT: () => t.unquoteString(this.CONSUME(t.StringLiteral).image) },
      { ALT: () => (this.CONSUME(t.True), true) },
      { ALT: () => (this.CONSUME(t.False), false) },
      { ALT: () => this.SUBRULE(this.instant) },
      { ALT: () => this.SUBRULE(this.interval) },
      { ALT: () => this.SUBRULE(this.bbox) },
      { ALT: () => this.SUBRULE(this.geometry) },
      { ALT: () => this.SUBRULE(this.quotedName) },
      { ALT: () => this.SUBRULE(this.nameOrCall) },
      { ALT: () => this.SUBRULE(this.group) },
    ]),
  );

  private readonly quotedName: ParserMethod<[], Value> = this.RULE('quotedName', (): Value => {
    const token = this.CONSUME(t.QuotedIdentifier);
    return this.mark(token, { property: t.unquoteName(token.image) });
  });

  private readonly nameOrCall: ParserMethod<[], Value> = this.RULE('nameOrCall', (): Value => {
    const token = this.CONSUME(t.Identifier);
    const operator = operatorOf(token.image);
    const called = operator !== undefined && CALLED.has(operator.family) ? operator : undefined;
    const takesArrays = called?.family === 'arrayPredicate';
    const call = this.OPTION(() => {
      const args: Value[] = [];
      this.CONSUME(t.LeftParen);
      this.MANY_SEP({ SEP: t.Comma, DEF: () => args.push(this.SUBRULE(this.argument, { ARGS: [takesArrays] })) });
      this.CONSUME(t.RightParen);
      return args;
    });
    return call === undefined ? this.mark(token, { property: token.image }) : this.op(token, called?.op ?? token.image, call);
  });

  /** An argument; to an array function, parentheses are an array even around one element. */
  private readonly argument: ParserMethod<[boolean], Value> = this.RULE('argument', (takesArrays: boolean): Value =>
    this.OR({
      IGNORE_AMBIGUITIES: true,
      DEF: [
        { GATE: () => takesArrays, ALT: () => this.SUBRULE(this.array) },
        { ALT: () => this.SUBRULE(this.expression) },
      ],
    }),
  );

  /** BNF arrayExpression. */
  private readonly array: ParserMethod<[], Value[]> = this.RULE('array', (): Value[] => {
    const items: Value[] = [];
    const token = this.CONSUME(t.LeftParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
    this.CONSUME(t.RightParen);
    return this.mark(token, items);
  });

  /** Parentheses: around one expression a group, around none or several an array. */
  private readonly group: ParserMethod<[], Value> = this.RULE('group', (): Value => {
    const items = this.SUBRULE(this.array);
    return items.length === 1 ? items[0] : items;
  });

  private readonly instant: ParserMethod<[], Value> = this.RULE('instant', (): Value => {
    const token = this.CONSUME(t.Instant);
    this.CONSUME(t.LeftParen);
    const text = t.unquoteString(this.CONSUME(t.StringLiteral).image);
    this.CONSUME(t.RightParen);
    return this.mark(token, token.tokenType === t.DateWord ? { date: text } : { timestamp: text });
  });

  private readonly interval: ParserMethod<[], Value> = this.RULE('interval', (): Value => {
    const token = this.CONSUME(t.Interval);
    this.CONSUME(t.LeftParen);
    const start = this.SUBRULE(this.intervalEnd);
    this.CONSUME(t.Comma);
    const end = this.SUBRULE1(this.intervalEnd);
    this.CONSUME(t.RightParen);
    return this.mark(token, { interval: [start, end] });
  });

  private readonly intervalEnd: ParserMethod<[], Value> = this.RULE('intervalEnd', (): Value =>
    this.OR([
      { ALT: () => t.unquoteString(this.CONSUME(t.StringLiteral).image) },
      { ALT: () => this.SUBRULE(this.instant) },
      { ALT: () => this.SUBRULE(this.quotedName) },
      { ALT: () => this.SUBRULE(this.nameOrCall) },
    ]),
  );
}
