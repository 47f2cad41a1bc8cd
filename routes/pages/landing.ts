/** The landing page and the conformance classes. */
import { conformanceClasses } from '../../conformance/index.js';
import { type JsonObject, textOf } from '../../src/json.js';
import type { Call } from '../http.js';
import { anchor, nameAt, linksIn, linkTable } from './anchors.js';
import { plural } from './format.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { prose } from './prose.js';

const door = (href: string, name: string, text: string): Html => html`<li><a href="${href}"><strong>${name}</strong><span>${text}</span></a></li>`;

export function landingPage(document: JsonObject, call: Call): string {
  const { base } = call;
  const links = linksIn(document);
  const children = links.filter(({ rel }) => rel === 'child');
  const classes = Array.isArray(document['conformsTo']) ? document['conformsTo'] : [];
  return layout(call, {
    title: textOf(document['title'] ?? document['id']),
    lead: prose(document['description']),
    main: html`<ul class="doors">
${door(`${base}/search`, 'Search', 'Find items by place, time, collection and property.')}
${door(`${base}/collections`, 'Collections', `${plural(children.length, 'collection')} to browse, each with its map.`)}
${door(`${base}/api/datasets`, 'Datasets', 'Rasters in tiles, each published as one.')}
${door(`${base}/api.html`, 'API', 'Every operation with its parameters and answers.')}
</ul>
<section><h2>Collections <span class="count">${children.length}</span></h2>
<ul class="columns">${children.map(({ href, title }) => html`<li>${anchor(href, title ?? nameAt(href))}</li>`)}</ul></section>
<section><h2>For programs</h2><table class="facts"><tbody>
<tr><th scope="row">STAC API</th><td><code class="address">${base}</code></td></tr>
<tr><th scope="row">STAC</th><td>${document['type']} <code>${document['id']}</code>, version ${document['stac_version']}</td></tr>
<tr><th scope="row">Conforms to</th><td><a href="${base}/conformance">${plural(classes.length, 'conformance class', 'conformance classes')}</a><details><summary>List</summary><ul class="plain">${classes.map((uri) => html`<li><code class="address">${uri}</code></li>`)}</ul></details></td></tr>
</tbody></table></section>
${linkTable(links)}`,
  });
}

/** The classes under the names that conformance/ gives them. */
export function conformancePage(document: JsonObject, call: Call): string {
  const claimed = Array.isArray(document['conformsTo']) ? document['conformsTo'].filter((uri) => typeof uri === 'string') : [];
  const named = conformanceClasses.map(({ title, uris }) => ({ title, uris: uris.filter((uri) => claimed.includes(uri)) })).filter(({ uris }) => uris.length > 0);
  const others = claimed.filter((uri) => !named.some(({ uris }) => uris.includes(uri)));
  return layout(call, {
    title: 'Conformance',
    lead: html`<p>${plural(claimed.length, 'class', 'classes')} of the STAC API and of OGC API, each checked against a running server by this project's tests.</p>`,
    main: html`<table class="facts"><tbody>${[...named, ...(others.length === 0 ? [] : [{ title: 'Others', uris: others }])].map(
      ({ title, uris }) => html`<tr><th scope="row">${title}</th><td><ul class="plain">${uris.map((uri) => html`<li>${anchor(uri, uri, html` class="address" rel="nofollow noopener"`)}</li>`)}</ul></td></tr>`,
    )}</tbody></table>${linkTable(linksIn(document))}`,
  });
}
