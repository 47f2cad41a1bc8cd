/** Links of documents on pages: only web addresses can be clicked, whatever a document says. */
import { isObject } from '../../src/json.js';
import type { Link } from '../../src/links.js';
import { decoded } from './crumbs.js';
import { label, mediaType } from './format.js';
import { html, type Html } from './html.js';

/** Addresses that a click may follow. `javascript:`, `data:`, `az:` and all others are text. */
export const isWeb = (href: string): boolean => /^https?:\/\//i.test(href) && URL.canParse(href);

/** Whether the address is below our own base; only such pictures are shown, for pages load nothing from other hosts. */
export const isOwn = (base: string, href: string): boolean => href === base || href.startsWith(`${base}/`) || href.startsWith(`${base}?`);

/** An anchor, or the text alone where the address is none of the web. */
export function anchor(href: unknown, content: unknown, more: Html = html``): Html {
  if (typeof href !== 'string' || !isWeb(href)) return html`${content}`;
  return html`<a href="${href}"${more}>${content}</a>`;
}

/** The id that an address of ours ends with: tiles hang below another collection than their hidden one. */
export const nameAt = (href: string): string => decoded(href.split('?', 1)[0]?.split('/').at(-1) ?? href);

/** An address shown as itself. */
export const address = (href: string): Html => (isWeb(href) ? html`<a class="address" href="${href}" rel="nofollow noopener">${href}</a>` : html`<code class="address">${href}</code>`);

/** The links of a document; what is no link is left out. */
export function linksIn(document: unknown): Link[] {
  const links = isObject(document) ? document['links'] : undefined;
  if (!Array.isArray(links)) return [];
  return links.filter((link) => isObject(link) && typeof link['href'] === 'string' && typeof link['rel'] === 'string') as unknown as Link[];
}

export const linkTo = (document: unknown, rel: string): Link | undefined => linksIn(document).find((link) => link.rel === rel && (link.method ?? 'GET') === 'GET');

/** `http://www.opengis.net/def/rel/ogc/1.0/queryables` is `queryables`. */
const relName = (rel: string): string => (/^https?:/.test(rel) ? (rel.split('/').at(-1) ?? rel) : rel);

const ofLink = ({ rel, href, title, type, method, templated }: Link): Html => {
  const name = html`${typeof title === 'string' && title !== '' ? title : label(relName(rel))}`;
  const shown = templated === true ? html`${name}<br><code class="address">${href}</code>` : html`${anchor(href, name, html` rel="nofollow"`)}${isWeb(href) ? '' : html`<br><code class="address">${href}</code>`}`;
  return html`<tr><th scope="row"><code title="${rel}">${relName(rel)}</code></th><td>${shown}</td><td>${typeof type === 'string' ? mediaType(type) : ''}${method === undefined || method === 'GET' ? '' : html` <span class="tag">${method}</span>`}</td></tr>`;
};

/** Every link of a document: /req/html/content wants all of them on its page. */
export function linkTable(links: readonly Link[]): Html {
  if (links.length === 0) return html``;
  return html`<details class="fold"><summary><h2>Links <span class="count">${links.length}</span></h2></summary>
<div class="scroll"><table class="links"><thead><tr><th scope="col">Relation</th><th scope="col">Leads to</th><th scope="col">Type</th></tr></thead><tbody>${links.map(ofLink)}</tbody></table></div></details>`;
}
