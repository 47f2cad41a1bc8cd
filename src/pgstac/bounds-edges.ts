/** The four edges of what a search selects, through the spatial index. */
import type { Pool, PoolClient } from 'pg';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { sqlState, withTransaction } from '../database/transaction.js';
import type { BoundsQuery } from './bounds.js';
import { selectionSql } from './selection.js';

/** As the geometries have them: beyond 180 where one crosses the antimeridian undivided. */
export interface Edges {
  readonly w: number;
  readonly s: number;
  readonly e: number;
  readonly n: number;
}

type MaybeEdges = { readonly [side in keyof Edges]: number | null };

/** How many of the outermost footprints of all kinds are looked at for one that is selected: 8 ms an edge. */
const OUTERMOST = 300;
/** Where the index takes longer, reading all is quicker; it leads past deleted rows until they are vacuumed (20 µs each in the order of distance). */
const QUICK_MS = 150;
/** Each partition is an index scan of its own. */
const MOST_COLLECTIONS = 10;
/** Further out than any coordinate. */
const FAR = 1000;

/** A line far outside the world on each side: the footprint nearest to it is the outermost. */
const SIDES = {
  w: [`LINESTRING(-${FAR} -${FAR},-${FAR} ${FAR})`, 'min(ST_XMin(i.geometry))'],
  s: [`LINESTRING(-${FAR} -${FAR},${FAR} -${FAR})`, 'min(ST_YMin(i.geometry))'],
  e: [`LINESTRING(${FAR} -${FAR},${FAR} ${FAR})`, 'max(ST_XMax(i.geometry))'],
  n: [`LINESTRING(-${FAR} ${FAR},${FAR} ${FAR})`, 'max(ST_YMax(i.geometry))'],
} as const;
const NAMES = ['w', 's', 'e', 'n'] as const;

/**
 * The edges among the outermost footprints of the collections; of whole collections the very first of a side is its edge.
 * `none` where whole collections are empty, `unknown` where the selected are not among the outermost, `late` where there is no quick answer.
 */
export async function outermostEdges(pool: Pool, { selection, visibility, resolver }: BoundsQuery): Promise<Edges | 'none' | 'unknown' | 'late'> {
  const { collections } = selection;
  if (collections === undefined || collections.length === 0 || collections.length > MOST_COLLECTIONS) return 'unknown';
  const builder = new SqlBuilder();
  const within = selectionSql({ collections }, visibility, builder, resolver);
  const isWhole = selectionSql(selection, visibility, new SqlBuilder(), resolver) === within;
  const where = isWhole ? 'true' : selectionSql(selection, visibility, builder, resolver);
  const edges = NAMES.map((side) => {
    const [line, outermost] = SIDES[side];
    return `(SELECT ${outermost} FROM (SELECT i.* FROM pgstac.items i WHERE ${within} ORDER BY i.geometry <-> 'SRID=4326;${line}'::geometry LIMIT ${isWhole ? 1 : OUTERMOST}) AS i WHERE ${where}) AS ${side}`;
  });
  const found = await inTime(pool, async (client) => (await client.query<MaybeEdges>(`SELECT ${edges.join(', ')}`, [...builder.values])).rows[0]);
  if (found === 'late') return 'late';
  return complete(found) ?? (isWhole ? 'none' : 'unknown');
}

/**
 * The edges where they were at the last look, or further out: all that meets the half plane from an old edge outwards.
 * Undefined where an edge has moved inwards, or where that takes too long.
 */
export async function edgesByHint(pool: Pool, where: string, values: unknown[], hint: Edges): Promise<Edges | undefined> {
  const beyond = beyondOf(hint);
  const edges = NAMES.map((side) => `(SELECT ${SIDES[side][1]} FROM pgstac.items i WHERE ${where} AND i.geometry && ${beyond[side]}) AS ${side}`);
  const found = await inTime(pool, async (client) => {
    await onlyIndexScans(client);
    return (await client.query<MaybeEdges>(`SELECT ${edges.join(', ')}`, values)).rows[0];
  });
  return found === 'late' ? undefined : complete(found);
}

/**
 * Walks once over the index outside of the edges, where nothing is left but deleted rows: PostgreSQL then marks their entries,
 * and later scans pass them over, also before they are vacuumed. Never throws: it is only for speed.
 */
export async function passDeadRows(pool: Pool, where: string, values: unknown[], edges: Edges): Promise<void> {
  const beyond = beyondOf(edges);
  const sides = NAMES.map((side) => `(SELECT count(*) FROM pgstac.items i WHERE ${where} AND i.geometry && ${beyond[side]})`);
  await withTransaction(pool, async (client) => {
    await onlyIndexScans(client);
    await client.query(`SELECT ${sides.join(', ')}`, values);
  }).catch(() => undefined);
}

/** The half plane outside of each edge, the edge included, as SQL; its far sides are beyond any coordinate. */
const beyondOf = ({ w, s, e, n }: Edges): Readonly<Record<keyof Edges, string>> => {
  const box = (...corners: readonly number[]): string => `ST_MakeEnvelope(${corners.join(', ')}, 4326)`;
  return { w: box(-FAR, -FAR, w, FAR), s: box(-FAR, -FAR, FAR, s), e: box(e, -FAR, FAR, FAR), n: box(-FAR, n, FAR, FAR) };
};

/** Only a plain index scan marks the entries of deleted rows. */
const onlyIndexScans = (client: PoolClient): Promise<unknown> => client.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');

const complete = ({ w, s, e, n }: Partial<MaybeEdges> = {}): Edges | undefined =>
  typeof w === 'number' && typeof s === 'number' && typeof e === 'number' && typeof n === 'number' ? { w, s, e, n } : undefined;

async function inTime<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T | 'late'> {
  try {
    return await withTransaction(pool, async (client) => {
      await client.query(`SET LOCAL statement_timeout = ${QUICK_MS}`);
      return work(client);
    });
  } catch (error) {
    if (sqlState(error) === '57014') return 'late';
    throw error;
  }
}
