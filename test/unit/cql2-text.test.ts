/** CQL2 text: what the grammar reads, and what it says of what it cannot read. */
import { DomainError } from '../../src/errors.js';
import { parseCql2Json } from '../../src/cql2/json.js';
import { parseCql2Text } from '../../src/cql2/text.js';
import { toJson } from '../../src/cql2/to-json.js';
import { toText } from '../../src/cql2/to-text.js';

const read = (text: string): unknown => toJson(parseCql2Text(text));
const p = (property: string) => ({ property });
const op = (name: string, ...args: unknown[]) => ({ op: name, args });

function messageOf(text: string): string {
  try {
    parseCql2Text(text);
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'InvalidInput') return error.message;
    throw error;
  }
  throw new Error(`${text} was read`);
}

describe('CQL2 text', () => {
  it.each([
    ['keywords in any case', 'a = 1 and NOT b = 2 oR c Is nOt NuLl', op('or', op('and', op('=', p('a'), 1), op('not', op('=', p('b'), 2))), op('not', op('isNull', p('c'))))],
    ['AND before OR', 'a = 1 OR b = 2 AND c = 3', op('or', op('=', p('a'), 1), op('and', op('=', p('b'), 2), op('=', p('c'), 3)))],
    ['groups', '(a = 1 OR b = 2) AND c = 3', op('and', op('or', op('=', p('a'), 1), op('=', p('b'), 2)), op('=', p('c'), 3))],
    ['names that begin with a keyword', 'notes = 1 AND in_use = 2 AND ordering = 3 AND date_of = 4', op('and', op('=', p('notes'), 1), op('=', p('in_use'), 2), op('=', p('ordering'), 3), op('=', p('date_of'), 4))],
    ['names in double quotes', '"date" = 1 AND "s2:mgrs-tile" = \'x\' AND "a ""b""" = 2', op('and', op('=', p('date'), 1), op('=', p('s2:mgrs-tile'), 'x'), op('=', p('a "b"'), 2))],
    ['names with colons, dots and letters of any script', 'eo:cloud_cover < 1 AND properties.gsd = 2 AND größe = 3 AND 高 = 4', op('and', op('<', p('eo:cloud_cover'), 1), op('=', p('properties.gsd'), 2), op('=', p('größe'), 3), op('=', p('高'), 4))],
    ['quotes doubled and escaped', "a = 'Via dell''Avvento' AND b = 'it\\'s'", op('and', op('=', p('a'), "Via dell'Avvento"), op('=', p('b'), "it's"))],
    ['control characters', "a = '\\a\\b\\t\\n\\v\\f\\r\\\\'", op('=', p('a'), '\x07\b\t\n\v\f\r\\')],
    ['backslashes that LIKE needs', "a LIKE '10\\%\\_'", op('like', p('a'), '10\\%\\_')],
    ['numbers in all their forms', 'a IN (1, -2, +3, 1.5, .5, 2., 1e3, 1E-3, -1.5e+2)', op('in', p('a'), [1, -2, 3, 1.5, 0.5, 2, 1000, 0.001, -150])],
    ['no spaces', "a=1AND(b='x'OR(c<>2))", op('and', op('=', p('a'), 1), op('or', op('=', p('b'), 'x'), op('<>', p('c'), 2)))],
    ['all the white space of the standard', 'a\u00A0=\u2003\t\r\n\u30001', op('=', p('a'), 1)],
    ['subtraction without spaces', 'a = b-1', op('=', p('a'), op('-', p('b'), 1))],
    ['arithmetic by precedence', 'a = 1 + 2 * b ^ 2 - 6 div 4 % 3', op('=', p('a'), op('-', op('+', 1, op('*', 2, op('^', p('b'), 2))), op('%', op('div', 6, 4), 3)))],
    ['arithmetic from the left', 'a = 8 - 4 - 2', op('=', p('a'), op('-', op('-', 8, 4), 2))],
    ['a minus before a name', 'a = -b', op('=', p('a'), op('*', -1, p('b')))],
    ['arithmetic in groups', 'a > (b + 1) * 2', op('>', p('a'), op('*', op('+', p('b'), 1), 2))],
    ['negated predicates', "a NOT LIKE 'x' AND b NOT IN (1) AND c NOT BETWEEN 1 AND 2", op('and', op('not', op('like', p('a'), 'x')), op('not', op('in', p('b'), [1])), op('not', op('between', p('c'), 1, 2)))],
    ['dates, timestamps and intervals', "T_DURING(INTERVAL(a, '..'), INTERVAL('2020-01-01', '2020-02-29T23:59:59.5Z')) OR b = DATE('2020-02-29') OR c > TIMESTAMP('2020-01-01T00:00:00Z')", op('or', op('t_during', { interval: [p('a'), '..'] }, { interval: ['2020-01-01', '2020-02-29T23:59:59.5Z'] }), op('=', p('b'), { date: '2020-02-29' }), op('>', p('c'), { timestamp: '2020-01-01T00:00:00Z' }))],
    ['function names in any case', 's_INTERSECTS(geometry, POINT(1 2)) AND t_finishedby(INTERVAL(a, b), INTERVAL(c, d))', op('and', op('s_intersects', p('geometry'), { type: 'Point', coordinates: [1, 2] }), op('t_finishedBy', { interval: [p('a'), p('b')] }, { interval: [p('c'), p('d')] }))],
    ['geometries with heights, with and without Z', 'S_EQUALS(POINT Z(1 2 3), LINESTRING(0 0 1, 1 1 2))', op('s_equals', { type: 'Point', coordinates: [1, 2, 3] }, { type: 'LineString', coordinates: [[0, 0, 1], [1, 1, 2]] })],
    ['MULTIPOINT in both of its spellings', 'S_EQUALS(MULTIPOINT((1 2),(3 4)), MULTIPOINT(1 2, 3 4))', op('s_equals', { type: 'MultiPoint', coordinates: [[1, 2], [3, 4]] }, { type: 'MultiPoint', coordinates: [[1, 2], [3, 4]] })],
    ['collections of geometries', 'S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(1 2), POLYGON((0 0, 1 0, 1 1, 0 0))))', op('s_intersects', p('geometry'), { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 2] }, { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] }] })],
    ['boxes of six numbers', 'S_INTERSECTS(geometry, BBOX(-128.1, -1.1, -99999.0, 180.0, 90.0, 1e5))', op('s_intersects', p('geometry'), { bbox: [-128.1, -1.1, -99999, 180, 90, 100000] })],
    ['arrays, also of one element and of none', "A_CONTAINS(a, ('x')) AND A_EQUALS((), b) AND A_OVERLAPS(c, (1, 'x', TRUE, (2, 3)))", op('and', op('a_contains', p('a'), ['x']), op('a_equals', [], p('b')), op('a_overlaps', p('c'), [1, 'x', true, [2, 3]]))],
    ['custom functions', "Foo(geometry, 1, 'a') = TRUE AND bar()", op('and', op('=', op('Foo', p('geometry'), 1, 'a'), true), op('bar'))],
    ['booleans alone', 'TRUE OR FALSE', op('or', true, false)],
    ['tests of predicates for null', '(a = 1) IS NULL', op('isNull', op('=', p('a'), 1))],
  ])('reads %s', (_, text, json) => {
    expect(read(text)).toEqual(json);
  });

  it.each([
    ['a = 1 AND', 'line 1, column 10: expected', 'the end of the filter'],
    ['a = (', 'line 1, column 6: expected )', 'the end of the filter'],
    ["a = 'x' garbage", 'line 1, column 9: expected an operator or the end of the filter', '"garbage"'],
    ['a =\n  = 1', 'line 2, column 3: expected', '"="'],
    ["a = 'x", "line 1, column 5: a string begins here that no ' ends", ''],
    ['"a = 1', 'line 1, column 1: a name begins here that no " ends', ''],
    ['a = 1 ; DROP', 'line 1, column 7: unexpected character ";"', ''],
    ['date = 5', 'expected ( after date (a property of that name needs double quotes)', 'found "="'],
    ['a = like', 'line 1, column 5', 'the keyword like (a property of that name needs double quotes)'],
    ['NOT NOT a = 1', 'line 1, column 5', 'the keyword NOT'],
    ['a = 1 = 2', 'line 1, column 7', 'found "="'],
    ['a = 2 ^ 3 ^ 4', 'line 1, column 11', 'found "^"'],
    ['a IN ()', 'line 1, column 7', 'found ")"'],
    ['a BETWEEN 1 OR 2', 'line 1, column 13: expected AND', 'the keyword OR'],
    ['a IS 5', 'line 1, column 6: expected NULL', 'found "5"'],
    ["a = DATE('2021-02-29')", 'line 1, column 5: must be a date', ''],
    ["a = TIMESTAMP('2021-02-28')", 'line 1, column 5: must be an RFC 3339 timestamp', ''],
    ['S_INTERSECTS(geometry, POLYGON((0 0, 1 0, 1 1, 0 1)))', 'line 1, column 24: must be closed', ''],
    ['S_INTERSECTS(geometry, BBOX(1, 2, 3))', 'line 1, column 24: must be a bounding box of 4 or 6 numbers', ''],
    ['S_INTERSECTS(geometry)', 'line 1, column 1: the operator s_intersects takes 2 arguments, not 1', ''],
    ['name', 'line 1, column 1: must be a boolean expression', ''],
    ["('a','b')", 'must be a boolean expression', ''],
    ['a AND b = 1', 'line 1, column 1: must be a boolean expression', ''],
    ['a = 1e999', 'must be a finite number', ''],
    ['', 'line 1, column 1: expected', 'the end of the filter'],
  ])('refuses %j by its place', (text, ...parts) => {
    const message = messageOf(text);
    for (const part of parts) expect(message).toContain(part);
  });

  it('refuses what is nested too deep, by parentheses, signs or operators, without exhausting the stack', () => {
    expect(messageOf(`${'('.repeat(100_000)}a = 1${')'.repeat(100_000)}`)).toContain('nested more than 64 levels');
    expect(messageOf(`${'NOT ('.repeat(70)}a = 1${')'.repeat(70)}`)).toContain('nested more than 64 levels');
    expect(messageOf(`a = 1${' + 1'.repeat(70)}`)).toContain('nested more than 64 levels');
    expect(read(`${'('.repeat(60)}a = 1${')'.repeat(60)}`)).toEqual(op('=', p('a'), 1));
  });

  it('refuses more parts than the limit and text longer than 500,000 characters', () => {
    expect(messageOf(`a IN (${Array.from({ length: 6000 }, (_, i) => i).join(',')})`)).toContain('more than 5000 parts');
    expect(messageOf(' '.repeat(500_001))).toContain('longer than 500000');
    expect(() => parseCql2Text('a = 1 AND b = 2', { depth: 64, nodes: 6 })).toThrow('more than 6 parts');
  });

  it('takes any garbage as garbage: nothing but InvalidInput is thrown', () => {
    const pieces = ['a', '"b"', "'c'", '1', '1e3', '-', '+', '*', '/', '%', '^', 'div', '(', ')', ',', '=', '<>', '<', 'AND', 'OR', 'NOT', 'LIKE', 'IN', 'BETWEEN', 'IS', 'NULL', 'TRUE', 'DATE', "DATE('2020-01-01')", 'INTERVAL', "'..'", 'BBOX', 'POINT', 'POLYGON', 'Z', 'GEOMETRYCOLLECTION', 'S_INTERSECTS', 'T_AFTER', 'A_CONTAINS', 'CASEI', '\\', '\u0000', '\uD800', '💥', '\n', ';', '--', '"', "'"];
    const random = generator(7);
    let taken = 0;
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: 1 + (random() % 12) }, () => pieces[random() % pieces.length]).join(random() % 2 === 0 ? ' ' : '');
      try {
        parseCql2Text(text);
        taken++;
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind !== 'InvalidInput') throw new Error(`${JSON.stringify(text)}: ${String(error)}`, { cause: error });
      }
    }
    expect(taken).toBeGreaterThan(0);
  });
});

