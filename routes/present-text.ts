/** Stored items as the text of an answer: what stands in the database as users will see it is never parsed. */
import { DATASETS } from '../src/datasets/collections.js';
import { JSON_TYPE, GEOJSON_TYPE, type Link, paths, resolveAssets, storedLinks } from '../src/links.js';
import { type FieldSet, selectFields } from '../src/search/fields.js';
import { readItem, readMembers, type StoredItem } from '../src/pgstac/items-read.js';
import type { JsonObject } from '../src/json.js';
import { presentItem } from './present.js';

/** GeoJSON text of an item under its collection, equal to that of {@link presentItem}. @param fields undefined: the whole item; @param moreLinks of whole items only */
export function presentItemText(base: string, stored: StoredItem, fields?: FieldSet, moreLinks: readonly Link[] = []): string {
  if (fields !== undefined) return JSON.stringify(selectFields(presentItem(base, readItem(stored)), fields));
  if (stored.collection === DATASETS) {
    const item = presentItem(base, readItem(stored));
    return JSON.stringify({ ...item, links: [...(item['links'] as unknown as Link[]), ...moreLinks] });
  }
  const members = readMembers(stored);
  const assets = members.get('assets') ?? '{}';
  // Only hrefs of our own routes begin with a slash.
  if (/"href":\s*"\//.test(assets)) members.set('assets', JSON.stringify(resolveAssets(base, JSON.parse(assets))));
  members.set('links', linksText(base, stored, members.get('links') ?? '[]', moreLinks));
  let text = '';
  for (const [key, value] of members) text += `${text === '' ? '{' : ','}${JSON.stringify(key)}:${value}`;
  return `${text}}`;
}

function linksText(base: string, { collection, id }: StoredItem, stored: string, moreLinks: readonly Link[]): string {
  const parent = JSON.stringify(base + paths.collection(collection));
  const own =
    `{"rel":"self","href":${JSON.stringify(base + paths.item(collection, id))},"type":"${GEOJSON_TYPE}"},` +
    `{"rel":"root","href":${JSON.stringify(base)},"type":"${JSON_TYPE}"},` +
    `{"rel":"parent","href":${parent},"type":"${JSON_TYPE}"},{"rel":"collection","href":${parent},"type":"${JSON_TYPE}"}`;
  const others = [...(stored === '[]' ? [] : storedLinks(base, JSON.parse(stored))), ...moreLinks];
  return others.length === 0 ? `[${own}]` : `[${own},${JSON.stringify(others).slice(1)}`;
}

const BEGIN = Buffer.from('{"type":"FeatureCollection","features":[');
const COMMA = Buffer.from(',');

/** A FeatureCollection around items that are bytes already. @param members what stands beside `features` */
export function featureCollection(features: readonly Buffer[], members: JsonObject): Buffer {
  const parts = features.flatMap((feature, i) => (i === 0 ? [feature] : [COMMA, feature]));
  return Buffer.concat([BEGIN, ...parts, Buffer.from(`],${JSON.stringify(members).slice(1)}`)]);
}
