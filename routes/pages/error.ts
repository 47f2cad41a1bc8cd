/** An error document as a page: what went wrong, where in the request, and the way on. */
import { isObject, type JsonObject, textOf } from '../../src/json.js';
import { html } from './html.js';
import { bareLayout } from './layout.js';

const TITLES: Readonly<Record<string, string>> = {
  NotFound: 'Not found',
  InvalidInput: 'The request breaks a rule',
  Unauthorized: 'Who are you?',
  Forbidden: 'Not allowed',
  MethodNotAllowed: 'Not for reading',
  Gone: 'Gone',
  Internal: 'The server failed',
  Unavailable: 'Not available right now',
  RateLimited: 'Too many requests',
  NotImplemented: 'Not supported',
};

/** @param document the error document of API.md section 1; nothing else of the error is known here */
export function errorPage(document: JsonObject, base: string, path: string): string {
  const code = textOf(document['code']);
  const errors = Array.isArray(document['errors']) ? document['errors'].filter(isObject) : [];
  // The description of several faults is all of them again.
  const isRepeated = errors.length > 0 && errors.every(({ message }) => textOf(document['description']).includes(textOf(message)));
  const main = html`${isRepeated ? '' : html`<p class="text">${document['description']}</p>`}
${errors.length === 0 ? '' : html`<table class="facts"><tbody>${errors.map((error) => html`<tr><th scope="row"><code>${error['path']}</code></th><td>${error['message']}</td></tr>`)}</tbody></table>`}
<p class="buttons"><a class="button" href="${base}/">Home</a> <a class="button quiet-button" href="${base}/search">Search</a></p>
<p class="quiet"><code>${code}</code> · request <code>${document['request_id']}</code></p>`;
  return bareLayout(base, path, TITLES[code] ?? code, main);
}
