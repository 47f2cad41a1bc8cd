/** Items by the cells of a grid: geohashes, and the tiles of the Web Mercator pyramid. */
import type { GridKind } from '../aggregation/catalogue.js';
import { type Counted, countKeys, type ItemSource } from './aggregate.js';

/** A grid of rows and columns over the earth. The SQL takes degrees or cell numbers and gives float8. */
interface Grid {
  /** The column of a longitude and the row of a latitude, with their fraction, before they are cut to the grid. */
  readonly column: (longitude: string) => string;
  readonly row: (latitude: string) => string;
  readonly columns: number;
  readonly rows: number;
  /** The western edge of a column and the lower-numbered edge of a row. */
  readonly longitude: (column: string) => string;
  readonly latitude: (row: string) => string;
  /** Rows are counted from the north. */
  readonly southwards: boolean;
  readonly key: (column: string, row: string) => string;
}

/** Five bits a character, longitude first: even characters have a bit more of it. */
function geohash(precision: number): Grid {
  const [columns, rows] = [2 ** Math.ceil((5 * precision) / 2), 2 ** Math.floor((5 * precision) / 2)];
  const longitude = (column: string): string => `(${column} * ${360 / columns}::float8 - 180)`;
  const latitude = (row: string): string => `(${row} * ${180 / rows}::float8 - 90)`;
  return {
    columns,
    rows,
    column: (x) => `((${x} + 180) * ${columns / 360}::float8)`,
    row: (y) => `((${y} + 90) * ${rows / 180}::float8)`,
    longitude,
    latitude,
    southwards: false,
    key: (column, row) => `ST_GeoHash(ST_SetSRID(ST_MakePoint(${longitude(`(${column} + 0.5)`)}, ${latitude(`(${row} + 0.5)`)}), 4326), ${precision})`,
  };
}

/** Where Web Mercator ends; what lies beyond belongs to the outermost rows. */
const MERCATOR = 85.0511287798066;

function geotile(zoom: number): Grid {
  const size = 2 ** zoom;
  const radians = (y: string): string => `radians(LEAST(GREATEST(${y}, -${MERCATOR}), ${MERCATOR}))`;
  return {
    columns: size,
    rows: size,
    column: (x) => `((${x} + 180) * ${size / 360}::float8)`,
    row: (y) => `((1 - asinh(tan(${radians(y)})) / pi()) / 2 * ${size})`,
    longitude: (column) => `(${column} * ${360 / size}::float8 - 180)`,
    latitude: (row) => `(CASE WHEN ${row} <= 0 THEN 90 WHEN ${row} >= ${size} THEN -90 ELSE degrees(atan(sinh(pi() * (1 - 2 * ${row} / ${size}::float8)))) END)`,
    southwards: true,
    key: (column, row) => `format('%s/%s/%s', ${zoom}, ${column}, ${row})`,
  };
}

const within = (cell: string, count: number): string => `LEAST(GREATEST(floor(${cell})::int, 0), ${count - 1})`;

/** A part that ends on the edge of a cell is not in the next one. */
const last = (cell: string, first: string, count: number): string => `GREATEST(${first}, LEAST(ceil(${cell})::int, ${count}) - 1)`;

/** Parts of geometries may span so many cells more than there are parts; each is then compared with the part. */
const MAX_CELLS = 1_000_000;

const asBuckets = (excess: string, limit: string): string =>
  `SELECT ${excess} AS excess, (SELECT jsonb_agg(jsonb_build_array(key, frequency)) FROM (SELECT * FROM counted LIMIT ${limit}) AS kept) AS buckets`;

/** Undefined where there are more than `limit` cells, or too many to look at. */
export async function countGrid(source: ItemSource, aggregation: { readonly grid: GridKind; readonly of: 'centroid' | 'geometry' }, precision: number, limit: number): Promise<Counted | undefined> {
  const grid = aggregation.grid === 'geohash' ? geohash(precision) : geotile(precision);
  const { excess, buckets } = await countKeys(source, (items, builder) => {
    const maximum = builder.param(limit + 1, 'int');
    return aggregation.of === 'centroid' ? centroids(grid, items, maximum) : footprints(grid, items, maximum);
  });
  return excess > MAX_CELLS || buckets.length > limit ? undefined : { buckets, overflow: 0 };
}

function centroids(grid: Grid, items: (columns: string) => string, limit: string): string {
  return `
    WITH item AS (${items('ST_Centroid(i.geometry) AS c')}),
         cells AS (SELECT ${within(grid.column('ST_X(c)'), grid.columns)} AS x, ${within(grid.row('ST_Y(c)'), grid.rows)} AS y FROM item),
         counted AS (SELECT ${grid.key('x', 'y')} AS key, count(*)::float8 AS frequency FROM cells GROUP BY x, y)
    ${asBuckets('0', limit)}`;
}

function footprints(grid: Grid, items: (columns: string) => string, limit: string): string {
  const [near, far] = grid.southwards ? ['ST_YMax(part)', 'ST_YMin(part)'] : ['ST_YMin(part)', 'ST_YMax(part)'];
  const cell = `ST_MakeEnvelope(${grid.longitude('x')}, ${grid.latitude('y')}, ${grid.longitude('(x + 1)')}, ${grid.latitude('(y + 1)')}, 4326)`;
  return `
    WITH item AS (${items('i.collection, i.id, i.geometry')}),
         parts AS (SELECT collection, id, (ST_Dump(geometry)).geom AS part FROM item),
         starts AS (SELECT *, ${within(grid.column('ST_XMin(part)'), grid.columns)} AS x0, ${within(grid.row(near), grid.rows)} AS y0 FROM parts),
         spans AS (SELECT *, ${last(grid.column('ST_XMax(part)'), 'x0', grid.columns)} AS x1, ${last(grid.row(far), 'y0', grid.rows)} AS y1 FROM starts),
         size AS (SELECT COALESCE(sum((x1 - x0 + 1)::float8 * (y1 - y0 + 1) - 1), 0) AS excess FROM spans),
         cells AS (SELECT collection, id, x, y FROM spans CROSS JOIN LATERAL generate_series(x0, x1) AS x CROSS JOIN LATERAL generate_series(y0, y1) AS y
                    WHERE (SELECT excess FROM size) <= ${MAX_CELLS} AND ((x0 = x1 AND y0 = y1) OR ST_Intersects(part, ${cell}))),
         counted AS (SELECT ${grid.key('x', 'y')} AS key, count(DISTINCT (collection, id))::float8 AS frequency FROM cells GROUP BY x, y)
    ${asBuckets('(SELECT excess FROM size)', limit)}`;
}
