/** `stac-mosaic reconcile`: every dataset has its stored MosaicJSON, and nothing else is stored. */
import { openDatabase } from '../database/index.js';
import { SEED_COLLECTIONS } from '../datasets/collections.js';
import { reconcile as repair } from '../datasets/reconcile.js';
import { createLogger } from '../log.js';
import { createBlobs } from '../storage/open-blobs.js';
import { progress, readConfig, say } from './output.js';

export async function reconcile({ json }: { json: boolean }): Promise<void> {
  const config = readConfig();
  const database = await openDatabase(config, { logger: createLogger(config.logLevel), collections: SEED_COLLECTIONS, onProgress: progress });
  try {
    const result = await repair({ database, config, blobs: createBlobs(config) }, database.kind === 'embedded' && config.storageUrl.startsWith('file:'));
    if (json) return say(JSON.stringify(result));
    say(`${result.restored.length} stored mosaic(s) restored, ${result.removed.length} leftover(s) removed.`);
  } finally {
    await database.close();
  }
}
