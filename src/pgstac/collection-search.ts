/** One page of collections in a total order, keyset-paged like items, with the exact number that match. */
import type { Pool } from 'pg';
import { compileFilter } from '../cql2/compile.js';
import { jsonBoundedNumber, jsonInstant, jsonInstantEnd } from '../cql2/json-read.js';
import type { PropertyResolver } from '../cql2/resolver.js';
import { SqlBuilder } from '../cql2/sql-builder.js';
import type { Interval } from '../datetime.js';
import { type Bbox, splitBbox } from '../geojson.js';
import type { SearchQuery } from '../search/query.js';
import type { StacCollection } from './collections.js';
import { collectionTextSql } from './free-text.js';
import { afterSql, cutPage, type KeyRow, orderSql, type Page, type PageRequest, sortKeys } from './search.js';
import type { Visibility } from './selection.js';

/** Which collections; every member narrows. */
export type CollectionSelection = Pick<SearchQuery, 'bbox' | 'datetime' | 'filter' | 'q'>;

export interface CollectionPageRequest extends Pick<PageRequest, 'sortby' | 'limit' | 'after'> {
  readonly selection: CollectionSelection;
}

export interface CollectionPage extends Page<StacCollection> {
  /** How many match on all pages. */
  readonly matched: number;
}

/** An id is unique, so it alone makes an order of collections total. */
export const COLLECTION_TIES = ['c.id'];

/** The elements of a list in the extent, read in one go: each look into a stored document decompresses it. */
const listed = (content: string, kind: 'spatial.bbox' | 'temporal.interval'): string => `jsonb_path_query(${content}, '$.extent.${kind}[*]')`;

/** The boxes of a collection as rows w, s, e, n. Of six numbers the third and sixth are heights; other lengths are no boxes. */
const boxes = (content: string): string => `
  SELECT ${jsonBoundedNumber('b->0')} AS w, ${jsonBoundedNumber('b->1')} AS s, ${jsonBoundedNumber('b->half')} AS e, ${jsonBoundedNumber('b->(half + 1)')} AS n
    FROM ${listed(content, 'spatial.bbox')} WITH ORDINALITY AS box(b, place)
    CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(b) = 'array' THEN jsonb_array_length(b) / 2 ELSE 0 END AS half) AS size
   WHERE half IN (2, 3) ORDER BY place`;

/**
 * Collections with their overall extent (the first box) as a geometry. pgSTAC's own column takes the third of six numbers
 * for the east, and a box over the antimeridian for the wide one beside it.
 */
const SOURCE = `
  SELECT id, content, datetime, end_datetime, (
    SELECT CASE WHEN w <= e THEN ST_MakeEnvelope(w, s, e, n, 4326)
                ELSE ST_Collect(ST_MakeEnvelope(w, s, 180, n, 4326), ST_MakeEnvelope(-180, s, e, n, 4326)) END
      FROM (${boxes('content')} LIMIT 1) AS overall) AS geometry
    FROM pgstac.collections`;

/** Whether any box of the extent meets the box (collection-search 1.0.0-rc.1, Basics); both may cross the antimeridian. */
function meetsBox(bbox: Bbox, builder: SqlBuilder): string {
  const number = (value: number): string => builder.param(value, 'float8');
  const parts = splitBbox(bbox).map(([west, south, east, north]) => {
    const [eastwards, westwards] = [`e >= ${number(west)}`, `w <= ${number(east)}`];
    return `s <= ${number(north)} AND n >= ${number(south)} AND CASE WHEN w <= e THEN ${eastwards} AND ${westwards} ELSE ${eastwards} OR ${westwards} END`;
  });
  return `EXISTS (SELECT FROM (${boxes('c.content')}) AS box WHERE ${parts.map((part) => `(${part})`).join(' OR ')})`;
}

/** Whether any interval of the extent meets the interval; null is an open end. */
function meetsInterval({ start, end }: Interval, builder: SqlBuilder): string {
  const ends = [
    ...(end === undefined ? [] : [`COALESCE(${jsonInstant('t->>0')} <= ${builder.param(end, 'timestamptz')}, TRUE)`]),
    ...(start === undefined ? [] : [`COALESCE(${jsonInstantEnd('t->>1')} >= ${builder.param(start, 'timestamptz')}, TRUE)`]),
  ];
  return `EXISTS (SELECT FROM ${listed('c.content', 'temporal.interval')} AS t WHERE jsonb_typeof(t) = 'array' AND ${ends.join(' AND ')})`;
}

function selectionSql(selection: CollectionSelection, visibility: Visibility, builder: SqlBuilder, resolver: PropertyResolver): string {
  const conditions = [`c.id <> ALL(${builder.param(visibility.hidden, 'text[]')})`];
  if (selection.bbox !== undefined) conditions.push(meetsBox(selection.bbox, builder));
  if (selection.datetime !== undefined) conditions.push(meetsInterval(selection.datetime, builder));
  if (selection.q !== undefined) conditions.push(collectionTextSql(selection.q, builder));
  if (selection.filter !== undefined) conditions.push(`(${compileFilter(selection.filter, { builder, resolver, alias: 'c' })})`);
  return conditions.join(' AND ');
}

interface CollectionRow {
  /** Null in the one row that tells the number where the page is empty. */
  readonly content: StacCollection | null;
}

/** Reads one page and one row more, which tells whether there is another; page and number are of one snapshot. */
export async function readCollectionPage(pool: Pool, request: CollectionPageRequest, visibility: Visibility, resolver: PropertyResolver): Promise<CollectionPage> {
  const builder = new SqlBuilder();
  const keys = sortKeys(request.sortby, resolver, COLLECTION_TIES);
  const backwards = request.after?.direction === 'prev';
  const where = selectionSql(request.selection, visibility, builder, resolver);
  const after = request.after === undefined ? 'TRUE' : afterSql(keys, request.after.keys, backwards, builder);
  const { rows } = await pool.query<CollectionRow & KeyRow>(
    `WITH matched AS MATERIALIZED (SELECT c.id FROM (${SOURCE}) AS c WHERE ${where})
     SELECT total.matched::text AS matched, page.* FROM (SELECT count(*)::int AS matched FROM matched) AS total
       LEFT JOIN (SELECT c.content, ${keys.map(({ sql }, i) => `(${sql})::text AS k${i}`).join(', ')}, row_number() OVER (ORDER BY ${orderSql(keys, backwards)}) AS place
                    FROM (${SOURCE}) AS c WHERE c.id IN (SELECT id FROM matched) AND ${after} ORDER BY place LIMIT ${builder.param(request.limit + 1, 'int')}) AS page ON TRUE
      ORDER BY page.place`,
    [...builder.values],
  );
  const found = rows.filter((row) => row.content !== null);
  const page = await cutPage(request, found, (cut) => Promise.resolve(cut.flatMap(({ content }) => content ?? [])));
  return { ...page, matched: Number(rows[0]?.['matched'] ?? 0) };
}
