/** The form of a search: an input for each parameter that the operation knows, so that a new one is offered as soon as it is known. */
import type { Call, Operation } from '../http.js';
import { html, type Html } from './html.js';

export interface FormChoices {
  /** Ids of collections, with their titles. */
  readonly collections?: readonly { readonly id: string; readonly title?: string }[];
  /** Where the properties that a filter may name are listed. */
  readonly queryables?: string;
  readonly submit?: string;
}

const SORTS = [['', 'As the server orders them'], ['-datetime', 'Newest first'], ['+datetime', 'Oldest first'], ['+id', 'Id, A to Z'], ['-id', 'Id, Z to A']] as const;

function sortInput(value: string): Html {
  const known = SORTS.some(([sort]) => sort === value);
  return html`<select id="sortby" name="sortby">${SORTS.map(([sort, name]) => html`<option value="${sort}"${sort === value ? html` selected` : ''}>${name}</option>`)}${known ? '' : html`<option value="${value}" selected>${value}</option>`}</select>`;
}

function collectionsInput(choices: FormChoices, value: string): Html {
  const chosen = new Set(value.split(',').map((id) => id.trim()));
  const known = choices.collections ?? [];
  const boxes = known.map(({ id, title }) => html`<label><input type="checkbox" name="collections" value="${id}"${chosen.has(id) ? html` checked` : ''}> <span>${title ?? id}</span></label>`);
  return html`<fieldset class="wide"><legend>Collections</legend><div class="checks">${boxes}</div><p class="hint">None means all.</p></fieldset>`;
}

/** Inputs that fewer people use; they unfold. */
const MORE = new Set(['ids', 'limit', 'filter']);

const field = (id: string, name: string, input: Html, hint: Html = html``, wide = false): Html =>
  html`<div class="field${wide ? ' wide' : ''}"><label for="${id}">${name}</label>${input}${hint.text === '' ? '' : html`<p class="hint" id="${id}-hint">${hint}</p>`}</div>`;

/** `public/search-form.js` joins the ticked collections, offers dates for `datetime` and leaves out what is empty; all but several collections works without it. */
export function searchForm(call: Call, operation: Operation, choices: FormChoices = {}): Html {
  const known = operation.query ?? {};
  const value = (name: string): string => call.search.get(name) ?? '';
  const text = (name: string, placeholder: string): Html => html`<input id="${name}" name="${name}" value="${value(name)}" placeholder="${placeholder}" autocomplete="off" spellcheck="false">`;
  const has = (name: string): boolean => Object.hasOwn(known, name);
  const offered: readonly (readonly [string, () => Html])[] = [
    ['q', () => field('q', 'Words', html`<input id="q" name="q" type="search" value="${value('q')}">`, html`Looked for in titles, descriptions and keywords.`, true)],
    ['collections', () => collectionsInput(choices, value('collections'))],
    ['bbox', () => field('bbox', 'Area', text('bbox', 'west, south, east, north'), html`In degrees. <button type="button" class="link" data-take-map hidden>Take what the map shows</button>`)],
    ['datetime', () => html`<div class="field" data-datetime><label for="datetime">Time</label>${text('datetime', '2024-01-01T00:00:00Z/..')}<p class="hint">An instant, or two with a slash; .. is open.</p></div>`],
    ['sortby', () => field('sortby', 'Order', sortInput(value('sortby')))],
    ['limit', () => field('limit', 'On a page', html`<input id="limit" name="limit" type="number" min="1" max="10000" value="${value('limit')}" placeholder="10">`)],
    ['ids', () => field('ids', 'Ids', text('ids', 'id, id, …'))],
    ['filter', () => field('filter', 'Filter (CQL2)', html`<textarea id="filter" name="filter" rows="2" spellcheck="false" placeholder="${`"eo:cloud_cover" < 10 AND gsd = 30`}">${value('filter')}</textarea>`, choices.queryables === undefined ? html`` : html`The <a href="${choices.queryables}">queryables</a> are the properties it may name.`, true)],
  ];
  const inputs = (isMore: boolean): Html[] => offered.filter(([name]) => has(name) && MORE.has(name) === isMore).map(([, input]) => input());
  const more = inputs(true);
  const isMoreUsed = [...MORE].some((name) => value(name) !== '');
  // What no input shows is kept, but for the page, which another search has not.
  const kept = [...call.search].filter(([name]) => name !== 'token' && !offered.some(([shown]) => shown === name));
  return html`<form class="search" method="get" action="${call.base}${call.path}" role="search">
${kept.map(([name, text]) => html`<input type="hidden" name="${name}" value="${text}">`)}
<div class="fields">${inputs(false)}</div>
${more.length === 0 ? '' : html`<details class="more"${isMoreUsed ? html` open` : ''}><summary>More conditions</summary><div class="fields">${more}</div></details>`}
<p class="buttons"><button type="submit" class="button">${choices.submit ?? 'Search'}</button> <a href="${call.base}${call.path}">Start again</a></p>
</form>`;
}

/** Whether any of the parameters that narrow is given: then the form stands open. */
export const isNarrowed = (call: Call): boolean => ['q', 'bbox', 'datetime', 'filter', 'sortby', 'collections', 'ids', 'intersects'].some((name) => (call.search.get(name) ?? '') !== '');

export const formHead = (base: string): Html => html`<script type="module" src="${base}/assets/search-form.js"></script>
`;
