/** Geometries as we write them for a column, against PostGIS's own reading of the same GeoJSON. */
import type { Geometry, Position } from 'geojson';
import { toEwkb } from '../../src/pgstac/ewkb.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
}, 300_000);
afterAll(() => database.close());

const RING: Position[] = [[0.1, 1e-9], [10.1 + 0.2, 0], [10, -9.5], [0.1, 1e-9]];
const HIGH_RING: Position[] = [[0, 0, 5], [10, 0], [10, 10, -2.5], [0, 0, 5]];

const GEOMETRIES: Readonly<Record<string, Geometry>> = {
  'a point': { type: 'Point', coordinates: [-179.99999999999997, 90] },
  'a point with a height': { type: 'Point', coordinates: [1, 2, 3] },
  'a line': { type: 'LineString', coordinates: RING },
  'a polygon with a hole': { type: 'Polygon', coordinates: [RING, RING] },
  'a polygon with some heights': { type: 'Polygon', coordinates: [HIGH_RING] },
  'a ring of more bytes than the buffer has': { type: 'LineString', coordinates: Array.from({ length: 5000 }, (_, i) => [i / 100, -i / 100]) },
  points: { type: 'MultiPoint', coordinates: RING },
  lines: { type: 'MultiLineString', coordinates: [RING, RING.slice(1)] },
  polygons: { type: 'MultiPolygon', coordinates: [[RING], [RING, RING]] },
  'polygons with some heights': { type: 'MultiPolygon', coordinates: [[RING], [HIGH_RING]] },
  'a collection in a collection': { type: 'GeometryCollection', geometries: [{ type: 'Point', coordinates: [1, 2] }, { type: 'GeometryCollection', geometries: [{ type: 'MultiPolygon', coordinates: [[RING]] }] }] },
};

it.each(Object.entries(GEOMETRIES))('%s is the geometry that PostGIS reads from GeoJSON', async (_, geometry) => {
  const { rows } = await database.pool.query<{ same: boolean; srid: number }>(
    'SELECT ST_AsEWKB($1::geometry) = ST_AsEWKB(ST_Force3D(ST_GeomFromGeoJSON($2))) OR ST_AsEWKB($1::geometry) = ST_AsEWKB(ST_GeomFromGeoJSON($2)) AS same, ST_SRID($1::geometry) AS srid',
    [toEwkb(geometry), JSON.stringify(geometry)],
  );
  expect(rows).toEqual([{ same: true, srid: 4326 }]);
});
