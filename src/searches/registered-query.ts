/** What a registered search selects, as pgSTAC reads it: titiler-pgstac takes more than a search of ours may say. */
import { isDate, isDatetime } from '../datetime.js';
import { isObject, type JsonObject } from '../json.js';
import { fromBody, isSearchMember } from '../search/parse.js';
import type { SearchQuery } from '../search/query.js';

/** Members that select nothing: they are stored as titiler-pgstac stores them, and not read here. */
const NOT_READ = ['metadata', 'limit', 'token', 'fields', 'conf'];

/** A search that is about to be registered: dates and an empty filter are understood, unknown members are refused. @throws InvalidInput */
export const registrationQuery = (body: JsonObject): SearchQuery => fromBody(spelledOut(body), NOT_READ);

/** One that was registered, maybe by another program: pgSTAC passes unknown members over. @throws InvalidInput for what nobody can draw */
export const registeredQuery = (search: JsonObject): SearchQuery =>
  fromBody(spelledOut(search), [...NOT_READ, ...Object.keys(search).filter((name) => !isSearchMember(name))]);

function spelledOut({ datetime, filter, ...rest }: JsonObject): JsonObject {
  const isEmpty = isObject(filter) && Object.keys(filter).length === 0;
  return {
    ...rest,
    ...(datetime === undefined ? {} : { datetime: typeof datetime === 'string' ? instants(datetime) : datetime }),
    ...(filter === undefined || isEmpty ? {} : { filter }),
  };
}

/** A date is its whole day, a time without an offset is of UTC (pgSTAC 0.10.0, `parse_dtrange`). */
function instants(text: string): string {
  const [first = '', second, ...more] = text.split('/');
  if (more.length > 0) return text;
  const last = second ?? first;
  const from = isDate(first) ? `${first}T00:00:00Z` : withOffset(first);
  const to = isDate(last) ? `${last}T23:59:59.999999Z` : withOffset(last);
  return second === undefined && from === to ? from : `${from}/${to}`;
}

const withOffset = (text: string): string => (isDatetime(`${text}Z`) ? `${text}Z` : text);
