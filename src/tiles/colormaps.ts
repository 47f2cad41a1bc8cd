/** Colormaps: titiler's by name, and the caller's own as JSON, as titiler reads them. */
import { data } from 'js-colormaps-es';
import { invalidAt } from '../errors.js';
import { CMOCEAN, RIO_TILER } from './colormap-tables.js';
import type { Colormap, Rgba } from './style.js';

const SIZE = 256;
const named = new Map(Object.entries(data).map(([name, { colors }]) => [name.toLowerCase(), colors]));
const tables = new Map(Object.entries({ ...CMOCEAN, ...RIO_TILER }));
/** titiler has no reverse of these. */
const oneWay = new Set(Object.keys(RIO_TILER));

/** In lower case; all but three also with `_r` for the reverse. */
export const COLORMAP_NAMES: readonly string[] = [...named.keys(), ...tables.keys()].flatMap((name) => (oneWay.has(name) ? [name] : [name, `${name}_r`])).toSorted();

/**
 * A colormap of 256 values.
 * @throws DomainError InvalidInput for a name that is not in {@link COLORMAP_NAMES}
 */
export function namedColormap(name: string, path = 'colormap_name'): Extract<Colormap, { type: 'values' }> {
  const lower = name.toLowerCase();
  if (!COLORMAP_NAMES.includes(lower)) throw invalidAt(path, `${name.slice(0, 40)} is no colormap here; known are matplotlib's and cmocean's, such as viridis and thermal, and each with _r behind it, and ${[...oneWay].join(', ')}`);
  const reversed = !named.has(lower) && !tables.has(lower);
  const forward = reversed ? lower.replace(/_r$/, '') : lower;
  const table = tables.get(forward);
  const colourAt = table === undefined ? spread(named.get(forward) ?? []) : listed(table);
  return { type: 'values', colours: Array.from({ length: SIZE }, (_, i) => [i, colourAt(i, reversed)]) };
}

type ColourAt = (value: number, reversed: boolean) => Rgba;

/** Fewer colours than values stand for as many values each. */
function spread(colours: readonly (readonly number[])[]): ColourAt {
  const count = colours.length;
  return (value, reversed) => {
    const at = Math.min(count - 1, Math.floor((value / (SIZE - 1)) * count));
    const [r = 0, g = 0, b = 0] = colours[reversed ? count - 1 - at : at] ?? [];
    return [byte(r), byte(g), byte(b), 255];
  };
}

function listed(table: string): ColourAt {
  const bytes = Buffer.from(table, 'base64');
  return (value, reversed) => {
    const at = 3 * (reversed ? SIZE - 1 - value : value);
    return [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, 255];
  };
}

/** As matplotlib makes bytes of its colours: each of 256 steps alike. */
const byte = (value: number): number => Math.min(255, Math.floor(value * 255 + 0.5));

/** A JSON object of values and colours, or an array of `[[from, to], colour]`. */
const MAX_ENTRIES = 65_536;

/**
 * @param text JSON; colours are `#RGB`, `#RGBA`, `#RRGGBB`, `#RRGGBBAA` or lists of three or four numbers up to 255
 * @throws DomainError InvalidInput at `path`
 */
export function parseColormap(text: string, path = 'colormap'): Colormap {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalidAt(path, 'is no JSON: write an object of values and colours, or an array of [[from, to], colour]');
  }
  if (typeof json !== 'object' || json === null) throw invalidAt(path, 'must be an object of values and colours, or an array of [[from, to], colour]');
  const colormap = Array.isArray(json) ? intervals(json, path) : values(json, path);
  if (colormap.colours.length === 0 || colormap.colours.length > MAX_ENTRIES) throw invalidAt(path, `must have 1 to ${MAX_ENTRIES} entries`);
  return colormap;
}

function values(json: object, path: string): Colormap {
  const colours = Object.entries(json).map(([key, colour]): [number, Rgba] => {
    const value = key.trim() === '' ? Number.NaN : Number(key);
    if (!Number.isFinite(value)) throw invalidAt(path, `${JSON.stringify(key.slice(0, 40))} is no number`);
    return [value, rgbaOf(colour, path)];
  });
  return { type: 'values', colours };
}

function intervals(json: readonly unknown[], path: string): Colormap {
  const colours = json.map((entry): [number, number, Rgba] => {
    const [bounds, colour]: unknown[] = Array.isArray(entry) ? entry : [];
    const [from, to]: unknown[] = Array.isArray(bounds) ? bounds : [];
    if (typeof from !== 'number' || typeof to !== 'number') throw invalidAt(path, 'must have entries of the form [[from, to], colour]');
    return [from, to, rgbaOf(colour, path)];
  });
  return { type: 'intervals', colours };
}

function rgbaOf(colour: unknown, path: string): Rgba {
  const parts = typeof colour === 'string' ? hex(colour) : colour;
  const isByte = (part: unknown): part is number => typeof part === 'number' && Number.isInteger(part) && part >= 0 && part <= 255;
  if (!Array.isArray(parts) || parts.length < 3 || parts.length > 4 || !parts.every(isByte)) {
    throw invalidAt(path, `${JSON.stringify(colour)?.slice(0, 40)} is no colour; write #RRGGBB, #RRGGBBAA or three or four numbers of 0 to 255`);
  }
  const [r = 0, g = 0, b = 0, a = 255] = parts;
  return [r, g, b, a];
}

function hex(text: string): number[] | undefined {
  if (/^#[\da-f]{3,4}$/i.test(text)) return (text.slice(1).match(/./g) ?? []).map((digit) => Number.parseInt(digit + digit, 16));
  return /^#([\da-f]{2}){3,4}$/i.test(text) ? (text.slice(1).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)) : undefined;
}
