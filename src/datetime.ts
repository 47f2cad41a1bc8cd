/** Instants and intervals as RFC 3339 and the STAC API write them. */
import { invalidAt } from './errors.js';

/** Both ends included; an end that is missing is open. */
export interface Interval {
  readonly start?: string;
  readonly end?: string;
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Whether the text is an RFC 3339 date-time (section 5.6) of a day that exists. */
export function isDatetime(text: string): boolean {
  const match = RFC3339.exec(text);
  if (match === null) return false;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const offset = /([+-])(\d\d):(\d\d)$/.exec(text);
  const offsetGood = offset === null || (Number(offset[2]) <= 15 && Number(offset[3]) < 60);
  return month >= 1 && month <= 12 && day >= 1 && day <= days && year >= 1 && (hour ?? 99) < 24 && (minute ?? 99) < 60 && (second ?? 99) <= 60 && offsetGood;
}

const OPEN = new Set(['', '..']);

/** An instant or interval of a `datetime` parameter (OGC API Features 1.0, section 7.15.4); InvalidInput names the rule. */
export function parseInterval(text: string, path: string): Interval {
  const parts = text.split('/');
  if (parts.length > 2) throw invalidAt(path, 'an interval has one "/"');
  const [first = '', second] = parts;
  const instants = second === undefined ? [first] : [first, second].filter((part) => !OPEN.has(part));
  for (const instant of instants) {
    if (!isDatetime(instant)) throw invalidAt(path, `${JSON.stringify(instant)} is not an RFC 3339 date-time such as 2024-10-15T12:00:00Z`);
  }
  if (second === undefined) return { start: first, end: first };
  if (OPEN.has(first) && OPEN.has(second)) throw invalidAt(path, 'an interval must not be open at both ends');
  const interval = { ...(OPEN.has(first) ? {} : { start: first }), ...(OPEN.has(second) ? {} : { end: second }) };
  if (interval.start !== undefined && interval.end !== undefined && Date.parse(interval.start) > Date.parse(interval.end)) {
    throw invalidAt(path, 'the interval ends before it starts');
  }
  return interval;
}
