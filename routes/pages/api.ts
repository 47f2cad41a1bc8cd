/** The API as a page that works offline: each operation with its parameters and answers. */
import { textOf } from '../../src/json.js';
import type { Route } from '../http.js';
import { html } from './html.js';
import { bareLayout } from './layout.js';

function section({ method, path, operation }: Route): unknown {
  const parameters = Object.entries(operation.query ?? {});
  return html`<article id="${operation.id}">
<h3><code class="method">${method}</code> <code>${path}</code></h3>
<p>${operation.summary}.</p>
${parameters.length === 0 ? '' : html`<dl>${parameters.map(([name, { description, schema }]) => html`<dt><code>${name}</code> <small>${textOf(schema['type'] ?? '')}</small></dt><dd>${description}</dd>`)}</dl>`}
${operation.body === undefined ? '' : html`<p>Body: ${operation.body.types.join(', ')}</p>`}
<p>${Object.entries(operation.answers).map(([status, { description }]) => html`<span class="status">${status} ${description}</span> `)}</p>
</article>`;
}

export function apiPage(routes: readonly Route[], base: string): string {
  const byTag = Map.groupBy(routes, (route) => route.operation.tag);
  const main = html`<p>The same as <a href="${base}/api">OpenAPI 3.0.3</a>. Errors are JSON with <code>code</code>, <code>description</code>, <code>errors</code> (each with the <code>path</code> of the fault) and <code>request_id</code>.</p>
<nav aria-label="Parts">${[...byTag.keys()].map((tag) => html`<a href="#${tag}">${tag}</a> `)}</nav>
${[...byTag].map(([tag, group]) => html`<section><h2 id="${tag}">${tag}</h2>${group.map(section)}</section>`)}`;
  return bareLayout(base, '/api.html', 'API', main);
}
