/** `stac-mosaic reconcile`: every dataset has its stored MosaicJSON and thumbnail, and nothing else is stored. */
import { openDatabase } from '../database/index.js';
import { SEED_COLLECTIONS } from '../datasets/collections.js';
import { reconcile as repair } from '../datasets/reconcile.js';
import { makeThumbnail } from '../datasets/thumbnails.js';
import { messageOf } from '../errors.js';
import { createLogger } from '../log.js';
import { createBlobs } from '../storage/open-blobs.js';
import { policyOf } from '../storage/policy.js';
import { createSources } from '../storage/sources.js';
import { createTileRenderer } from '../tiles/renderer.js';
import { progress, readConfig, say } from './output.js';

/** For one picture. */
const DRAWING_MS = 60_000;

export async function reconcile({ json }: { json: boolean }): Promise<void> {
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  const database = await openDatabase(config, { logger, collections: SEED_COLLECTIONS, onProgress: progress });
  const policy = policyOf(config);
  const services = { database, config, logger, blobs: createBlobs(config), sources: createSources(policy), renderer: createTileRenderer({ policy, logger }) };
  /** With TiTiler, pictures are TiTiler's. */
  const draw = async (id: string): Promise<boolean> =>
    config.titiler === undefined &&
    makeThumbnail(services, id, AbortSignal.timeout(DRAWING_MS)).catch((error: unknown) => {
      progress(`No thumbnail of ${id}: ${messageOf(error)}`);
      return false;
    });
  try {
    const result = await repair(services, database.kind === 'embedded' && config.storageUrl.startsWith('file:'), draw);
    if (json) return say(JSON.stringify(result));
    say(`${result.restored.length} dataset(s) got back stored copies, ${result.removed.length} leftover(s) removed.`);
  } finally {
    await services.renderer.close();
    await services.sources.close();
    await database.close();
  }
}
