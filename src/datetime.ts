/** Instants and intervals as RFC 3339 and the STAC API write them. */
import { invalidAt } from './errors.js';

/** Both ends included; an end that is missing is open. */
export interface Interval {
  readonly start?: string;
  readonly end?: string;
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATETIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|[+-](\d\d):(\d\d))$/;

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether the text is an RFC 3339 full-date (section 5.6) of a day that exists, from 0001-01-01 to 9999-12-31. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = month === 2 && isLeap ? 29 : (DAYS[month - 1] ?? 0);
  return year >= 1 && day >= 1 && day <= last;
}

/** Whether it is an RFC 3339 date-time (section 5.6) as PostgreSQL takes it: with `:60`, and with offsets below 16 hours. */
export function isDatetime(text: string): boolean {
  const match = DATETIME.exec(text);
  if (match === null || !isDate(match[1] ?? '')) return false;
  const [hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = match.slice(2).map((part: string | undefined) => Number(part ?? 0));
  return hour < 24 && minute < 60 && second <= 60 && offsetHour < 16 && offsetMinute < 60;
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
