/** Mends what the hook has written, or could not write: registrations that failed, links under another base, searches that somebody deleted. */
import type { Pool } from 'pg';
import { withTransaction } from '../database/index.js';
import { SYSTEM_TILES } from '../datasets/collections.js';
import { messageOf } from '../errors.js';
import { sameJson } from '../json.js';
import { findCollection, updateCollection } from '../pgstac/collections.js';
import type { Services } from '../services.js';
import { registerCollectionSearch } from './collection-search.js';

type Deps = Pick<Services, 'database' | 'storedBase' | 'logger'>;

const MINUTE_MS = 60_000;

/** Collections of failed registrations. */
const FAILED = 'SELECT u.collection_id AS id FROM stac_mosaic.unregistered_collections u JOIN pgstac.collections c ON c.id = u.collection_id';

/** Collections whose links are not under today's base ($1), or whose search is gone. */
const STALE = `SELECT c.id FROM pgstac.collections c
   WHERE c.id <> '${SYSTEM_TILES}' AND c.content->'summaries' ? 'mosaic:search_id' AND (
     NOT EXISTS (SELECT FROM jsonb_array_elements(CASE jsonb_typeof(c.content->'links') WHEN 'array' THEN c.content->'links' ELSE '[]' END) AS l (link)
                  WHERE link->>'rel' = 'tilejson' AND starts_with(link->>'href', $1 || '/searches/'))
     OR NOT EXISTS (SELECT FROM pgstac.searches s WHERE s.hash = c.content->'summaries'->'mosaic:search_id'->>0))`;

/** Answers how many were mended. @param all looks at every collection, else only at those whose registration failed */
export async function healCollections(services: Deps, all: boolean): Promise<number> {
  const { pool } = services.database;
  const { rows } = await pool.query<{ id: string }>(all ? `${FAILED} UNION ${STALE}` : FAILED, all ? [services.storedBase] : []);
  let healed = 0;
  for (const { id } of rows) if (await healOne(pool, services, id)) healed += 1;
  if (healed > 0) services.logger.info({ collections: healed }, 'searches and links of collections were mended');
  return healed;
}

const healOne = (pool: Pool, services: Deps, id: string): Promise<boolean> =>
  withTransaction(pool, async (client) => {
    const stored = await findCollection(client, id, 'FOR NO KEY UPDATE');
    if (stored === undefined) return false;
    const { collection, searchId } = await registerCollectionSearch(client, stored, services);
    if (searchId === null || sameJson(collection, stored)) return false;
    await updateCollection(client, collection);
    return true;
  });

/** All at once now, then each minute what has failed since; nobody waits for it. */
export function keepHealing(services: Deps): { close(): Promise<void> } {
  const heal = (all: boolean): Promise<void> =>
    healCollections(services, all).then(
      () => undefined,
      (error: unknown) => services.logger.warn(`searches of collections were not mended: ${messageOf(error)}`),
    );
  let running = heal(true);
  const timer = setInterval(() => {
    running = running.then(() => heal(false));
  }, MINUTE_MS).unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
