/**
 * Collection extents follow what is written into a collection, in the same transaction. Locks on the collection's row keep
 * them right: an insert holds it by its foreign key (KEY SHARE); who widens locks it against other extents only (NO KEY
 * UPDATE), so inserts go on; who shrinks waits until every insert under way is committed and so counted (UPDATE).
 */
import type { PoolClient } from 'pg';
import { type JsonObject, sameJson, textOf } from '../json.js';
import { findCollection, hasOtherItems, type RowLock, type StacCollection, updateCollection } from '../pgstac/collections.js';
import { measureSpan } from '../pgstac/extents.js';
import { linksToAssetOf } from './collection-search.js';
import { ALL_SIDES, hasSide, type Sides, sidesReached, sidesWithout, type Span, spanOfCollection, spanOfItems, toExtent, union } from '../stac/span.js';

const EVERYWHERE = { spatial: { bbox: [[-180, -90, 180, 90]] }, temporal: { interval: [[null, null]] } };

/** Writes the extent, and what else follows the items, under the row's lock, unless it is what it was. */
async function change(client: PoolClient, id: string, lock: RowLock, next: (stored: StacCollection) => Promise<JsonObject>): Promise<void> {
  const collection = await findCollection(client, id, lock);
  if (collection === undefined) return;
  const changed = { ...collection, ...(await next(collection)) };
  if (!sameJson(changed, collection)) await updateCollection(client, changed);
}

const covers = (said: Span | undefined, added: Span): boolean => said !== undefined && sameJson(toExtent(union(said, added)), toExtent(said));

/**
 * After an insert: the extent grows to hold the new items; that of a collection's first items is theirs, and the asset
 * that its links name is the one of all items. Costs one look at the collection where they lie within it, whatever its size.
 */
export async function widenExtent(client: PoolClient, collectionId: string, items: readonly JsonObject[]): Promise<void> {
  if (items.length === 0) return;
  const collection = await findCollection(client, collectionId);
  if (collection === undefined) return;
  const ids = items.map((item) => textOf(item['id']));
  const added = spanOfItems(items);
  if (isSettled(collection, items, added) && (await hasOtherItems(client, collectionId, ids))) return;
  await change(client, collectionId, 'FOR NO KEY UPDATE', async (stored) => {
    // Asked under the lock: two writers of first items would each write only their own.
    const isFirst = !(await hasOtherItems(client, collectionId, ids));
    const led = linksToAssetOf(stored, items, isFirst);
    if (isFirst) return { extent: toExtent(added), ...led };
    const now = spanOfCollection(stored);
    return { extent: now === undefined ? await exactExtent(client, collectionId) : toExtent(union(now, added)), ...led };
  });
}

async function exactExtent(client: PoolClient, collectionId: string, said?: Span, sides: Sides = ALL_SIDES): Promise<JsonObject> {
  const span = await measureSpan(client, collectionId, said, sides);
  return span === undefined ? EVERYWHERE : toExtent(span);
}

/** The sides of an extent that may move when some items go and others come. */
function sidesAtStake(said: Span | undefined, gone: Span, added: Span | undefined): Sides {
  if (said === undefined) return ALL_SIDES;
  const reached = sidesReached(said, gone);
  return added === undefined ? reached : sidesWithout(reached, sidesReached(said, added));
}

/** Whether a collection that has items can stay as it is when these come. */
export const isSettled = (collection: StacCollection, items: readonly JsonObject[], span = spanOfItems(items)): boolean =>
  covers(spanOfCollection(collection), span) && linksToAssetOf(collection, items, false).links === undefined;

/**
 * Before items go or are replaced: where that may shrink the extent, waits for the inserts under way, else keeps others
 * from shrinking it. Before, since pgSTAC's triggers lock a row of the partition's statistics: who waits for inserts
 * while it holds that one waits for ever.
 */
export async function holdExtent(client: PoolClient, collection: StacCollection, gone: Span, added?: Span): Promise<void> {
  const atStake = hasSide(sidesAtStake(spanOfCollection(collection), gone, added));
  if (atStake || added !== undefined) await findCollection(client, collection.id, atStake ? 'FOR UPDATE' : 'FOR KEY SHARE');
}

/** After items went, and others came in their place: measured anew at the sides that they reached. Nothing is read where they reached none. */
export async function shrinkSpan(client: PoolClient, collectionId: string, gone: Span, added?: Span): Promise<void> {
  const collection = await findCollection(client, collectionId);
  if (collection === undefined || !hasSide(sidesAtStake(spanOfCollection(collection), gone, added))) return;
  await change(client, collectionId, 'FOR UPDATE', async (stored) => {
    const said = spanOfCollection(stored);
    return { extent: await exactExtent(client, collectionId, said, sidesAtStake(said, gone, added)) };
  });
}

/** After a delete. @param gone the items as they were */
export async function shrinkExtent(client: PoolClient, collectionId: string, gone: readonly JsonObject[]): Promise<void> {
  if (gone.length > 0) await shrinkSpan(client, collectionId, spanOfItems(gone));
}

/**
 * The extent that a collection's writer said, grown to hold the items that are there; undefined where it holds them, and
 * where it is open: an open interval is a statement about what is to come.
 */
export async function extentWithItems(client: PoolClient, collection: StacCollection): Promise<JsonObject | undefined> {
  const said = spanOfCollection(collection);
  if (said === undefined) return undefined;
  const items = await measureSpan(client, collection.id, undefined, ALL_SIDES);
  return items === undefined || covers(said, items) ? undefined : toExtent(union(said, items));
}
