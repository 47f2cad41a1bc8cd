/** Catalogs of a collection's items (browseable 1.0.0-rc.3): every item is reached through `child` and `item` links. */
import { GEOJSON_TYPE, JSON_TYPE, type Link, paths } from '../links.js';
import type { IdPart, IdRange } from '../pgstac/browse.js';

/** Links of one catalog: a million items lie two catalogs below their collection. */
export const MOST_LINKS = 1000;

/** Where the items of a range are browsed. */
export function browsePath(collection: string, { from, to }: IdRange = {}): string {
  const query = new URLSearchParams({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }).toString();
  return `${paths.collection(collection)}/browse${query === '' ? '' : `?${query}`}`;
}

/** A STAC Catalog that links the items of a range, or catalogs of its parts where there are too many. */
export function browseCatalog(base: string, collection: string, range: IdRange, { ids, whole }: IdPart): Record<string, unknown> {
  const { from, to } = range;
  const isAll = from === undefined && to === undefined;
  return {
    type: 'Catalog',
    stac_version: '1.1.0',
    id: isAll ? `${collection} items` : `${collection} items ${from ?? ''} to ${to ?? ''}`,
    title: isAll ? `Items of ${collection}` : `${from ?? 'The first'} to ${to ?? 'the last'}`,
    description: `The items of the collection ${collection} by id${isAll ? '' : ', a part of them'}.`,
    links: [
      { rel: 'self', href: base + browsePath(collection, range), type: JSON_TYPE },
      { rel: 'root', href: base, type: JSON_TYPE },
      { rel: 'parent', href: base + (isAll ? paths.collection(collection) : browsePath(collection)), type: JSON_TYPE },
      { rel: 'collection', href: base + paths.collection(collection), type: JSON_TYPE },
      ...(whole ? ids.map((id): Link => ({ rel: 'item', href: base + paths.item(collection, id), type: GEOJSON_TYPE, title: id })) : parts(base, collection, range, ids)),
    ],
  };
}

/** The parts meet end to end and the outermost stay open, so that an item that comes between two readings is in one of them. */
const parts = (base: string, collection: string, { from, to }: IdRange, starts: readonly string[]): Link[] =>
  starts.map((id, i) => {
    const start = i === 0 ? from : id;
    const end = starts[i + 1] ?? to;
    const part: IdRange = { ...(start === undefined ? {} : { from: start }), ...(end === undefined ? {} : { to: end }) };
    return { rel: 'child', href: base + browsePath(collection, part), type: JSON_TYPE, title: `From ${id}` };
  });
