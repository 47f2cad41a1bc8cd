/** Which registered searches exist for a caller: one condition, for one of them and for their list. */
import type { Pool } from 'pg';
import { SqlBuilder } from '../cql2/sql-builder.js';
import { DATASETS, SYSTEM_TILES } from '../datasets/collections.js';
import { ALIVE, type RegisteredSearch, SEARCH_COLUMNS, type SearchRow, SEARCHES, toSearch } from './searches.js';
import type { Visibility } from './selection.js';

/** What of a filter compares the property `collection`, in whatever way, also below `casei` and `accenti`. */
const COMPARED = `? (@.op != "and" && @.op != "or" && @.op != "not") ? (exists(@.args.** ? (@.property == "collection" || @.property == "properties.collection")))`;
/** The literals of it: what stands in lists, as neither operators nor names of properties do. */
const LITERALS = '.args.** ? (@.type() == "array")[*] ? (@.type() == "string")';
const EQUAL = '? (@.op == "=" || @.op == "in") ? (exists(@.args[*] ? (@.property == "collection")))';

const texts = (from: string, ...paths: readonly string[]): string =>
  paths.map((path) => `SELECT v #>> '{}' AS text FROM jsonb_path_query(${from}, 'strict ${path}', '{}', true) AS v WHERE jsonb_typeof(v) = 'string'`).join(' UNION ALL ');

/** The collections that a search names: in `collections`, in its filter by = or in, in its query by eq or in. */
const NAMED = texts('s.search', '$.collections[*]', `$.filter.** ${EQUAL}${LITERALS}`, '$.query.collection.eq', '$.query.collection.in[*]');
/** What it compares collections with otherwise: patterns, parts of names, ends of ranges. */
const LIKE = texts('s.search', `$.filter.** ${COMPARED}${LITERALS}`, '$.query.collection.*');
/** A document that others may have written, so perhaps no object, without what names no collection. */
const without = (column: string, names: string, path: string): string => `(CASE jsonb_typeof(${column}) WHEN 'object' THEN (${column} - ARRAY[${names}]::text[]) #- '${path}' ELSE ${column} END)`;
const OTHER_THAN_PROPERTIES = '$.** ? (@.type() == "object").keyvalue() ? (@.key != "property").value ? (@.type() == "string")';
const IN_LISTS = '$.** ? (@.type() == "array")[*] ? (@.type() == "string")';
/** All that its writer said, but for names of properties and assets, positions, and what every mosaic says. */
const SAID = `${texts(without('s.search', '', '{intersects,coordinates}'), OTHER_THAN_PROPERTIES, IN_LISTS)} UNION ALL ${texts(without('s.metadata', "'type', 'assets'", '{bounds}'), '$.**')}`;

/** Whether the search is of a dataset, or of the collection of all datasets: those run over tiles and are seen by whoever sees the datasets. */
const OF_DATASETS = `EXISTS (SELECT FROM stac_mosaic.search_holders h WHERE h.search_id = s.hash AND (h.holder_kind = 'dataset' OR h.holder_id = '${DATASETS}'))`;
/** What a collection holds was written by us, its name among it. */
const IS_HELD = 'EXISTS (SELECT FROM stac_mosaic.search_holders h WHERE h.search_id = s.hash)';

const LETTER = '[[:alnum:]_-]';
/** One of these ids as a word of its own, in a regular expression of PostgreSQL; colons and dots within are of the word (`eo:bands`, `landsat.c2`). */
const wordOf = (ids: readonly string[]): string => `(?<!${LETTER}|${LETTER}[.:])(${ids.map((id) => id.replaceAll(/[^\p{L}\p{N}_-]/gu, (mark) => `\\${mark}`)).join('|')})(?!${LETTER}|[.:]${LETTER})`;

/**
 * A condition on alias `s`: the search neither names a collection that is hidden, nor compares collections with what fits hidden
 * ones alone, nor mentions one. Where others than the tiles' are hidden, what it names must be there and what it compares with
 * must fit one that the caller sees: else whoever registers searches could tell hidden from missing. (That a name is kept is
 * no secret from writers, whom POST /collections tells as much.)
 */
export function seenSql({ hidden }: Visibility, builder: SqlBuilder): string {
  if (hidden.length === 0) return 'TRUE';
  const isStrict = hidden.some((id) => id !== SYSTEM_TILES);
  const ids = builder.param(hidden, 'text[]');
  // A backslash escapes in a pattern and is itself elsewhere.
  const parts = `(VALUES ('%' || replace(named.text, '\\', '\\\\') || '%'), ('%' || replace(named.text, '\\', '') || '%')) AS part (pattern)`;
  const named = `named.text = ANY(${ids})${isStrict ? ' OR NOT EXISTS (SELECT FROM pgstac.collections c WHERE c.id = named.text)' : ''}`;
  const fitsNone = `NOT EXISTS (SELECT FROM pgstac.collections c, ${parts} WHERE c.id <> ALL(${ids}) AND c.id ILIKE part.pattern)`;
  const fitsHidden = `EXISTS (SELECT FROM unnest(${ids}) AS hidden, ${parts} WHERE hidden ILIKE part.pattern)`;
  const sees = [
    `NOT EXISTS (SELECT FROM (${NAMED}) AS named WHERE ${named})`,
    `NOT EXISTS (SELECT FROM (${LIKE}) AS named WHERE ${fitsNone}${isStrict ? '' : ` AND ${fitsHidden}`})`,
    `(NOT EXISTS (SELECT FROM (${SAID}) AS said WHERE said.text ~* ${builder.param(wordOf(hidden), 'text')} AND NOT EXISTS (SELECT FROM pgstac.collections c WHERE c.id = said.text AND c.id <> ALL(${ids}))) OR ${IS_HELD})`,
  ].join(' AND ');
  return hidden.includes(DATASETS) ? `(${sees})` : `((${sees}) OR ${OF_DATASETS})`;
}

/** A registered search, where it exists for the caller. */
export async function findSeenSearch(pool: Pool, id: string, visibility: Visibility): Promise<RegisteredSearch | undefined> {
  const builder = new SqlBuilder();
  const where = `s.hash = ${builder.param(id, 'text')} AND ${ALIVE} AND ${seenSql(visibility, builder)}`;
  const { rows } = await pool.query<SearchRow>(`SELECT ${SEARCH_COLUMNS} FROM ${SEARCHES} WHERE ${where}`, [...builder.values]);
  return rows[0] === undefined ? undefined : toSearch(rows[0]);
}
