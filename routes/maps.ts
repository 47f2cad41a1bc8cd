/** `map.html` of searches, collections and datasets, and the items of a search that it shows. */
import { geojsonAnswer } from '../schemas/documents.js';
import { limit, text } from '../schemas/parameters.js';
import { tileFormat, zoomParameters } from '../schemas/titiler.js';
import { SYSTEM_TILES } from '../src/datasets/collections.js';
import { notFound } from '../src/errors.js';
import { isObject, textOf } from '../src/json.js';
import { paths } from '../src/links.js';
import { readItem, type StoredItem } from '../src/pgstac/items-read.js';
import { loadItemResolver } from '../src/pgstac/queryables.js';
import { tileResolver } from '../src/pgstac/tiles.js';
import { searchItems } from '../src/search/search.js';
import { isTileMatrixSetId } from '../src/tiles/matrices.js';
import { type Call, operation, type Operation, param } from './http.js';
import { itemPage } from './item-pages.js';
import { type TargetKind, targets } from './mosaics.js';
import { type MapLinks, mapPage } from './pages/map.js';
import { presentTile } from './present.js';
import { presentItemText } from './present-text.js';
import { narrowedTarget, parametersOf } from './tilejson.js';

const tag = 'Maps';

/** What has a map of its own. */
type Mapped = Exclude<TargetKind, 'catalog'>;

const linksOf: Readonly<Record<Mapped, (call: Call, query: string) => MapLinks>> = {
  search: (call, query) => {
    const at = call.base + paths.search(param(call, 'searchId'));
    return { tilejson: `${at}/${tmsOf(call)}/tilejson.json${query}`, footprints: `${at}/items?limit=1000`, mosaic: `${at}/mosaic.json` };
  },
  collection: (call, query) => {
    const at = call.base + paths.collection(param(call, 'collectionId'));
    return { tilejson: `${at}/${tmsOf(call)}/tilejson.json${query}`, footprints: `${at}/items?limit=1000`, mosaic: `${at}/mosaic.json` };
  },
  dataset: (call, query) => {
    const id = param(call, 'datasetId');
    return {
      tilejson: `${call.base}${paths.dataset(id)}/tilejson.json${query}`,
      footprints: `${call.base}${paths.datasetTiles(id)}?limit=1000`,
      mosaic: call.base + paths.datasetMosaic(id),
    };
  },
};

/** The map itself is Web Mercator; another matrix set has no page here. */
function tmsOf(call: Call): string {
  const tms = param(call, 'tileMatrixSetId');
  if (!isTileMatrixSetId(tms) || tms !== 'WebMercatorQuad') throw notFound(`A map in the tile matrix set ${tms}`);
  return tms;
}

export const map = (kind: Mapped): Operation =>
  operation({
    id: `get${kind.charAt(0).toUpperCase()}${kind.slice(1)}Map`,
    summary: `A map of a ${kind}: its tiles and footprints`,
    tag,
    query: { tile_format: tileFormat, ...zoomParameters, ...parametersOf(kind) },
    answers: { 200: { description: 'A page', type: 'text/html' } },
    async handle(call) {
      const query = call.search.toString() === '' ? '' : `?${call.search.toString()}`;
      const links = linksOf[kind](call, query);
      const target = await narrowedTarget(kind, call);
      return { text: mapPage(call.base, target, links), type: 'text/html; charset=utf-8' };
    },
  });

/** Tiles of a dataset are shown below their dataset, other items below their collection. */
export const items = operation({
  id: 'getSearchItems',
  summary: 'The items of a registered search, a page at a time',
  tag: 'Searches',
  query: { limit: limit(100, 1000), token: text('A page, as the next and prev links give it.') },
  answers: { 200: geojsonAnswer('A page of items', 'items') },
  async handle(call) {
    const { services, query, base, path, search } = call;
    const { selection, sortby, visibility } = await targets.search(call);
    const ofTiles = selection.collections?.[0] === SYSTEM_TILES;
    const resolver = ofTiles ? tileResolver : await loadItemResolver(services.database.pool, selection.collections, visibility);
    const page = await searchItems(
      services,
      { ...selection, limit: query.limit ?? 100, ...(sortby === undefined ? {} : { sortby }), ...(query.token === undefined ? {} : { token: query.token }) },
      visibility,
      resolver,
    );
    const present = (stored: StoredItem): string => {
      if (stored.collection !== SYSTEM_TILES) return presentItemText(base, stored);
      const item = readItem(stored);
      const properties = isObject(item['properties']) ? item['properties'] : {};
      return JSON.stringify(presentTile(base, textOf(properties['parent_dataset']), item));
    };
    return itemPage(page, { base, path, search, present });
  },
});
