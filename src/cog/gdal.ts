/** GDAL's private tags: the XML of GDAL_METADATA, and GDAL_NODATA. */
import type { Nodata } from './types.js';

/** What GDAL_METADATA says of one band; the names are GDAL's roles. */
export interface BandMetadata {
  readonly scale?: number;
  readonly offset?: number;
  readonly description?: string;
  readonly unit?: string;
  readonly colorInterpretation?: string;
}

/** Items by band, counted from 0, of `<Item name="…" sample="0" role="scale">0.1</Item>`. */
export function parseGdalMetadata(xml: string | undefined): ReadonlyMap<number, BandMetadata> {
  const bands = new Map<number, BandMetadata>();
  for (const [, attributes = '', text = ''] of (xml ?? '').matchAll(/<Item\s([^<>]*)>([^<]*)<\/Item>/g)) {
    const sample = /\bsample="(\d{1,5})"/.exec(attributes)?.[1];
    const role = /\brole="(\w+)"/.exec(attributes)?.[1]?.toLowerCase();
    if (sample === undefined || role === undefined) continue;
    const said = read(role, unescapeXml(text).trim());
    bands.set(Number(sample), { ...bands.get(Number(sample)), ...said });
  }
  return bands;
}

/** The text of an item about the whole image, such as `<Item name="ACQUISITIONDATETIME" domain="IMAGERY">…</Item>`. */
export function gdalItem(xml: string | undefined, name: string): string | undefined {
  for (const [, attributes = '', text = ''] of (xml ?? '').matchAll(/<Item\s([^<>]*)>([^<]*)<\/Item>/g)) {
    if (/\bname="([^"]*)"/.exec(attributes)?.[1] === name) return unescapeXml(text).trim();
  }
  return undefined;
}

function read(role: string, value: string): BandMetadata {
  const number = value === '' ? Number.NaN : Number(value);
  if (role === 'scale') return Number.isFinite(number) ? { scale: number } : {};
  if (role === 'offset') return Number.isFinite(number) ? { offset: number } : {};
  if (value === '') return {};
  if (role === 'description') return { description: value };
  if (role === 'unittype') return { unit: value };
  return role === 'colorinterp' ? { colorInterpretation: value.toLowerCase() } : {};
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

const unescapeXml = (text: string): string => text.replace(/&(lt|gt|amp|quot|apos);/g, (whole, name: string) => ENTITIES[name] ?? whole);

/** GDAL_NODATA is a number as text, in C's spellings of infinity and "not a number" too. */
export function parseNodata(text: string | undefined): Nodata | undefined {
  const value = text?.toLowerCase() ?? '';
  if (value === '') return undefined;
  if (/^[+-]?(nan|1\.#(qnan|ind))/.test(value)) return 'nan';
  if (/^[+-]?(inf|1\.#inf)/.test(value)) return value.startsWith('-') ? '-inf' : 'inf';
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
