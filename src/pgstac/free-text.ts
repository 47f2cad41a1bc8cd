/** Free text as PostgreSQL's text search: words are compared as they are, without stems or stop words of any language. */
import type { SqlBuilder } from '../cql2/sql-builder.js';
import type { FreeText } from '../search/free-text.js';

/** A tsquery of the configuration `simple`; a term of several words is a phrase. */
export function tsquerySql(query: FreeText, builder: SqlBuilder): string {
  if ('term' in query) return `phraseto_tsquery('simple', ${builder.param(query.term.replaceAll('\0', ' '), 'text')})`;
  if ('not' in query) return `(!! ${tsquerySql(query.not, builder)})`;
  const parts = 'all' in query ? query.all : query.any;
  return `(${parts.map((part) => tsquerySql(part, builder)).join('all' in query ? ' && ' : ' || ')})`;
}

/** Whether title, description or keywords of an item hold it; served by the index of migration 0002. */
export const itemTextSql = (query: FreeText, builder: SqlBuilder): string => `stac_mosaic.item_text(i.content) @@ ${tsquerySql(query, builder)}`;

/** The same of a collection, which is read whole: collections are few. Cut off as items are, because to_tsvector raises beyond 1 MB. */
export const collectionTextSql = (query: FreeText, builder: SqlBuilder): string =>
  `jsonb_to_tsvector('simple', jsonb_build_array(left(c.content->>'title', 50000), left(c.content->>'description', 50000),
     CASE WHEN length(c.content->>'keywords') <= 50000 THEN c.content->'keywords' END), '["string"]') @@ ${tsquerySql(query, builder)}`;
