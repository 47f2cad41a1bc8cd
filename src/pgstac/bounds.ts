/** The exact bounds of what a search selects, of this moment, in milliseconds also for a million items. */
import type { Pool } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { sqlState, withTransaction } from '../database/transaction.js';
import { type Bbox, WORLD } from '../geojson.js';
import type { ItemSelection } from '../search/query.js';
import { asOfNow } from './as-of-now.js';
import { selectionSql, type Visibility } from './selection.js';

export interface BoundsQuery {
  readonly selection: ItemSelection;
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
}

/** So many footprints are simply read: 3 to 20 ms. Of more than these, only the outermost are looked for. */
const FEW = 5000;
/** How many of the outermost footprints of all kinds are looked at for one that is selected: 8 ms an edge. */
const OUTERMOST = 300;
/** The index leads past deleted rows until they are vacuumed, 20 µs each: where that takes longer, reading all is quicker. */
const EDGES_MS = 150;
/** Each partition is an index scan of its own. */
const MOST_COLLECTIONS = 10;
const REMEMBERED = 2000;

/** Undefined bounds are remembered too. */
const remembered = asOfNow<{ readonly bounds: Bbox | undefined }>(REMEMBERED);

interface Extent {
  readonly w: number | null;
  readonly s: number;
  readonly e: number;
  readonly n: number;
}

const EXTENT = 'ST_XMin(x) AS w, ST_YMin(x) AS s, ST_XMax(x) AS e, ST_YMax(x) AS n';

/** Coordinates beyond 180 belong to a footprint that crosses the antimeridian undivided. */
const toBbox = ({ w, s, e, n }: Extent): Bbox | undefined => (w === null ? undefined : w < -180 || e > 180 ? [WORLD[0], s, WORLD[2], n] : [w, s, e, n]);

/**
 * The bounds of all that is selected, -180 to 180 where a footprint crosses the antimeridian; undefined where there is nothing.
 *
 * An answer is remembered together with PostgreSQL's snapshot: as long as no transaction has ended since, in whatever program,
 * the same rows are visible. After one has, the bounds are found again through the spatial index, which is exact and does not
 * depend on statistics; only where the selected footprints lie far inside those of others, or many deleted ones around them, are all read (0.6 s a million).
 */
export async function liveBounds(pool: Pool, query: BoundsQuery): Promise<Bbox | undefined> {
  const builder = new SqlBuilder();
  const where = selectionSql(query.selection, query.visibility, builder, query.resolver);
  const values = [...builder.values];
  const { bounds } = await remembered(pool, JSON.stringify([where, values]), async () => ({ bounds: await find(pool, query, where, values) }));
  return bounds;
}

async function find(pool: Pool, query: BoundsQuery, where: string, values: unknown[]): Promise<Bbox | undefined> {
  const { rows } = await pool.query<Extent & { count: string }>(
    `SELECT ${EXTENT}, count FROM (SELECT ST_Extent(geometry) AS x, count(*) FROM (SELECT i.geometry FROM pgstac.items i WHERE ${where} LIMIT ${FEW + 1}) AS few) AS extent`,
    values,
  );
  const [few] = rows;
  if (few === undefined || Number(few.count) <= FEW) return few === undefined ? undefined : toBbox(few);
  return (await byEdges(pool, query)) ?? (await byAll(pool, where, values));
}

async function byAll(pool: Pool, where: string, values: unknown[]): Promise<Bbox | undefined> {
  const rows = await withTransaction(pool, async (client) => {
    await client.query('SET LOCAL max_parallel_workers_per_gather = 2');
    return (await client.query<Extent>(`SELECT ${EXTENT} FROM (SELECT ST_Extent(i.geometry) AS x FROM pgstac.items i WHERE ${where}) AS extent`, values)).rows;
  });
  return rows[0] === undefined ? undefined : toBbox(rows[0]);
}

/** A line far outside the world on each side: the footprint nearest to it is the outermost. */
const SIDES = {
  w: ['LINESTRING(-1000 -1000,-1000 1000)', 'min(ST_XMin(i.geometry))'],
  s: ['LINESTRING(-1000 -1000,1000 -1000)', 'min(ST_YMin(i.geometry))'],
  e: ['LINESTRING(1000 -1000,1000 1000)', 'max(ST_XMax(i.geometry))'],
  n: ['LINESTRING(-1000 1000,1000 1000)', 'max(ST_YMax(i.geometry))'],
} as const;

/** Through the index: undefined where an edge has none of the selected among the outermost footprints of its collections. */
async function byEdges(pool: Pool, { selection, visibility, resolver }: BoundsQuery): Promise<Bbox | undefined> {
  const { collections } = selection;
  if (collections === undefined || collections.length === 0 || collections.length > MOST_COLLECTIONS) return undefined;
  const builder = new SqlBuilder();
  const within = selectionSql({ collections }, visibility, builder, resolver);
  const where = selectionSql(selection, visibility, builder, resolver);
  const edges = Object.entries(SIDES).map(
    ([side, [line, outermost]]) =>
      `(SELECT ${outermost} FROM (SELECT i.* FROM pgstac.items i WHERE ${within} ORDER BY i.geometry <-> 'SRID=4326;${line}'::geometry LIMIT ${OUTERMOST}) AS i WHERE ${where}) AS ${side}`,
  );
  const { w = null, s = null, e = null, n = null } = (await inTime(pool, `SELECT ${edges.join(', ')}`, [...builder.values])) ?? {};
  return w === null || s === null || e === null || n === null ? undefined : toBbox({ w, s, e, n });
}

type Edges = Readonly<Record<keyof typeof SIDES, number | null>>;

/** The row, or undefined where it would take too long. */
async function inTime(pool: Pool, text: string, values: unknown[]): Promise<Edges | undefined> {
  try {
    return await withTransaction(pool, async (client) => {
      await client.query(`SET LOCAL statement_timeout = ${EDGES_MS}`);
      return (await client.query<Edges>(text, values)).rows[0];
    });
  } catch (error) {
    if (sqlState(error) === '57014') return undefined;
    throw error;
  }
}
