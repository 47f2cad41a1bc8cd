/** The collections, and one collection. */
import { isObject, type JsonObject, textOf } from '../../src/json.js';
import type { Call, Operation } from '../http.js';
import { anchor, isOwn, linksIn, linkTable, linkTo } from './anchors.js';
import { assetList } from './assets.js';
import { box, interval, plural } from './format.js';
import { html, type Html } from './html.js';
import { actionsOf } from './item.js';
import { layout } from './layout.js';
import { boxFeature, isWholeEarth, mapFigure, mapHead } from './map-figure.js';
import { prose } from './prose.js';
import { formHead, isNarrowed, searchForm } from './search-form.js';
import { facts, rows, valueOf } from './values.js';

const PLACED = new Set(['type', 'id', 'title', 'description', 'license', 'extent', 'links', 'assets', 'summaries', 'keywords', 'stac_version', 'stac_extensions', 'item_assets', 'providers']);

const nameOf = ({ title, id }: JsonObject): string => (typeof title === 'string' && title !== '' ? title : textOf(id ?? ''));

const part = (extent: unknown, name: string, member: string): unknown[] => {
  const inner = isObject(extent) ? extent[name] : undefined;
  const list = isObject(inner) ? inner[member] : undefined;
  return Array.isArray(list) ? list.filter((one) => Array.isArray(one)) : [];
};

const boxesOf = ({ extent }: JsonObject): unknown[][] => part(extent, 'spatial', 'bbox') as unknown[][];

/** The first interval and box are those of the whole collection (OGC API - Features, 7.13.2). */
function when({ extent }: JsonObject): Html {
  const [whole] = part(extent, 'temporal', 'interval') as unknown[][];
  return interval(whole?.[0], whole?.[1]);
}

const keywordsOf = ({ keywords }: JsonObject): Html =>
  Array.isArray(keywords) && keywords.length > 0 ? html`<ul class="inline tags">${keywords.map((word) => html`<li class="tag">${word}</li>`)}</ul>` : html``;

function entry(collection: JsonObject): Html {
  const rest = Object.fromEntries(Object.entries(collection).filter(([key]) => !['id', 'title', 'description', 'links', 'keywords', 'extent', 'type', 'assets'].includes(key)));
  return html`<li class="entry"><div><h2>${anchor(linkTo(collection, 'self')?.href, nameOf(collection))}</h2>
<p class="meta"><code>${collection['id']}</code> · ${when(collection)} · ${box(boxesOf(collection)[0])}</p>
<div class="clamp">${prose(collection['description'])}</div>${keywordsOf(collection)}
<p class="meta">${anchor(linkTo(collection, 'items')?.href, 'Items')} · ${anchor(linkTo(collection, 'preview')?.href, linkTo(collection, 'preview') === undefined ? '' : 'Map')}</p>
<details><summary>More</summary>${facts(rest)}</details></div></li>`;
}

export function collectionsPage(document: JsonObject, call: Call, operation: Operation): string {
  const { base } = call;
  const collections = Array.isArray(document['collections']) ? document['collections'].filter(isObject) : [];
  const matched = document['numberMatched'];
  const count = typeof matched === 'number' && matched > collections.length ? `${collections.length} of ${plural(matched, 'collection')}` : plural(collections.length, 'collection');
  const isSearch = ['q', 'bbox', 'datetime'].some((name) => operation.query?.[name] !== undefined);
  const [prev, next] = [linkTo(document, 'prev'), linkTo(document, 'next')];
  return layout(call, {
    title: 'Collections',
    head: html`${isSearch ? formHead(base) : ''}${mapHead(base)}`,
    lead: html`<p>${count}</p>`,
    main: html`${isSearch ? html`<details class="fold form"${isNarrowed(call) ? html` open` : ''}><summary><h2>Find collections</h2></summary>${searchForm(call, operation, { submit: 'Find' })}</details>` : ''}
<div class="results"><div>${collections.length === 0 ? html`<p class="nothing">No collection matches.</p>` : html`<ol class="entries">${collections.map(entry)}</ol>`}
${prev === undefined && next === undefined ? '' : html`<nav aria-label="Pages" class="pager">${prev === undefined ? html`<span></span>` : anchor(prev.href, '← Previous', html` class="button quiet-button" rel="prev"`)}${next === undefined ? '' : anchor(next.href, 'Next →', html` class="button quiet-button" rel="next"`)}</nav>`}</div>
${extents(collections, base, isSearch)}</div>
${linkTable(linksIn(document))}`,
  });
}

