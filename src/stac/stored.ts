/** What of an item or collection is stored: everything but the links that are computed at each reading. */
import { isObject, type Json, type JsonObject, textOf } from '../json.js';

const COMPUTED_RELS = new Set(['self', 'root', 'parent', 'collection']);
const COMPUTED_COLLECTION_RELS = new Set([...COMPUTED_RELS, 'items', 'item', 'child', 'queryables', 'http://www.opengis.net/def/rel/ogc/1.0/queryables', 'http://www.opengis.net/def/rel/ogc/1.0/sortables', 'aggregate', 'aggregations', 'http://www.opengis.net/def/rel/ogc/1.0/tilesets-map']);

/** The link to a document's page, which every answer carries: a document that is read and put back would store it. */
export const isOwnPage = ({ rel, href }: { readonly rel?: unknown; readonly href?: unknown }): boolean => rel === 'alternate' && typeof href === 'string' && /[?&]f=html$/.test(href);

function without(links: Json | undefined, rels: ReadonlySet<string>): Json {
  if (!Array.isArray(links)) return links ?? [];
  return links.filter((link) => !(isObject(link) && (rels.has(textOf(link['rel'])) || isOwnPage(link))));
}

export const storedItemLinks = (links: Json | undefined): Json => without(links, COMPUTED_RELS);
export const storedCollectionLinks = (links: Json | undefined): Json => without(links, COMPUTED_COLLECTION_RELS);

/** The item as its schema judges it: the link to its collection, which the schema asks for, is computed only when read. */
export const forSchema = (item: JsonObject): JsonObject => ({
  ...item,
  links: Array.isArray(item['links']) ? [...item['links'], { rel: 'collection', href: '../collection' }] : (item['links'] ?? null),
});
