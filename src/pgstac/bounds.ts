/** The exact bounds of what a search selects, of this moment, in milliseconds also for a million items. */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { ofEach } from '../database/of-each.js';
import { withTransaction } from '../database/transaction.js';
import { type Bbox, WORLD } from '../geojson.js';
import type { ItemSelection } from '../search/query.js';
import { asOfNow } from './as-of-now.js';
import { type Edges, edgesByHint, outermostEdges, passDeadRows } from './bounds-edges.js';
import { selectionSql, type Visibility } from './selection.js';

export interface BoundsQuery {
  readonly selection: ItemSelection;
  readonly visibility: Visibility;
  readonly resolver: PropertyResolver;
}

/** So many footprints are simply read: 3 to 20 ms. Of more than these, only the outermost are looked for. */
const FEW = 5000;
const REMEMBERED = 2000;
/** How long a way that took too long is not tried again; the rows that made it long are mostly vacuumed by then. */
const SLOW_MS = 30_000;

interface Hint {
  /** As they were at the last look: where the edges most likely are still. */
  readonly edges: Edges;
  readonly slowUntil: number;
}

/** Undefined bounds are remembered too. */
const remembered = asOfNow<{ readonly bounds: Bbox | undefined }>(REMEMBERED);
const hintsOf = ofEach<LRUCache<string, Hint>>(() => new LRUCache({ max: REMEMBERED }));

/** Coordinates beyond 180 belong to a footprint that crosses the antimeridian undivided. */
const toBbox = ({ w, s, e, n }: Edges): Bbox => (w < -180 || e > 180 ? [WORLD[0], s, WORLD[2], n] : [w, s, e, n]);

/**
 * The bounds of all that is selected, -180 to 180 where a footprint crosses the antimeridian; undefined where there is nothing.
 *
 * An answer is remembered together with PostgreSQL's snapshot: as long as no transaction has ended since, in whatever program,
 * the same rows are visible. After one has, the bounds are found again through the spatial index, which is exact and does not
 * depend on statistics: the outermost footprints of the collections, else what lies at the last known edges and beyond them.
 * Only where neither is quick (the selected far inside the footprints of others, many deleted ones around them) are all read (0.6 s a million).
 */
export async function liveBounds(pool: Pool, query: BoundsQuery): Promise<Bbox | undefined> {
  const builder = new SqlBuilder();
  const where = selectionSql(query.selection, query.visibility, builder, query.resolver);
  const values = [...builder.values];
  const key = JSON.stringify([where, values]);
  const { bounds } = await remembered(pool, key, async () => {
    const edges = await find(pool, query, { where, values, key });
    return { bounds: edges === undefined ? undefined : toBbox(edges) };
  });
  return bounds;
}

interface Statement {
  readonly where: string;
  readonly values: unknown[];
  readonly key: string;
}

async function find(pool: Pool, query: BoundsQuery, { where, values, key }: Statement): Promise<Edges | undefined> {
  const hints = hintsOf(pool);
  const hint = hints.get(key);
  const known = (edges: Edges, slowUntil = 0): Edges => {
    hints.set(key, { edges, slowUntil });
    return edges;
  };
  const wasSlow = hint !== undefined && hint.slowUntil > Date.now();
  const outermost = async (): Promise<Edges | 'none' | 'unknown' | 'late'> => (wasSlow ? 'late' : outermostEdges(pool, query));

  let found = hint === undefined && !isWhole(query) ? undefined : await outermost();
  if (found === 'none') return undefined;
  if (found === undefined || found === 'unknown') {
    const few = await byReading(pool, where, values, FEW);
    if (few.count <= FEW) return few.edges;
    found ??= await outermost();
  }
  if (typeof found === 'object') return known(found);
  const isLate = found === 'late' && !wasSlow;
  const slowUntil = isLate ? Date.now() + SLOW_MS : (hint?.slowUntil ?? 0);
  const near = hint === undefined ? undefined : await edgesByHint(pool, where, values, hint.edges);
  if (near !== undefined) return known(near, slowUntil);
  const { edges } = await byReading(pool, where, values);
  if (edges === undefined) return undefined;
  // Nobody waits for it; the next who asks is glad of it.
  if (isLate) void passDeadRows(pool, where, values, edges);
  return known(edges, slowUntil);
}

/** Whether all items of its collections are selected. */
const isWhole = ({ selection: { collections, ...conditions } }: BoundsQuery): boolean => collections !== undefined && Object.values(conditions).every((value) => value === undefined);

interface Read {
  readonly count: number;
  readonly edges: Edges | undefined;
}

/** @param most one more is read, so that the count tells whether there are more */
async function byReading(pool: Pool, where: string, values: unknown[], most?: number): Promise<Read> {
  const limit = most === undefined ? '' : ` LIMIT ${most + 1}`;
  const text = `SELECT count(*)::int AS count, ST_XMin(ST_Extent(geometry)) AS w, ST_YMin(ST_Extent(geometry)) AS s, ST_XMax(ST_Extent(geometry)) AS e, ST_YMax(ST_Extent(geometry)) AS n
    FROM (SELECT i.geometry FROM pgstac.items i WHERE ${where}${limit}) AS selected`;
  const [row] = await withTransaction(pool, async (client) => {
    if (most === undefined) await client.query('SET LOCAL max_parallel_workers_per_gather = 2');
    return (await client.query<Edges & { count: number }>(text, values)).rows;
  });
  if (row === undefined) throw new Error('An aggregate answered no row.');
  const { count, ...edges } = row;
  return { count, edges: count === 0 ? undefined : edges };
}
