/** One item: where and when it is, its assets, its properties. A dataset is one too, drawn with its tiles. */
import { isObject, type JsonObject, textOf } from '../../src/json.js';
import { GEOJSON_TYPE } from '../../src/links.js';
import type { Call } from '../http.js';
import { anchor, isOwn, nameAt, linksIn, linkTable, linkTo } from './anchors.js';
import { assetList, thumbnailOf } from './assets.js';
import { box, plural, size } from './format.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { mapFigure, mapHead, shownOnMap } from './map-figure.js';
import { prose } from './prose.js';
import { facts, rows, valueOf, whenOf } from './values.js';

/** Members of an item that have a place of their own on its page. */
const PLACED = new Set(['type', 'id', 'collection', 'geometry', 'bbox', 'properties', 'assets', 'links', 'stac_version', 'stac_extensions']);
/** Properties that stand above the map. */
const ABOVE = new Set(['title', 'description']);

/** Where the tiles of a dataset are listed; other documents have none. */
function tilesOf(document: JsonObject, base: string): string | undefined {
  const child = linkTo(document, 'child');
  return document['type'] === 'Feature' && child?.type === GEOJSON_TYPE && isOwn(base, child.href) && child.href.endsWith('/tiles') ? child.href : undefined;
}

/** Where a document leads on this server that its readers ask for first; the first is the one to press. */
export function actionsOf(document: JsonObject, base: string): Html {
  const wanted = [['preview', 'Open the map'], ['items', 'Items'], ['mosaicjson', 'MosaicJSON'], ['tilejson', 'TileJSON']] as const;
  const own = wanted.flatMap(([rel, name]): { href: string; name: string; isFirst: boolean }[] => {
    const link = linkTo(document, rel);
    return link === undefined || link.templated === true || !isOwn(base, link.href) ? [] : [{ href: link.href, name, isFirst: rel === 'preview' }];
  });
  const tiles = tilesOf(document, base);
  const found = tiles === undefined ? own : own.toSpliced(1, 0, { href: tiles, name: 'Tiles', isFirst: false });
  return html`${found.map(({ href, name, isFirst }) => anchor(href, name, isFirst ? html` class="button"` : html` class="button quiet-button"`))}`;
}

function summary(item: JsonObject, properties: JsonObject, listed: string | undefined): Html {
  const collection = linkTo(item, 'collection');
  const { 'file:tile_count': tiles, 'file:size': bytes } = properties;
  return rows([
    ['Id', html`<code>${item['id']}</code>`],
    ['When', whenOf(properties)],
    ['Where', box(item['bbox'])],
    ['Collection', collection === undefined ? undefined : anchor(collection.href, nameAt(collection.href))],
    ['Tiles', typeof tiles === 'number' ? anchor(listed, plural(tiles, 'tile')) : undefined],
    ['Size', typeof bytes === 'number' ? html`${size(bytes)}` : undefined],
    ['Geometry', isObject(item['geometry']) ? html`<details><summary>${textOf(item['geometry']['type'])}</summary><pre><code>${JSON.stringify(item['geometry'])}</code></pre></details>` : html`<span class="quiet">none</span>`],
    ['STAC', html`${textOf(item['stac_version'] ?? '')}${Array.isArray(item['stac_extensions']) && item['stac_extensions'].length > 0 ? html`<details><summary>${plural(item['stac_extensions'].length, 'extension')}</summary>${valueOf(item['stac_extensions'])}</details>` : ''}`],
  ]);
}

export function itemPage(item: JsonObject, call: Call): string {
  const { base } = call;
  const properties = isObject(item['properties']) ? item['properties'] : {};
  const title = typeof properties['title'] === 'string' && properties['title'] !== '' ? properties['title'] : textOf(item['id'] ?? '');
  const shown = Object.fromEntries(Object.entries(properties).filter(([key]) => !ABOVE.has(key)));
  const others = Object.fromEntries(Object.entries(item).filter(([key]) => !PLACED.has(key)));
  const picture = thumbnailOf(item, base);
  // A dataset has tiles, so it can be drawn; other items may have assets that nobody can read from here.
  const tiles = tilesOf(item, base);
  const drawn = tiles === undefined ? {} : { tilejson: linkTo(item, 'tilejson')?.href, footprints: `${tiles}?limit=1000` };
  return layout(call, {
    title,
    type: GEOJSON_TYPE,
    head: mapHead(base),
    actions: actionsOf(item, base),
    ...(typeof properties['description'] === 'string' ? { lead: prose(properties['description']) } : {}),
    main: html`<div class="pair">${mapFigure(base, { label: tiles === undefined ? 'Map of the footprint' : 'Map of the dataset and its tiles', features: shownOnMap(item), ...drawn })}
<section aria-label="Summary">${summary(item, properties, tiles)}${picture === undefined ? '' : html`<img class="thumbnail" src="${picture}" alt="Thumbnail of ${title}">`}</section></div>
<section><h2>Assets <span class="count">${isObject(item['assets']) ? Object.keys(item['assets']).length : 0}</span></h2>${assetList(item)}</section>
<section><h2>Properties</h2>${facts(shown)}</section>
${Object.keys(others).length === 0 ? '' : html`<section><h2>Other members</h2>${facts(others)}</section>`}
${linkTable(linksIn(item))}`,
  });
}
