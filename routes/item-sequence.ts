/** `application/geo+json-seq`: every match as a stream, a record separator before and a line feed after each (RFC 8142, section 2). */
import type { IncomingHttpHeaders } from 'node:http';
import { invalidAt } from '../src/errors.js';
import type { StoredItem } from '../src/pgstac/items-read.js';
import type { Visibility } from '../src/pgstac/selection.js';
import type { PropertyResolver } from '../src/cql2/resolver.js';
import type { SearchQuery } from '../src/search/query.js';
import { streamSearch } from '../src/search/search.js';
import type { Call, Reply } from './http.js';
import { presentItemText } from './present-text.js';

export const SEQUENCE_TYPE = 'application/geo+json-seq';

/** Whether `Accept` names the sequence and no other form of JSON before it or more dearly (RFC 9110 section 12.5.1). */
export function wantsSequence({ accept = '' }: IncomingHttpHeaders): boolean {
  const ranges = accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
  });
  const wanted = ranges.filter(({ type, quality }) => quality > 0 && [SEQUENCE_TYPE, 'application/geo+json', 'application/json'].includes(type));
  const [best] = wanted.toSorted((a, b) => b.quality - a.quality);
  return best?.type === SEQUENCE_TYPE;
}

export interface SequenceOptions {
  readonly present?: (item: StoredItem) => string;
  readonly resolver?: PropertyResolver;
}

/** All that the query selects: `limit` is a page's and says nothing here; a token is refused. */
export async function itemSequence({ services, base, signal }: Pick<Call, 'services' | 'base' | 'signal'>, query: SearchQuery, visibility: Visibility, options: SequenceOptions = {}): Promise<Reply> {
  if (query.token !== undefined) throw invalidAt('token', `belongs to pages; ${SEQUENCE_TYPE} has none`);
  const { present = (item) => presentItemText(base, item, query.fields), resolver } = options;
  const batches = await streamSearch(services, query, visibility, signal, resolver);
  return { type: SEQUENCE_TYPE, text: records(batches, present), headers: { 'Cache-Control': 'no-store' } };
}

/** Strings beyond 128 KB lie in V8's large-object space until its next full collection: 100 MB of them, where these leave none. */
const PIECE = 32_768;

async function* records(batches: AsyncIterable<StoredItem[]>, present: (item: StoredItem) => string): AsyncGenerator<string, void, undefined> {
  for await (const batch of batches) {
    let text = '';
    for (const item of batch) {
      text += `\u001E${present(item)}\n`;
      if (text.length < PIECE) continue;
      yield text;
      text = '';
    }
    if (text !== '') yield text;
  }
}
