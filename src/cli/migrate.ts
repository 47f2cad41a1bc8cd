/** `stac-mosaic migrate`: pgSTAC and our own schema, installed or upgraded, once for however many instances start. */
import { openDatabase } from '../database/index.js';
import { SEED_COLLECTIONS } from '../datasets/collections.js';
import { createLogger } from '../log.js';
import { progress, readConfig, say } from './output.js';

export async function migrate({ json }: { json: boolean }): Promise<void> {
  const config = readConfig();
  const database = await openDatabase(config, { logger: createLogger(config.logLevel), collections: SEED_COLLECTIONS, upgrade: true, onProgress: progress });
  const { migrated } = database;
  await database.close();
  if (migrated === undefined) throw new Error('The database was not waited for.');
  const { pgstac, own } = migrated;
  if (json) return say(JSON.stringify({ pgstac, own }));
  say(pgstac.from === pgstac.to ? `pgSTAC ${pgstac.to} is up to date.` : `pgSTAC ${pgstac.from ?? 'none'} → ${pgstac.to}.`);
  say(own.length === 0 ? 'The schema stac_mosaic is up to date.' : `The schema stac_mosaic got ${own.join(', ')}.`);
}
