/** Where the items of a collection end in space and time, measured through pgSTAC's indexes: some 2 ms a side at 1,000,000 items, where a scan takes 460. */
import type { PoolClient } from 'pg';
import { type Sides, type Span } from '../stac/span.js';
import { WORLD } from '../geojson.js';

interface Row {
  readonly filled: boolean;
  readonly west: number | null;
  readonly south: number | null;
  readonly east: number | null;
  readonly north: number | null;
  readonly first: Date | null;
}

/** Longer than any item is high or wide: the edge lines pass all of them. */
const FAR = 1000;
/** More than single precision loses of a degree. */
const SINGLE = 0.0001;

interface Edge {
  /** The parameter that holds where the edge was. */
  readonly at: string;
  readonly end: 'ST_XMin' | 'ST_YMin' | 'ST_XMax' | 'ST_YMax';
  readonly box: (from: string, to: string) => string;
}

const vertical = (from: string, to: string): string => `ST_MakeEnvelope(${from}, -${FAR}, ${to}, ${FAR}, 4326)`;
const horizontal = (from: string, to: string): string => `ST_MakeEnvelope(-${FAR}, ${from}, ${FAR}, ${to}, 4326)`;

/**
 * The outermost item of a side: the one whose box is nearest to the line where the edge was. The index knows boxes in
 * single precision, so unless an item still ends at the very edge, the exact end is sought among those that reach beyond
 * the one found.
 */
function edgeSql({ at, end, box }: Edge): string {
  const outermost = end.endsWith('Min') ? 'min' : 'max';
  return `(SELECT CASE WHEN place = ${at} THEN place ELSE coalesce(
         (SELECT ${outermost}(${end}(i.geometry)) FROM pgstac.items i
           WHERE i.collection = $1 AND i.geometry && ${box(`least(${at}, place) - ${SINGLE}`, `greatest(${at}, place) + ${SINGLE}`)}), place) END
       FROM (SELECT ${end}(geometry) AS place FROM pgstac.items WHERE collection = $1 ORDER BY geometry <#> ${box(at, at)} LIMIT 1) AS nearest)`;
}

const EDGES: Readonly<Record<'west' | 'south' | 'east' | 'north', Edge>> = {
  west: { at: '$2::float8', end: 'ST_XMin', box: vertical },
  south: { at: '$3::float8', end: 'ST_YMin', box: horizontal },
  east: { at: '$4::float8', end: 'ST_XMax', box: vertical },
  north: { at: '$5::float8', end: 'ST_YMax', box: horizontal },
};

const FIRST = '(SELECT min(datetime) FROM pgstac.items WHERE collection = $1)';

/**
 * pgSTAC's index is on (datetime, end_datetime): the latest begin is its first entry, and what ends after that is sought
 * in the index. Two statements, since the planner must know the instant to see how few end after it.
 */
async function lastEnd(client: PoolClient, id: string): Promise<number | undefined> {
  const { rows } = await client.query<{ latest: string | null }>('SELECT max(datetime)::text AS latest FROM pgstac.items WHERE collection = $1', [id]);
  const latest = rows[0]?.latest ?? null;
  if (latest === null) return undefined;
  const later = await client.query<{ last: Date }>('SELECT coalesce(max(end_datetime), $2::timestamptz) AS last FROM pgstac.items WHERE collection = $1 AND end_datetime > $2::timestamptz', [id, latest]);
  return later.rows[0]?.last.getTime();
}

/**
 * The span of a collection's items after some went: measured at these sides, as it was at the others.
 * @param said what it was; undefined where nothing is known, then all sides are measured
 * @returns undefined where the collection has no items
 */
export async function measureSpan(client: PoolClient, id: string, said: Span | undefined, sides: Sides): Promise<Span | undefined> {
  const box = said?.bbox ?? WORLD;
  const asked = (name: keyof Sides): boolean => said === undefined || sides[name];
  const columns = [
    ...(['west', 'south', 'east', 'north'] as const).map((name) => `${asked(name) ? edgeSql(EDGES[name]) : 'NULL'} AS ${name}`),
    `${asked('first') ? FIRST : 'NULL'} AS first`,
  ];
  const { rows } = await client.query<Row>(
    // All parameters are named, so that each has a type whatever is asked.
    `SELECT EXISTS (SELECT 1 FROM pgstac.items WHERE collection = $1) AS filled, ${columns.join(', ')}
       FROM (SELECT $2::float8, $3::float8, $4::float8, $5::float8) AS box`,
    [id, ...box],
  );
  const [row] = rows;
  if (row === undefined || !row.filled) return undefined;
  const last = asked('last') ? await lastEnd(client, id) : undefined;
  return {
    bbox: [row.west ?? box[0], row.south ?? box[1], row.east ?? box[2], row.north ?? box[3]],
    first: row.first?.getTime() ?? said?.first ?? 0,
    last: last ?? said?.last ?? 0,
  };
}
