/** What commands that work on the configured database themselves need: the database, a validator, a log. */
import type { Config } from '../config.js';
import { type Database, openDatabase } from '../database/index.js';
import { SEED_COLLECTIONS } from '../datasets/collections.js';
import { withRootPath } from '../links.js';
import { createLogger } from '../log.js';
import type { Services } from '../services.js';
import { ensureStacSchemas, extensionSchemas } from '../setup/index.js';
import { createStacValidator, type StacValidator } from '../validation/validator.js';
import { progress } from './output.js';

export type Catalogue = Pick<Services, 'database' | 'storedBase' | 'logger'>;

/** Opens the database for `work` and closes it, whatever happens. */
export async function withCatalogue<T>(config: Config, work: (catalogue: Catalogue) => Promise<T>): Promise<T> {
  const logger = createLogger(config.logLevel);
  const database: Database = await openDatabase(config, { logger, collections: SEED_COLLECTIONS, onProgress: progress });
  try {
    return await work({ database, logger, storedBase: config.publicUrl === undefined ? '' : withRootPath(config.publicUrl, config.rootPath) });
  } finally {
    await database.close();
  }
}

/** The server's validator: its schemas lie in the cache, or are fetched into it once. */
export async function openValidator({ cacheDir, wheelDir }: Pick<Config, 'cacheDir' | 'wheelDir'>): Promise<StacValidator> {
  const core = await ensureStacSchemas({ cacheDir, wheelDir, onProgress: progress });
  return createStacValidator({ schemaDirs: [core, extensionSchemas({ cacheDir })] });
}