/** A small linear congruential generator, so that a failure can be run again. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

describe('toText', () => {
  it.each([
    "a = 'it''s \\\\ \\n' AND \"date\" <> 1.5e-7 OR NOT (b IS NULL)",
    "CASEI(ACCENTI(name)) LIKE CASEI('%a\\\\_%')",
    "eo:cloud_cover BETWEEN (1 + 2) AND -3 AND a IN ('x', 'y') AND b = ((2 ^ c) - (d div 3))",
    "S_WITHIN(geometry, POLYGON Z((0 0 1, 1 0 1, 1 1 1, 0 0 1))) OR S_EQUALS(geometry, GEOMETRYCOLLECTION(POINT(1 2), MULTIPOINT((1 2), (3 4))))",
    "T_DURING(INTERVAL(a, '..'), INTERVAL('2020-01-01', '2020-12-31')) AND S_INTERSECTS(geometry, BBOX(170, -10, -170, 10))",
    "A_CONTAINS(a, ('x')) AND A_EQUALS((), b) AND starts_with(name, 'B') AND (a = 1) IS NULL",
    "d = DATE('2020-01-01') AND e >= TIMESTAMP('2020-01-01T00:00:00Z') AND TRUE",
  ])('writes what reads as the same filter: %s', (text) => {
    const filter = parseCql2Text(text);
    expect(read(toText(filter))).toEqual(toJson(filter));
    expect(toJson(parseCql2Json(toJson(filter)))).toEqual(toJson(filter));
  });
});
