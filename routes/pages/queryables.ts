/** Properties that a filter or an order may name: a JSON Schema as a table. */
import { isObject, type JsonObject, textOf } from '../../src/json.js';
import { SCHEMA_TYPE } from '../../src/links.js';
import type { Call, Operation } from '../http.js';
import { address, linksIn, linkTable } from './anchors.js';
import { crumbsOf } from './crumbs.js';
import { plural } from './format.js';
import { html, type Html } from './html.js';
import { layout } from './layout.js';
import { valueOf } from './values.js';

const NAMED = new Set(['title', 'description', 'type', 'format', 'enum', '$ref']);

function property(name: string, schema: JsonObject): Html {
  const { title, description, type, format, enum: values, $ref } = schema;
  const rest = Object.entries(schema).filter(([key]) => !NAMED.has(key));
  return html`<tr><th scope="row"><code>${name}</code>${typeof title === 'string' && title !== name ? html`<br><span class="quiet">${title}</span>` : ''}</th>
<td>${type === undefined ? '' : Array.isArray(type) ? type.map(textOf).join(' or ') : type}${format === undefined ? '' : html` <span class="tag">${format}</span>`}</td>
<td>${description === undefined ? '' : html`<span class="text">${description}</span> `}${values === undefined ? '' : html`One of ${valueOf(values)}`}${typeof $ref === 'string' ? address($ref) : ''}${rest.map(([key, value]) => html`<div><code class="key">${key}</code> <code>${textOf(value)}</code></div>`)}</td></tr>`;
}

export function queryablesPage(document: JsonObject, call: Call, operation: Operation): string {
  const properties = isObject(document['properties']) ? Object.entries(document['properties']) : [];
  const others = Object.entries(document).filter(([key]) => !['properties', 'links'].includes(key));
  return layout(call, {
    title: crumbsOf(call.path).at(-1)?.name ?? 'Queryables',
    type: SCHEMA_TYPE,
    lead: html`<p>${operation.summary}: ${plural(properties.length, 'property', 'properties')}.</p>`,
    main: html`<div class="scroll"><table class="grid"><thead><tr><th scope="col">Property</th><th scope="col">Type</th><th scope="col">About</th></tr></thead>
<tbody>${properties.map(([name, schema]) => property(name, isObject(schema) ? schema : { description: textOf(schema) }))}</tbody></table></div>
<section><h2>Schema</h2><table class="facts"><tbody>${others.map(([key, value]) => html`<tr><th scope="row"><code>${key}</code></th><td>${valueOf(value, key)}</td></tr>`)}</tbody></table></section>
${linkTable(linksIn(document))}`,
  });
}
