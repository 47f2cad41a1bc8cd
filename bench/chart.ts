/** Bars as SVG, written by hand: one group a case, one bar a system, logarithmic because they differ by ten and more. */

export interface Group {
  readonly name: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
}

const COLOURS = ['#1b7f5c', '#c2703d', '#9a9a9a', '#4a6fa5'];
const [WIDTH, LEFT, BAR, GAP, TOP] = [860, 230, 18, 16, 52];

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function barChart(title: string, unit: string, groups: readonly Group[]): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const scale = (value: number): number => (Math.log10(Math.max(value, 1) * 1.0001) / Math.log10(most)) * (WIDTH - LEFT - 90);
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const parts: string[] = [];
  let y = TOP;
  for (const { name, bars } of groups) {
    parts.push(`<text x="${LEFT - 10}" y="${y + (bars.length * BAR) / 2 + 4}" text-anchor="end">${escape(name)}</text>`);
    for (const { name: system, value } of bars) {
      const length = scale(value);
      parts.push(`<rect x="${LEFT}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 3}" fill="${COLOURS[names.indexOf(system) % COLOURS.length]}"/>`);
      parts.push(`<text x="${(LEFT + length + 6).toFixed(1)}" y="${y + BAR - 6}" fill="#444">${value < 10 ? value.toFixed(1) : Math.round(value)}</text>`);
      y += BAR;
    }
    y += GAP;
  }
  const legend = names.map((name, i) => `<rect x="${LEFT + i * 200}" y="30" width="12" height="12" fill="${COLOURS[i % COLOURS.length]}"/><text x="${LEFT + 18 + i * 200}" y="41">${escape(name)}</text>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 10}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${escape(title)}">
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="20" font-size="15" font-weight="600">${escape(title)}</text><text x="${WIDTH - 10}" y="20" text-anchor="end" fill="#666">${escape(unit)}, logarithmic</text>
${legend.join('\n')}
${parts.join('\n')}
</svg>
`;
}
