/** `summaries.tile_count` of a collection follows its items, in the same transaction; no other summary is computed. */
import type { PoolClient } from 'pg';
import { isObject, type Json } from '../json.js';
import { findCollection, type StacCollection, updateCollection } from '../pgstac/collections.js';

/** A number, or the list of one that the STAC schema of summaries asks for. */
function counted(collection: StacCollection): Json | undefined {
  const { summaries } = collection;
  return isObject(summaries) ? summaries['tile_count'] : undefined;
}

const numberOf = (count: Json | undefined): number | undefined => {
  const value = Array.isArray(count) ? count[0] : count;
  return typeof value === 'number' ? value : undefined;
};

/** Nothing is read or written for a collection that counts nothing. @param added items, less those that went */
export async function followCount(client: PoolClient, collection: StacCollection, added: number): Promise<void> {
  if (added === 0 || numberOf(counted(collection)) === undefined) return;
  const now = await findCollection(client, collection.id, 'FOR NO KEY UPDATE');
  const before = now === undefined ? undefined : counted(now);
  const count = numberOf(before);
  if (now === undefined || count === undefined || !isObject(now['summaries'])) return;
  const next = Math.max(0, count + added);
  await updateCollection(client, { ...now, summaries: { ...now['summaries'], tile_count: Array.isArray(before) ? [next] : next } });
}
