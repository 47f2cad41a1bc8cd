/** Items by the cells of a grid: geohashes, and the tiles of the Web Mercator pyramid. */
import type { GridKind } from '../aggregation/catalogue.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { byFrequency, type Counted, countBy, type ItemSource, selected } from './aggregate.js';

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

/**
 * Items by cell, those with the most first. Centroids beyond the cells that are kept are counted in `overflow`; footprints, which
 * may lie in many cells, cannot be: undefined where they meet more than `limit`, or too many to look at.
 */
export async function countGrid(source: ItemSource, aggregation: { readonly grid: GridKind; readonly of: 'centroid' | 'geometry' }, precision: number, limit: number): Promise<Counted | undefined> {
  const grid = aggregation.grid === 'geohash' ? geohash(precision) : geotile(precision);
  return aggregation.of === 'centroid' ? centroids(source, grid, limit) : footprints(source, grid, limit);
}

async function centroids(source: ItemSource, grid: Grid, limit: number): Promise<Counted> {
  const builder = new SqlBuilder();
  const cells = `SELECT ${within(grid.column('ST_X(c)'), grid.columns)} AS x, ${within(grid.row('ST_Y(c)'), grid.rows)} AS y
                   FROM (${selected(source, builder, 'ST_Centroid(i.geometry) AS c')}) AS centroid`;
  const { buckets, overflow } = await countBy(source, cells, grid.key('x', 'y'), limit, builder);
  return { buckets: buckets.toSorted(byFrequency), overflow };
}

async function footprints(source: ItemSource, grid: Grid, limit: number): Promise<Counted | undefined> {
  const builder = new SqlBuilder();
  const [near, far] = grid.southwards ? ['ST_YMax(part)', 'ST_YMin(part)'] : ['ST_YMin(part)', 'ST_YMax(part)'];
  const cell = `ST_MakeEnvelope(${grid.longitude('x')}, ${grid.latitude('y')}, ${grid.longitude('(x + 1)')}, ${grid.latitude('(y + 1)')}, 4326)`;
  const { rows } = await source.pool.query<{ excess: number; buckets: [string, number][] | null }>(
    `WITH item AS (${selected(source, builder, 'i.collection, i.id, i.geometry')}),
          parts AS (SELECT collection, id, (ST_Dump(geometry)).geom AS part FROM item),
          starts AS (SELECT *, ${within(grid.column('ST_XMin(part)'), grid.columns)} AS x0, ${within(grid.row(near), grid.rows)} AS y0 FROM parts),
          spans AS (SELECT *, ${last(grid.column('ST_XMax(part)'), 'x0', grid.columns)} AS x1, ${last(grid.row(far), 'y0', grid.rows)} AS y1 FROM starts),
          size AS (SELECT COALESCE(sum((x1 - x0 + 1)::float8 * (y1 - y0 + 1) - 1), 0) AS excess FROM spans),
          cells AS (SELECT collection, id, x, y FROM spans CROSS JOIN LATERAL generate_series(x0, x1) AS x CROSS JOIN LATERAL generate_series(y0, y1) AS y
                     WHERE (SELECT excess FROM size) <= ${MAX_CELLS} AND ((x0 = x1 AND y0 = y1) OR ST_Intersects(part, ${cell}))),
          counted AS (SELECT ${grid.key('x', 'y')} AS key, count(DISTINCT (collection, id))::float8 AS frequency FROM cells GROUP BY x, y LIMIT ${builder.param(limit + 1, 'int')})
     SELECT (SELECT excess FROM size) AS excess, (SELECT jsonb_agg(jsonb_build_array(key, frequency)) FROM counted) AS buckets`,
    [...builder.values],
  );
  const [{ excess, buckets } = { excess: 0, buckets: null }] = rows;
  if (excess > MAX_CELLS || (buckets ?? []).length > limit) return undefined;
  return { buckets: (buckets ?? []).map(([key, frequency]) => ({ key, frequency })).toSorted(byFrequency), overflow: 0 };
}
