/** Descriptions as STAC writes them, in CommonMark: paragraphs, lists, headings, links, emphasis and code; anything else stays as text. */
import { isWeb } from './anchors.js';
import { html, type Html } from './html.js';

/** One pattern finds all inline marks; what it does not know is escaped like any text. */
const INLINE = /`(?<code>[^`]+)`|!?\[(?<text>[^\]]*)\]\((?<href>[^\s)]+)(?:\s+"[^"]*")?\)|<(?<auto>https?:\/\/[^\s<>]+)>|\*\*(?<strong>[^*]+)\*\*|\*(?<em>[^*\s][^*]*)\*/g;

function inline(text: string): Html {
  const parts: unknown[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(at, match.index), mark(match.groups ?? {}));
    at = match.index + match[0].length;
  }
  return html`${[...parts, text.slice(at)]}`;
}

function mark({ code, text, href, auto, strong, em }: Record<string, string | undefined>): Html {
  if (code !== undefined) return html`<code>${code}</code>`;
  if (strong !== undefined) return html`<strong>${strong}</strong>`;
  if (em !== undefined) return html`<em>${em}</em>`;
  const target = href ?? auto ?? '';
  const name = text === undefined || text === '' ? target : text;
  return isWeb(target) ? html`<a href="${target}" rel="nofollow noopener">${name}</a>` : html`${name}`;
}

/** A paragraph, a list or a heading. */
function block(text: string): Html {
  const lines = text.split('\n').map((line) => line.trim());
  if (lines.every((line) => /^([-*+]|\d+[.)])\s/.test(line))) return html`<ul>${lines.map((line) => html`<li>${inline(line.replace(/^([-*+]|\d+[.)])\s+/, ''))}</li>`)}</ul>`;
  const [first = '', ...rest] = lines;
  if (/^#{1,6}\s/.test(first)) return html`<p><strong>${inline(first.replace(/^#+\s+/, ''))}</strong></p>${rest.length === 0 ? '' : block(rest.join('\n'))}`;
  return html`<p>${inline(lines.join(' '))}</p>`;
}

/** @param text a description; what is no string is nothing */
export function prose(text: unknown): Html {
  if (typeof text !== 'string') return html``;
  const blocks = text.replace(/\r\n?/g, '\n').split(/\n\s*\n/).map((part) => part.trim()).filter((part) => part !== '');
  return html`<div class="prose">${blocks.map(block)}</div>`;
}
