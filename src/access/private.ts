/** Private collections: which of them do not exist for a caller. The one place that decides it, for every route. */
import { SYSTEM_TILES } from '../datasets/collections.js';
import type { Visibility } from '../pgstac/selection.js';
import { type Caller, covers, isScope } from './scopes.js';

/** One who may see a collection: a scope, or a claim of a key or token. Of several for one collection any is enough. */
export interface Grant {
  readonly collection: string;
  readonly to: string;
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return undefined;
  }
};

/**
 * `secret:admin,team:read`: a collection, and the scope or claim that sees it after the last colon; what has commas or
 * colons of its own is percent-encoded.
 */
export function parsePrivate(text: string, problems: string[]): Grant[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.flatMap((entry, i) => {
    if (entry === '') return [];
    const at = entry.lastIndexOf(':');
    const [collection, to] = at === -1 ? [] : [decoded(entry.slice(0, at)), decoded(entry.slice(at + 1))];
    if (collection === undefined || to === undefined || collection === '' || to === '') {
      problems.push(`COLLECTIONS_PRIVATE: entry ${i + 1} must be COLLECTION:SCOPE or COLLECTION:CLAIM, percent-encoded where need be`);
      return [];
    }
    return [{ collection, to }];
  });
}

/** Who may administer sees everything; a scope sees what is private to it and to smaller ones. */
const holds = ({ scope, claims }: Caller, to: string): boolean => covers(scope, 'admin') || (isScope(to) ? covers(scope, to) : claims.has(to));

/** What is hidden from a caller: the tiles' collection from all but administrators, and whatever nothing grants. */
export function hiddenFrom(caller: Caller, grants: readonly Grant[]): Visibility {
  const all = grants.some(({ collection }) => collection === SYSTEM_TILES) ? grants : [{ collection: SYSTEM_TILES, to: 'admin' }, ...grants];
  const seen = new Set(all.filter(({ to }) => holds(caller, to)).map(({ collection }) => collection));
  return { hidden: [...new Set(all.map(({ collection }) => collection))].filter((collection) => !seen.has(collection)) };
}

/** The same, with the tiles of datasets: they are seen by whoever sees the datasets. */
export const withTiles = ({ hidden }: Visibility): Visibility => ({ hidden: hidden.filter((id) => id !== SYSTEM_TILES) });