/** What covers the whole earth would hide the others, and shows nothing. */
function extents(collections: readonly JsonObject[], base: string, isSearch: boolean): Html {
  const local = collections.filter((collection) => !isWholeEarth(boxesOf(collection)[0] ?? []));
  const others = collections.length - local.length;
  const label = others === 0 ? 'Map of the extents' : local.length === 0 ? 'Every extent here is the whole earth' : `Map of the extents but ${others} of the whole earth`;
  const features = local.flatMap((collection) => boxFeature(nameOf(collection), boxesOf(collection)[0] ?? [], linkTo(collection, 'self')?.href));
  return mapFigure(base, { label, features, ...(isSearch ? { fills: 'bbox' } : {}) });
}

const section = (name: string, value: unknown): Html =>
  value === undefined || (isObject(value) && Object.keys(value).length === 0) ? html`` : html`<section><h2>${name}</h2>${isObject(value) ? facts(value) : valueOf(value)}</section>`;

export function collectionPage(collection: JsonObject, call: Call): string {
  const { base } = call;
  const boxes = boxesOf(collection);
  const others = Object.fromEntries(Object.entries(collection).filter(([key]) => !PLACED.has(key)));
  const queryables = linksIn(collection).find(({ rel }) => rel.endsWith('/queryables'));
  const licence = linkTo(collection, 'license');
  const own = (rel: string): string | undefined => [linkTo(collection, rel)?.href].find((href) => href !== undefined && isOwn(base, href));
  const items = own('items');
  return layout(call, {
    title: nameOf(collection),
    head: mapHead(base),
    actions: actionsOf(collection, base),
    lead: html`${prose(collection['description'])}${keywordsOf(collection)}`,
    // Boxes after the first are parts of it, drawn all; the first alone would hide them.
    main: html`<div class="pair">${mapFigure(base, { label: 'Map of the collection', features: boxes.flatMap((bbox) => boxFeature(nameOf(collection), bbox)), tilejson: own('tilejson'), footprints: items === undefined ? undefined : `${items}?limit=1000` })}
<section aria-label="Summary">${rows([
      ['Id', html`<code>${collection['id']}</code>`],
      ['When', when(collection)],
      ['Where', html`${boxes.map((bbox, i) => html`${i === 0 ? '' : html`<br>`}${box(bbox)}`)}`],
      ['License', licence === undefined ? html`${collection['license']}` : anchor(licence.href, collection['license'])],
      ['Filter by', queryables === undefined ? undefined : anchor(queryables.href, 'Queryables')],
      ['Find items', html`<a href="${base}/search?collections=${encodeURIComponent(textOf(collection['id'] ?? ''))}">Search in this collection</a>`],
      ['STAC', html`${textOf(collection['stac_version'] ?? '')}${Array.isArray(collection['stac_extensions']) && collection['stac_extensions'].length > 0 ? html`<details><summary>${plural(collection['stac_extensions'].length, 'extension')}</summary>${valueOf(collection['stac_extensions'])}</details>` : ''}`],
    ])}</section></div>
${section('Providers', collection['providers'])}
${section('Summaries', collection['summaries'])}
${isObject(collection['assets']) && Object.keys(collection['assets']).length > 0 ? html`<section><h2>Assets</h2>${assetList(collection)}</section>` : ''}
${isObject(collection['item_assets']) ? html`<details class="fold"><summary><h2>Assets of its items <span class="count">${Object.keys(collection['item_assets']).length}</span></h2></summary>${facts(collection['item_assets'])}</details>` : ''}
${Object.keys(others).length === 0 ? '' : section('Other members', others)}
${linkTable(linksIn(collection))}`,
  });
}
