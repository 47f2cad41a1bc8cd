/** The frame of every page that shows a document: skip link, navigation, where one is, the document, the way to its JSON. */
import type { Call } from '../http.js';
import { hrefIn } from '../negotiate.js';
import { crumbsOf } from './crumbs.js';
import { html, type Html, page } from './html.js';

export interface Layout {
  readonly title: string;
  readonly main: Html;
  readonly head?: Html;
  /** The media type of the JSON form. */
  readonly type?: string;
  /** Beside the title: what can be done with what is shown. */
  readonly actions?: Html;
  /** Below the title. */
  readonly lead?: Html;
}

export type Place = Pick<Call, 'base' | 'path' | 'search'>;

const navigation = (base: string, path: string): Html => {
  const entries = [['/collections', 'Collections'], ['/api/datasets', 'Datasets'], ['/search', 'Search'], ['/api.html', 'API']] as const;
  const isHere = (at: string): boolean => path === at || path.startsWith(`${at}/`);
  return html`<nav aria-label="Main"><ul>${entries.map(([at, name]) => html`<li><a href="${base}${at}"${isHere(at) ? html` aria-current="true"` : ''}>${name}</a></li>`)}</ul></nav>`;
};

const trail = (base: string, path: string): Html => {
  const crumbs = crumbsOf(path);
  if (crumbs.length < 2) return html``;
  return html`<nav aria-label="Breadcrumb" class="trail"><ol>${crumbs.map(({ name, path: at }, i) => {
    if (i === crumbs.length - 1) return html`<li aria-current="page">${name}</li>`;
    return html`<li>${at === undefined ? name : html`<a href="${base}${at}">${name}</a>`}</li>`;
  })}</ol></nav>`;
};

const frame = (base: string, path: string, title: string, head: Html, inside: Html, foot: Html): string =>
  page(
    base,
    title,
    html`<div class="site"><a class="skip" href="#content">Skip to content</a>
<header class="top"><a class="name" href="${base}/">stac-mosaic</a>${navigation(base, path)}</header>
${inside}
<footer>${foot}<p><a href="${base}/conformance">Conformance</a> <a href="${base}/queryables">Queryables</a> <a href="${base}/api.html">API documentation</a></p></footer></div>`,
    html`<link rel="stylesheet" href="${base}/assets/pages.css">
${head}`,
  );

/** A page of a document: it links its other form in its head and in its body (/req/html/definition, /req/html/content). */
export function layout(place: Place, { title, main, head = html``, type = 'application/json', actions, lead }: Layout): string {
  const { base, path } = place;
  const json = hrefIn('json', place);
  const links = html`<link rel="self" type="text/html" href="${hrefIn('html', place)}">
<link rel="alternate" type="${type}" href="${json}">
${head}`;
  const inside = html`${trail(base, path)}
<main id="content">
<div class="title"><h1>${title}</h1><div class="actions">${actions}<a class="button quiet-button" rel="alternate" type="${type}" href="${json}">JSON</a></div></div>
${lead === undefined ? '' : html`<div class="lead">${lead}</div>`}
${main}
</main>`;
  return frame(base, path, title, links, inside, html`<p><a rel="self" type="text/html" href="${hrefIn('html', place)}">Link to this page</a> <a rel="alternate" type="${type}" href="${json}">This page as JSON</a></p>`);
}

/** A page that is no document of the API: an error. */
export const bareLayout = (base: string, path: string, title: string, main: Html): string => frame(base, path, title, html``, html`<main id="content"><h1>${title}</h1>${main}</main>`, html``);
