/** Pages of items as replies: of search, of a collection, of datasets. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../src/json.js';
import { GEOJSON_TYPE, type Link } from '../src/links.js';
import type { StoredItem } from '../src/pgstac/items-read.js';
import type { FieldSet } from '../src/search/fields.js';
import type { SearchPage } from '../src/search/search.js';
import type { Reply } from './http.js';
import { type PageLinks, pageLinks } from './present.js';
import { featureCollectionText, presentItemText } from './present-text.js';

export interface PageOptions extends Omit<PageLinks, 'next' | 'prev'> {
  readonly fields?: FieldSet | undefined;
  readonly moreLinks?: readonly Link[];
  /** How many there are in all, where the caller knows better than the page. */
  readonly matched?: number | undefined;
  /** One item as text; under its collection unless told. */
  readonly present?: (item: StoredItem) => string;
  /** Adds `timeStamp` (OGC API Features 1.0, section 7.16.3), which the ETag leaves out. */
  readonly stamped?: boolean;
}

/** A FeatureCollection with paging links, `numberReturned`, and `numberMatched` where it is known exactly. */
export function itemPage({ items, next, prev, matched: seen }: SearchPage, options: PageOptions): Reply {
  const { base, fields, moreLinks = [], matched = seen, present = (item) => presentItemText(base, item, fields), stamped = false } = options;
  const members: JsonObject = {
    links: [...pageLinks({ ...options, next, prev }), ...moreLinks] as unknown as Json,
    numberReturned: items.length,
    ...(matched === undefined ? {} : { numberMatched: matched }),
  };
  const text = featureCollectionText(items.map(present), members);
  if (!stamped) return { type: GEOJSON_TYPE, text };
  const etag = `W/"${createHash('sha1').update(text).digest('base64url')}"`;
  return { type: GEOJSON_TYPE, headers: { ETag: etag }, text: `${text.slice(0, -1)},"timeStamp":"${new Date().toISOString()}"}` };
}
