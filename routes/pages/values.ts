/** Any JSON as a page shows it: facts in tables, lists of like objects as tables, long values wrapped. */
import { isObject, type JsonObject } from '../../src/json.js';
import { address, isWeb } from './anchors.js';
import { instant, interval, hasUnit, isInstant, label, quantity } from './format.js';
import { html, type Html } from './html.js';

/** Deeper than this it is shown as JSON: nobody reads tables in tables in tables. */
const MAX_DEPTH = 3;
/** A list longer than this folds. */
const LONG = 24;
/** Like objects with more members than this are shown one below the other, not as one table. */
const MAX_COLUMNS = 7;

const json = (value: unknown): Html => {
  const text = JSON.stringify(value, null, 2);
  const code = html`<pre><code>${text}</code></pre>`;
  return text.length > 600 ? html`<details><summary>Show JSON</summary>${code}</details>` : code;
};

const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';

/** @param key the name of the property, for its unit */
export function valueOf(value: unknown, key = '', depth = 0): Html {
  if (value === null || value === undefined) return html`<span class="quiet">none</span>`;
  if (typeof value === 'boolean') return html`${value ? 'yes' : 'no'}`;
  if (typeof value === 'number') return html`${quantity(value, key)}`;
  if (typeof value === 'string') return textual(value);
  if (Array.isArray(value)) return listed(value, key, depth);
  if (!isObject(value)) return json(value);
  if (Object.keys(value).length === 0) return html`<span class="quiet">empty</span>`;
  return depth >= MAX_DEPTH ? json(value) : facts(value, depth + 1);
}

function textual(text: string): Html {
  if (isInstant(text)) return instant(text);
  if (isWeb(text)) return address(text);
  return text === '' ? html`<span class="quiet">empty</span>` : html`<span class="text">${text}</span>`;
}

function listed(values: readonly unknown[], key: string, depth: number): Html {
  if (values.length === 0) return html`<span class="quiet">empty</span>`;
  // Coordinates and the like are copied, not read: they stay as they were written.
  if (values.length > 1 && !hasUnit(key) && values.every((value) => typeof value === 'number')) return values.length > LONG ? json(values) : html`<code>${values.join(', ')}</code>`;
  if (values.every(isScalar)) {
    const items = html`<ul class="${values.every((value) => String(value).length < 28) ? 'inline' : 'plain'}">${values.map((value) => html`<li>${valueOf(value, key)}</li>`)}</ul>`;
    return values.length > LONG ? html`<details><summary>${values.length} values</summary>${items}</details>` : items;
  }
  const objects = values.filter(isObject);
  if (depth >= MAX_DEPTH || objects.length < values.length) return json(values);
  const columns = [...new Set(objects.flatMap((object) => Object.keys(object)))];
  const flat = objects.every((object) => Object.values(object).every((value) => isScalar(value) || (Array.isArray(value) && value.length < 6 && value.every(isScalar))));
  const shown = flat && columns.length <= MAX_COLUMNS
    ? html`<div class="scroll"><table class="grid"><thead><tr>${columns.map((name) => html`<th scope="col" title="${name}">${label(name)}</th>`)}</tr></thead>
<tbody>${objects.map((object) => html`<tr>${columns.map((name) => html`<td>${object[name] === undefined ? '' : valueOf(object[name], name, depth + 1)}</td>`)}</tr>`)}</tbody></table></div>`
    : html`<ol class="objects">${objects.map((object) => html`<li>${facts(object, depth + 1)}</li>`)}</ol>`;
  return objects.length > LONG ? html`<details><summary>${objects.length} entries</summary>${shown}</details>` : shown;
}

const heading = (key: string): Html => {
  const name = label(key);
  return name.toLowerCase() === key.toLowerCase() ? html`${name}` : html`${name} <code class="key">${key}</code>`;
};

/** The members of an object, one a row. */
export function facts(members: JsonObject, depth = 0): Html {
  const rows = Object.entries(members).map(([key, value]) => html`<tr><th scope="row">${heading(key)}</th><td>${valueOf(value, key, depth)}</td></tr>`);
  return html`<table class="facts"><tbody>${rows}</tbody></table>`;
}

/** Rows that are made already: a name and what stands beside it. */
export const rows = (entries: readonly (readonly [name: string, value: Html | undefined])[]): Html =>
  html`<table class="facts"><tbody>${entries.filter(([, value]) => value !== undefined).map(([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`)}</tbody></table>`;

/** When an item is from: its datetime, or the interval that stands in for it. */
export function whenOf(properties: JsonObject): Html {
  const { datetime, start_datetime: start, end_datetime: end } = properties;
  return isInstant(datetime) ? instant(datetime) : interval(start, end);
}
