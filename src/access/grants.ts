/** Who sees a private collection, as COLLECTIONS_PRIVATE says it. */

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
