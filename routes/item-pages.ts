/** Pages of items as replies: of search, of a collection, of datasets. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../src/json.js';
import { GEOJSON_TYPE, type Link } from '../src/links.js';
import type { StoredItem } from '../src/pgstac/items-read.js';
import type { SearchQuery } from '../src/search/query.js';
import { type SearchPage, searchItems, searchKnownItems } from '../src/search/search.js';
import type { Call, Reply } from './http.js';
import { type PageLinks, pageLinks } from './present.js';
import { featureCollection, presentItemText } from './present-text.js';

export interface PageOptions extends Omit<PageLinks, 'next' | 'prev'> {
  readonly moreLinks?: readonly Link[];
  /** How many there are in all, where the caller knows better than the page. */
  readonly matched?: number | undefined;
  /** One item as text; under its collection unless told. */
  readonly present?: (item: StoredItem) => string;
  /** Adds `timeStamp` (OGC API Features 1.0, section 7.16.3), which the ETag leaves out. */
  readonly stamped?: boolean;
}

/** A FeatureCollection with paging links, `numberReturned`, and `numberMatched` where it is known exactly. */
export function itemPage(page: SearchPage, options: PageOptions): Reply {
  const { base, present = (item) => presentItemText(base, item) } = options;
  return reply(page, page.items.map((item) => Buffer.from(present(item))), options);
}

/** A page of a search for a caller, made of what was sent before where that still holds. */
export async function searchPage({ services, base, visibility }: Pick<Call, 'services' | 'base' | 'visibility'>, query: SearchQuery, options: PageOptions): Promise<Reply> {
  const { fields } = query;
  if (fields !== undefined) return itemPage(await searchItems(services, query, visibility), { ...options, present: (item) => presentItemText(base, item, fields) });
  const bytes = services.itemBytes(base);
  const page = await searchKnownItems(services, query, visibility, bytes);
  return reply(page, page.items.map((item) => ('known' in item ? item.known : bytes.keep(item.version, presentItemText(base, item.stored)))), options);
}

function reply({ items, next, prev, matched: seen }: SearchPage<unknown>, features: readonly Buffer[], options: PageOptions): Reply {
  const { moreLinks = [], matched = seen, stamped = false } = options;
  const members: JsonObject = {
    links: [...pageLinks({ ...options, next, prev }), ...moreLinks] as unknown as Json,
    numberReturned: items.length,
    ...(matched === undefined ? {} : { numberMatched: matched }),
  };
  const text = featureCollection(features, members);
  if (!stamped) return { type: GEOJSON_TYPE, text };
  const etag = `W/"${createHash('sha1').update(text).digest('base64url')}"`;
  const stamp = Buffer.from(`,"timeStamp":"${new Date().toISOString()}"}`);
  return { type: GEOJSON_TYPE, headers: { ETag: etag }, text: Buffer.concat([text.subarray(0, -1), stamp]) };
}
