/** The part of the text grammar that reads boxes and WKT geometries (BNF spatialInstance). */
import { EmbeddedActionsParser } from 'chevrotain';
import type { IToken, ParserMethod, TokenType } from 'chevrotain';
import type { TextPlaces } from './json.js';
import { messages } from './messages.js';
import * as t from './tokens.js';

type Value = unknown;

const GEOMETRY_NAMES = new Map<TokenType, string>([
  [t.Point, 'Point'],
  [t.LineString, 'LineString'],
  [t.Polygon, 'Polygon'],
  [t.MultiPoint, 'MultiPoint'],
  [t.MultiLineString, 'MultiLineString'],
  [t.MultiPolygon, 'MultiPolygon'],
]);

export class ShapeParser extends EmbeddedActionsParser {
  /** Where the objects of the JSON stood, for errors about what they mean. */
  places: TextPlaces = new WeakMap();

  constructor() {
    super(t.TOKENS, { maxLookahead: 1, errorMessageProvider: messages });
  }

  protected mark<T extends object>(token: IToken, value: T): T {
    this.places.set(value, { line: token.startLine ?? 1, column: token.startColumn ?? 1 });
    return value;
  }

  private readonly number: ParserMethod<[], number> = this.RULE('number', (): number => {
    const sign = this.OPTION(() => this.CONSUME(t.Additive));
    const value = Number(this.CONSUME(t.NumberLiteral).image);
    return sign?.image === '-' ? -value : value;
  });

  protected readonly bbox: ParserMethod<[], Value> = this.RULE('bbox', (): Value => {
    const token = this.CONSUME(t.Bbox);
    const bbox: number[] = [];
    this.CONSUME(t.LeftParen);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => bbox.push(this.SUBRULE(this.number)) });
    this.CONSUME(t.RightParen);
    return this.mark(token, { bbox });
  });

  /** BNF spatialInstance without BBOX: WKT, with or without Z. */
  protected readonly geometry: ParserMethod<[], Value> = this.RULE('geometry', (): Value =>
    this.OR([{ ALT: () => this.SUBRULE(this.simpleGeometry) }, { ALT: () => this.SUBRULE(this.geometryCollection) }]),
  );

  private readonly simpleGeometry: ParserMethod<[], Value> = this.RULE('simpleGeometry', (): Value => {
    const token = this.CONSUME(t.Geometry);
    this.SUBRULE(this.zTag);
    const coordinates = this.SUBRULE(this.coordinates);
    const type = GEOMETRY_NAMES.get(token.tokenType);
    if (type === 'Point') return this.mark(token, { type, coordinates: coordinates.length === 1 ? coordinates[0] : coordinates });
    // The BNF puts each point of a MULTIPOINT in parentheses; many programs leave them out.
    if (type === 'MultiPoint') return this.mark(token, { type, coordinates: coordinates.map((item) => (isNestedOnce(item) ? item[0] : item)) });
    return this.mark(token, { type, coordinates });
  });

  private readonly geometryCollection: ParserMethod<[], Value> = this.RULE('geometryCollection', (): Value => {
    const token = this.CONSUME(t.GeometryCollection);
    const geometries: Value[] = [];
    this.SUBRULE(this.zTag);
    this.CONSUME(t.LeftParen);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => geometries.push(this.SUBRULE(this.simpleGeometry)) });
    this.CONSUME(t.RightParen);
    return this.mark(token, { type: 'GeometryCollection', geometries });
  });

  private readonly zTag: ParserMethod<[], void> = this.RULE('zTag', (): void => {
    this.OPTION({ GATE: () => this.LA(1).image.toUpperCase() === 'Z', DEF: () => this.CONSUME(t.Identifier) });
  });

  /** Positions in parentheses to any depth; that it is the type's own depth is checked with the geometry. */
  private readonly coordinates: ParserMethod<[], Value[]> = this.RULE('coordinates', (): Value[] => {
    const items: Value[] = [];
    this.CONSUME(t.LeftParen);
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => items.push(this.OR([{ ALT: () => this.SUBRULE(this.coordinates) }, { ALT: () => this.SUBRULE(this.position) }])),
    });
    this.CONSUME(t.RightParen);
    return items;
  });

  private readonly position: ParserMethod<[], number[]> = this.RULE('position', (): number[] => {
    const numbers: number[] = [];
    this.AT_LEAST_ONE(() => numbers.push(this.SUBRULE(this.number)));
    return numbers;
  });
}

const isNestedOnce = (item: Value): item is readonly [Value] => Array.isArray(item) && item.length === 1 && Array.isArray(item[0]);
