/** The text of a registered search: the expected ones are what titiler-pgstac 3.2 writes of the same bodies. */
import { registrationOf } from '../../src/searches/registration.js';

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
