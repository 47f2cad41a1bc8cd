/** The assets of items and collections: what they are, how large, and where. */
import { isObject, type JsonObject } from '../../src/json.js';
import { address, isOwn, isWeb } from './anchors.js';
import { mediaType, size } from './format.js';
import { html, type Html } from './html.js';
import { prose } from './prose.js';
import { facts } from './values.js';

/** Members that have a place of their own; the others follow as facts. */
const SHOWN = new Set(['href', 'title', 'type', 'roles', 'description', 'file:size']);

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((part) => typeof part === 'string') : []);

/** The picture of an item that our own server holds; those of other hosts are links only, for pages load nothing from elsewhere. */
export function thumbnailOf(item: JsonObject, base: string): string | undefined {
  const assets = isObject(item['assets']) ? Object.values(item['assets']).filter(isObject) : [];
  const found = assets.find(({ href, type, roles }) => {
    const isPicture = strings(roles).some((role) => role === 'thumbnail' || role === 'overview') && (typeof type !== 'string' || /^image\/(png|jpe?g|webp)/.test(type));
    return isPicture && typeof href === 'string' && isWeb(href) && isOwn(base, href);
  });
  return typeof found?.['href'] === 'string' ? found['href'] : undefined;
}

function asset(key: string, value: JsonObject): Html {
  const { href, title, type, roles, description } = value;
  const bytes = value['file:size'];
  const rest = Object.fromEntries(Object.entries(value).filter(([name]) => !SHOWN.has(name)));
  const tags = strings(roles).map((role) => html`<span class="tag">${role}</span>`);
  return html`<li class="asset"><h3>${typeof title === 'string' && title !== '' ? title : key} <code class="key">${key}</code></h3>
<p class="meta">${typeof type === 'string' ? mediaType(type) : ''} ${typeof bytes === 'number' ? html`<span>${size(bytes)}</span>` : ''} ${tags}</p>
${prose(description)}
${typeof href === 'string' ? html`<p>${address(href)}</p>` : ''}
${Object.keys(rest).length === 0 ? '' : html`<details><summary>More</summary>${facts(rest)}</details>`}</li>`;
}

/** All assets of a document, or nothing. */
export function assetList(document: JsonObject): Html {
  const entries = isObject(document['assets']) ? Object.entries(document['assets']) : [];
  const objects = entries.flatMap(([key, value]) => (isObject(value) ? [asset(key, value)] : []));
  return objects.length === 0 ? html`` : html`<ul class="assets">${objects}</ul>`;
}
