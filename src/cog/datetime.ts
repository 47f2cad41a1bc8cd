/** When an image was taken, as far as its header or its name tells. */
import { isDatetime } from '../datetime.js';

/**
 * TIFF 6's DateTime (`2024:10:15 12:00:00`), GDAL's ACQUISITIONDATETIME (`2024-10-15 12:00:00`) and RFC 3339; without a
 * zone it is UTC, as GDAL's readers take it. Undefined for anything else, and for days that do not exist.
 */
export function parseTagDatetime(text: string | undefined): string | undefined {
  const match = /^(\d{4})[:\-/](\d\d)[:\-/](\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?\s*(Z|[+-]\d\d:\d\d)?)?$/.exec(text?.trim() ?? '');
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  return known(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction}${zone}`);
}

/**
 * The first date in a file's name, from 1900 to 2099, that stands between other things than digits: `20241015`, `2024-10-15` or `2024_10_15`, each
 * with a time behind a T or without one: `T120000`, `T12-00-00`, `T1200`, and a Z if it likes. UTC; without a time, midnight.
 */
export function parseNameDatetime(name: string): string | undefined {
  const pattern = /(?<!\d)((?:19|20)\d\d)([-_]?)(\d\d)\2(\d\d)(?:[Tt](\d\d)([-:_]?)(\d\d)(?:\6(\d\d))?(?!\d)|(?!\d))/g;
  for (const [, year, , month, day, hour = '00', , minute = '00', second = '00'] of name.matchAll(pattern)) {
    const found = known(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (found !== undefined) return found;
  }
  return undefined;
}

const known = (text: string): string | undefined => (isDatetime(text) && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined);
