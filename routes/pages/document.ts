/** Pages of documents that have no page of their own, and of registered searches. */
import { DATASETS, SYSTEM_TILES } from '../../src/datasets/collections.js';
import { isObject, type JsonObject, textOf } from '../../src/json.js';
import { paths } from '../../src/links.js';
import type { Call, Operation } from '../http.js';
import { linksIn, linkTable } from './anchors.js';
import { crumbsOf } from './crumbs.js';
import { instant, isInstant, number, plural } from './format.js';
import { html, type Html } from './html.js';
import { pager } from './items.js';
import { layout } from './layout.js';
import { facts } from './values.js';

/** Any JSON object: its members as facts, its links as links. */
export function documentPage(document: JsonObject, call: Call, operation: Operation): string {
  const { links: _links, ...members } = document;
  const { title } = document;
  return layout(call, {
    title: typeof title === 'string' && title !== '' ? title : (crumbsOf(call.path).at(-1)?.name ?? operation.summary),
    type: operation.answers[200]?.type ?? 'application/json',
    lead: html`<p>${operation.summary}.</p>`,
    main: html`${Object.keys(members).length === 0 ? html`<p class="nothing">Empty.</p>` : facts(members)}${linkTable(linksIn(document))}`,
  });
}

/** Registered searches, a line each: what it is called, which leads to its map, and how it is used. */
export function searchListPage(document: JsonObject, call: Call): string {
  const searches = (Array.isArray(document['searches']) ? document['searches'] : []).filter(isObject).map(({ search }) => (isObject(search) ? search : {}));
  const { matched } = isObject(document['context']) ? document['context'] : {};
  const row = ({ hash, metadata, search, lastused, usecount }: JsonObject): Html => {
    const id = textOf(hash);
    const { name } = isObject(metadata) ? metadata : {};
    const { collections } = isObject(search) ? search : {};
    const at = call.base + paths.search(id);
    return html`<tr><th scope="row"><a href="${at}/info">${typeof name === 'string' && name !== '' ? name : id}</a></th><td>${Array.isArray(collections) ? collections.map((one) => (one === SYSTEM_TILES ? DATASETS : textOf(one))).join(', ') : 'all'}</td>
<td>${isInstant(lastused) ? instant(lastused) : ''}</td><td>${typeof usecount === 'number' ? number(usecount) : ''}</td><td><a href="${at}/WebMercatorQuad/map.html">Map</a></td></tr>`;
  };
  return layout(call, {
    title: 'Registered searches',
    lead: html`<p>${typeof matched === 'number' ? plural(matched, 'search', 'searches') : ''}</p>`,
    main: html`${searches.length === 0 ? html`<p class="nothing">None.</p>` : html`<div class="scroll"><table class="grid"><thead><tr><th scope="col">Search</th><th scope="col">Collections</th><th scope="col">Last used</th><th scope="col">Uses</th><th scope="col">See</th></tr></thead><tbody>${searches.map(row)}</tbody></table></div>`}${pager(document)}${linkTable(linksIn(document))}`,
  });
}

/** A registered search: its query and what is made of it. */
export function searchInfoPage(document: JsonObject, call: Call): string {
  const { base, path } = call;
  const about = isObject(document['search']) ? document['search'] : {};
  const { search, ...rest } = about;
  const metadata = isObject(about['metadata']) ? about['metadata'] : {};
  const at = base + path.replace(/\/info$/, '');
  const { name } = metadata;
  return layout(call, {
    title: typeof name === 'string' && name !== '' ? name : `Search ${textOf(about['hash'] ?? '')}`,
    lead: html`<p>A registered search: its mosaic, tiles and map always follow the items it finds.</p>`,
    actions: html`<a class="button" href="${at}/WebMercatorQuad/map.html">Open the map</a><a class="button quiet-button" href="${at}/items">Items</a><a class="button quiet-button" href="${at}/mosaic.json">MosaicJSON</a><a class="button quiet-button" href="${at}/WebMercatorQuad/tilejson.json">TileJSON</a>`,
    main: html`${facts(rest)}<section><h2>Query</h2><pre><code>${JSON.stringify(search ?? {}, null, 2)}</code></pre></section>${linkTable(linksIn(document))}`,
  });
}
