/** Values of STAC documents as people read them: instants, boxes, sizes, names of media types and of properties. */
import { isDatetime } from '../../src/datetime.js';
import { html, type Html } from './html.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const two = (n: number): string => String(n).padStart(2, '0');

/** `15 Oct 2024, 12:00 UTC`; the time is left out at midnight, seconds at a whole minute. */
function instantText(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`;
  const [hours, minutes, seconds] = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()];
  if (hours + minutes + seconds + date.getUTCMilliseconds() === 0) return day;
  return `${day}, ${two(hours)}:${two(minutes)}${seconds === 0 ? '' : `:${two(seconds)}`} UTC`;
}

/** @param text an RFC 3339 date-time; its exact spelling stays in the element's attribute and tooltip */
export const instant = (text: string): Html => html`<time datetime="${text}" title="${text}">${instantText(text)}</time>`;

export const isInstant = (value: unknown): value is string => typeof value === 'string' && isDatetime(value);

/** An interval with ends that may be open, which STAC writes as null. */
export function interval(start: unknown, end: unknown): Html {
  if (!isInstant(start) && !isInstant(end)) return html`<span class="quiet">any time</span>`;
  if (start === end && isInstant(start)) return instant(start);
  if (!isInstant(start)) return html`until ${instant(String(end))}`;
  if (!isInstant(end)) return html`since ${instant(start)}`;
  return html`${instant(start)} – ${instant(end)}`;
}

/** Two decimals are about a kilometre, five a metre. */
const degrees = (value: number, digits: number, positive: string, negative: string): string => {
  const text = String(Number(Math.abs(value).toFixed(digits)));
  return `${text}°${value === 0 ? '' : `\u00a0${value > 0 ? positive : negative}`}`;
};

/** `10° W to 4° E, 3° S to 10° N`; of six numbers the heights are left out. */
export function box(bbox: unknown): Html {
  const numbers = Array.isArray(bbox) ? bbox.filter((n) => typeof n === 'number') : [];
  const [west, south, east, north] = numbers.length === 6 ? [numbers[0], numbers[1], numbers[3], numbers[4]] : numbers;
  if (west === undefined || south === undefined || east === undefined || north === undefined) return html`<span class="quiet">nowhere</span>`;
  const span = Math.min(Math.abs(east - west), Math.abs(north - south));
  const digits = span < 0.01 ? 5 : span < 1 ? 3 : 2;
  const lon = (n: number): string => degrees(n, digits, 'E', 'W');
  const lat = (n: number): string => degrees(n, digits, 'N', 'S');
  return html`<span title="${numbers.join(', ')}">${lon(west)} to ${lon(east)}, ${lat(south)} to ${lat(north)}</span>`;
}

const SIZES = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** `1.68 MB`, decimal prefixes. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const power = Math.min(SIZES.length, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${SIZES[power - 1] ?? ''}`;
}

/** `1,234` and `0.0001`: grouped, never rounded. */
export const number = (value: number): string => {
  const [whole = '', fraction] = String(value).split('.');
  if (!/^-?\d+$/.test(whole) || /e/.test(String(value))) return String(value);
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (fraction === undefined ? '' : `.${fraction}`);
};

export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;

/** Units of well-known properties; those of the others are not known here. */
const UNITS: Readonly<Record<string, string>> = {
  gsd: 'm', 'eo:cloud_cover': '%', 'eo:snow_cover': '%', 'view:off_nadir': '°', 'view:incidence_angle': '°', 'view:azimuth': '°',
  'view:sun_azimuth': '°', 'view:sun_elevation': '°', 'raster:spatial_resolution': '',
};

export const hasUnit = (key: string): boolean => (UNITS[key] ?? '') !== '';

/** Numbers that are names: grouping their digits would change them. */
const NAMES = /(^|[:_])(year|epsg|path|row|code|id|wrs_path|wrs_row)$/;

/** A number with its unit, where the property is known to have one. */
export function quantity(value: number, key: string): string {
  if (key === 'file:size') return `${size(value)}${value < 1000 ? '' : ` (${number(value)} bytes)`}`;
  const unit = UNITS[key] ?? '';
  if (NAMES.test(key)) return String(value);
  return unit === '' ? number(value) : `${number(value)}${unit === '°' ? '' : ' '}${unit}`;
}

const ACRONYMS = new Set(['gsd', 'epsg', 'crs', 'url', 'href', 'id', 'wkt2', 'cog', 'sar', 'utm']);

/** `proj:code` is `Code`, `sun_elevation` is `Sun elevation`; the name itself is shown beside it. */
export function label(key: string): string {
  const words = key.replace(/^[^:]*:(?=.)/, '').replace(/[_-]+/g, ' ').trim();
  if (words === '') return key;
  if (ACRONYMS.has(words.toLowerCase())) return words.toUpperCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^image\/tiff.*cloud-optimized/i, 'Cloud Optimized GeoTIFF'],
  [/^image\/tiff.*geotiff/i, 'GeoTIFF'],
  [/^image\/tiff/i, 'TIFF'],
  [/^image\/png/i, 'PNG'],
  [/^image\/jpe?g/i, 'JPEG'],
  [/^image\/webp/i, 'WebP'],
  [/^application\/geo\+json/i, 'GeoJSON'],
  [/^application\/schema\+json/i, 'JSON Schema'],
  [/openapi\+json/i, 'OpenAPI'],
  [/^application\/json/i, 'JSON'],
  [/^application\/x-hdf|hdf5/i, 'HDF5'],
  [/netcdf/i, 'NetCDF'],
  [/parquet/i, 'Parquet'],
  [/^application\/pdf/i, 'PDF'],
  [/^(application|text)\/xml/i, 'XML'],
  [/^text\/html/i, 'Web page'],
  [/^text\/plain/i, 'Text'],
];

/** What people call a media type; one that is not known is shown as it is. */
export const mediaType = (type: string): Html => {
  const name = TYPES.find(([pattern]) => pattern.test(type))?.[1];
  return name === undefined ? html`<code>${type}</code>` : html`<span title="${type}">${name}</span>`;
};
