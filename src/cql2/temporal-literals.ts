/** Dates and timestamps as CQL2 writes them (RFC 3339), checked against the calendar before SQL sees them. */

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** True for a day of the Gregorian calendar from 0001-01-01 to 9999-12-31. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  // Day 0 of the next month is the last day of this one; setUTCFullYear because Date.UTC moves years 0 to 99.
  const last = new Date(0);
  last.setUTCFullYear(year, month, 0);
  return day <= last.getUTCDate();
}

/** True for an RFC 3339 date-time with an offset. Leap seconds are taken as PostgreSQL takes them (`:60`). */
export function isTimestamp(text: string): boolean {
  const match = TIMESTAMP.exec(text);
  if (match === null || !isDate(match[1] ?? '')) return false;
  if (Number(match[2]) > 23 || Number(match[3]) > 59 || Number(match[4]) > 60) return false;
  const offset = match[6] ?? 'Z';
  // PostgreSQL takes offsets below 16 hours.
  return offset.length === 1 || (Number(offset.slice(1, 3)) < 16 && Number(offset.slice(4)) < 60);
}
