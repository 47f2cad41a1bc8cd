/** Names for statements that come again: PostgreSQL then parses them once for each connection, not once a request. */

/** A connection keeps each named statement for its life (about 50 KB); statements that come later stay unnamed. */
const MAX_NAMED = 100;
/** How often a statement has to come before it gets a name. */
const OFTEN = 3;
const MAX_SEEN = 1000;

const seen = new Map<string, number>();
const names = new Map<string, string>();

/** `{ name }` for a text that came often, else nothing. Plans are made anew each time (plan_cache_mode in database/pool.ts). */
export function prepared(text: string): { readonly name?: string } {
  const known = names.get(text);
  if (known !== undefined) return { name: known };
  if (names.size >= MAX_NAMED) return {};
  const count = (seen.get(text) ?? 0) + 1;
  if (count < OFTEN) {
    if (seen.size >= MAX_SEEN) seen.clear();
    seen.set(text, count);
    return {};
  }
  seen.delete(text);
  const name = `stac_mosaic_${names.size}`;
  names.set(text, name);
  return { name };
}
