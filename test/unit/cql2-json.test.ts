/** CQL2 JSON: what is read, and where a fault is said to be. */
import { DomainError } from '../../src/errors.js';
import { parseCql2Json } from '../../src/cql2/json.js';
import { toJson } from '../../src/cql2/to-json.js';
import { filterQueryables, mapGeometries } from '../../src/cql2/walk.js';

const p = (property: string) => ({ property });
const op = (name: string, ...args: unknown[]) => ({ op: name, args });

function faultOf(filter: unknown): { path: string; message: string } {
  try {
    parseCql2Json(filter);
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'InvalidInput' && error.faults[0] !== undefined) return error.faults[0];
    throw error;
  }
  throw new Error('the filter was read');
}

describe('CQL2 JSON', () => {
  it.each([
    ['between', op('between', p('a'), [1, 2]), op('between', p('a'), 1, 2)],
    ['isnull', op('isnull', p('a')), op('isNull', p('a'))],
    ['T_FINISHEDBY', op('T_FINISHEDBY', { interval: [p('a'), '..'] }, { interval: ['2020-01-01', p('b')] }), op('t_finishedBy', { interval: [p('a'), '..'] }, { interval: ['2020-01-01', p('b')] })],
    ['a_containedby', op('a_containedby', p('a'), [1, 'x', [true]]), op('a_containedBy', p('a'), [1, 'x', [true]])],
  ])('takes the operator %s in any case', (_, filter, json) => {
    expect(toJson(parseCql2Json(filter))).toEqual(json);
  });

  it.each([
    ['no filter at all', undefined, '', 'must be a CQL2 expression'],
    ['a text', 'a = 1', '', 'must be a boolean expression'],
    ['null', null, '', 'must be a CQL2 expression'],
    ['an empty object', {}, '', 'must have one of the members'],
    ['an operator that is no name', { op: 5, args: [] }, '/op', 'must be a name'],
    ['arguments that are no array', { op: 'not', args: op('=', p('a'), 1) }, '', 'needs args, an array'],
    ['too few arguments', op('=', p('a')), '', 'takes 2 arguments, not 1'],
    ['a property as a boolean', op('and', op('=', p('a'), 1), p('b')), '/args/1', 'must be a boolean expression'],
    ['a predicate as a scalar', op('=', op('=', p('a'), 1), true), '/args/0', 'must be a string, number'],
    ['null as a value', op('=', p('a'), null), '/args/1', 'must be a CQL2 expression'],
    ['a list that is none', op('in', p('a'), 1), '/args/1', 'needs a list'],
    ['an empty list', op('in', p('a'), []), '/args/1', 'needs a list'],
    ['a pattern that is no text', op('like', p('a'), p('b')), '/args/1', 'must be a string, or casei or accenti'],
    ['text in arithmetic', op('=', p('a'), op('+', 1, 'x')), '/args/1/args/1', 'must be a number'],
    ['a day that is none', op('=', p('a'), { date: '2021-02-30' }), '/args/1/date', 'must be a date'],
    ['a time that is none', op('=', p('a'), { timestamp: '2021-02-28T24:00:00Z' }), '/args/1/timestamp', 'must be an RFC 3339 timestamp'],
    ['an interval of one end', op('t_after', p('a'), { interval: ['2020-01-01'] }), '/args/1', 'two ends'],
    ['an interval that ends in words', op('t_after', p('a'), { interval: ['2020-01-01', 'now'] }), '/args/1/interval/1/timestamp', 'must be an RFC 3339'],
    ['an unknown geometry', op('s_within', p('g'), { type: 'Circle', coordinates: [1, 2] }), '/args/1/type', 'must be one of Point'],
    ['an open ring', op('s_within', p('g'), { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 1]]] }), '/args/1/coordinates/0', 'must be closed'],
    ['positions of mixed dimensions', op('s_within', p('g'), { type: 'LineString', coordinates: [[0, 0], [1, 0, 5]] }), '/args/1/coordinates/1', 'as many coordinates'],
    ['a geometry below the root of another', op('s_within', p('g'), { type: 'GeometryCollection', geometries: [{ type: 'GeometryCollection', geometries: [] }] }), '/args/1/geometries/0', 'may not hold another'],
    ['a box upside down', op('s_within', p('g'), { bbox: [0, 10, 5, -10] }), '/args/1/bbox', 'south edge'],
    ['a box with words', op('s_within', p('g'), { bbox: [0, 10, 5, 'x'] }), '/args/1/bbox/3', 'must be a number not beyond 1e9'],
    ['the character that PostgreSQL has not', op('=', p('a'), 'x\u0000'), '/args/1', 'U+0000'],
    ['a number as a geometry', op('s_within', p('g'), 5), '/args/1', 'must be a geometry, bbox'],
    ['a text as an array', op('a_equals', p('g'), 'x'), '/args/1', 'must be an array'],
    ['a text as a time', op('t_after', p('g'), '2020-01-01'), '/args/1', 'must be a date, timestamp'],
  ])('says where the fault is: %s', (_, filter, path, message) => {
    const fault = faultOf(filter);
    expect(fault.path).toBe(path);
    expect(fault.message).toContain(message);
  });

  it('limits depth and size', () => {
    let filter: unknown = op('=', p('a'), 1);
    for (let level = 0; level < 70; level++) filter = op('not', filter);
    expect(faultOf(filter).message).toContain('nested more than 64 levels');
    expect(faultOf(op('and', ...Array.from({ length: 2000 }, () => op('=', p('a'), 1)))).message).toContain('more than 5000 parts');
    expect(() => parseCql2Json(op('=', p('a'), 1), { depth: 0, nodes: 10 })).toThrow('nested');
  });

  it('refuses a shape that crosses itself thousands of times, alone or in a collection', () => {
    const ring = Array.from({ length: 5000 }, (_, i) => [(i * 37) % 180, (i * 17) % 90]);
    const polygon = { type: 'Polygon', coordinates: [[...ring, ring[0]]] };
    expect(faultOf(op('s_intersects', p('geometry'), polygon))).toEqual({ path: '/args/1', message: 'crosses itself too often to be understood.' });
    expect(faultOf(op('s_within', p('geometry'), { type: 'GeometryCollection', geometries: [polygon] })).message).toContain('crosses itself');
  });

  it('names the properties that a filter uses, each once', () => {
    const filter = parseCql2Json(op('and', op('=', p('properties.a'), p('b')), op('in', op('casei', p('c')), ['x']), op('t_after', { interval: [p('d'), '..'] }, p('a')), op('s_within', p('geometry'), { bbox: [0, 0, 1, 1] })));
    expect(filterQueryables(filter)).toEqual(['a', 'b', 'c', 'd', 'geometry']);
  });

  it('changes the geometries of a filter and nothing else', () => {
    const filter = parseCql2Json(op('not', op('or', op('s_within', p('geometry'), { bbox: [0, 0, 1, 1] }), op('s_equals', p('geometry'), { type: 'Point', coordinates: [1, 2] }))));
    const moved = mapGeometries(filter, { geometry: () => ({ type: 'Point', coordinates: [3, 4] }), bbox: (bbox) => bbox.map((n) => n + 1) });
    expect(toJson(moved)).toEqual(op('not', op('or', op('s_within', p('geometry'), { bbox: [1, 1, 2, 2] }), op('s_equals', p('geometry'), { type: 'Point', coordinates: [3, 4] }))));
  });
});
