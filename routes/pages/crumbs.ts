/** Where a page is, from its path: each part above it, with its own page where it has one. */

export interface Crumb {
  readonly name: string;
  /** Below the base; missing where nothing answers. */
  readonly path?: string;
}

/** The words of our paths; any other part is an id. */
const NAMES: Readonly<Record<string, string | undefined>> = {
  collections: 'Collections', items: 'Items', datasets: 'Datasets', tiles: 'Tiles', queryables: 'Queryables', sortables: 'Sortables', search: 'Search',
  searches: 'Registered searches', info: 'About', conformance: 'Conformance', metadata: 'Metadata', aggregate: 'Aggregate', aggregations: 'Aggregations',
  children: 'Children', functions: 'Functions', health: 'Health', jobs: 'Jobs', tileMatrixSets: 'Tile matrix sets', api: 'API',
};

/** What follows one of these is an id, even if it is spelled like a word. */
const BEFORE_IDS = new Set(['collections', 'items', 'datasets', 'tiles', 'searches']);

/** A path segment as its readers wrote it. */
export const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** @param path the path asked for, below the base, percent-encoded; the last crumb is the page itself */
export function crumbsOf(path: string): Crumb[] {
  const parts = path.split('/').filter((part) => part !== '');
  const crumbs: Crumb[] = [{ name: 'Home', path: '/' }];
  let isId = false;
  parts.forEach((part, i) => {
    const at = `/${parts.slice(0, i + 1).join('/')}`;
    isId = !isId && BEFORE_IDS.has(parts[i - 1] ?? '');
    // The datasets are below /api, but not a part of the API's description.
    if (part === 'api' && i === 0 && parts.length > 1) return;
    const name = isId ? decoded(part) : (NAMES[part] ?? decoded(part));
    const isOfSearches = i === 1 && parts[0] === 'searches';
    if (part === 'list' && isOfSearches) return;
    if (part === 'searches' && i === 0) crumbs.push({ name, path: '/searches/list' });
    else if (part === 'health' && !isId) crumbs.push({ name });
    else crumbs.push({ name, path: isOfSearches ? `${at}/info` : at });
  });
  return crumbs;
}
