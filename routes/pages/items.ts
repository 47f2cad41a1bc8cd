/** A page of items, wherever they come from: search, a collection, the datasets, the tiles of one. */
import { isObject, type JsonObject, textOf } from '../../src/json.js';
import { GEOJSON_TYPE } from '../../src/links.js';
import { listCollections } from '../../src/pgstac/collections.js';
import type { Call, Operation } from '../http.js';
import { anchor, nameAt, linksIn, linkTable, linkTo } from './anchors.js';
import { crumbsOf } from './crumbs.js';
import { box, number, plural, size } from './format.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { mapFigure, mapHead, shownOnMap } from './map-figure.js';
import { formHead, isNarrowed, searchForm } from './search-form.js';
import { facts, whenOf } from './values.js';
import { assetList, thumbnailOf } from './assets.js';

/** Shown in the line below the title, not again among the properties that stand out. */
const COMMON = new Set(['datetime', 'start_datetime', 'end_datetime', 'title', 'description']);

function badges(properties: JsonObject): Html {
  const cloud = properties['eo:cloud_cover'];
  const tiles = properties['file:tile_count'];
  const bytes = properties['file:size'];
  const shown = [
    typeof properties['platform'] === 'string' ? properties['platform'] : undefined,
    typeof properties['gsd'] === 'number' ? `${number(properties['gsd'])} m` : undefined,
    typeof cloud === 'number' ? `${number(cloud)} % cloud` : undefined,
    typeof tiles === 'number' ? plural(tiles, 'tile') : undefined,
    typeof bytes === 'number' ? size(bytes) : undefined,
    typeof properties['proj:code'] === 'string' ? properties['proj:code'] : undefined,
  ].filter((text) => text !== undefined);
  return shown.length === 0 ? html`` : html`<ul class="inline tags">${shown.map((text) => html`<li class="tag">${text}</li>`)}</ul>`;
}

function entry(item: JsonObject, index: number, base: string): Html {
  const properties = isObject(item['properties']) ? item['properties'] : {};
  const id = textOf(item['id'] ?? '');
  const title = typeof properties['title'] === 'string' && properties['title'] !== '' ? properties['title'] : undefined;
  const rest = Object.fromEntries(Object.entries(properties).filter(([key]) => !COMMON.has(key) || key === 'description'));
  const collection = linkTo(item, 'collection');
  const picture = thumbnailOf(item, base);
  return html`<li class="entry" data-feature="${index}">
${picture === undefined ? '' : html`<img src="${picture}" alt="" loading="lazy">`}
<div><h2>${anchor(linkTo(item, 'self')?.href, title ?? id)}</h2>
<p class="meta">${title === undefined ? '' : html`<code>${id}</code> · `}${whenOf(properties)}${collection === undefined || nameAt(collection.href) !== item['collection'] ? '' : html` · in ${anchor(collection.href, item['collection'])}`}</p>
${badges(properties)}
<details><summary>More</summary>
<p class="meta">${box(item['bbox'])}</p>
${Object.keys(rest).length === 0 ? '' : facts(rest)}
${assetList(item)}</details></div></li>`;
}

/** What the items of a page are called, by the page's name. */
const NOUNS: Readonly<Record<string, string | undefined>> = { Datasets: 'dataset', Tiles: 'tile' };

/** Previous and next, as the links of the document say. */
export function pager(document: JsonObject): Html {
  const [prev, next] = [linkTo(document, 'prev'), linkTo(document, 'next')];
  if (prev === undefined && next === undefined) return html``;
  const step = (rel: string, href: string | undefined, text: string): Html => (href === undefined ? html`<span></span>` : anchor(href, text, html` class="button quiet-button" rel="${rel}"`));
  return html`<nav aria-label="Pages" class="pager">${step('prev', prev?.href, '← Previous')}${step('next', next?.href, 'Next →')}</nav>`;
}

function counted(document: JsonObject, shown: number, noun: string): Html {
  const matched = document['numberMatched'];
  if (typeof matched === 'number') return html`${matched === shown ? plural(shown, noun) : `${number(shown)} of ${plural(matched, noun)}`}`;
  return html`${plural(shown, noun)}${linkTo(document, 'next') === undefined ? '' : ' on this page'}`;
}

async function choices(call: Call, operation: Operation) {
  const queryables = call.params['collectionId'] === undefined ? `${call.base}/queryables` : `${call.base}${call.path.replace(/\/items$/, '/queryables')}`;
  if (operation.query?.['collections'] === undefined) return { queryables };
  const collections = await listCollections(call.services.database.pool, call.visibility.hidden);
  return { queryables, collections: collections.map(({ id, title }) => ({ id: textOf(id), ...(typeof title === 'string' ? { title } : {}) })) };
}

export async function itemsPage(document: JsonObject, call: Call, operation: Operation): Promise<string> {
  const { base, path } = call;
  const items = Array.isArray(document['features']) ? document['features'].filter(isObject) : [];
  const crumbs = crumbsOf(path);
  const name = crumbs.at(-1)?.name ?? operation.summary;
  const parent = crumbs.length > 2 ? crumbs.at(-2) : undefined;
  const isSearch = operation.query?.['bbox'] !== undefined;
  const form = isSearch ? searchForm(call, operation, await choices(call, operation)) : html``;
  const isOpen = path === '/search' || isNarrowed(call);
  const list = items.length === 0
    ? html`<p class="nothing">Nothing matches.${isNarrowed(call) ? ' A larger area, a longer time or fewer conditions may find something.' : ''}</p>`
    : html`<ol class="entries">${items.map((item, i) => entry(item, i, base))}</ol>`;
  return layout(call, {
    title: name,
    type: GEOJSON_TYPE,
    head: html`${isSearch ? formHead(base) : ''}${mapHead(base)}`,
    lead: html`<p>${counted(document, items.length, NOUNS[name] ?? 'item')}${parent?.path === undefined ? '' : html` in <a href="${base}${parent.path}">${parent.name}</a>`}</p>`,
    main: html`${isSearch ? html`<details class="fold form"${isOpen ? html` open` : ''}><summary><h2>${path === '/search' ? 'What to look for' : 'Narrow and order'}</h2></summary>${form}</details>` : ''}
<div class="results"><div>${list}${pager(document)}</div>
${mapFigure(base, { label: 'Map of the footprints on this page', features: items.flatMap(shownOnMap), ...(isSearch ? { fills: 'bbox' } : {}) })}</div>
${linkTable(linksIn(document))}`,
  });
}

