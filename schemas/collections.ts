/** The parameters of collection search. */
import { DEFAULT_COLLECTIONS, type CollectionQuery } from '../src/collections/search.js';
import { MAX_LIMIT } from '../src/search/parse.js';
import { limit, type Parsed, text } from './parameters.js';
import { fromParameters, itemParameters } from './search.js';

export const collectionParameters = {
  ...itemParameters,
  limit: limit(DEFAULT_COLLECTIONS, MAX_LIMIT),
};

export const childrenParameters = { limit: collectionParameters.limit, token: collectionParameters.token };

export const browseParameters = { from: text('The id at which the part begins.'), to: text('The id before which the part ends.') };

/** @throws InvalidInput */
export function fromCollectionParameters(query: Parsed<typeof collectionParameters>): CollectionQuery {
  return { ...fromParameters(query), limit: query.limit ?? DEFAULT_COLLECTIONS };
}
