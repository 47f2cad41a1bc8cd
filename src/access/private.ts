/** Private collections: which of them do not exist for a caller. The one place that decides it, for every route. */
import { SYSTEM_TILES } from '../datasets/collections.js';
import type { Visibility } from '../pgstac/selection.js';
import type { Grant } from './grants.js';
import { type Caller, covers, isScope } from './scopes.js';

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
