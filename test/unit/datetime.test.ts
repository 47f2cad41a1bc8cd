/** RFC 3339 as the API takes it. */
import { isDate, isDatetime, parseInterval } from '../../src/datetime.js';

it.each(['2024-02-29', '2000-02-29', '0001-01-01', '0099-12-31', '9999-12-31'])('%s is a day', (text) => {
  expect([isDate(text), isDatetime(`${text}T00:00:00Z`)]).toEqual([true, true]);
});

it.each(['2023-02-29', '1900-02-29', '0000-01-01', '2024-13-01', '2024-00-01', '2024-01-00', '2024-04-31', '24-01-01', '2024-1-1', '2024-01-01 ', '٢٠٢٤-01-01'])('%s is none', (text) => {
  expect([isDate(text), isDatetime(`${text}T00:00:00Z`)]).toEqual([false, false]);
});

it.each(['T23:59:60Z', 't00:00:00z', ' 12:00:00+00:00', 'T12:00:00.123456789-15:59'])('2024-01-01%s is an instant', (time) => expect(isDatetime(`2024-01-01${time}`)).toBe(true));

it.each(['', 'T12:00Z', 'T12:00:00', 'T24:00:00Z', 'T12:60:00Z', 'T12:00:61Z', 'T12:00:00.Z', 'T12:00:00+16:00', 'T12:00:00+01:60', 'T12:00:00+0100', 'T12:00:00Z '])('2024-01-01%s is none', (time) => expect(isDatetime(`2024-01-01${time}`)).toBe(false));

it('an interval has an end at least, and ends after it starts', () => {
  expect(parseInterval('2024-01-01T00:00:00Z/..', 'datetime')).toEqual({ start: '2024-01-01T00:00:00Z' });
  expect(parseInterval('/2024-01-01T00:00:00Z', 'datetime')).toEqual({ end: '2024-01-01T00:00:00Z' });
  for (const text of ['../..', '/', '2024-01-02T00:00:00Z/2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z/../..']) expect(() => parseInterval(text, 'datetime')).toThrow(/interval/);
});
