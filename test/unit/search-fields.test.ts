/** Fields, free text and the scanner of JSON members, without a server. */
import { jsonMembers } from '../../src/pgstac/json-members.js';
import { parseFieldsText, selectFields } from '../../src/search/fields.js';
import { parseFreeText, parseFreeTextString } from '../../src/search/free-text.js';

describe('jsonMembers', () => {
  it.each([
    { a: 1, bb: 'x"y\\', ccc: { d: [1, { e: ']}' }] }, 'dd"d': [], 'é\n': null, f: {}, g: -1.5e300, h: '\\\\', i: true, '': ',' },
    {},
    { only: '{[",:' },
  ])('finds the texts of %j', (value) => {
    for (const text of [JSON.stringify(value), JSON.stringify(value, null, 1)]) {
      const members = jsonMembers(text);
      expect(Object.fromEntries([...members].map(([key, part]) => [key, JSON.parse(part) as unknown]))).toEqual(value);
    }
  });
});

describe('selectFields', () => {
  const item = { id: 'a', type: 'Feature', properties: { datetime: 'x', 'a.b': { c: 1 }, d: { e: 1, f: { g: 2 } } }, assets: { B1: { href: 'h', roles: [] } } };

  it('reads names with dots in them, and properties with and without their prefix', () => {
    expect(selectFields(item, parseFieldsText('a.b.c,+d.f'))['properties']).toEqual({ datetime: 'x', 'a.b': { c: 1 }, d: { f: { g: 2 } } });
  });

  it('never changes the item that it reads', () => {
    const before = structuredClone(item);
    selectFields(item, parseFieldsText('properties,assets,-d.f,-assets.B1.href,-properties.datetime'));
    expect(item).toEqual(before);
  });
});

describe('free text', () => {
  it.each([
    ['a b', { any: [{ term: 'a' }, { term: 'b' }] }],
    ['a AND b OR c', { any: [{ all: [{ term: 'a' }, { term: 'b' }] }, { term: 'c' }] }],
    ['a b, c', { any: [{ term: 'a b' }, { term: 'c' }] }],
    ['"a b" -c', { all: [{ term: 'a b' }, { not: { term: 'c' } }] }],
    ['a +b -c', { all: [{ term: 'b' }, { not: { term: 'c' } }] }],
    ['-(a OR b)', { not: { any: [{ term: 'a' }, { term: 'b' }] } }],
    ['sea-ice and', { any: [{ term: 'sea-ice' }, { term: 'and' }] }],
    ['(a, b) AND c', { all: [{ any: [{ term: 'a' }, { term: 'b' }] }, { term: 'c' }] }],
    ['a AND -b', { all: [{ term: 'a' }, { not: { term: 'b' } }] }],
  ])('%s is %j', (text, expected) => {
    expect(parseFreeTextString(text, 'q')).toEqual(expected);
  });

  it('arrays are terms as they stand, never expressions', () => {
    expect(parseFreeText(['a AND b', '"c'], '/q')).toEqual({ any: [{ term: 'a AND b' }, { term: '"c' }] });
  });

  it('refuses what is too much', () => {
    expect(() => parseFreeTextString('a '.repeat(101), 'q')).toThrow(/more than 100/);
    expect(() => parseFreeText(Array.from({ length: 101 }, () => 'a'), '/q')).toThrow(/100 are the most/);
    expect(() => parseFreeTextString(`${'('.repeat(30)}a${')'.repeat(30)}`, 'q')).toThrow(/deeper than 20/);
  });
});
