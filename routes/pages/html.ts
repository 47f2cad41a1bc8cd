/** HTML without surprises: every value is escaped unless it is HTML already. */

/** Text that is HTML. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c);

const render = (value: unknown): string => {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(render).join('');
  return value === undefined || value === null || value === false ? '' : escapeHtml(typeof value === 'string' ? value : JSON.stringify(value));
};

/** A template whose values are escaped. */
export const html = (strings: TemplateStringsArray, ...values: readonly unknown[]): Html =>
  new Html(strings.reduce((text, part, i) => text + part + (i < values.length ? render(values[i]) : ''), ''));

/** A whole page; scripts and styles come from our own host only (pages/csp.ts). */
export function page(base: string, title: string, body: Html, head: Html = html``): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · stac-mosaic</title>
<link rel="icon" type="image/svg+xml" href="${base}/assets/icon.svg">
<link rel="stylesheet" href="${base}/assets/page.css">
${head}
</head>
<body>${body}</body>
</html>
`.text;
}
