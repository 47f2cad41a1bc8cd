/** The text of a registered search: the expected ones are what titiler-pgstac 3.2 writes of the same bodies. */
import { rewriteStrings } from '../../src/json-strings.js';
import { registrationOf } from '../../src/searches/registration.js';
import { type HrefSigner, textWithoutSignatures } from '../../src/storage/signing.js';

const searchOf = (body: string): string => registrationOf(body).search;
const metadataOf = (metadata: string): string => registrationOf(`{"metadata":${metadata}}`).metadata;

it('boxes and geometries are floats, all other numbers stay what was written', () => {
  expect(searchOf('{"bbox": [0, -1, 50.5, 1e-7]}')).toBe('{"bbox":[0.0,-1.0,50.5,1e-7],"filter-lang":"cql2-json"}');
  expect(searchOf('{"intersects":{"coordinates":[[1,2],[3,4.5]],"crs":1,"type":"LineString"}}')).toBe('{"intersects":{"type":"LineString","coordinates":[[1.0,2.0],[3.0,4.5]]},"filter-lang":"cql2-json"}');
  expect(searchOf('{"filter":{"op":"in","args":[{"property":"x"},[1,1.0,1e3,1.50,-0.0,12345678901234567890123,"1.0\\" 2e1"]]}}')).toBe(
    '{"filter":{"op":"in","args":[{"property":"x"},[1,1.0,1000.0,1.5,-0.0,12345678901234567890123,"1.0\\" 2e1"]]},"filter-lang":"cql2-json"}',
  );
});

it('nulls and what pages are left out at the root only, filter-lang and the type are there', () => {
  expect(searchOf('{"ids":null,"limit":3,"token":"t","filter":{"op":"x","args":[null]},"fields":{"include":["a"]}}')).toBe('{"filter":{"op":"x","args":[null]},"fields":{"include":["a"]},"filter-lang":"cql2-json"}');
  expect(searchOf('{"sortby":[{"field":"a","direction":"desc","x":1},{"field":"b"}]}')).toBe('{"sortby":[{"field":"a","direction":"desc"},{"field":"b","direction":"asc"}],"filter-lang":"cql2-json"}');
  expect(registrationOf('{}')).toMatchObject({ search: '{"filter-lang":"cql2-json"}', metadata: '{"type":"mosaic"}' });
});

it('metadata keeps what a user adds; bounds are floats', () => {
  expect(metadataOf('{"bounds":[0,1,2,3],"minzoom":2.0,"name":null,"own":{"a":null,"b":2.0}}')).toBe('{"type":"mosaic","bounds":[0.0,1.0,2.0,3.0],"minzoom":2,"own":{"a":null,"b":2.0}}');
  expect(metadataOf('{"type":"search"}')).toBe('{"type":"search"}');
  expect(registrationOf('{"metadata":{"name":"n","owner":"o","expires":"2999-01-01T00:00:00Z"}}')).toMatchObject({ name: 'n', owner: 'o', expires: new Date('2999-01-01T00:00:00Z') });
});

it('metadata that titiler-pgstac would refuse is refused, and an expiry that is past', () => {
  for (const metadata of ['5', '[]', '{"type":"x"}', '{"bounds":[1]}', '{"minzoom":"a"}', '{"maxzoom":1.5}', '{"name":5}', '{"assets":"a"}', '{"defaults":[]}', '{"expires":"2000-01-01T00:00:00Z"}', '{"expires":"soon"}']) {
    expect(() => metadataOf(metadata)).toThrow(/^\/metadata/);
  }
});

it.each([['letters', 'a'.repeat(12e6)], ['quotes', '\\"'.repeat(6e6)], ['backslashes', '\\\\'.repeat(6e6)]])('a string of 12 MB of %s is kept', (_, long) => {
  expect(searchOf(`{"filter":{"op":"=","args":["${long}",1.50]}}`) === `{"filter":{"op":"=","args":["${long}",1.5]},"filter-lang":"cql2-json"}`).toBe(true);
  const signer = { strip: (text: string) => text.replace(/^signed /, '') } as HrefSigner;
  expect(textWithoutSignatures(signer, `{"a": "signed x", "b":"${long}", "c": 1.0}`) === `{"a": "x", "b":"${long}", "c": 1.0}`).toBe(true);
});

it('strings are found by their quotes alone, and one that never ends is left as it is', () => {
  const upper = (json: string): string => rewriteStrings(json, (quoted) => quoted.toUpperCase());
  expect(upper(String.raw`{"a":"b\\","c":["\"d",e]}`)).toBe(String.raw`{"A":"B\\","C":["\"D",e]}`);
  expect([upper(''), upper('null'), upper('"a'), upper(String.raw`"a" "b\"`), upper('""')]).toEqual(['', 'null', '"a', String.raw`"A" "b\"`, '""']);
});
