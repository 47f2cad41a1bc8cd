/** Collection extents follow what is written into a collection, in the same transaction. */
import type { PoolClient } from 'pg';
import type { JsonObject } from '../json.js';
import { findCollection, itemsExtent, updateCollection } from '../pgstac/collections.js';

/** Sets the extent to that of the items now; the world and open ends when there are none. */
export async function refreshExtent(client: PoolClient, collectionId: string): Promise<void> {
  const collection = await findCollection(client, collectionId, true);
  if (collection === undefined) return;
  const extent = await itemsExtent(client, collectionId);
  const fresh: JsonObject = {
    spatial: { bbox: [extent === undefined ? [-180, -90, 180, 90] : [...extent.bbox]] },
    temporal: { interval: [extent === undefined ? [null, null] : [...extent.interval]] },
  };
  await updateCollection(client, { ...collection, extent: fresh });
}
